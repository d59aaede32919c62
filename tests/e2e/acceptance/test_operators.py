"""What operators and designers do while instances run."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.e2e import answers
from tests.e2e.answers import By
from tests.e2e.case import Leads, process, received
from tests.e2e.desk import Desk, read, until
from tests.e2e.erp import Erp
from tests.e2e.installation import Installation, definitions

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_suspended_instance_begins_nothing_until_it_is_resumed(
    installation: Installation, desk: Desk, leads: Leads
) -> None:
    case = await received(desk, leads.fresh())
    await case.task("contact")
    assert (await desk.act(case.id, "suspend", by="ana")).status_code == 403
    assert (await desk.act(case.id, "suspend")).status_code == 202
    await case.until("suspended")
    # What is open can still be answered; the next task does not come up.
    (task,) = await desk.open_tasks(case.id)
    read(await desk.complete(task["id"], "ana", answers.contact()))
    await asyncio.sleep(1.5)
    assert await desk.open_tasks(case.id) == []
    assert (await desk.instance(case.id))["summary"]["status"] == "suspended"

    done = await installation.cauce("instances", "resume", case.id)
    assert (done.code, done.err.strip()) == (0, f"{case.id}: resumed.")
    assert (await case.go())["output"]["outcome"] == "won"


async def test_cancelled_instance_takes_its_task_out_of_the_inbox(desk: Desk, leads: Leads, erp: Erp) -> None:
    case = await received(desk, leads.fresh())
    task = await case.go("propose")
    assert (await desk.act(case.id, "cancel", by="ana")).status_code == 403
    assert (await desk.act(case.id, "cancel")).status_code == 202
    await case.ended("cancelled")
    assert (await desk.task(task["id"]))["state"] == "cancelled"
    assert await desk.open_tasks(case.id) == []
    late = await desk.complete(task["id"], "ana", answers.proposal(case.lead))
    assert (late.status_code, late.json()["detail"]) == (409, "The task is cancelled.")
    # There is nothing left to cancel, to suspend or to retry.
    for action in ("cancel", "suspend", "retry"):
        assert (await desk.act(case.id, action)).status_code == 409
    assert erp.orders(case.lead.id) == []


async def test_instance_ends_on_the_version_it_started_on(
    installation: Installation, desk: Desk, leads: Leads, tmp_path: Path
) -> None:
    old, ended_late = await received(desk, leads.fresh()), await received(desk, leads.fresh())
    await asyncio.gather(old.task("contact"), ended_late.go("answer"))

    text = (definitions / "processes" / "lead-to-order.yaml").read_text(encoding="utf-8")
    (now,) = re.findall(r"^  version: (\S+)$", text, re.MULTILINE)
    text = text.replace(f"version: {now}", "version: 99.0.0", 1)
    changed = tmp_path / "lead-to-order.yaml"
    second = re.sub(r"^( +)outcome: won$", r"\1outcome: won\n\1release: second", text, count=1, flags=re.MULTILINE)
    changed.write_text(second, encoding="utf-8")
    published = await installation.cauce("publish", str(changed), "--json", "--as", "admin")
    assert published.code == 0, published.out
    (one,) = published.data["published"]
    assert (one["full_name"], one["version"], one["new"]) == (process, "99.0.0", True)
    # The same version with other content is refused: what runs must stay what it was.
    changed.write_text(text, encoding="utf-8")
    refused = await installation.cauce("publish", str(changed), "--json")
    assert (refused.code, refused.data["error"]["code"]) == (1, "conflict")

    new = await received(desk, leads.fresh())
    ends = await asyncio.gather(*(case.go() for case in (old, ended_late, new)))
    assert [(each["summary"]["version"], each["output"].get("release")) for each in ends] == [
        (now, None), (now, None), ("99.0.0", "second"),
    ]  # fmt: skip
    listed = read(await desk["oper"].get("/instances", params={"version": "99.0.0"}))["items"]
    assert new.id in [each["id"] for each in listed]


async def test_event_received_several_times_starts_one_instance(desk: Desk, leads: Leads) -> None:
    lead = leads.fresh()
    receipts = [read(each) for each in await asyncio.gather(*(desk.send(lead.event()) for _ in range(5)))]
    assert len({each["sequence"] for each in receipts}) == 1
    assert sorted(each["new"] for each in receipts) == [False] * 4 + [True]

    async def started() -> bool:
        (caused,) = read(await desk.send(lead.event()))["caused"]
        return (caused["instance"], caused["state"]) == (f"{process}/{lead.id}", "started")

    await until(started)
    listed = await until(lambda: found(desk, lead.id))
    assert [each["id"] for each in listed] == [f"{process}/{lead.id}"]
    case = await received(desk, lead, {"contact": By("ana", answers.contact("refuses", "close"))})
    await case.go()
    assert await case.done() == ["contact"]
    # Also when the instance is over.
    assert read(await desk.send(lead.event()))["new"] is False
    assert await desk.open_tasks(case.id) == []
    assert (await desk.instance(case.id))["summary"]["status"] == "completed"


async def found(desk: Desk, key: str) -> list[dict[str, str]]:
    listed: list[dict[str, str]] = read(await desk["oper"].get("/instances", params={"key": key}))["items"]
    return listed
