"""Finds the built pages: inside the package if it was installed from a wheel, else in the checkout's `client/`."""

from pathlib import Path

PACKAGED = Path(__file__).parent / "built"
"""The wheel has the pages here; see `hatch_build.py`."""

CHECKOUT = Path(__file__).parents[2] / "client"


def built(page: str, checkout: Path) -> Path:
    """The folder with this page's `index.html`. It may not exist yet: in a checkout it is built by `make setup`."""
    packaged = PACKAGED / page
    return packaged if packaged.is_dir() else checkout / "dist"


CHAT_PAGE = built("page", CHECKOUT / "app")
GRAPHIQL = built("graphiql", CHECKOUT / "graphiql")
