"""Serves the built scripts, styles and fonts: compressed, and cached by browsers for a year."""

import asyncio
import gzip
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

COMPRESSIBLE = {".css", ".js", ".svg"}
"""Fonts are compressed already."""

IMMUTABLE = "public, max-age=31536000, immutable"
"""A year. A file's name contains a hash of its content, so the files of another build have other names."""


class Assets(StaticFiles):
    """The files of one folder of assets."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, check_dir=False)  # the page may be built while the server runs
        self._compressed: dict[str, bytes] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if not isinstance(response, FileResponse) or response.status_code != 200:
            return response
        response.headers["cache-control"] = IMMUTABLE
        if Path(path).suffix not in COMPRESSIBLE:
            return response
        response.headers["vary"] = "accept-encoding"
        request = Headers(scope=scope)
        if "gzip" not in request.get("accept-encoding", "") or "range" in request:
            return response
        headers = {"content-encoding": "gzip", "vary": "accept-encoding", "cache-control": IMMUTABLE}
        return Response(await self._gzipped(str(response.path)), media_type=response.media_type, headers=headers)

    async def _gzipped(self, path: str) -> bytes:
        """The compressed file. It is compressed once, in a thread, since the event loop has streams to serve."""
        if path not in self._compressed:
            self._compressed[path] = await asyncio.to_thread(lambda: gzip.compress(Path(path).read_bytes()))
        return self._compressed[path]
