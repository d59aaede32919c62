"""A MariaDB server for the tests, out of the system's packages or the environment's, with logins that are checked."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.servers.processes import free_port, running
from tools.native_packages import library_path, mariadb_root
from tools.steps import NATIVE

USER, PASSWORD = "cauce", "pa;ss}wo{rd"  # what has to be quoted in a connection string
# Nothing in here has to survive a power cut.
_FAST = (
    *("--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=16M"),
    *("--innodb-buffer-pool-size=32M", "--innodb-data-file-path=ibdata1:4M:autoextend", "--skip-log-bin"),
    *("--innodb-temp-data-file-path=ibtmp1:4M:autoextend", "--aria-log-file-size=8M", "--skip-name-resolve"),
    *("--aria-pagecache-buffer-size=8M", "--key-buffer-size=8M", "--character-set-server=utf8mb4"),
)


@dataclass(frozen=True, slots=True)
class MariaServer:
    """Where the server is, and how databases are made on it."""

    port: int
    pid: int

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Make a database and return its name; it is gone after the block."""
        name = f"test_{uuid4().hex[:12]}"
        self.execute(f"create database {name}")
        try:
            yield name
        finally:
            self.execute(f"drop database {name}")

    def execute(self, *statements: str, database: str = "") -> None:
        """Carry statements out, each as it is and committed at once."""
        from cauce.native import driver_path, load_odbc  # noqa: PLC0415 - only where there is a server

        load_odbc()
        import pyodbc  # type: ignore[import-not-found]  # noqa: PLC0415 - after the manager; its stub is not looked at

        quoted = "{" + PASSWORD.replace("}", "}}") + "}"
        given = (
            f"Driver={driver_path('mariadb')};Server=127.0.0.1;Port={self.port};UID={USER};PWD={quoted};CHARSET=utf8mb4"
        )
        with contextlib.closing(pyodbc.connect(f"{given};Database={database}", autocommit=True)) as connection:
            for statement in statements:
                connection.execute(statement)


@contextlib.contextmanager
def started() -> Iterator[MariaServer]:
    """Run a server on fresh data in a folder of its own."""
    root = mariadb_root()
    if root is None:
        raise FileNotFoundError("no MariaDB server is installed")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="cauce-maria-") as scratch:
        folder = Path(scratch)
        data = folder / "data"
        (data / "mysql").mkdir(parents=True)
        environment = {**os.environ, "LC_ALL": "C"}
        if root.is_relative_to(NATIVE):
            environment["LD_LIBRARY_PATH"] = library_path()
        command: list[str | Path] = [
            *(root / "sbin/mariadbd", "--no-defaults", f"--basedir={root}", f"--datadir={data}"),
            f"--lc-messages-dir={root / 'share/mysql'}",
            # One that starts removes what others have left where it keeps temporary tables, and what others use.
            f"--tmpdir={folder}",
            *_FAST,
            *(["--user=root"] if os.getuid() == 0 else []),
        ]
        _fill(command, root / "share/mysql", environment)
        command += [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 'socket'}"]
        command += ["--innodb-fast-shutdown=2"]
        with running(
            command, log=folder / "log", ready=lambda: _answers(port), stop=signal.SIGTERM, environment=environment
        ) as process:
            yield MariaServer(port, process.pid)


def _fill(command: list[str | Path], share: Path, environment: dict[str, str]) -> None:
    """Make the tables of the server itself, and the login; the server's own program for it takes ten times as long."""
    tables = [(share / f"mysql_system_tables{part}.sql").read_text(encoding="utf-8") for part in ("", "_data")]
    login = f"create user {USER}@'127.0.0.1' identified by '{PASSWORD}';\n"
    rights = f"grant all on *.* to {USER}@'127.0.0.1';\n"
    script = "\n".join(["use mysql;", *tables, "flush privileges;", login + rights])
    made = subprocess.run(
        [*command, "--bootstrap"], input=script, capture_output=True, text=True, check=False, env=environment, cwd="/"
    )
    if made.returncode:
        raise RuntimeError(f"the data of MariaDB cannot be made: {made.stderr}")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
