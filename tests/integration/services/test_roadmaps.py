"""A roadmap that runs, with a worker: tasks in the inbox, a gate whose evidence turns false, who may do what."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from cauce import roadmaps
from cauce.errors import ConflictError, ForbiddenError, NotFoundError, PermanentError
from cauce.services import definitions, instances, tasks
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import evidence, running, running_plans
from cauce.services.roadmaps.standing import standing
from cauce.services.roadmaps.what_if import Edit, what_if
from cauce.store import dead_letters, register
from cauce.store.dead_letters import NewLetter
from cauce.temporal import connect
from schemas import load_yaml
from tests.integration.services.conftest import auditor, boss

DOCUMENT = {
    "title": "Shop",
    "owners": {"sponsor": {"title": "S", "group": "sponsors"}, "crew": {"title": "C", "group": "crew"}},
    "phases": [
        {
            "id": "P1",
            "title": "Think",
            "activities": [
                {"id": "draw", "title": "Draw", "pillar": "strategy", "owner": "crew", "days": 2, "cost": {"data": 1}},
                {"id": "tell", "title": "Tell", "pillar": "people", "owner": "crew", "days": 1, "after": ["draw"]}
                | {"cost": {"training": 1, "management": 1, "integration": 1}},
            ],
            "gate": {
                "id": "G1",
                "title": "Go",
                "approvers": ["sponsor"],
                "evidence": [{"fact": "dead-letters", "of": "erp", "most": 0}],
            },
        }
    ],
}
cris = Actor("cris", frozenset({"staff"}), frozenset({"crew"}))
sam = Actor("sam", frozenset({"staff"}), frozenset({"sponsors"}))
pia = Actor("pia", frozenset({"manager"}))


@pytest.fixture
def store_url(tmp_path: object) -> str:
    return f"sqlite:///{tmp_path}/roadmaps.db"


async def started(hub: Hub) -> str:
    name = f"r{uuid4().hex[:8]}"
    text = json.dumps({"roadmap": name, **DOCUMENT, "start": datetime.now(UTC).date().isoformat()})
    await definitions.publish(hub, boss, [load_yaml(text, "roadmap.yaml")])
    return (await running.start(hub, pia, name, key="1")).id


async def refuse_one(hub: Hub) -> int:
    async with hub.store.transaction() as db:
        await dead_letters.add(db, NewLetter("call", "erp", "1", {}, PermanentError("no"), "create"))
        (id_,) = await dead_letters.ids_of(db, dead_letters.Filters(name="erp"), 10)
    return id_


async def plans_that_might_be(hub: Hub, run: str) -> None:
    """Look at the plan and the figures, and at what a change and another version would do; then apply that."""
    before = await running_plans.plan(hub, cris, run)
    would = what_if(await standing(hub, pia, run), [Edit("tell", days=4)])
    assert (would.plan.finish > before.finish, would.days) == (True, 3)
    assert (await running_plans.plan(hub, cris, run)).finish == before.finish
    with pytest.raises(ForbiddenError, match="may not see the figures"):
        await running_plans.figures(hub, sam, run)
    found = await running_plans.figures(hub, pia, run)
    assert [str(each.ac) for each in found.rows if each.factor == "total"] == ["7.50"]
    name = before.roadmap
    phase = DOCUMENT["phases"][0]  # type: ignore[index]  # a list, as it stands above
    longer = [{**each, "days": 2} if each["id"] == "tell" else each for each in phase["activities"]]
    document = {**DOCUMENT, "phases": [{**phase, "activities": longer}], "start": before.start.isoformat()}
    await definitions.publish(hub, boss, [load_yaml(json.dumps({"roadmap": name, **document}), "roadmap.yaml")])
    seen = await running_plans.preview(hub, cris, run)
    assert (seen.version, seen.kept, seen.plan.steps[1].finish_shift) == ("2", [], 1)
    with pytest.raises(ForbiddenError, match="may not do this"):
        await running_plans.apply(hub, sam, run)
    assert (await running_plans.apply(hub, pia, run, "2", "more")).finish == seen.plan.finish.isoformat()
    assert (await running.running(hub, cris, run)).run.version == "2"


@pytest.mark.usefixtures("worker")
async def test_a_roadmap_is_worked_through_by_those_who_may(hub: Hub) -> None:
    run = await started(hub)
    with pytest.raises(ConflictError, match="exists already"):
        await running.start(hub, pia, run.removeprefix("roadmap:").partition("/")[0], key="1")
    with pytest.raises(ForbiddenError, match="may not start roadmaps"):
        await running.start(hub, cris, "any")
    with pytest.raises(ForbiddenError, match="may not do this"):
        await running.act(hub, sam, run, roadmaps.StartActivity("draw", "somebody else"))
    with pytest.raises(NotFoundError, match="no activity or gate `paint`"):
        await running.act(hub, cris, run, roadmaps.StartActivity("paint", ""))
    # It is no instance of a process: neither what it remembers nor its end is to be had past those who may.
    for asked in (instances.instance, instances.cancel):
        with pytest.raises(NotFoundError, match="There is no instance roadmap:"):
            await asked(hub, boss, run)
    assert run not in [each.id for each in (await instances.list_instances(hub, boss)).instances]
    # The task of the inbox is the same as saying that it is done.
    (task,) = (await tasks.inbox(hub, cris)).tasks
    assert (task.title, task.definition, task.group) == ("Draw", run.replace(":", ".").partition("/")[0], "crew")
    await tasks.complete(hub, cris, task.id, {"data": 7.5, "note": "done"})
    detail = await running.running(hub, auditor, run)
    shown = [(each.state, each.spent, each.may_act) for each in detail.steps]
    assert shown == [("done", "7.5", False), ("ready", "0", False), ("waiting", "0", False)]
    await plans_that_might_be(hub, run)
    done = await running.act(hub, pia, run, roadmaps.FinishActivity("tell", ""))
    assert done.state == "running"
    await running.act(hub, cris, run, roadmaps.RequestGate("G1", ""))
    # Between the request and the decision something is refused: the approval rests on what is not so any more.
    letter = await refuse_one(hub)
    (decide,) = (await tasks.inbox(hub, sam)).tasks
    with pytest.raises(ConflictError, match="1 dead letters are open of erp"):
        await tasks.complete(hub, sam, decide.id, {"approved": True})
    with pytest.raises(ForbiddenError):
        await running.act(hub, cris, run, roadmaps.DecideGate("G1", "", "sponsor", approve=True))
    async with hub.store.transaction() as db:
        await dead_letters.close(db, letter, "dropped", "boss", reason="no")
    await tasks.complete(hub, sam, decide.id, {"approved": True})
    (view,) = await running.list_running(hub, cris, state="completed")
    assert (view.id, view.done, view.steps) == (run, 3, 3)
    (decision,) = await running.decisions(hub, cris, run)
    (evidence,) = decision.evidence
    assert (decision.outcome, decision.by, evidence["value"], evidence["holds"]) == ("approved", "sam", 0.0, True)
    history = await running.history(hub, cris, run)
    assert [each.number for each in history] == list(range(1, len(history) + 1))
    assert "roadmap-ended" in [each.kind for each in history]
    assert (await running.journal(hub, cris, run))["state"] == "completed"
    # The worker is asked for it as long as it runs, and nobody after that.
    lonely = replace(hub, temporal=await connect("127.0.0.1:1", hub.store, lazy=True))
    assert (await running_plans.figures(lonely, pia, run)).planned_finish == view.finish
    assert (await tasks.inbox(hub, boss)).tasks == ()
    with pytest.raises(ConflictError, match="has ended"):
        await running.act(hub, pia, run, roadmaps.SetBaseline("", "again"))


async def test_gates_ask_the_register_of_the_roll_out(lonely_hub: Hub) -> None:
    async def ask(fact: str, of: str = "", **limits: float) -> tuple[bool, object]:
        found = await evidence.answer(lonely_hub, fact, of, limits, roadmap="crm")
        return found["holds"], found["value"]

    async def note(kind: str, code: str, state: str, **data: float) -> None:
        reference = uuid4().hex
        step = register.Step("crm", kind, code, state, reference, datetime.now(UTC), data=data)
        async with lonely_hub.store.transaction() as db:
            await register.note(db, step)

    assert await ask("kpi", "requirements-signed", least=1) == (False, None)
    assert await ask("regression") == (False, None)
    await note("requirement", "R-1", "signed")
    await note("training", "T-1", "held", attendance=0.95, test=0.65)
    await note("regression", "F6", "green")
    await note("regression", "F7", "red")
    assert await ask("kpi", "requirements-signed", least=1) == (True, 1.0)
    later = datetime.now(UTC) + timedelta(days=12)
    quiet = await evidence.answer(lonely_hub, "kpi", "days-without-change", {"least": 10}, roadmap="crm", at=later)
    assert (quiet["holds"], quiet["value"]) == (True, 12.0)
    assert await ask("kpi", "orders-on-time", least=0.95) == (False, None)
    await note("figure", "orders-on-time", "measured", value=0.96)
    assert await ask("kpi", "orders-on-time", least=0.95) == (True, 0.96)
    assert await ask("training", "attendance", least=0.9) == (True, 0.95)
    assert await ask("training", "test", least=0.7) == (False, 0.65)
    assert await ask("regression", "F6") == (True, True)
    assert await ask("regression") == (False, False)
    # Risks and stop criteria watch the same figures; what nobody has noted is left to people.
    names = ("requirements-signed", "orders-on-time", "regression", "dead-letters", "proof-defects")
    wanted = [{"metric": name} for name in names] + [{"metric": "sync-lag", "of": "prices"}]
    assert await evidence.measured(lonely_hub, "crm", wanted) == {
        "requirements-signed": 1.0,
        "orders-on-time": 0.96,
        "regression": 0.0,
        "dead-letters": 0.0,
    }
