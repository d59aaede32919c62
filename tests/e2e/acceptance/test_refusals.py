"""What is refused before anything happens, with a sentence that says what is wrong."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e import answers
from tests.e2e.answers import By
from tests.e2e.case import Leads, process, received
from tests.e2e.desk import Desk, read
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

unknown_connection = """\
document: {dsl: '1.0.3', namespace: tests, name: unknown, version: 1.0.0}
do:
  - ask:
      call: find-customer@erb
      with: {taxId: B19510379}
"""


async def test_process_that_calls_an_unknown_connection_is_not_published(
    installation: Installation, desk: Desk, tmp_path: Path
) -> None:
    headers = {"content-type": "application/yaml"}
    refused = await desk["admin"].post("/definitions", content=unknown_connection, headers=headers)
    assert refused.status_code == 422
    (finding,) = refused.json()["findings"]
    assert (finding["line"], finding["column"], finding["code"]) == (4, 13, "unknown-connection")
    assert "erb" in finding["problem"]
    assert "erp" in finding["hint"]

    (tmp_path / "unknown.yaml").write_text(unknown_connection)
    done = await installation.cauce("publish", str(tmp_path / "unknown.yaml"))
    assert done.code == 2
    assert "unknown.yaml:4:13: unknown-connection: " in done.err
    missing = await desk["admin"].get("/definitions/process/tests.unknown")
    assert missing.status_code == 404


async def test_unknown_connection_cannot_be_tested(installation: Installation, desk: Desk) -> None:
    refused = await desk["oper"].post("/connections/erb/test")
    assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
    done = await installation.cauce("connections", "test", "erb", "--json")
    assert (done.code, done.data["error"]["code"]) == (1, "not-found")


async def test_connections_of_the_company_work(installation: Installation) -> None:
    done = await installation.cauce("connections", "test", "--json")
    assert done.code == 0, done.out
    assert {each["name"]: each["ok"] for each in done.data["connections"]} == {
        "erp": True, "accounting": True, "credit-notes": True, "scm": True, "mail": True, "hub": True,
    }  # fmt: skip


async def test_staff_may_not_publish(desk: Desk) -> None:
    headers = {"content-type": "application/yaml"}
    refused = await desk["ana"].post("/definitions", content=unknown_connection, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_input_that_does_not_fit_starts_nothing(desk: Desk) -> None:
    refused = await desk["ana"].post("/instances", json={"definition": process, "key": "L-8001", "input": "a text"})
    assert (refused.status_code, refused.json()["code"]) == (422, "input")
    unknown = await desk["ana"].post("/instances", json={"definition": "sales.lead-to-ordr", "input": {}})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")
    assert (await desk["oper"].get(f"/instances/{process}/L-8001")).status_code == 404


async def test_input_that_is_nearly_too_large_goes_its_way(desk: Desk, leads: Leads) -> None:
    lead = replace(leads.fresh(), need="x" * 1_900_000)
    case = await received(desk, lead, {"contact": By("ana", answers.contact("refuses", "close"))})
    task = await case.task("contact")
    assert len(task["data"]["lead"]["need"]) == 1_900_000
    assert (await case.go())["output"]["reason"] == "no-answer"


async def test_input_that_is_too_large_is_refused(desk: Desk, leads: Leads) -> None:
    lead = leads.fresh()
    event = lead.event()
    event["data"]["need"] = "x" * 3_000_000
    for answer in (
        await desk.send(event),
        await desk["ana"].post("/instances", json={"definition": process, "key": lead.id, "input": event["data"]}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large"), answer.text[:300]
        assert answer.json()["detail"]


async def test_input_that_is_too_large_is_refused_on_the_command_line(
    installation: Installation, leads: Leads, tmp_path: Path
) -> None:
    data = leads.fresh().data() | {"need": "x" * 3_000_000}
    (tmp_path / "large.json").write_text(json.dumps(data))
    done = await installation.cauce("start", process, "--input", f"@{tmp_path / 'large.json'}", "--json")
    assert (done.code, done.data["error"]["code"]) == (2, "too-large"), done.out


async def test_instance_that_runs_is_not_started_again(desk: Desk, leads: Leads) -> None:
    lead = leads.fresh()
    body = {"definition": process, "key": lead.id, "input": lead.data()}
    started = read(await desk["ana"].post("/instances", json=body))
    assert started["id"] == f"{process}/{lead.id}"
    again = await desk["ana"].post("/instances", json=body)
    assert (again.status_code, again.json()["detail"]) == (409, f"Instance {process}/{lead.id} exists already.")
