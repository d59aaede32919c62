"""A PostgreSQL server for the tests, out of the system's packages or the environment's, as whoever may run one."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.servers.processes import free_port, running
from tools.native_packages import library_path, postgresql_bin
from tools.steps import NATIVE

# Making and dropping a database writes and unlinks some six hundred files: where there is room for it in memory, that
# takes a fifth of the processor's time.
_MEMORY, _ROOM = Path("/dev/shm"), 4_000_000_000  # noqa: S108 - what is made there has a name of its own
# Nothing in here has to survive a power cut, and databases live too shortly to be tidied up.
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "max_connections=60")


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """Where the server is, and how databases are made on it."""

    port: int

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://cauce@127.0.0.1:{self.port}/{database}"

    @contextlib.contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Make a database and return its name; it is gone after the block."""
        name = f"test_{uuid4().hex[:12]}"
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield name
        finally:
            self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            connection.execute(statement)

    def _conninfo(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=cauce dbname=postgres connect_timeout=5"

    def answers(self) -> bool:
        """Tell whether one can log in."""
        try:
            psycopg.connect(self._conninfo()).close()
        except psycopg.OperationalError:
            return False
        return True


@contextlib.contextmanager
def started(*, memory: str = "32MB", quick: bool = False) -> Iterator[PostgresServer]:
    """Run a server on a fresh cluster in a folder of its own, which the user it runs as may enter.

    `memory` is what it keeps of the tables; a server that nobody has set up has 128 MB of it. One that is `quick` at
    making databases has its files in memory, too, where there is room.
    """
    bindir = postgresql_bin()
    if bindir is None:
        raise FileNotFoundError("no PostgreSQL server is installed")
    user, group = _who_runs_it()
    server = PostgresServer(free_port())
    with (
        tempfile.TemporaryDirectory(prefix="cauce-pg-") as scratch,
        # Not the programs: what is in memory often cannot be run.
        tempfile.TemporaryDirectory(prefix="cauce-pg-", dir=_roomy() if quick else None) as files,
    ):
        folder = Path(scratch)
        for each in (folder, Path(files)):
            each.chmod(0o755)
        bindir, environment = _reachable(bindir, folder, user)
        data = Path(files) / "data"
        data.mkdir(mode=0o700)
        os.chown(data, -1 if user is None else user, -1 if group is None else group)
        made = subprocess.run(
            [bindir / "initdb", "-D", data, "-U", "cauce", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
            capture_output=True, text=True, check=False, cwd="/", env=environment,
            user=user, group=group, extra_groups=None if user is None else [],
        )  # fmt: skip
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stdout}{made.stderr}")
        command: list[str | Path] = [bindir / "postgres", "-D", data, "-p", str(server.port)]
        command += ["-h", "127.0.0.1", "-k", ""]
        for setting in (*_FAST, f"shared_buffers={memory}"):
            command += ["-c", setting]
        with running(
            command, log=folder / "log", ready=server.answers, stop=signal.SIGINT,
            environment=environment, user=user, group=group,
        ):  # fmt: skip
            yield server


def _roomy() -> Path | None:
    """Return the folder that is in memory if several servers fit in it; None for the usual one."""
    fits = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return _MEMORY if fits else None


def _who_runs_it() -> tuple[int, int] | tuple[None, None]:
    """Return whom to run it as: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return None, None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return account.pw_uid, account.pw_gid
    return 65534, 65534


def _reachable(bindir: Path, folder: Path, user: int | None) -> tuple[Path, dict[str, str]]:
    """Copy the environment's server into `folder` when the user may not enter the checkout."""
    environment = {**os.environ, "LC_ALL": "C"}
    if not bindir.is_relative_to(NATIVE):
        return bindir, environment
    environment["LD_LIBRARY_PATH"] = library_path()
    runs = subprocess.run(
        [bindir / "postgres", "--version"], capture_output=True, check=False, cwd="/", env=environment, user=user
    ) if user is None or _may_enter(bindir, user) else None  # fmt: skip
    if runs is not None and runs.returncode == 0:
        return bindir, environment
    shutil.copytree(NATIVE / "usr", folder / "usr", symlinks=True)
    environment["LD_LIBRARY_PATH"] = library_path().replace(str(NATIVE), str(folder))
    return folder / bindir.relative_to(NATIVE), environment


def _may_enter(path: Path, user: int) -> bool:
    asked = subprocess.run(["test", "-x", path / "postgres"], check=False, cwd="/", user=user, extra_groups=[])
    return asked.returncode == 0
