"""One Temporal server, one store and one stand-in for all cases of a session."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import pytest
import pytest_asyncio
from temporalio.worker import WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from cauce import settings, single
from cauce.embedded import temporal_server
from cauce.errors import SettingsError
from cauce.native import driver_path
from cauce.services import definitions
from cauce.services.hub import Actor, Hub
from cauce.store import Store, people, users
from cauce.temporal import connect
from demo.node import find_node
from tests.conformance.case import HERE
from tests.conformance.stand_in import StandIn, standing_in
from tests.conftest import Require
from tests.integration.protocols import grpc_peer
from tests.servers.container_engine import install

IMAGES = ("hello-world", "tool", "alpine", "missing", "slow")
DESIGNER = Actor("conformance", frozenset({"admin"}))
PEOPLE = {
    "cauce-run": (["again"], [], 1.0),
    "rail-1": (["desk", "again"], ["rail"], 1.0),
    "rail-2": (["desk", "rota"], ["rail", "fleet"], 1.0),
    "fleet-1": (["desk", "rota"], ["fleet"], 1.0),
    "boss": ([], [], 1.0),  # to whom ladders lead
}
# Not ours, and without state that a workflow could see; some of them cannot be imported twice.
FOREIGN = ("attr", "isodate", "jsonschema", "jsonschema_specifications", "re2", "referencing", "rpds", "ruamel", "yaml")


async def add_people(store: Store) -> None:
    """Add accounts whose names begin with what they can do; each group is used by the cases of one behaviour."""
    async with store.transaction() as db:
        for name, (groups, skills, capacity) in PEOPLE.items():
            await users.add(db, name, password_hash="", roles=["staff"], groups=groups)
            await people.save_profile(
                db, name, skills=skills, languages=["es"], territories=["north"], capacity=capacity
            )


@dataclass(frozen=True, slots=True)
class Place:
    """Where cases are run."""

    bench: single.Bench
    hub: Hub
    stand_in: StandIn


async def place_of(
    stack: AsyncExitStack,
    folder: Path,
    runner: WorkflowRunner | None = None,
    options: Sequence[str] = (),
    hosts: Mapping[str, str] = MappingProxyType({}),
) -> Place:
    """Open a place with all that cases may call; `hosts` says which address is in a host's place, else the stand-in."""
    stand_in = await stack.enter_async_context(standing_in())
    port, _ = await stack.enter_async_context(grpc_peer.serving())
    stand_ins = {host: place or stand_in.address for host, place in hosts.items()}
    chosen = settings.load(
        data_dir=folder,
        definitions_dir=folder,
        allowed_programs="sh,npx",
        allow_run=["shell", "script:*", *(f"container:{name}" for name in IMAGES)],
        run_seconds=20,
        run_container_engine=str(install(folder / "engine")),
        stand_ins={
            "grpc.stand-in": f"http://127.0.0.1:{port}",
            "asyncapi.stand-in": stand_in.address,
            **stand_ins,
        },
    )
    store = await stack.enter_async_context(single.empty_store())
    sources, findings = definitions.load([HERE / "definitions"])
    assert not findings
    hub = Hub(chosen, store, await connect("127.0.0.1:1", store, lazy=True))
    await definitions.publish(hub, DESIGNER, sources)
    await add_people(store)
    bench = await stack.enter_async_context(single.bench(chosen, "time-skipping", store, runner, options))
    return Place(bench, hub, stand_in)


@pytest.fixture(scope="session")
def _temporal(require: Require) -> None:
    if not temporal_server.binary().exists():
        require("temporal", "the program `temporal` is not there; `make setup` brings it")


@pytest.fixture
def company_runs(require: Require) -> None:
    """Look whether the systems of the demo company can run here."""
    for kind, look in (("odbc", partial(driver_path, "sqlite")), ("node", find_node)):
        try:
            look()
        except SettingsError as error:
            require(kind, str(error))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def place(_temporal: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        yield await place_of(stack, tmp_path_factory.mktemp("conformance"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sandbox(_temporal: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """Give out a place whose workflows run in Temporal's sandbox, which sees what import-linter cannot."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*FOREIGN)
    async with AsyncExitStack() as stack:
        runner = SandboxedWorkflowRunner(restrictions=restrictions)
        yield await place_of(stack, tmp_path_factory.mktemp("sandbox"), runner)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hasty(_temporal: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """Give out a place whose Temporal suggests a new run after a few events."""
    # A server lets a new run wait until the one before is a second old.
    wanted = ("limit.historyCount.suggestContinueAsNew=8", 'history.workflowIdReuseMinimalInterval="0s"')
    options = [option for each in wanted for option in ("--dynamic-config-value", each)]
    async with AsyncExitStack() as stack:
        yield await place_of(stack, tmp_path_factory.mktemp("hasty"), options=options)


@pytest.fixture
def secrets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the secrets of a case into the environment."""
    for name, value in request.node.callspec.params["case"].secrets.items():
        monkeypatch.setitem(os.environ, f"CAUCE_SECRET_{name.upper().replace('-', '_')}", value)
