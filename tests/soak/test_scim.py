"""What an identity provider may ask for over SCIM, tried by the tester of the protocol's own library: `make soak`."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import uvicorn
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from api.app import create_app
from cauce.services import users
from cauce.services.hub import open_hub
from cauce.settings import Settings, load
from tests.e2e.browser import seed
from tests.servers.processes import free_port

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]
DEADLINE_S = 30


@pytest.fixture
def address(tmp_path: Path) -> Iterator[tuple[str, str]]:
    asyncio.run(seed.make(tmp_path))
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    settings = load(data_dir=tmp_path, temporal_address="127.0.0.1:1", public_url=origin, api_port=port)
    token = asyncio.run(make_token(settings))
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + DEADLINE_S
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    yield f"{origin}/scim/v2", token
    server.should_exit = True
    thread.join()


async def make_token(settings: Settings) -> str:
    async with open_hub(settings) as hub:
        return await users.create_token(hub, await users.actor_of(hub, "admin"), scopes=["scim"])


def test_the_standard_is_kept(address: tuple[str, str]) -> None:
    url, token = address
    with httpx2.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=30) as client:
        results = check_server(SyncSCIMClient(client))
    wrong = [
        f"{each.resource_type} {each.title}: {each.reason}" for each in results if each.status is not Status.SUCCESS
    ]
    # Who is closed stays closed, and is shown so, when the directory says nothing of it any more.
    assert set(wrong) <= {"User check_remove_attribute: Attribute 'active' was not removed"}
    assert len(results) > 100
