import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from cauce.errors import ConflictError, InputError
from cauce.store import Store, cases

at = datetime(2026, 5, 4, 10, tzinfo=UTC)


async def open_case(store: Store, reference: str, subject: str = "SO-1", **more: object) -> tuple[str, cases.How]:
    wanted = {"kind": "complaint", "series": "R-2026", "customer": "h-1", "at": at, "reopen_within": timedelta(days=30)}
    async with store.transaction() as db:
        row, how = await cases.open_case(
            db,
            cases.Wanted(**{**wanted, "subject": subject, "reference": reference, **more}),  # type: ignore[arg-type]  # as the test says
        )
        return row.code, how


async def close_case(store: Store, code: str) -> None:
    async with store.transaction() as db:
        await cases.close_case(db, code, "resolved", {"amount": 80})


async def test_what_is_about_the_same_joins_while_the_case_is_open(store: Store) -> None:
    assert await open_case(store, "M-1") == ("R-2026-000001", "opened")
    assert await open_case(store, "M-1") == ("R-2026-000001", "opened")
    assert await open_case(store, "M-2") == ("R-2026-000001", "joined")
    assert await open_case(store, "M-3", "SO-2") == ("R-2026-000002", "opened")
    assert await open_case(store, "M-4", kind="request") == ("R-2026-000003", "opened")
    assert await open_case(store, "M-5", "SO-3", series="R-2027") == ("R-2027-000001", "opened")


async def test_cases_about_nothing_in_particular_stay_apart(store: Store) -> None:
    assert [await open_case(store, name, "") for name in ("M-1", "M-2")] == [
        ("R-2026-000001", "opened"),
        ("R-2026-000002", "opened"),
    ]


async def test_of_many_messages_at_once_one_opens_the_case(store: Store) -> None:
    found = await asyncio.gather(*(open_case(store, f"M-{n}") for n in range(8)))
    assert {code for code, _ in found} == {"R-2026-000001"}
    assert sorted(how for _, how in found) == ["joined"] * 7 + ["opened"]


async def test_many_cases_at_once_have_different_codes(store: Store) -> None:
    found = await asyncio.gather(*(open_case(store, f"M-{n}", f"SO-{n}") for n in range(8)))
    assert sorted(code for code, _ in found) == [f"R-2026-{n:06d}" for n in range(1, 9)]


async def test_what_comes_soon_after_the_end_opens_the_case_again(store: Store) -> None:
    code, _ = await open_case(store, "M-1")
    await close_case(store, code)
    closed = datetime.now(UTC)
    assert await open_case(store, "M-2", at=closed + timedelta(days=29)) == (code, "reopened")
    assert await open_case(store, "M-3") == (code, "joined")
    await close_case(store, code)
    assert await open_case(store, "M-4", at=closed + timedelta(days=31)) == ("R-2026-000002", "opened")


async def test_a_closed_case_keeps_what_came_of_it(store: Store) -> None:
    code, _ = await open_case(store, "M-1")
    await close_case(store, code)
    async with store.transaction() as db:
        again = await cases.close_case(db, code, "other", None)
        assert (again.outcome, again.data) == ("resolved", {"amount": 80})
        assert [row.code for row in await cases.of_customer(db, "h-1", "complaint", 10)] == [code]
        assert await cases.of_customer(db, "h-1", "request", 10) == []
        found = await cases.find(db, reference="M-1")
        assert found is not None
        assert found.closed_at is not None


async def test_a_case_is_opened_again_unless_another_one_took_its_place(store: Store) -> None:
    code, _ = await open_case(store, "M-1", reopen_within=timedelta())
    await close_case(store, code)
    async with store.transaction() as db:
        for _ in range(2):
            assert (await cases.reopen_case(db, code)).closed_at is None
    await close_case(store, code)
    other, _ = await open_case(store, "M-2", reopen_within=timedelta())
    async with store.transaction() as db:
        with pytest.raises(ConflictError, match=f"Case {other} is open about the same"):
            await cases.reopen_case(db, code)
        with pytest.raises(InputError, match="There is no case X-1"):
            await cases.reopen_case(db, "X-1")
