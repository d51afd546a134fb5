"""The server of any product: the ASGI application, the services of a process, static files, health and metrics.

app          `create_app(settings, product)`: the ASGI application of a server
runtime      the services of one process, server or worker; `process` starts and stops them
product      what distinguishes one product from another
serve        uvicorn, in one process or several
pages        the product's page and GraphiQL; `static` and `built` find and send their files
health, metrics, request_ids, lock
"""

from typing import TYPE_CHECKING, Any

from api.server.product import Produce, Producer, Product
from api.server.runtime import Runtime

if TYPE_CHECKING:
    from api.server.app import create_app
    from api.server.serve import serve_product

__all__ = ["Produce", "Producer", "Product", "Runtime", "create_app", "serve_product"]


def __getattr__(name: str) -> Any:
    """Loads the web server when it is first used: a worker does without."""
    if name == "create_app":
        from api.server.app import create_app

        return create_app
    if name == "serve_product":
        from api.server.serve import serve_product

        return serve_product
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
