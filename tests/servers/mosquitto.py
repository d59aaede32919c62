"""A broker of MQTT for the tests, out of the system's packages or the environment's."""

import contextlib
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.servers.processes import free_port, running
from tools.native_packages import library_path

USER, PASSWORD = "ana", "t0p-s3cret"


@contextlib.contextmanager
def started(program: Path) -> Iterator[tuple[int, int]]:
    """Run the broker; returns the port for everybody, and the one for whoever can log in."""
    library = {**os.environ, "LD_LIBRARY_PATH": library_path()}
    with tempfile.TemporaryDirectory(prefix="cauce-mosquitto-") as name:
        folder, anyone, known = Path(name), free_port(), free_port()
        passwords = folder / "passwords"
        maker = program.parents[1] / "bin/mosquitto_passwd"
        subprocess.run([maker, "-b", "-c", passwords, USER, PASSWORD], check=True, env=library, capture_output=True)
        passwords.chmod(0o644)
        folder.chmod(0o755)
        (folder / "broker.conf").write_text(
            f"per_listener_settings true\n"
            f"listener {anyone} 127.0.0.1\nallow_anonymous true\n"
            f"listener {known} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n",
            encoding="ascii",
        )
        command: list[str | Path] = [program, "-c", folder / "broker.conf"]
        with running(
            command, log=folder / "log", ready=lambda: _answers(anyone) and _answers(known), environment=library
        ):
            yield anyone, known


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
