"""Runs the demo company: makes its databases when they are not there, starts its ERP, and stops what it started."""

import asyncio
import json
import os
import secrets
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from cauce.errors import ConflictError, SettingsError, TransientError
from demo import crm
from demo.databases import ACCOUNTING, ERP, SCM, write_databases
from demo.generator import SEED, generate
from demo.node import find_node
from demo.post import COMPLAINTS, Post

USERNAME = "cauce"
MARKER = "company.json"
MAIL = "mail"
PASSWORD = "erp-password"  # noqa: S105 - the name of the file, and of the secret
ERP_FOLDER = Path(__file__).parent / "erp"

READY_S = 30.0
GOODBYE_S = 5.0


@dataclass(frozen=True, slots=True)
class Company:
    """The demo company while it runs: where its systems are, and its mail."""

    directory: Path
    erp_wsdl: str
    erp_admin: str
    erp_pid: int
    password: str = field(repr=False)
    post: Post

    @classmethod
    @asynccontextmanager
    async def start(cls, directory: Path, *, seed: int = SEED, leads: Path | None = None) -> AsyncIterator[Self]:
        """Start the company in a directory of its own; its databases stay there, its ERP ends with the block.

        With `leads`, a file of CRM opportunities, the accounts and products of that file are in its systems too.
        """
        directory = await asyncio.to_thread(prepare, directory, seed, leads)
        password = _password(directory / PASSWORD)
        process = await _start_erp(directory, password)
        try:
            ready = await _first_line(process, directory)
            async with Post.start(directory / MAIL, password) as post:
                yield cls(directory, ready["wsdl"], ready["admin"], ready["pid"], password, post)
        finally:
            await _stop(process)

    @property
    def erp_db(self) -> Path:
        """The ERP's own database, for figures that nobody can have made up."""
        return self.directory / ERP

    @property
    def accounting_db(self) -> Path:
        """The accounting database, to be read over ODBC."""
        return self.directory / ACCOUNTING

    @property
    def scm_db(self) -> Path:
        """The supply-chain database, to be read over ODBC."""
        return self.directory / SCM

    def settings(self) -> dict[str, str]:
        """Return the per-environment values that the demo's connections refer to as `{setting: name}`."""
        return {
            "erp-wsdl": self.erp_wsdl,
            "erp-admin": self.erp_admin,
            "erp-username": USERNAME,
            "erp-environment": "test",
            "accounting-environment": "test",
            "accounting-database": str(self.accounting_db),
            "scm-database": str(self.scm_db),
            "mail-address": COMPLAINTS,
            "mail-host": "127.0.0.1",
            "mail-smtp-port": str(self.post.smtp_port),
            "mail-imap-port": str(self.post.imap_port),
            "mail-security": "none",
        }

    def secrets(self) -> dict[str, str]:
        """Return what the demo's connections refer to as `{secret: name}`."""
        return {PASSWORD: self.password, "mail-password": self.password, "mail-thread-secret": self.password}

    def orders_summary(self) -> dict[str, Any]:
        """Return live orders, references with more than one of them, and their amount, from the ERP's database."""
        return orders_summary(self.erp_db)


def orders_summary(erp_db: Path) -> dict[str, Any]:
    """Read `orders`, `duplicates` and `amount` from an ERP database, whether or not the ERP is running."""
    with closing(sqlite3.connect(f"{erp_db.absolute().as_uri()}?mode=ro", uri=True)) as db:
        orders, cents = db.execute(
            "SELECT count(*), coalesce(sum(total_cents), 0) FROM sales_order WHERE status <> 'cancelled'"
        ).fetchone()
        (duplicates,) = db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM sales_order WHERE status <> 'cancelled'"
            " GROUP BY reference HAVING count(*) > 1)"
        ).fetchone()
    return {"orders": orders, "duplicates": duplicates, "amount": cents / 100}


def prepare(directory: Path, seed: int = SEED, leads: Path | None = None) -> Path:
    """Make the company's databases, unless they are there; refuses a directory with another company in it.

    Returns the directory's absolute path.
    """
    directory = directory.absolute()
    crm_file = leads if leads is not None and crm.is_crm_file(leads) else None
    identity = {"format": 2, "seed": seed, "crm": str(crm_file.resolve()) if crm_file else None}
    marker = directory / MARKER
    if marker.is_file():
        if json.loads(marker.read_text(encoding="utf-8")) != identity:
            raise ConflictError(
                f"{directory} holds a demo company made from another seed or another file of leads.",
                hint="Use another directory, or delete this one to start afresh.",
            )
        return directory
    directory.mkdir(parents=True, exist_ok=True)
    # Made aside and moved, the marker last: what a killed run leaves behind is made again.
    fresh = directory / "unfinished"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    write_databases(fresh, generate(seed, crm_file))
    for name in (ERP, ACCOUNTING, SCM):
        for suffix in ("-wal", "-shm"):
            (directory / f"{name}{suffix}").unlink(missing_ok=True)
        (fresh / name).replace(directory / name)
    fresh.rmdir()
    marker.write_text(json.dumps(identity), encoding="utf-8")
    return directory


def _password(file: Path) -> str:
    """Return the ERP's password, made the first time and then kept in a file that only its owner can read."""
    with suppress(FileExistsError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as new:
            new.write(secrets.token_urlsafe(18))
    return file.read_text(encoding="utf-8").strip()


async def _start_erp(directory: Path, password: str) -> asyncio.subprocess.Process:
    """Start the ERP; it watches its standard input, so that it ends when we do, however we end."""
    if not (ERP_FOLDER / "node_modules" / "soap").is_dir():
        raise SettingsError(
            "The packages of the demo company's ERP are not installed.",
            hint=f"Run: {Path(sys.executable).with_name('npm')} ci --omit=dev --prefix {ERP_FOLDER}",
        )
    node = await asyncio.to_thread(find_node)
    with (directory / "erp.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *node.command(str(ERP_FOLDER / "server.mjs"), str(directory / ERP)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env={**_environment(), "ERP_USERNAME": USERNAME, "ERP_PASSWORD": password},
            start_new_session=True,  # Ctrl-C is for us; the ERP ends after its callers
        )


def _environment() -> Mapping[str, str]:
    """Return what of our environment a program needs; nothing that may hold secrets of others."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}


async def _first_line(process: asyncio.subprocess.Process, directory: Path) -> dict[str, Any]:
    """Wait for the line that says the ERP is ready."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    try:
        line = await asyncio.wait_for(process.stdout.readline(), READY_S)
        ready: dict[str, Any] = json.loads(line)
    except (TimeoutError, ValueError) as error:
        raise TransientError(
            "The demo company's ERP did not start.", hint=f"Its log says why: {directory / 'erp.log'}"
        ) from error
    return ready


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the ERP by ending its input; kill it when it does not mind."""
    assert process.stdin is not None  # noqa: S101 - it was asked for
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), GOODBYE_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
