import pytest

from cauce.store import Store, deliveries
from cauce.store.deliveries import Note


async def test_only_the_last_deliveries_are_kept_and_a_repeated_one_is_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "most_kept", 10)
    async with store.transaction() as db:
        for number in range(60):
            await deliveries.note(db, Note("shop", f"{number}", "failed", problem="No."))
            await deliveries.note(db, Note("other", f"{number}", "accepted"))
        await deliveries.note(db, Note("shop", "59", "accepted", event=7))
    async with store.read() as db:
        kept = await deliveries.latest(db, "shop", 500)
        assert len(await deliveries.latest(db, "other", 3)) == 3
    assert (kept[0].identity, kept[0].state, kept[0].count, kept[0].problem, kept[0].event) == (
        "59",
        "accepted",
        2,
        "",
        7,
    )
    assert [each.identity for each in kept] == [f"{number}" for number in range(59, 49, -1)]
