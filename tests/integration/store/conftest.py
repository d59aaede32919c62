from collections.abc import AsyncIterator, Callable

import pytest

from cauce.store import Store


@pytest.fixture
async def store(store_url: str, make_tables: Callable[[str], None]) -> AsyncIterator[Store]:
    make_tables(store_url)
    async with Store(store_url) as store:
        yield store
