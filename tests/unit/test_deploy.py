"""The files in `deploy/` are well formed, and name metrics, settings and paths that exist."""

import json
import re
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from typing import Any

import promql_parser
import pytest
import yaml
from typer.testing import CliRunner

from api.__main__ import commands
from api.server.metrics import Metrics
from api.settings import PREFIX, Settings
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"

ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
KUBERNETES = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "twotrack.yaml").read_text()))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))

INTERVAL = "1m"
"""What Grafana puts in the place of `$__rate_interval`."""


def expressions() -> Iterator[Any]:
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            yield pytest.param(rule["expr"], id=rule["alert"])
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield pytest.param(target["expr"].replace("$__rate_interval", INTERVAL), id=panel["title"])


class Note:
    """A model, to have metrics of."""


def metric_names() -> set[str]:
    metrics = Metrics([Note], [Note])
    names = set()
    for family in metrics._registry.collect():
        names |= {sample.name for sample in family.samples} | {family.name, f"{family.name}_total"}
        if family.type == "histogram":
            names |= {f"{family.name}_{end}" for end in ("bucket", "count", "sum")}
    return names


@pytest.mark.parametrize("expression", list(expressions()))
def test_a_prometheus_expression_parses_and_names_metrics_that_exist(expression: str) -> None:
    promql_parser.parse(expression)
    named = set(re.findall(r"twotrack_\w+", expression))
    assert named
    assert named <= metric_names()


def test_every_alert_says_what_is_wrong_and_how_urgent_it_is() -> None:
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("page", "ticket")
            assert len(rule["annotations"]["summary"].split()) >= 5


def test_a_dashboard_has_panels_that_do_not_overlap() -> None:
    places = [tuple(panel["gridPos"][side] for side in "xy") for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places) >= 8
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)


def files() -> list[Any]:
    return [
        pytest.param(path, id=str(path.relative_to(DEPLOY))) for path in sorted(DEPLOY.rglob("*")) if path.is_file()
    ]


@pytest.mark.parametrize("path", files())
def test_a_setting_that_a_file_names_exists(path: Any) -> None:
    for name in re.findall(rf"{PREFIX}([A-Z_]+)", path.read_text()):
        assert name.lower() in Settings.model_fields


def containers() -> Iterator[tuple[str, list[str]]]:
    """The arguments of each container, by the file's name for it."""
    for document in KUBERNETES:
        if document["kind"] in ("Deployment", "Job"):
            for container in document["spec"]["template"]["spec"]["containers"]:
                yield document["metadata"]["name"], container["args"]
    for name, service in COMPOSE["services"].items():
        if service.get("image") == "twotrack":
            yield name, service["command"]
    for unit in UNITS:
        parsed = ConfigParser(strict=False, interpolation=None)
        parsed.read(unit)
        yield unit.name, parsed["Service"]["ExecStart"].split()[1:]


@pytest.mark.parametrize(("name", "arguments"), list(containers()))
def test_a_command_and_its_options_exist(name: str, arguments: list[str]) -> None:
    shown = CliRunner().invoke(commands, [arguments[0], "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert shown.exit_code == 0, name
    for option in arguments[1:]:
        assert not option.startswith("--") or option in re.sub(r"\x1b\[[0-9;]*m", "", shown.output), name


def test_kubernetes_knows_all_parts_by_their_labels() -> None:
    deployments = {
        document["metadata"]["name"]: document for document in KUBERNETES if document["kind"] == "Deployment"
    }
    for document in deployments.values():
        labels = document["spec"]["template"]["metadata"]["labels"]
        assert document["spec"]["selector"]["matchLabels"] == labels
        (container,) = document["spec"]["template"]["spec"]["containers"]
        port = container["ports"][0]["containerPort"]
        for probe in ("livenessProbe", "readinessProbe"):
            assert container[probe]["httpGet"]["port"] == port
    (service,) = (document for document in KUBERNETES if document["kind"] == "Service")
    assert service["spec"]["selector"] == deployments["twotrack"]["spec"]["template"]["metadata"]["labels"]


def test_every_process_gets_half_a_minute_more_than_it_drains_and_its_grace() -> None:
    fields = Settings.model_fields
    least = fields["drain_seconds"].default + fields["grace_seconds"].default + 30
    for document in KUBERNETES:
        if document["kind"] == "Deployment":
            pod = document["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            variables = {variable["name"]: variable["value"] for variable in container.get("env", [])}
            assert pod["terminationGracePeriodSeconds"] == least + int(variables.get(f"{PREFIX}DRAIN_SECONDS", "0"))
    for unit in UNITS:
        assert f"TimeoutStopSec={least}" in unit.read_text()
    assert COMPOSE["x-twotrack"]["stop_grace_period"] == f"{least}s"


def test_an_image_has_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    images = set(re.findall(r"image: (twotrack:\S+)", (DEPLOY / "kubernetes" / "twotrack.yaml").read_text()))
    assert images == {f"twotrack:{version}"}
