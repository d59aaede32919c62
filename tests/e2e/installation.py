"""An installation as a company would have it: `cauce up` in a folder of its own, beside the demo company's systems."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cauce import settings as environment
from cauce.embedded import state
from cauce.services import users
from cauce.services.access import passwords
from cauce.services.hub import Actor, open_hub
from demo.company import Company
from demo.people import PEOPLE
from tests.e2e.erp import Erp
from tests.servers.processes import running

repository = Path(__file__).parents[2]
definitions = repository / "definitions"
_patience_s = 120
_setter_up = Actor("set-up", frozenset({"admin"}))


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended; the result of one with `--json` is in `data`."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON document that was printed."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Installation:
    """Where everything is; `password` is that of all people, `store_url` empty when the store is a file."""

    data_dir: Path
    erp: Erp
    password: str
    store_url: str = ""

    @property
    def url(self) -> str:
        """The address of the API."""
        return self._state.addresses.api

    @property
    def temporal(self) -> str:
        """The address of the Temporal server."""
        return self._state.addresses.temporal

    def pid(self, part: str) -> int | None:
        """Return the process of one part of the stack, as `stack.json` tells it."""
        return next(child.pid for child in self._state.children if child.name == part)

    @property
    def restarts(self) -> dict[str, int]:
        """How often each part was started again."""
        return {child.name: child.restarts for child in self._state.children}

    @property
    def _state(self) -> state.StackFile:
        found = state.last(self.data_dir)
        assert found is not None, "there is no stack.json"
        return found

    async def cauce(self, *arguments: str, given: str | None = None, profile: str = "") -> Done:
        """Run a command, as somebody at this machine; `given` comes in through standard input."""
        process = await asyncio.create_subprocess_exec(
            *command(*arguments, data_dir=self.data_dir),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=clean_environment(self.store_url) | ({"CAUCE_PROFILE": profile} if profile else {}),
            cwd=self.data_dir,
        )
        out, err = await asyncio.wait_for(process.communicate((given or "").encode()), _patience_s)
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def started(folder: Path, store_url: str = "") -> AsyncIterator[Installation]:
    """Start the company's systems and the stack, publish the definitions, and give everybody an account."""
    password, data_dir = passwords.made([each.name for each in PEOPLE], 10), folder / "data"
    async with Company.start(folder / "company") as company:
        _connect(data_dir, company)
        up = command("up", "--no-temporal-ui", data_dir=data_dir)
        with running(
            up,
            log=folder / "up.log",
            ready=lambda: (found := state.running(data_dir)) is not None and found.ready,
            seconds=_patience_s,
            environment=clean_environment(store_url),
        ):
            installation = Installation(data_dir, Erp(company), password, store_url)
            published = await installation.cauce("publish", str(definitions), "--json")
            assert published.code == 0, published.err
            await _hire(data_dir, password, store_url or f"sqlite+aiosqlite:///{data_dir / 'cauce.db'}")
            yield installation


def command(*arguments: str, data_dir: Path) -> list[str]:
    """Return a command line of ours that works in the data directory."""
    return [sys.executable, "-P", "-m", "cauce.cli", *arguments, "--data-dir", str(data_dir)]


def clean_environment(store_url: str = "") -> dict[str, str]:
    """Return an environment in which nothing of the developer's own Cauce is set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CAUCE_")}
    # Port 0: any that is free; the definitions are published by the test, as a designer does.
    ours = {"PYTHONPATH": str(repository), "CAUCE_API_PORT": "0", "CAUCE_DEFINITIONS_DIR": "none"}
    return kept | ours | ({"CAUCE_STORE_URL": store_url} if store_url else {})


def _connect(data_dir: Path, company: Company) -> None:
    """Write down where the company's systems are, and the secrets that open them."""
    (data_dir / "secrets").mkdir(parents=True, mode=0o700)
    for name, value in company.secrets().items():
        (data_dir / "secrets" / name).write_text(value, encoding="utf-8")
    (data_dir / "settings.json").write_text(json.dumps(company.settings()), encoding="utf-8")


async def _hire(data_dir: Path, password: str, store_url: str) -> None:
    settings = environment.load(data_dir=data_dir, store_url=store_url)
    async with open_hub(settings) as hub:
        there = {each.name for each in await users.list_users(hub, _setter_up)}
        # The first run made the admin, who chooses another password as whoever logs in for the first time does.
        await users.set_password(hub, Actor("admin", frozenset()), "admin", password)
        for person in PEOPLE:
            if person.name not in there:
                await users.create_user(
                    hub, _setter_up, person.name, password, roles=person.roles, groups=person.groups,
                    full_name=person.full_name, locale=person.locale, lasting=True,
                )  # fmt: skip
