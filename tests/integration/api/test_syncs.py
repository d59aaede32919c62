import httpx

from activities.syncs import conflicts
from activities.syncs.merging import Plan
from cauce.services.hub import Hub
from cauce.store import cross_references, pairs, syncs
from cauce.store.cross_references import Pair, Reference
from cauce.store.pairs import Reading
from cauce.sync import parse
from tests.integration.api.conftest import Browser
from tests.integration.api.test_dead_letters import client_of
from tests.integration.syncs.conftest import MAPPING, SOURCE, put
from tests.integration.syncs.test_two_way import BOTH


async def fill(hub: Hub) -> None:
    document = {"sync": "customers", "title": {"en": "Customers", "es": "Clientes"}, "source": SOURCE}
    await put(hub.store, "sync", "customers", {**document, "mapping": MAPPING, "target": {"upsert": "put@new"}})
    async with hub.store.transaction() as db:
        run = await syncs.begin(db, "customers", "1", mode="full", by="ana", progress={})
        await syncs.advance(db, run, {}, {"read": 12, "written": 11, "rejected": 1})
        await syncs.end(db, run.id, "failed", "The rows of the source have another shape.")
        reference = Reference("C1", "N1", "-", 1)
        await cross_references.save(db, Pair("customers", "old", "new"), [reference], seen=run.id)


async def test_pages_show_syncs_to_all_and_buttons_to_those_who_decide(
    hub: Hub, ana: Browser, anonymous: httpx.AsyncClient
) -> None:
    await fill(hub)
    listed = (await ana.get("/syncs")).text
    assert "Customers" in listed
    assert "The rows of the source have another shape." in listed
    shown = (await ana.get("/syncs/customers")).text
    assert "1 row is in both systems." in shown
    assert 'value="run"' not in shown
    boss = await Browser(anonymous).log_in("admin")
    shown = (await boss.get("/syncs/customers", headers={"accept-language": "es"})).text
    assert "Ejecutar ahora" in shown
    answer = await boss.post("/syncs/customers", {"do": "stop"})
    assert (answer.status_code, "is not running" in answer.text) == (409, True)
    answer = await boss.post("/syncs/customers", {"do": "pause"})
    assert answer.headers["location"] == "/syncs/customers?done=pause"
    assert 'value="resume"' in (await boss.get("/syncs/customers?done=pause")).text
    assert (await boss.get("/syncs/nobody")).status_code == 404


async def test_rest_tells_runs_and_counterparts(hub: Hub, program: httpx.AsyncClient) -> None:
    await fill(hub)
    operator = await client_of(hub, program, "admin")
    (listed,) = (await operator.get("/api/v1/syncs")).json()["items"]
    assert (listed["name"], listed["last"]["state"]) == ("customers", "failed")
    detail = (await operator.get("/api/v1/syncs/customers", params={"limit": 1})).json()
    assert (detail["rows"], detail["runs"][0]["written"], detail["next"]) == (1, 11, None)
    asked = {"system": "new", "id": "N1"}
    (found,) = (await operator.get("/api/v1/syncs/counterparts", params=asked)).json()["items"]
    assert (found["source_system"], found["source_id"]) == ("old", "C1")
    assert (await operator.post("/api/v1/syncs/customers/stop")).status_code == 409
    assert (await operator.post("/api/v1/syncs/customers/pause")).json()["view"]["paused"]
    assert (await operator.post("/api/v1/syncs/nobody/runs", json={})).status_code == 404
    # Temporal does not answer here.
    assert (await operator.post("/api/v1/syncs/customers/runs", json={})).status_code == 503


async def test_conflict_is_a_task_that_shows_both_sides_and_leads_to_the_sync(hub: Hub, ana: Browser) -> None:
    await put(hub.store, "sync", "s", {**BOTH, "sync": "s", "source": SOURCE, "conflicts": {"otherwise": "person"}})
    async with hub.store.transaction() as db:
        await pairs.stage(db, "s", "source", [Reading("a", {"name": "Here"})], seen=1)
        (line,) = await pairs.changed_lines(db, "s", after=0, limit=1)
        waiting = Plan({"name": "Here"}, {"name": None}, {"name": "Old"}, ("name",))
        line.task = await conflicts.ask(db, parse({**BOTH, "sync": "s", "source": SOURCE}), line, waiting, "1")
        line.state, task = "asked", line.task
    shown = (await ana.get(f"/tasks/{task}", headers={"accept-language": "es"})).text
    assert "¿Cuál vale? a" in shown
    assert "old: Here" in shown
    assert "new: (nada)" in shown
    assert 'href="/syncs/s"' in shown
    assert (
        "1 fila ha cambiado en ambos y espera una decisión."
        in (await ana.get("/syncs/s", headers={"accept-language": "es"})).text
    )
