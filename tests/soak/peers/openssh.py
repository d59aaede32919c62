"""OpenSSH's server out of Debian, for SFTP: it runs as an unprivileged user and lets that one in by a key."""

import os
import pwd
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncssh

from tests.servers.processes import free_port, running
from tools import native_packages

_CONFIGURATION = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {home}/host
PidFile none
AuthorizedKeysFile {home}/authorized
StrictModes no
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d {home}/files
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: how to get in, and the folder that somebody who is in sees first."""

    port: int
    username: str
    host_key: str
    key: str
    files: Path


@contextmanager
def started() -> Iterator[Server]:
    """Start the server with everything in a folder of its own, where the user that it runs as can look."""
    program, port = native_packages.bring_sshd(), free_port()
    # A server of root would change to users that are nobody's business here.
    as_root = os.getuid() == 0
    user = pwd.getpwnam("nobody") if as_root else pwd.getpwuid(os.getuid())
    host, client = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    with TemporaryDirectory(prefix="cauce-openssh-") as place:
        home = Path(place)
        (home / "files").mkdir()
        shutil.copy(program, home / "sshd")
        host.write_private_key(str(home / "host"))
        (home / "host").chmod(0o600)
        client.write_public_key(str(home / "authorized"))
        (home / "configuration").write_text(_CONFIGURATION.format(port=port, home=home), encoding="utf-8")
        for path in (home, *home.iterdir()) if as_root else ():
            os.chown(path, user.pw_uid, user.pw_gid)
        environment = {**os.environ, "LD_LIBRARY_PATH": native_packages.library_path()}
        command: list[str | Path] = [home / "sshd", "-D", "-e", "-f", home / "configuration"]
        ids = (user.pw_uid, user.pw_gid) if as_root else (None, None)
        ready = partial(_answers, port)
        with running(command, log=home / "log", ready=ready, environment=environment, user=ids[0], group=ids[1]):
            public = host.export_public_key().decode().strip()
            yield Server(port, user.pw_name, public, client.export_private_key().decode(), home / "files")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
