"""A whole hub as people meet it: the command line in this process, API and worker in theirs, a real Temporal."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cauce import settings as environment
from cauce.cli.root import app
from cauce.services import users
from cauce.services.hub import Hub, open_hub
from cauce.settings import Settings
from cauce.store import Store, definitions
from cauce.store.definitions import NewDefinition
from cauce.store.migrations import upgrade
from tests.servers.processes import free_port, running

NOBODY_LISTENS = "127.0.0.1:1"
PASSWORD = "correct horse"  # noqa: S105 - of a store that lives as long as the tests
PEOPLE: dict[str, tuple[list[str], list[str]]] = {
    "ana": (["staff"], ["sales"]),
    "rosa": (["staff"], ["sales"]),
    "luis": (["staff"], ["finance"]),
    "eva": (["auditor"], []),
    "boss": (["admin"], []),
}
numbers = count(1)


@dataclass(slots=True)
class Asked:
    """What a command answered: its exit code, its one JSON document, and what it told the person."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def finding(self) -> Any:
        """The only finding."""
        (one,) = self.json["findings"]
        return one


def cauce(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Asked:
    """Run the command `cauce`; anything but an exit is a traceback, and fails the test."""
    done = CliRunner().invoke(app, [str(part) for part in arguments], env=env)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Asked(done.exit_code, done.stdout, done.stderr)


@dataclass(slots=True)
class Site:
    """One hub."""

    folder: Path
    settings: Settings
    rest: httpx.Client
    tokens: dict[str, str]
    env: dict[str, str] = field(default_factory=dict)
    api: int = 0
    worker: int = 0

    @property
    def log(self) -> str:
        """What API and worker have logged."""
        return "".join((self.folder / f"{name}.log").read_text(errors="replace") for name in ("api", "worker"))

    def cauce(self, *arguments: str | Path, **env: str) -> Asked:
        """Run a command on this hub."""
        return cauce(*arguments, env={**self.env, **env})

    def call(self, method: str, path: str, who: str = "boss", **given: Any) -> httpx.Response:
        """Call REST as one of the people."""
        headers = {"authorization": f"Bearer {self.tokens[who]}", **given.pop("headers", {})}
        return self.rest.request(method, f"/api/v1{path}", headers=headers, **given)

    def publish(self, *texts: str) -> Asked:
        """Publish definitions through the command line."""
        folder = self.folder / f"definitions-{next(numbers)}"
        folder.mkdir()
        for number, text in enumerate(texts):
            (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
        done = self.cauce("publish", folder, "--json")
        assert done.exit_code == 0, done.stderr
        return done

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program of this hub."""
        return {**os.environ, **self.env}

    @contextmanager
    def other_api(self, **env: str) -> Iterator[httpx.Client]:
        """Run another API on the same store, which differs in some settings."""
        with _api(self.folder, "other-api", {**self.env, **env}) as (_, rest):
            yield rest

    async def put_bundle(self, bundle: dict[str, Any]) -> None:
        """Put a published process into the store past all checks, as if what it refers to had been there."""
        new = NewDefinition(
            kind="process",
            namespace=bundle["namespace"],
            name=bundle["name"],
            version=bundle["version"],
            digest=bundle["digest"],
            source="",
            document=bundle["document"],
            bundle=bundle,
            published_by="boss",
        )
        async with Store(self.settings.store_url) as store, store.transaction() as db:
            await definitions.add(db, new)

    def start(self, definition: str, data: Any = None, **more: Any) -> str:
        """Start an instance through REST and return its id."""
        answer = self.call("POST", "/instances", json={"definition": definition, "input": data, **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def ended(self, instance: str, seconds: float = 15) -> Any:
        """Wait for an instance to end and return all that is known of it."""
        return wait_for(lambda: self._ended(instance), f"{instance} to end", seconds)

    def shown(self, instance: str) -> Any:
        """Return what is known of an instance."""
        return self.call("GET", f"/instances/{instance}").json()

    def _ended(self, instance: str) -> Any:
        found = self.shown(instance)
        return found if found.get("summary", {}).get("closed_at") else None

    def problem(self, instance: str) -> Any:
        """Wait for an instance to fault and return its problem."""
        found = self.ended(instance)
        assert found["summary"]["status"] == "faulted", found
        return found["problem"]

    def open_task(self, instance: str, seconds: float = 15) -> Any:
        """Wait for the human task of an instance and return it."""

        def find() -> Any:
            found = self.call("GET", "/tasks", params={"instance": instance, "state": "open"}).json()["items"]
            return found[0] if found else None

        return wait_for(find, f"a task of {instance}", seconds)


def wait_for(find: Callable[[], Any], what: str, seconds: float) -> Any:
    """Return what `find` gives as soon as it gives something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.05)
    pytest.fail(f"waited {seconds} s for {what}")


@contextmanager
def opened(folder: Path, temporal: str, **env: str) -> Iterator[Site]:
    """Open a hub on a new store."""
    env = {
        "CAUCE_DATA_DIR": str(folder),
        "CAUCE_TEMPORAL_ADDRESS": temporal,
        "CAUCE_MAX_BODY_BYTES": "8000000",
        "CAUCE_LOG_LEVEL": "DEBUG",
        **env,
    }
    settings = environment.load(data_dir=folder, temporal_address=temporal)
    upgrade(settings.store_url)
    tokens = asyncio.run(_people(settings))
    with (
        _program(folder, "worker", env, lambda: "worker is ready" in (folder / "worker.log").read_text()) as worker,
        _api(folder, "api", env) as (api, rest),
    ):
        yield Site(folder, settings, rest, tokens, env, api, worker)


@contextmanager
def _api(folder: Path, log: str, env: Mapping[str, str]) -> Iterator[tuple[int, httpx.Client]]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (
        _program(folder, "api", env, lambda: _answers(address), "--port", str(port), log=log) as process,
        httpx.Client(base_url=address, timeout=30) as rest,
    ):
        yield process, rest


@contextmanager
def _program(
    folder: Path, name: str, env: Mapping[str, str], ready: Callable[[], bool], *more: str, log: str = ""
) -> Iterator[int]:
    command = [sys.executable, "-m", "cauce.cli", name, *more]
    file = folder / f"{log or name}.log"
    with running(command, log=file, ready=ready, environment={**os.environ, **env}) as process:
        yield process.pid


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/api/v1/health").status_code == 200
    except httpx.HTTPError:
        return False


async def _people(settings: Settings) -> dict[str, str]:
    async with open_hub(settings) as hub:
        return {name: await _person(hub, name, *PEOPLE[name]) for name in PEOPLE}


async def _person(hub: Hub, name: str, roles: list[str], groups: list[str]) -> str:
    await users.ensure_user(hub, name, PASSWORD, roles=roles, groups=groups)
    return await users.create_token(hub, await users.actor_of(hub, name))
