"""Serves the product's page at its paths, and GraphiQL."""

import os
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from api.graphql.transport.http import refuse_persisted
from api.server.built import GRAPHIQL
from api.server.headers import page_headers
from api.server.product import Product


async def graphiql(request: Request) -> Response:
    """GET `/graphql`: GraphiQL for browsers. For other clients, 405 and a sentence."""
    return _page(GRAPHIQL / "index.html") if _is_browser(request) else await no_graphiql(request)


async def no_graphiql(request: Request) -> Response:
    """GET `/graphql` where GraphiQL is not served, or not asked for."""
    return refuse_persisted(request) or PlainTextResponse(
        "Send operations to this address by POST, as JSON.\n", 405, {"allow": "POST"}
    )


class Pages:
    """The product's page at its paths, and the files beside it, such as an icon, by name.

    A browser that opens any other path gets the page with status 404: the page says so, and leads on.
    """

    def __init__(self, product: Product) -> None:
        self._product = product

    async def serve(self, request: Request) -> Response:
        path = request.path_params["path"]
        if any(path == known or (known.endswith("/") and path.startswith(known)) for known in self._product.page_paths):
            return _page(self._product.page / "index.html")
        if (file := self._file(path)) is not None:
            return FileResponse(file)
        if _is_browser(request):
            return _page(self._product.page / "index.html", 404)
        return PlainTextResponse(f"Page not found. {self._product.name} is at /.\n", 404)

    def _file(self, name: str) -> Path | None:
        """The file with this name beside the page. (`Path.is_file` raises for names that no file can have.)"""
        file = self._product.page / name
        return file if "/" not in name and os.path.isfile(file) else None


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _page(file: Path, status: int = 200) -> Response:
    if not file.is_file():
        return PlainTextResponse("The page is not built yet. Run `make setup`, then reload.\n", 503)
    return FileResponse(file, status, headers=page_headers(file))
