"""Build hook: the wheel contains the built chat page and GraphiQL, where `api/server/built.py` finds them."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGES = {"client/app/dist": "api/server/built/page", "client/graphiql/dist": "api/server/built/graphiql"}


class BuiltPages(BuildHookInterface[Any]):
    """Adds the pages to a wheel. Refuses to build a wheel or an sdist without them."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # serves the pages of its checkout
        for built, packaged in PAGES.items():
            if not (Path(self.root) / built / "index.html").is_file():
                self.app.abort(f"{built} is not built, and the package must contain it. Run `make wheel`.")
            if self.target_name == "wheel":
                build_data["force_include"][str(Path(self.root) / built)] = packaged
