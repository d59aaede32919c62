from pathlib import Path

import httpx
import pytest

from cauce.services import definitions
from cauce.services.hub import Actor, Hub
from schemas import load_file, load_yaml
from tests.integration.store.roadmap_run import begun

DEFINITIONS = Path(__file__).parents[3] / "definitions"
boss = Actor("boss", frozenset({"admin"}))
# What does an activity has to be there; here nobody starts it.
PROCESS = "document: {{dsl: '1.0.3', namespace: roadmap, name: {}, version: 1.0.0}}\ndo:\n  - a: {{set: {{n: 1}}}}\n"
address = "/api/v1/roadmaps/branch-waves/plan"


@pytest.fixture
async def published(hub: Hub) -> Hub:
    """Return a hub with a roadmap and its calendar."""
    files = (DEFINITIONS / "roadmaps" / "branch-waves.yaml", DEFINITIONS / "calendars" / "office-madrid.yaml")
    sources = [load_file(file) for file in files]
    sources += [load_yaml(PROCESS.format(name), f"{name}.yaml") for name in ("check-inherited", "train", "cut-over")]
    await definitions.publish(hub, boss, sources)
    return hub


async def test_a_published_roadmap_is_listed_and_planned(published: Hub, program: httpx.AsyncClient) -> None:
    assert [each["name"] for each in (await program.get("/api/v1/roadmaps")).json()["items"]] == ["branch-waves"]
    found = (await program.get(address)).json()
    assert (found["start"], found["finish"], found["calendar"]) == ("2028-01-10", "2028-04-11", "office-madrid")
    late = (await program.get(f"{address}?start=2028-01-17")).json()
    assert (late["steps"][0]["start_shift"], late["baseline_finish"]) == (5, "2028-04-11")


async def test_a_plan_comes_as_a_calendar_feed_and_other_texts(published: Hub, program: httpx.AsyncClient) -> None:
    feed = await program.get(f"{address}?format=ical&language=es")
    assert feed.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:Qué delegaciones y en qué orden\r\n" in feed.text
    assert (await program.get(f"{address}?format=mermaid")).text.startswith("gantt\n")
    assert (await program.get(f"{address}?format=csv")).text.startswith("id,kind,")


async def test_a_plan_goes_to_project_and_comes_back_as_a_draft(published: Hub, program: httpx.AsyncClient) -> None:
    there = await program.get(f"{address}?format=mspdi")
    assert there.headers["content-type"] == "application/xml; charset=utf-8"
    xml = {"content-type": "application/xml"}
    back = await program.post("/api/v1/roadmaps/import?name=again", content=there.content, headers=xml)
    assert "roadmap: again\n" in back.json()["text"]
    refused = await program.post("/api/v1/roadmaps/import", content=b"id", headers={"content-type": "text/csv"})
    assert (refused.status_code, refused.json()["detail"]) == (422, "There is no column `phase`.")


async def test_a_roadmap_that_is_not_there_and_a_day_that_is_none(published: Hub, program: httpx.AsyncClient) -> None:
    missing = await program.get("/api/v1/roadmaps/branch-wave/plan")
    assert (missing.status_code, missing.json()["hint"]) == (404, "Did you mean branch-waves?")
    assert (await program.get(f"{address}?start=soon")).status_code == 422


async def test_what_happened_to_a_run_ends_where_nothing_more_has(hub: Hub, program: httpx.AsyncClient) -> None:
    run = begun("quiet", "2")
    async with hub.store.transaction() as db:
        db.add(run)
    answer = await program.get("/api/v1/roadmaps/running/quiet/2/events?after=7")
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next": None})


async def test_what_if_computes_and_keeps_nothing(published: Hub, program: httpx.AsyncClient) -> None:
    done = {"activity": "order-branches", "started": "2028-01-10", "finished": "2028-01-14"}
    found = await program.post(address, json={"status": "2028-01-14", "happened": [done]})
    assert [(each["state"], each["finish_shift"]) for each in found.json()["steps"][:2]] == [
        ("done", 2),
        ("waiting", 2),
    ]
    assert (await program.get(address)).json()["steps"][0]["state"] == "waiting"
    assert (await program.post(address, json={"happened": [done]})).status_code == 422
    twice = await program.post(address, json={"status": "2028-01-14", "happened": [done, done]})
    assert (twice.status_code, twice.json()["detail"]) == (422, "An activity is there twice.")
    more = await program.post(address, json={"happened": [{"activity": "a"}] * 5_001})
    assert more.status_code == 422


async def test_figures_are_exact_and_for_those_who_answer_for_them(published: Hub, program: httpx.AsyncClient) -> None:
    cost = {"management": 1800.5}
    done = {"activity": "order-branches", "started": "2028-01-10", "finished": "2028-01-12", "cost": cost}
    asked = {"status": "2028-01-12", "happened": [done], "metrics": {"adoption": 0.5}}
    figures = (await program.post("/api/v1/roadmaps/branch-waves/figures", json=asked)).json()
    assert figures["rows"][-1] == {
        "factor": "total",
        "budget": "33050.00",
        "pv": "1500.00",
        "ev": "1500.00",
        "ac": "1800.50",
        "overspent": {"name": "overspent", "value": "0.2003", "reason": "", "light": ""},
    }
    indices = {each["name"]: each["value"] for each in figures["indices"]}
    assert (indices["cpi"], indices["spi"], indices["spi_t"]) == ("0.8331", "1.0000", "1.0000")
    assert (figures["finish_at_speed"], figures["case"]) == (figures["baseline_finish"], None)
    narrow = (await program.post("/api/v1/tokens", json={"scopes": ["staff"]})).json()["token"]
    headers = {"authorization": f"Bearer {narrow}"}
    answer = await program.post("/api/v1/roadmaps/branch-waves/figures", json={}, headers=headers)
    assert answer.status_code == 403
