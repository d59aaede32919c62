import httpx
import pytest

from cauce.metering import Meter
from cauce.services import alerting, definitions, users
from cauce.services.hub import Actor, Hub
from cauce.settings import load
from cauce.store import measures
from schemas import load_yaml
from tests.integration.api.conftest import Browser

boss = Actor("boss", frozenset({"admin"}))
CONNECTION = "connection: erp\nkind: echo\noperations: {find: {calls: find, effect: read}}\n"
ALERT = "alert: fails\ntitle: {en: Does not answer, es: No responde}\nmetric: error-rate\nabove: 50%\n"


@pytest.fixture
async def busy(hub: Hub) -> Hub:
    """Return a hub in which a connection was called, once in vain."""
    sources = [load_yaml(text, f"{number}.yaml") for number, text in enumerate((CONNECTION, ALERT))]
    await definitions.publish(hub, boss, sources)
    meter = Meter()
    meter.note("connection", "erp", "find", "failed", took_ms=1_200.0)
    async with hub.store.transaction() as db:
        await measures.add(db, meter.take())
    await alerting.evaluate(hub)
    return hub


async def test_the_page_shows_what_is_wrong_and_somebody_takes_it_on(busy: Hub, ana: Browser) -> None:
    page = (await ana.get("/monitor")).text
    assert 'aria-current="page"> <svg' in page or 'href="/monitor" aria-current="page"' in page
    for words in ("Does not answer", "measured: 100 %", "1 calls, of which 1 failed", "never succeeded", "1.2 s"):
        assert words in page
    assert "I look after it" not in page
    assert (await ana.post("/monitor/alerts/1/acknowledge")).status_code == 403
    await users.change_user(busy, boss, "ana", roles=["operator"])
    assert "I look after it" in (await ana.get("/monitor")).text
    answer = await ana.post("/monitor/alerts/1/acknowledge", {"note": "Called <them>."})
    assert answer.headers["location"] == "/monitor"
    page = (await ana.get("/monitor?window=24h")).text
    assert "ana looks after it." in page
    assert "Called &lt;them&gt;." in page
    again = await ana.post("/monitor/alerts/1/acknowledge")
    assert (again.status_code, "taken on alert 1 already" in again.text) == (409, True)
    assert (await ana.get("/monitor?window=2y")).status_code == 404


async def test_programs_get_the_figures_and_the_alerts(busy: Hub, program: httpx.AsyncClient) -> None:
    figures = (await program.get("/api/v1/monitor", params={"connection": "erp"})).json()["items"]
    assert [(each["operation"], each["calls"], each["error_rate"]) for each in figures] == [("find", 1, 1.0)]
    (alert,) = (await program.get("/api/v1/monitor/alerts")).json()["items"]
    assert (alert["name"], alert["state"], alert["causes"][0]["rule"]) == ("erp", "raised", "fails")
    assert (await program.post(f"/api/v1/monitor/alerts/{alert['id']}/acknowledge", json={})).status_code == 403
    assert (await program.get("/metrics")).status_code == 403
    await users.change_user(busy, boss, "ana", roles=["operator"])
    taken = await program.post(f"/api/v1/monitor/alerts/{alert['id']}/acknowledge", json={"note": "Mine."})
    assert (taken.json()["acknowledged_by"], taken.json()["note"]) == ("ana", "Mine.")
    metrics = await program.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'cauce_failed_total{name="erp",operation="find",subject="connection"} 1.0' in metrics.text


@pytest.mark.parametrize(("setting", "status"), [("login", 401), ("open", 200), ("off", 404)])
async def test_a_setting_says_who_may_read_the_metrics(
    anonymous: httpx.AsyncClient, hub: Hub, setting: str, status: int
) -> None:
    object.__setattr__(hub.settings, "metrics", load(metrics=setting).metrics)
    assert (await anonymous.get("/metrics")).status_code == status


async def test_a_trace_goes_in_and_nothing_of_it_comes_out(anonymous: httpx.AsyncClient) -> None:
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    for header in (given, "nonsense"):
        answer = await anonymous.get("/api/v1/health", headers={"traceparent": header})
        assert answer.status_code in {200, 503}
        assert "traceparent" not in answer.headers
