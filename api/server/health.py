"""Endpoints for supervisors, load balancers and Prometheus."""

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from api.server.hosts import is_loopback
from api.server.readiness import readiness
from api.server.runtime import Runtime


async def healthz(request: Request) -> Response:
    """GET `/healthz`: 200 while the process is alive."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """GET `/readyz`: 200 if the tables can be read and the bus answers, else 503 with the name of what fails.

    503 with "draining" once the server was told to stop.
    """
    if request.app.state.leaving:
        return JSONResponse({"status": "draining"}, 503)
    status, body = await readiness(_runtime(request))
    return JSONResponse(body, status)


FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""A proxy adds one of them: the request comes from elsewhere."""


async def metrics(request: Request) -> Response:
    """GET `/metrics`: the metrics of all processes of this `serve`, in Prometheus' text format, for this machine."""
    from_here = request.client is None or is_loopback(request.client.host)
    if not from_here or any(name in request.headers for name in FORWARDED):
        return await no_metrics(request)
    return Response(_runtime(request).metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


async def no_metrics(request: Request) -> Response:
    """GET `/metrics` where metrics have a port of their own, or from another machine."""
    return PlainTextResponse("Metrics are not shown here. An operator gives them a port: TWOTRACK_METRICS_PORT.\n", 404)


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime
