import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.service import RPCError

from cauce.http import close_sessions
from cauce.services import definitions as published
from cauce.services.hub import Actor, Hub
from cauce.settings import Settings, load
from cauce.store import Store, definitions
from cauce.store.definitions import NewDefinition
from cauce.temporal import connect
from cauce.worker import run_worker
from schemas import load_yaml
from tests.servers.temporal import TemporalServer

boss = Actor("boss", frozenset({"admin"}))
ana = Actor("ana", frozenset({"staff"}), frozenset({"sales"}))
luis = Actor("luis", frozenset({"staff"}), frozenset({"finance"}))
auditor = Actor("eva", frozenset({"auditor"}))


@pytest.fixture
def settings(tmp_path: Path, temporal_server: TemporalServer) -> Settings:
    return load(
        data_dir=tmp_path, temporal_address=temporal_server.address, temporal_namespace=temporal_server.namespace
    )


async def publish(hub: Hub, *texts: str) -> None:
    """Publish definitions together."""
    await published.publish(hub, boss, [load_yaml(text, f"{index}.yaml") for index, text in enumerate(texts)])


@pytest.fixture
async def closed_sessions() -> AsyncIterator[None]:
    """Close what was opened to call other systems over HTTP."""
    yield
    await close_sessions()


class Started(Interceptor):
    """Remembers what was started, because the server outlives the test and its store."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the name in the SDK
        return Recorder(next, self.ids)

    async def terminate(self, client: Client) -> None:
        for each in self.ids:
            with contextlib.suppress(RPCError):
                await client.get_workflow_handle(each).terminate()


class Recorder(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, ids: set[str]) -> None:  # noqa: A002 - the name in the SDK
        super().__init__(next)
        self.ids = ids

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 - the name in the SDK
        self.ids.add(input.id)
        return await super().start_workflow(input)


@pytest.fixture
async def hub(settings: Settings, store_url: str, make_tables: Callable[[str], None]) -> AsyncIterator[Hub]:
    make_tables(store_url)
    async with Store(store_url) as store:
        started = Started()
        plain = await connect(settings.temporal_address, store, namespace=settings.temporal_namespace)
        config = plain.config()
        config["interceptors"] = [*config["interceptors"], started]
        client = Client(**config)
        yield Hub(settings, store, client)
        await started.terminate(client)


@pytest.fixture
async def lonely_hub(settings: Settings, tmp_path: Path, make_tables: Callable[[str], None]) -> AsyncIterator[Hub]:
    """Return a hub whose Temporal does not answer."""
    url = f"sqlite:///{tmp_path / 'lonely.db'}"
    make_tables(url)
    async with Store(url) as store:
        yield Hub(settings, store, await connect("127.0.0.1:1", store, lazy=True))


@pytest.fixture
async def worker(hub: Hub) -> AsyncIterator[None]:
    stop, ready = asyncio.Event(), asyncio.Event()
    settings = hub.settings.model_copy(update={"store_url": hub.store.url.render_as_string(hide_password=False)})
    running = asyncio.create_task(run_worker(settings, stop=stop, ready=ready.set))
    await asyncio.wait({running, asyncio.create_task(ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
    yield
    stop.set()
    await running


async def put_process(
    hub: Hub,
    namespace: str,
    *,
    version: str = "1.0.0",
    steps: Sequence[object] = ({"nothing": {"set": {}}},),
    forms: Mapping[str, object] | None = None,
    **more: object,
) -> None:
    """Publish a process, past all checks."""
    document = {
        "document": {"dsl": "1.0.3", "namespace": namespace, "name": "lead", "version": version},
        **more,
        "do": list(steps),
    }
    bundle = {
        "format": 1,
        "namespace": namespace,
        "name": "lead",
        "version": version,
        "digest": version,
        "expressions": 1,
        "document": document,
        "operations": {},
        "forms": dict(forms or {}),
        "decisions": {},
        "stages": {},
    }
    async with hub.store.transaction() as db:
        await definitions.add(
            db,
            NewDefinition(
                kind="process",
                name="lead",
                digest=version,
                source="",
                document=document,
                published_by="boss",
                namespace=namespace,
                version=version,
                bundle=bundle,
            ),
        )
