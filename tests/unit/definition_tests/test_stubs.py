"""What stands in for everything outside answers a worker that asks again as it did the first time."""

from dataclasses import asdict, replace
from typing import Any

from temporalio.common import RawValue
from temporalio.converter import default
from temporalio.testing import ActivityEnvironment

from cauce import contract
from cauce.errors import Place
from cauce.testing.case import Answer, Case
from cauce.testing.session import Session
from cauce.testing.stubs import Stubs

REFERENCE = "/do/0/read-order"
DOCUMENT = {"do": [{"read-order": {"call": "get-order@erp", "with": {"number": "O-1"}}}]}
CALL = contract.OperationCall("erp", "get-order", {"number": "O-1"}, "sales.orders/1", REFERENCE, "t-1")


def session() -> Session:
    place = Place("a.test.yaml", 3, 1)
    answers = (Answer(place, "error", "transient"), Answer(place, "output", {"number": "O-1"}))
    return Session(Case("busy", place, answers={"read-order": answers}), {"document": DOCUMENT})


async def asked(stubs: Stubs, call: contract.OperationCall, activity_id: str) -> Any:
    environment = ActivityEnvironment()
    environment.info = replace(
        environment.info, activity_type=contract.CALL_OPERATION, activity_id=activity_id, workflow_id="one"
    )
    payload = default().payload_converter.to_payload(asdict(call))
    return await environment.run(stubs.answer, [RawValue(payload)])


async def test_a_read_that_is_made_again_after_a_lost_turn_counts_once() -> None:
    stubs, here = Stubs(), session()
    stubs.sessions["one"] = here
    first = await asked(stubs, CALL, "7")
    assert first.error["status"] == 503
    assert await asked(stubs, CALL, "7") == first
    assert len(here.calls) == 1
    assert (await asked(stubs, CALL, "8")).output == {"number": "O-1"}
    assert len(here.calls) == 2


async def test_another_call_under_the_same_number_is_another_call() -> None:
    stubs, here = Stubs(), session()
    stubs.sessions["one"] = here
    await asked(stubs, CALL, "7")
    assert (await asked(stubs, replace(CALL, params={"number": "O-2"}), "7")).output == {"number": "O-1"}
    assert [call.arguments["number"] for call in here.calls] == ["O-1", "O-2"]
