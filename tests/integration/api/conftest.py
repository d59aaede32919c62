import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from cauce.services import users
from cauce.services.hub import Hub, open_hub
from cauce.settings import Settings, load
from tests.e2e.browser import seed
from tests.hashes import quick_hashes

nobody_listens = "127.0.0.1:1"


class Browser:
    """A person's browser without JavaScript: follows nothing, keeps cookies, fills in the token of forms."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, address: str, **given: object) -> httpx.Response:
        return await self.client.get(address, **given)  # type: ignore[arg-type]  # passed on as it is

    async def post(
        self, address: str, data: Mapping[str, object] | None = None, page: str = "/inbox"
    ) -> httpx.Response:
        return await self.client.post(address, data={"csrf": await self.token(page), **(data or {})})

    async def token(self, page: str = "/inbox") -> str:
        found = re.search(r'name="csrf" value="(\w+)"', (await self.client.get(page)).text)
        assert found
        return found[1]

    async def log_in(self, name: str, password: str = seed.password) -> "Browser":
        answer = await self.post("/login", {"name": name, "password": password}, page="/login")
        assert answer.headers["location"] == "/inbox"
        return self


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    with quick_hashes():
        yield


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a filled store; hashing passwords takes too long to do it for every test."""
    directory = tmp_path_factory.mktemp("filled")
    asyncio.run(seed.make(directory))
    return directory


@pytest.fixture
def settings(tmp_path: Path, filled: Path) -> Settings:
    for file in filled.glob("cauce.db*"):
        shutil.copy(file, tmp_path)
    return load(data_dir=tmp_path, temporal_address=nobody_listens, max_body_bytes=100_000)


@pytest.fixture
async def hub(settings: Settings) -> AsyncIterator[Hub]:
    async with open_hub(settings) as opened:
        yield opened


@pytest.fixture
async def app(settings: Settings, hub: Hub) -> AsyncIterator[FastAPI]:
    made = create_app(settings, hub)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://cauce.test") as client:
        yield client


@pytest.fixture
async def ana(anonymous: httpx.AsyncClient) -> Browser:
    return await Browser(anonymous).log_in("ana")


@pytest.fixture
async def program(app: FastAPI, hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    token = await users.create_token(hub, await users.actor_of(hub, "ana"))
    headers = {"authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://cauce.test", headers=headers) as client:
        yield client
