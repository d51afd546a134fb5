"""The built scripts, styles and fonts: sent compressed, and kept by browsers for good."""

import asyncio
import gzip
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

COMPRESSIBLE = {".css", ".js", ".svg"}
"""Fonts are compressed already."""

FOR_GOOD = "public, max-age=31536000, immutable"
"""A year. A file's name tells its content: another build has other names."""


class Assets(StaticFiles):
    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, check_dir=False)  # built later, perhaps
        self._compressed: dict[str, bytes] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if not isinstance(response, FileResponse) or response.status_code != 200:
            return response
        response.headers["cache-control"] = FOR_GOOD
        if Path(path).suffix not in COMPRESSIBLE:
            return response
        response.headers["vary"] = "accept-encoding"
        asked = Headers(scope=scope)
        if "gzip" not in asked.get("accept-encoding", "") or "range" in asked:
            return response
        headers = {"content-encoding": "gzip", "vary": "accept-encoding", "cache-control": FOR_GOOD}
        return Response(await self._gzipped(str(response.path)), media_type=response.media_type, headers=headers)

    async def _gzipped(self, path: str) -> bytes:
        """Compressed once, and not in the loop, which has streams to serve."""
        if path not in self._compressed:
            self._compressed[path] = await asyncio.to_thread(lambda: gzip.compress(Path(path).read_bytes()))
        return self._compressed[path]
