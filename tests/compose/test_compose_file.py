"""What can be said about docker-compose.yml, .env.example and the Dockerfile without a container engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = {"api", "migrate", "postgres", "temporal", "temporal-namespace", "temporal-schema", "temporal-ui", "worker"}
ONE_SHOT = {"migrate", "temporal-namespace", "temporal-schema"}
_SECRET = re.compile(r"PASSWORD|PWD|SECRET|TOKEN|_URL$")
_REQUIRED = re.compile(r"\$\{(\w+):\?[^}]+\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def dockerfile() -> list[str]:
    return (ROOT / "Dockerfile").read_text().splitlines()


def test_the_services_are_those_of_an_installation(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == SERVICES


def test_every_service_that_stays_has_a_health_check(compose: dict[str, Any], dockerfile: list[str]) -> None:
    # The API's comes with the image; the worker's differs from it.
    in_image = any(line.startswith("HEALTHCHECK") for line in dockerfile)
    without = {
        name
        for name, service in compose["services"].items()
        if name not in ONE_SHOT and "healthcheck" not in service and not (name == "api" and in_image)
    }
    assert without == set()


def test_nothing_starts_before_what_it_needs(compose: dict[str, Any]) -> None:
    conditions = {
        name: {needed: how["condition"] for needed, how in service.get("depends_on", {}).items()}
        for name, service in compose["services"].items()
    }
    ready, done = "service_healthy", "service_completed_successfully"
    assert conditions["api"] == conditions["worker"] == {"migrate": done, "temporal-namespace": done}
    assert conditions["migrate"] == conditions["temporal-schema"] == {"postgres": ready}
    assert conditions["temporal"] == {"temporal-schema": done}
    assert conditions["temporal-namespace"] == conditions["temporal-ui"] == {"temporal": ready}


def test_there_is_no_default_password(compose: dict[str, Any]) -> None:
    secrets = {
        f"{name}.{variable}": str(value)
        for name, service in compose["services"].items()
        for variable, value in service.get("environment", {}).items()
        if _SECRET.search(variable) and variable != "CAUCE_PUBLIC_URL"
    }
    assert secrets
    assert {where: value for where, value in secrets.items() if not _REQUIRED.search(value)} == {}


def test_the_example_names_every_password_and_holds_none(compose: dict[str, Any]) -> None:
    asked = set(_REQUIRED.findall(yaml.safe_dump(compose, width=10_000)))
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    assert asked == {line.removesuffix("=") for line in lines}


def test_images_are_pinned_to_a_version(compose: dict[str, Any], dockerfile: list[str]) -> None:
    images = [service["image"] for service in compose["services"].values() if not service["image"].startswith("cauce:")]
    images += [line.split()[1] for line in dockerfile if line.startswith("FROM ")]
    assert [image for image in images if not re.search(r":v?\d+\.\d+[\w.-]*$", image)] == []


def test_nothing_runs_as_root(compose: dict[str, Any], dockerfile: list[str]) -> None:
    assert [line for line in dockerfile if line.startswith("USER ")] == ["USER 10001:10001"]
    # PostgreSQL's image starts as root to own its volume, and drops to its own user by itself.
    others = {name: s for name, s in compose["services"].items() if name != "postgres" and "build" not in s}
    assert {name for name, service in others.items() if service.get("user", "0").split(":")[0] == "0"} == set()


def test_ports_are_open_to_this_machine_only(compose: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert set(published) == {"api", "temporal-ui"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_data_survives_the_containers(compose: dict[str, Any]) -> None:
    mounted = {mount.split(":")[0] for s in compose["services"].values() for mount in s.get("volumes", [])}
    assert mounted == set(compose["volumes"]) == {"cauce-data", "postgres-data"}


def test_configs_that_are_mounted_exist(compose: dict[str, Any]) -> None:
    used = {mount["source"] for service in compose["services"].values() for mount in service.get("configs", [])}
    assert used == set(compose["configs"])


def test_the_image_has_everything_that_is_built_into_the_wheel() -> None:
    kept = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    copied = {"pyproject.toml", "README.md", "requirements.txt", "package-lock.json"}
    packages = {"activities", "api", "cauce", "connectors", "definitions", "demo", "schemas", "workflows"}
    assert copied | packages <= kept
