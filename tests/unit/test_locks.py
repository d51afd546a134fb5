"""The locked versions install anywhere, not only where they were locked, and each file is known by its hash."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = json.loads((ROOT / "client" / "package-lock.json").read_text())["packages"]
LOCKED = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_client_lock_holds_the_programs_of_every_platform() -> None:
    """`npm install` leaves out those that a registry's mirror lacks, and then `npm ci` refuses the lock everywhere."""
    missing = [
        f"{name}, for {path}"
        for path, package in PACKAGES.items()
        for name in package.get("optionalDependencies", {})
        if f"{path}/node_modules/{name}" not in PACKAGES and f"node_modules/{name}" not in PACKAGES
    ]
    assert missing == []


def test_every_package_of_the_client_lock_has_a_hash() -> None:
    hashed = re.compile(r"sha512-[A-Za-z0-9+/]{86}==")
    without = [
        path
        for path, package in PACKAGES.items()
        if "node_modules/" in path and not package.get("link") and not hashed.fullmatch(package.get("integrity", ""))
    ]
    assert without == []


def test_every_file_of_the_python_lock_has_a_hash() -> None:
    own = {package["name"] for package in LOCKED if "editable" in package["source"]}
    assert own == {"twotrack", "twotrack-producer"}
    for package in LOCKED:
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert files or package["name"] in own, package["name"]
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", file["hash"]) for file in files), package["name"]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in requirements}


def test_a_production_install_has_hashes_and_no_development_packages() -> None:
    """The list that `make wheel` writes for the image."""
    (command,) = re.findall(r"uv (export .*) --output-file", (ROOT / "Makefile").read_text())
    uv = Path(sys.executable).with_name("uv")
    listed = subprocess.run([uv, "--offline", *command.split()], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = listed.stdout.replace("\\\n", "").splitlines()
    required = {line.split("==")[0]: line for line in lines if re.match(r"[a-z0-9]", line)}
    assert "fastapi" in required
    assert [name for name, line in required.items() if "--hash=sha256:" not in line] == []
    used = names(PROJECT["project"]["dependencies"]) | names(PROJECT["project"]["optional-dependencies"]["tracing"])
    development = names(PROJECT["dependency-groups"]["dev"]) - used
    assert {"pytest", "mypy", "playwright"} <= development
    # httpx comes with a provider's package.
    assert development & required.keys() <= {"httpx"}
    assert "--require-hashes --requirement" in (ROOT / "deploy" / "Containerfile").read_text()


def test_the_public_checks_search_for_advisories_about_both_locks() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    commands = " ".join(step.get("run", "") for step in jobs["advisories"]["steps"])
    assert re.search(r"pip-audit==[\d.]+ --require-hashes", commands)
    assert "npm --prefix client audit" in commands
    (command,) = re.findall(r"(uv export .*?) --output-file", commands)
    listed = subprocess.run(
        [Path(sys.executable).with_name("uv"), "--offline", *command.split()[1:]],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    lines = [line for line in listed.replace("\\\n", "").splitlines() if line and not line.lstrip().startswith("#")]
    assert {"pytest", "fastapi"} <= {line.split("==")[0] for line in lines}
    assert [line for line in lines if "--hash=sha256:" not in line] == []  # pip-audit would refuse the whole list
