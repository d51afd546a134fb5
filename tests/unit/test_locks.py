"""The locked versions install anywhere, not only where they were locked."""

import json
from pathlib import Path

PACKAGES = json.loads((Path(__file__).parents[2] / "client" / "package-lock.json").read_text())["packages"]


def test_the_client_lock_holds_the_programs_of_every_platform() -> None:
    """`npm install` leaves out those that a registry's mirror lacks, and then `npm ci` refuses the lock everywhere."""
    missing = [
        f"{name}, for {path}"
        for path, package in PACKAGES.items()
        for name in package.get("optionalDependencies", {})
        if f"{path}/node_modules/{name}" not in PACKAGES and f"node_modules/{name}" not in PACKAGES
    ]
    assert missing == []
