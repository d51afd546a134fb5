"""Endpoints for supervisors, load balancers and Prometheus."""

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.server.readiness import readiness
from api.server.runtime import Runtime


async def healthz(request: Request) -> Response:
    """GET `/healthz`: 200 while the process is alive."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """GET `/readyz`: 200 if the tables can be read and the bus answers, else 503 with the name of what fails."""
    status, body = await readiness(_runtime(request))
    return JSONResponse(body, status)


async def metrics(request: Request) -> Response:
    """GET `/metrics`: the metrics of all processes of this `serve`, in Prometheus' text format."""
    return Response(_runtime(request).metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime
