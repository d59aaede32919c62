import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from activities.clocks import ClockActivities
from cauce.cli import app as command
from cauce.contract import ClockNews
from cauce.services import clocks, definitions, users
from cauce.services.hub import Actor, Hub
from cauce.store import tasks
from schemas import load_yaml
from tests.integration.api.conftest import Browser
from tests.integration.store.test_clocks import note

boss = Actor("boss", frozenset({"admin"}))
CLOCK = """\
clock: answer
title: {en: Answer <b>, es: Respuesta}
target: PT10H
pauses: {customer: {title: Asked them, most: P1D}}
"""
PROCESS = """\
document: {dsl: '1.0.3', namespace: t, name: case, version: 1.0.0}
do: [{start: {call: clock, with: {clock: answer, action: start}}}]
"""


def at(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


@pytest.fixture
async def ticking(hub: Hub) -> Hub:
    """Return a hub with a clock that is missed, one that runs, one that pauses, and one that was met."""
    sources = [load_yaml(text, f"{number}.yaml") for number, text in enumerate((CLOCK, PROCESS))]
    await definitions.publish(hub, boss, sources)
    title = {"en": "Answer <b>", "es": "Respuesta"}
    about: dict[str, Any] = {"clock": "answer", "title": title, "severity": "high"}
    notes = {
        "runs": note("started", id_="runs", **about, startedAt=at(-5), dueAt=at(5)),
        "late": note("started", id_="late", **about, startedAt=at(-12), dueAt=at(-2)),
        "pauses": note(
            *("paused",),
            id_="pauses",
            **about,
            state="paused",
            startedAt=at(-2),
            dueAt=at(12),
            pausedUntil=at(4),
            reason="customer",
        ),
        "met": note("stopped", id_="met", **about, state="stopped", startedAt=at(-9), dueAt=at(1), stoppedAt=at(-8)),
    }
    notes["pauses"]["pauses"] = [[at(0), at(4), "customer"]]
    notes["met"]["used"] = 3600
    for key, each in notes.items():
        each["target"] = "PT10H"
        await ClockActivities(hub.store).record_clocks(ClockNews(f"t.case/{key}", "t.case", "1.0.0", key, [each]))
    return hub


async def test_programs_of_supervisors_see_what_is_late_and_what_comes_next(
    ticking: Hub, program: httpx.AsyncClient
) -> None:
    refused = await program.get("/api/v1/clocks")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    await users.change_user(ticking, boss, "ana", roles=["manager"])
    first = (await program.get("/api/v1/clocks", params={"limit": 2})).json()
    shown = [(each["business_key"], each["state"], each["met"], each["percent"]) for each in first["items"]]
    assert shown == [("late", "breached", False, 120), ("runs", "running", None, 50)]
    assert [round(each["left_s"] / 3600) for each in first["items"]] == [-2, 5]
    rest = (await program.get(first["next"])).json()
    (paused,) = rest["items"]
    assert (paused["state"], paused["reason"], paused["percent"], rest["next"]) == ("paused", "customer", 20, None)
    assert round(paused["left_s"] / 3600) == 8
    soon = (await program.get("/api/v1/clocks", params={"within": "PT6H", "definition": "t.case"})).json()
    assert [each["business_key"] for each in soon["items"]] == ["late", "runs"]
    for wrong in ({"after": "x"}, {"within": "P99999999D"}, {"within": "-PT1H"}, {"within": "soon"}):
        assert (await program.get("/api/v1/clocks", params=wrong)).status_code == 422


async def test_the_clocks_of_an_instance_are_for_who_sees_instances(ticking: Hub, program: httpx.AsyncClient) -> None:
    (met,) = (await program.get("/api/v1/instances/t.case/met/clocks")).json()
    assert (met["clock"], met["state"], met["met"], met["percent"]) == ("answer", "stopped", True, 10)
    # Whether there is such an instance is Temporal's to say, which is not there.
    assert (await program.get("/api/v1/instances/t.case/nobody/clocks")).status_code == 503
    await users.change_user(ticking, boss, "ana", roles=[])
    assert (await program.get("/api/v1/instances/t.case/met/clocks")).status_code == 403


async def test_the_page_is_for_supervisors_and_escapes_what_it_shows(ticking: Hub, ana: Browser) -> None:
    assert (await ana.get("/clocks")).status_code == 403
    assert 'href="/clocks"' not in (await ana.get("/inbox")).text
    await users.change_user(ticking, boss, "ana", roles=["manager"])
    page = (await ana.get("/clocks")).text
    for words in (
        "1 is missed already.",
        "Answer &lt;b&gt;",
        'href="/instances/t.case/late"',
        "120 %",
        "pauses until",
        "Asked them",
    ):
        assert words in page
    assert "t.case/met" not in page
    spanish = (await ana.get("/clocks", headers={"accept-language": "es"})).text
    assert "Respuesta" in spanish


async def test_supervisors_see_how_many_were_met(ticking: Hub, program: httpx.AsyncClient, ana: Browser) -> None:
    report = "/api/v1/clocks/attainment"
    assert (await program.get(report)).status_code == 403
    assert (await ana.get("/clocks/attainment")).status_code == 403
    await users.change_user(ticking, boss, "ana", roles=["manager"])
    # Around the first of a month they are of two.
    found = (await program.get(report, params={"months": 2})).json()
    total = {name: sum(each[name] for each in found) for name in ("started", "met", "missed", "open")}
    assert total == {"started": 4, "met": 1, "missed": 1, "open": 2}
    assert {(each["clock"], each["severity"]) for each in found} == {("answer", "high")}
    assert [each["p90_s"] for each in found if each["met"]] == [3600]
    assert (await program.get(report, params={"clock": "other"})).json() == []
    assert (await program.get(report, params={"months": 0})).status_code == 422
    table = await program.get(f"{report}.csv", params={"definition": "t.case"})
    assert table.headers["content-disposition"] == 'attachment; filename="clocks.csv"'
    assert ",answer,high," in table.text
    page = (await ana.get("/clocks/attainment?months=3&definition=t.case")).text
    for words in ("Answer &lt;b&gt;", "1:00", "form=csv", "definition=t.case"):
        assert words in page
    assert "answer,high" in (await ana.get("/clocks/attainment?form=csv")).text


async def test_the_inbox_and_the_task_show_the_clock_of_the_case(ticking: Hub, ana: Browser) -> None:
    async with ticking.store.read() as db:
        task = next(row for row in await tasks.open_tasks(db) if row.group == "sales")
    news = ClockNews(task.instance, task.definition, "0.0.0", "k", [note("started", dueAt=at(1), title="Hurry")])
    await ClockActivities(ticking.store).record_clocks(news)
    assert "Hurry: due in" in (await ana.get("/inbox")).text
    page = (await ana.get(f"/tasks/{task.id}")).text
    assert "Hurry" in page
    assert "<progress" not in page  # its process is not published here, so nobody knows its hours


async def test_the_command_line_lists_them(ticking: Hub) -> None:
    folder = str(ticking.settings.data_dir)
    for arguments, words in (
        (["--within", "PT6H"], ("late", "breached", "-2:0")),
        (["--instance", "t.case/met", "--json"], ('"met":true',)),
    ):
        line = ["clocks", "list", "--data-dir", folder, *arguments]
        done = await asyncio.to_thread(CliRunner().invoke, command, line)
        assert done.exit_code == 0, done.output
        assert [word for word in words if word not in done.output] == []
    table = await asyncio.to_thread(
        CliRunner().invoke, command, ["clocks", "attainment", "--data-dir", folder, "--csv"]
    )
    assert table.output.splitlines()[0].startswith("month,clock,severity,started,met,missed,open,share,median_s")
    assert await clocks.missed_count(ticking, Actor("olga", frozenset({"operator"}))) == 1
