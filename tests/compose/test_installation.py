"""The installation in containers comes up, answers, and comes back after its parts were killed."""

import subprocess
import time
from collections.abc import Callable
from urllib.request import urlopen

import pytest
from pytest_docker.plugin import Services

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]


def _health(services: Services) -> int:
    with urlopen(f"http://127.0.0.1:{services.port_for('api', 8080)}/api/v1/health", timeout=5) as answer:
        status: int = answer.status
        return status


def _eventually(holds: Callable[[], bool], seconds: float = 90) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if holds():
                return True
        except OSError:
            pass
        time.sleep(0.5)
    return False


def test_the_api_answers_that_all_is_well(docker_services: Services) -> None:
    assert _eventually(lambda: _health(docker_services) == 200)


def test_processes_in_the_containers_are_not_root(docker_services: Services, docker_compose_project_name: str) -> None:
    assert _health(docker_services) == 200
    for service in ("api", "worker"):
        command = ["docker", "compose", "-p", docker_compose_project_name, "exec", "-T", service, "id", "-u"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "10001"


def test_the_api_comes_back_after_its_database_was_restarted(
    docker_services: Services, docker_compose_project_name: str
) -> None:
    compose = ["docker", "compose", "-p", docker_compose_project_name]
    subprocess.run([*compose, "kill", "postgres"], check=True, capture_output=True)
    subprocess.run([*compose, "up", "--detach", "--wait", "postgres"], check=True, capture_output=True)
    assert _eventually(lambda: _health(docker_services) == 200)
