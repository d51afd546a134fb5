"""Static pages: the product's page at its paths, and GraphiQL."""

import os
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from api.server.product import Product

CLIENT = Path(__file__).parent.parent.parent / "client"
CHAT_PAGE = CLIENT / "app" / "dist"
GRAPHIQL = CLIENT / "graphiql" / "dist"


async def graphiql(request: Request) -> Response:
    """GraphiQL for browsers. Other clients are told to use POST."""
    if "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse("Send operations to this address by POST, as JSON.\n", 405, {"allow": "POST"})
    return _built(GRAPHIQL / "index.html")


class Pages:
    """The product's page at its paths; the files beside it by name."""

    def __init__(self, product: Product) -> None:
        self._product = product

    async def serve(self, request: Request) -> Response:
        path = request.path_params["path"]
        if any(path == known or (known.endswith("/") and path.startswith(known)) for known in self._product.page_paths):
            return _built(self._product.page / "index.html")
        if (file := self._file(path)) is not None:
            return FileResponse(file)
        return PlainTextResponse(f"Page not found. {self._product.name} is at /.\n", 404)

    def _file(self, name: str) -> Path | None:
        """The page's file of this name. `Path.is_file` would raise for a name that no file can have."""
        file = self._product.page / name
        return file if "/" not in name and os.path.isfile(file) else None


def _built(file: Path) -> Response:
    if not file.is_file():
        return PlainTextResponse("The page is not built yet. Run `make setup`, then reload.\n", 503)
    return FileResponse(file, headers={"cache-control": "no-cache"})
