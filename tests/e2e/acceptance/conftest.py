import os
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.e2e.case import Leads
from tests.e2e.desk import Desk, opened
from tests.e2e.erp import Erp
from tests.e2e.installation import Installation, started

if TYPE_CHECKING:
    from tests.servers.postgresql import PostgresServer


@pytest.fixture(scope="session")
def server_store(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the URL of a store on a server; empty for the file that an installation on one machine has."""
    if os.environ.get("CAUCE_TEST_STORE") != "postgresql":
        yield ""
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as name:
        yield server.url(name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installation(
    needs: None, server_store: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    """Return an installation that all acceptance tests share; each has leads of its own."""
    async with started(tmp_path_factory.mktemp("acceptance"), server_store) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(installation: Installation) -> AsyncIterator[Desk]:
    """Return everybody's access to REST."""
    async with opened(installation) as desk:
        yield desk


@pytest.fixture(scope="session")
def erp(installation: Installation) -> Erp:
    return installation.erp


@pytest.fixture(scope="session")
def leads() -> Leads:
    return Leads()
