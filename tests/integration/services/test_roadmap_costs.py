"""Entries of a roadmap that runs: counted once, taken back by others, imported row by row, and told to it in totals."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from cauce.cost_entries import Given
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError, TooLargeError
from cauce.services import definitions
from cauce.services.hub import Hub
from cauce.services.roadmaps import costs, files, running, running_plans, telling
from cauce.store import roadmap_costs
from schemas import load_yaml
from tests.integration.services.conftest import boss
from tests.integration.services.test_roadmaps import DOCUMENT, cris, pia, sam, store_url

__all__ = ["store_url"]
CSV = """reference,activity,day,hours,amount,factor
T-1,draw,,2,,
T-1,draw,,2,,
B-1,tell,,,30.25,training
B-2,paint,,,1,training
B-3,tell,,,1,
T-1,draw,,3,,
"""


async def started(hub: Hub) -> str:
    name = f"r{uuid4().hex[:8]}"
    owners = {"sponsor": {"title": "S", "group": "sponsors"}, "crew": {"title": "C", "group": "crew", "rate": 10}}
    day = datetime.now(UTC).date().isoformat()
    text = json.dumps({"roadmap": name, **DOCUMENT, "owners": owners, "start": day})
    await definitions.publish(hub, boss, [load_yaml(text, "roadmap.yaml")])
    return (await running.start(hub, pia, name, key="1")).id


async def spent(hub: Hub, run: str) -> list[str]:
    return [each.spent for each in (await running.running(hub, pia, run)).steps if each.kind == "activity"]


@pytest.mark.usefixtures("worker")
async def test_entries_are_counted_once_and_taken_back_by_others(hub: Hub) -> None:
    run = await started(hub)
    bill = Given("draw", "B-0", amount="100")
    with pytest.raises(ForbiddenError, match="not an activity of yours"):
        await costs.enter(hub, sam, run, bill, source="form")
    first, new = await costs.enter(hub, cris, run, bill, source="form")
    again = await costs.enter(hub, cris, run, bill, source="rest")
    assert (new, again[1], again[0].number, first.source) == (True, False, first.number, "form")
    with pytest.raises(ConflictError, match="is that of entry 1, which says something else"):
        await costs.enter(hub, cris, run, Given("draw", "B-0", amount="101"), source="form")
    assert await spent(hub, run) == ["100.00", "0"]
    # A file is taken row by row, and what is not taken comes back.
    found = await costs.import_rows(hub, cris, run, CSV)
    assert [(each.line, each.outcome) for each in found.rows] == [
        (2, "entered"),
        (3, "known"),
        (4, "entered"),
        (5, "refused"),
        (6, "refused"),
        (7, "refused"),
    ]
    assert [each.problem for each in found.rows[3:]] == [
        "There is no activity `paint` in this roadmap.",
        "`tell` has a budget for 3 cost factors.",
        "The reference T-1 is that of entry 2, which says something else.",
    ]
    assert (found.refused.count("\n"), (await costs.import_rows(hub, cris, run, CSV)).entered) == (4, 0)
    assert await spent(hub, run) == ["120.00", "30.25"]
    await taken_back(hub, run)
    await with_papers(hub, run)
    await told_later(hub, run)
    assert str((await running_plans.figures(hub, pia, run)).rows[-1].ac) == "56.25"


async def taken_back(hub: Hub, run: str) -> None:
    with pytest.raises(InputError, match="takes a reason"):
        await costs.take_back(hub, cris, run, 1, " ")
    with pytest.raises(NotFoundError, match="no entry 1"):
        await costs.take_back(hub, sam, run, 1, "no")
    back = await costs.take_back(hub, cris, run, 1, "another roadmap's")
    assert (back.amount, back.reverses, back.source, back.note) == ("-100.00", 1, "reversal", "another roadmap's")
    for number in (1, back.number):
        with pytest.raises(ConflictError, match="takes another one back, or was taken back"):
            await costs.take_back(hub, pia, run, number, "again")
    assert await spent(hub, run) == ["20.00", "30.25"]
    assert [each.number for each in await costs.entries(hub, sam, run)] == []
    listed = await costs.entries(hub, pia, run, before=3)
    assert [(each.number, each.reversed_by) for each in listed] == [(2, None), (1, back.number)]
    assert await costs.spent(hub, sam, run) == []
    (draw, *_) = await costs.spent(hub, pia, run)
    said = (draw.activity, draw.factor, draw.reported, draw.entries, draw.spent)
    assert said == ("draw", "data", "", "20.00", "20.00")


async def with_papers(hub: Hub, run: str) -> None:
    paper = await files.attach(hub, cris, run, "bill.pdf", b"%PDF-1.7\n%%EOF\n")
    given = Given("tell", "B-9", amount="5", factor="management", file=paper)
    entry, _ = await costs.enter(hub, cris, run, given, source="rest")
    assert (await files.of_entry(hub, pia, run, entry.number)).name == "bill.pdf"
    with pytest.raises(NotFoundError, match="no paper behind entry 2"):
        await files.of_entry(hub, pia, run, 2)
    with pytest.raises(InputError, match="must be one of"):
        await files.attach(hub, cris, run, "bill.exe", b"MZ")
    with pytest.raises(TooLargeError, match="may have at most"):
        await files.attach(hub, cris, run, "b.pdf", b"x" * (hub.settings.max_attachment_bytes + 1))
    unknown = Given("tell", "B-8", amount="5", factor="data", file={"sha256": "9" * 64})
    with pytest.raises(InputError, match="No file with the hash"):
        await costs.enter(hub, cris, run, unknown, source="rest")


async def told_later(hub: Hub, run: str) -> None:
    """Enter something as a system does, which cannot tell the roadmap: a worker does."""
    async with hub.store.transaction() as db:
        book = await roadmap_costs.open_book(db, run, references=[], source="hub", by="accounting")
        book.add(Given("draw", "late", amount="1"))
        await roadmap_costs.close_book(db, book)
        assert await roadmap_costs.untold(db, datetime.now(UTC)) == []
    await telling.look(hub, thorough=True)
    async with hub.store.read() as db:
        assert await roadmap_costs.untold(db, None) == []
    assert await spent(hub, run) == ["21.00", "35.25"]
