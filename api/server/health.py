"""Endpoints for supervisors, load balancers and Prometheus."""

import asyncio

import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.server.runtime import Runtime

log = structlog.get_logger(__name__)

PING_SECONDS = 2.0
"""For the database and the bus to answer a readiness check."""


async def healthz(request: Request) -> Response:
    """GET `/healthz`: 200 while the process is alive."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """GET `/readyz`: 200 if the database and the bus answer, else 503 with the names of those that do not."""
    runtime = _runtime(request)
    unavailable = {}
    for name, ping in (("database", runtime.database.ping), ("bus", runtime.bus.ping)):
        try:
            async with asyncio.timeout(PING_SECONDS):
                await ping()
        except Exception as error:
            log.warning("not ready", service=name, error=repr(error))
            unavailable[name] = "does not answer"
    if unavailable:
        return JSONResponse({"status": "unavailable", **unavailable}, 503)
    return JSONResponse({"status": "ok"})


async def metrics(request: Request) -> Response:
    """GET `/metrics`: the metrics of all processes of this `serve`, in Prometheus' text format."""
    return Response(_runtime(request).metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime
