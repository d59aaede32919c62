"""A case from start to end with nothing but the command line."""

import json
from typing import Any

import pytest

from tests.e2e import answers
from tests.e2e.case import Leads, process
from tests.e2e.desk import Desk, until
from tests.e2e.erp import Erp
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
JSON = Any


async def test_case_on_the_command_line(installation: Installation, desk: Desk, leads: Leads, erp: Erp) -> None:
    async def cauce(*arguments: str, given: JSON = None) -> JSON:
        done = await installation.cauce(*arguments, "--json", given=json.dumps(given))
        assert done.code == 0, done.err
        return done.data

    lead = leads.fresh()
    instance = (await cauce("start", process, "--key", lead.id, "--input", "-", given=lead.data()))["id"]
    assert instance == f"{process}/{lead.id}"

    await until(lambda: desk.open_tasks(instance))
    (task,) = (await cauce("tasks", "list", "--instance", instance, "--as", "ana"))["tasks"]
    assert (await cauce("tasks", "claim", task["id"], "--as", "ana"))["claimed_by"] == "ana"
    refused = await installation.cauce("tasks", "complete", task["id"], "--as", "ana", "--input", '{"result": "maybe"}')
    assert refused.code == 2
    assert "  /result: " in refused.err
    assert (await cauce("tasks", "return", task["id"], "--reason", "Lunch.", "--as", "ana"))["state"] == "open"
    answer = answers.contact("refuses", "close")
    done = await cauce("tasks", "complete", task["id"], "--as", "jordi", "--input", "-", given=answer)
    assert (done["state"], done["closed_by"]) == ("completed", "jordi")

    await until(lambda: ended(desk, instance))
    found = await cauce("instances", "show", instance)
    assert found["output"] == {"outcome": "lost", "lead": lead.id, "qualified": False, "reason": "no-answer"}
    listed = (await cauce("instances", "list", "--key", lead.id))["instances"]
    assert [(each["id"], each["status"], each["stage"]) for each in listed] == [(instance, "completed", "lost")]
    assert erp.orders(lead.id) == []


async def ended(desk: Desk, instance: str) -> bool:
    return bool((await desk.instance(instance))["summary"]["closed_at"])


async def test_status_is_told_in_a_table(installation: Installation) -> None:
    done = await installation.cauce("status")
    assert done.code == 0
    for part in ("temporal", "api", "worker"):
        assert part in done.out
    assert "DOWN" not in done.out
