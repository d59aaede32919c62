from collections.abc import AsyncIterator

import pytest

from cauce.store import Store
from cauce.store.migrations import upgrade


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    upgrade(store_url)
    async with Store(store_url) as store:
        yield store
