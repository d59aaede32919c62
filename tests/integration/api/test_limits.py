"""How connections stand with their limits, as programs and people see it."""

import time

import httpx
import pytest
from sqlalchemy import delete

from cauce.services.hub import Hub
from cauce.store import limits as store_limits
from cauce.store.models import ConnectionState
from tests.integration.api.conftest import Browser

spanish = {"accept-language": "es"}


@pytest.fixture
async def _open_circuit(hub: Hub) -> None:
    async with hub.store.transaction() as db:
        await db.execute(delete(ConnectionState))
        row = await store_limits.hold(db, "erp")
        row.failed, row.open_until, row.problem = 5, time.time() + 600, "No answer <within> 5 s."
        row.calls, row.retries = 40, 8
        await store_limits.put_share(db, "erp", "one", 3, 3, time.time() + 600)
        await store_limits.put_share(db, "erp", "gone", 1, 1, time.time() - 1)


@pytest.mark.usefixtures("_open_circuit")
async def test_programs_see_the_circuit_and_the_places(program: httpx.AsyncClient) -> None:
    (found,) = (await program.get("/api/v1/connections")).json()["items"]
    limits = found["limits"]
    assert (limits["circuit"], limits["failures"], limits["problem"]) == ("open", 5, "No answer <within> 5 s.")
    assert (limits["workers"], limits["places"], limits["concurrency"]) == (1, 3, 4)
    assert (limits["calls"], limits["retries"]) == (40, 8)


@pytest.mark.usefixtures("_open_circuit")
async def test_people_see_them_in_the_list_and_on_the_page_of_the_connection(ana: Browser) -> None:
    listed = (await ana.get("/connections")).text
    assert '<span class="badge tone-danger">circuit open, tried again in ' in listed
    page = (await ana.get("/connections/erp", headers=spanish)).text
    assert "circuito abierto, se volverá a probar" in page
    assert "No answer &lt;within&gt; 5 s." in page
    assert "40, de ellas 8 repetidas" in page


async def test_a_connection_that_nobody_called_has_a_closed_circuit(ana: Browser) -> None:
    assert "closed: calls are made" in (await ana.get("/connections/erp")).text
