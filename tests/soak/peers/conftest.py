"""SOAP services of other people's making, started for `make soak`: PHP out of Debian, spyne out of PyPI."""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cauce.http import close_sessions
from tests.servers.processes import free_port, running
from tools import native_packages
from tools.steps import VENV, SetupError

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
async def _closed_sessions() -> AsyncIterator[None]:
    yield
    await close_sessions()


@pytest.fixture(scope="session")
def php(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of the services by PHP's SoapServer."""
    try:
        program, extensions = native_packages.bring_php()
    except SetupError as error:
        pytest.skip(f"no PHP with SOAP: {error} As root: apt-get install php-cli php-soap")
    folder, port = tmp_path_factory.mktemp("php"), free_port()
    environment = {**os.environ, "LD_LIBRARY_PATH": native_packages.library_path(), "PEER_FOLDER": str(folder)}
    options = ["-n", "-d", f"extension_dir={extensions}", "-d", "extension=soap.so"]
    command: list[str | Path] = [program, *options, "-S", f"127.0.0.1:{port}", HERE / "server.php"]
    with running(command, log=folder / "log", ready=lambda: _answers(port), environment=environment):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def spyne(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of the service by spyne, which runs in an environment of its own."""
    place, port = VENV / "peers", free_port()
    python = place / "bin" / "python"
    if not any(place.glob("lib/python*/site-packages/spyne")):
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        command: list[str | Path] = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--requirement",
            HERE / "requirements.txt",
        ]
        subprocess.run(command, check=True)
    log = tmp_path_factory.mktemp("spyne") / "log"
    with running([python, HERE / "spyne_server.py", str(port)], log=log, ready=lambda: _answers(port)):
        yield f"http://127.0.0.1:{port}"


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
