import asyncio

import pytest

from cauce.errors import ConflictError
from cauce.store import Store, customers
from cauce.store.models import SetAside


async def save(store: Store, **values: object) -> tuple[str, bool]:
    async with store.transaction() as db:
        row, new = await customers.save(db, values)
        return row.id, new


async def test_customer_is_found_by_any_identifier(store: Store) -> None:
    identity, new = await save(store, tax_id="B12345674", name="Ferretería Ñuñoa SL", email="a@example.com")
    assert new
    async with store.read() as db:
        for by in ({"id": identity}, {"tax_id": "B12345674"}, {"email": "a@example.com"}):
            row = await customers.find(db, **by)
            assert row is not None
            assert row.name == "Ferretería Ñuñoa SL"
        assert await customers.find(db, tax_id="x") is None
        assert [row.id for row in await customers.search(db, "ferre")] == [identity]
        assert await customers.search(db, "%") == []


async def test_saving_again_changes_only_what_is_given(store: Store) -> None:
    identity, _ = await save(store, tax_id="B1", name="Uno", phone="600", data={"a": 1, "b": 2})
    assert await save(store, tax_id="B1", erp_id="C-1", phone=None, data={"b": 3}) == (identity, False)
    async with store.read() as db:
        row = await customers.find(db, erp_id="C-1")
    assert row is not None
    assert (row.name, row.phone, row.data) == ("Uno", "600", {"a": 1, "b": 3})


async def test_one_customer_comes_of_many_saves(store: Store) -> None:
    outcomes = await asyncio.gather(*(save(store, tax_id="B1", name=f"n{n}") for n in range(10)))
    assert [new for _, new in outcomes].count(True) == 1
    assert len({identity for identity, _ in outcomes}) == 1


async def test_identifiers_of_two_customers_are_a_conflict(store: Store) -> None:
    await save(store, tax_id="B1", name="Uno")
    await save(store, erp_id="C-2", name="Dos")
    with pytest.raises(ConflictError, match="belong to different customers"):
        await save(store, tax_id="B1", erp_id="C-2")


async def test_interaction_with_an_id_is_recorded_once(store: Store) -> None:
    identity, _ = await save(store, name="Uno")
    async with store.transaction() as db:
        for summary in ("first", "again"):
            await customers.record_interaction(db, identity, "call", summary, interaction_id="i1")
        await customers.record_interaction(db, identity, "mail", "offer sent")
        assert sorted(row.summary for row in await customers.interactions(db, identity)) == ["first", "offer sent"]


async def test_refused_row_is_kept_with_its_line(store: Store) -> None:
    async with store.transaction() as db:
        await customers.set_aside(db, "leads.csv", 17, "No close date.", {"account": "Betatech"})
        row = await db.get(SetAside, 1)
    assert row is not None
    assert (row.line, row.reason, row.data) == (17, "No close date.", {"account": "Betatech"})
