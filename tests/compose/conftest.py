"""Starts the installation of docker-compose.yml with pytest-docker, where there is a container engine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

ROOT = Path(__file__).parents[2]


def engine_problem() -> str:
    """Say why containers cannot be started here; empty when they can."""
    if shutil.which("docker") is None:
        return "there is no container engine: `docker` is not installed"
    for command, what in ((["docker", "info"], "no container engine answers"), (["docker", "compose", "version"], "")):
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        if answer.returncode:
            reason = (answer.stderr or answer.stdout).strip().splitlines()[-1:]
            return f"{what or 'docker has no compose plug-in'}: {''.join(reason)}"
    return ""


@pytest.fixture(scope="session")
def _engine() -> None:
    if problem := engine_problem():
        pytest.skip(problem)


@pytest.fixture(scope="session")
def docker_compose_file(_engine: None) -> str:
    return str(ROOT / "docker-compose.yml")


@pytest.fixture(scope="session")
def docker_compose_project_name() -> str:
    return f"cauce-test-{os.getpid()}"


@pytest.fixture(scope="session")
def docker_setup(_engine: None) -> list[str]:
    return ["build", "up --detach --wait --wait-timeout 300"]


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    """Give the installation passwords and ports of its own."""
    names = ("POSTGRES_PASSWORD", "CAUCE_DB_PASSWORD", "TEMPORAL_DB_PASSWORD")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setenv(name, token_hex(16))
        patch.setenv("CAUCE_PORT", "0")
        patch.setenv("TEMPORAL_UI_PORT", "0")
        yield
