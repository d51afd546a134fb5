"""Health checks for supervisors and load balancers."""

import asyncio

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.server.runtime import Runtime

log = structlog.get_logger(__name__)

CHECK_SECONDS = 2.0
"""For the database or the bus to answer a check."""


async def healthz(request: Request) -> Response:
    """The process is alive."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """The database and the bus answer; 503 names what does not."""
    runtime: Runtime = request.app.state.runtime
    failing = {}
    for name, ping in (("database", runtime.database.ping), ("bus", runtime.bus.ping)):
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await ping()
        except Exception as error:
            log.warning("not ready", service=name, error=repr(error))
            failing[name] = "does not answer"
    if failing:
        return JSONResponse({"status": "unavailable", **failing}, 503)
    return JSONResponse({"status": "ok"})
