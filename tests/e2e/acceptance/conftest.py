from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.case import Leads
from tests.e2e.desk import Desk, opened
from tests.e2e.erp import Erp
from tests.e2e.installation import Installation, started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installation(needs: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    """Return an installation that all acceptance tests share; each has leads of its own."""
    async with started(tmp_path_factory.mktemp("acceptance")) as running:
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
