"""Accounts are found and listed page by page, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from cauce.store import Store, people_list, users
from cauce.store.base import utc_now
from cauce.store.models import User
from cauce.store.people_list import Wanted

PEOPLE: tuple[tuple[str, str, list[str], list[str]], ...] = (
    ("ana", "Ana Íñiguez", ["staff"], ["sales", "logística"]),
    ("bo", "", ["manager", "staff"], ["sales-managers"]),
    ("eva", "Eva O'Neill", ["admin"], []),
    ("luis", "Luis Ana", ["staff"], ["sales"]),
    ("zoe", "Zoë %_", ["manager"], ["sales"]),
)


@pytest.fixture
async def filled(store: Store) -> Store:
    async with store.transaction() as db:
        for name, full_name, roles, groups in PEOPLE:
            await users.add(db, name, password_hash="", roles=roles, groups=groups, full_name=full_name)
        await users.change(db, "zoe", active=False)
        await db.execute(update(User).where(User.name == "eva").values(locked_until=utc_now() + timedelta(hours=1)))
        await db.execute(update(User).where(User.name == "bo").values(locked_until=utc_now() - timedelta(hours=1)))
    return store


async def test_people_are_found_by_what_is_known_of_them(filled: Store) -> None:
    expected = {
        Wanted(): "ana bo eva luis zoe",
        Wanted(text="inigu"): "ana",
        Wanted(text="ÍÑI an"): "ana",
        Wanted(text="ana"): "ana luis",
        Wanted(text="iguez"): "",
        Wanted(text="%"): "",
        Wanted(text="zoe"): "zoe",
        Wanted(role="staff"): "ana bo luis",
        Wanted(role="staff' OR 1=1"): "",
        Wanted(group="sales"): "ana luis zoe",
        Wanted(group="logística"): "ana",
        Wanted(group="sale"): "",
        Wanted(state="open"): "ana bo luis",
        Wanted(state="locked"): "eva",
        Wanted(state="closed"): "zoe",
        Wanted("ana", "staff", "sales", "open"): "ana luis",
    }
    async with filled.read() as db:
        found = {each: " ".join(row.name for row in (await people_list.page(db, each)).rows) for each in expected}
        known = await people_list.groups(db)
    assert found == expected
    assert known == ["logística", "sales", "sales-managers"]


async def test_pages_go_on_and_back(filled: Store) -> None:
    async with filled.read() as db:

        async def page(**given: str) -> tuple[str, str | None, str | None]:
            found = await people_list.page(db, Wanted(), limit=2, **given)
            return "".join(row.name[0] for row in found.rows), found.before, found.after

        assert await page() == ("ab", None, "bo")
        assert await page(after="bo") == ("el", "eva", "luis")
        assert await page(after="luis") == ("z", "zoe", None)
        assert await page(before="zoe") == ("el", "eva", "luis")
        assert await page(before="eva") == ("ab", None, "bo")
        assert await page(after="zz") == ("", None, None)
