"""A call that cannot be made becomes a person's task; interrupted by new runs wherever that can be."""

from typing import Any

import pytest

from cauce.contract import OperationCall, Outcome, Start
from cauce.errors import InputError
from tests.unit.workflows.fake_runtime import World
from workflows.fault import Fault

JSON = Any
FORM: JSON = {"form": "by-hand", "title": "Enter the order", "schema": {"type": "object", "required": ["number"]}}
OUTPUT: JSON = {"type": "object", "properties": {"number": {"type": "string"}}}


def bundle(effect: str = "write", **fallback: JSON) -> JSON:
    ours = {"form": "by-hand", "group": "sales", **fallback}
    task = {"call": "create@erp", "with": {"id": "${ .id }"}, "metadata": {"cauce": {"fallback": ours}}}
    document = {"do": [{"order": task}]}
    operation = {"effect": effect, "timeout_s": 5, "output": OUTPUT}
    head = {"namespace": "test", "name": "process", "version": "1.0.0", "document": document}
    return {**head, "forms": {"by-hand": FORM}, "operations": {"create@erp": operation}}


def refused(code: str, **more: JSON) -> Outcome:
    return Outcome(error={"type": "t", "status": 503, "code": code, "detail": "It does not answer.", **more})


def world(*outcomes: Outcome, **more: Any) -> World:
    given = list(outcomes)
    return World(
        {"create@erp": lambda _: given.pop(0) if len(given) > 1 else given[0]}, {"order": {"number": "7"}}, **more
    )


@pytest.mark.parametrize("new_run_after", [None, 1])
@pytest.mark.parametrize("code", ["transient", "ambiguous"])
def test_what_cannot_be_called_is_done_by_hand(code: str, new_run_after: int | None) -> None:
    one = world(refused(code), new_run_after=new_run_after)
    assert one.run(bundle(), Start({"id": "A"})) == {"number": "7"}
    ((task, state),) = one.inbox.values()
    assert (task.group, task.form, task.name, task.title, state) == (
        "sales",
        "by-hand",
        "order",
        "Enter the order",
        "completed",
    )
    assert task.data == {"call": "create@erp", "arguments": {"id": "A"}, "problem": "It does not answer."}
    (done,) = one.by_hand
    assert (done.call.operation, done.call.params, done.output, done.by) == (
        "create",
        {"id": "A"},
        {"number": "7"},
        "ana",
    )
    assert done.call.token == one.calls[0].token


@pytest.mark.parametrize("new_run_after", [None, 1])
def test_it_is_tried_for_a_while_first(new_run_after: int | None) -> None:
    one = world(refused("transient"), refused("transient"), Outcome({"number": "1"}), new_run_after=new_run_after)
    assert one.run(bundle(after="PT10M"), Start({"id": "A"})) == {"number": "1"}
    assert (len(one.calls), one.inbox, one.by_hand) == (3, {}, [])
    assert len({call.token for call in one.calls}) == 1
    late = world(refused("transient"), new_run_after=new_run_after)
    late.run(bundle(after="PT10M", due="PT4H", title="Now", data="${ .id }"), Start({"id": "A"}))
    # 10, 20, 40, 80, 160, 290 and what is left of the ten minutes.
    assert len(late.calls) == 7
    ((task, _),) = late.inbox.values()
    assert (task.title, task.data, (task.due_at or "")[:19]) == ("Now", "A", "2026-01-01T04:10:00")


def test_nobody_waits_while_the_circuit_is_open() -> None:
    one = world(refused("transient", remoteCode="circuit-open"))
    one.run(bundle(after="PT10M"), Start({"id": "A"}))
    assert (len(one.calls), len(one.inbox)) == (1, 1)


@pytest.mark.parametrize("code", ["business", "permanent", "consent", "input"])
def test_what_was_refused_is_not_done_by_hand(code: str) -> None:
    one = world(refused(code))
    with pytest.raises(Fault):
        one.run(bundle(after="PT10M"), Start({"id": "A"}))
    assert (len(one.calls), one.inbox) == (1, {})


def test_a_read_leaves_nothing_to_reconcile() -> None:
    one = world(refused("transient"))
    assert one.run(bundle("read"), Start({"id": "A"})) == {"number": "7"}
    assert one.by_hand == []


def test_the_answer_must_be_what_the_operation_gives() -> None:
    one = world(refused("transient"))
    one.people = {"order": {"number": 7}}
    with pytest.raises(InputError, match="number"):
        one.run(bundle(), Start({"id": "A"}))


def test_the_person_does_not_find_it_when_its_time_is_over() -> None:
    one = World({"create@erp": lambda _: refused("transient")})
    late = bundle()
    late["document"]["do"][0]["order"]["timeout"] = {"after": "PT1H"}
    with pytest.raises(Fault, match="time limit"):
        one.run(late, Start({"id": "A"}))
    assert [state for _, state in one.inbox.values()] == ["cancelled"]


def test_what_was_done_by_hand_can_be_undone() -> None:
    undone: list[OperationCall] = []
    one = world(refused("transient"))
    one.operations["cancel@erp"] = undone.append
    undoing = bundle()
    undoing["operations"]["cancel@erp"] = {"effect": "write", "timeout_s": 5}
    undoing["document"]["do"][0]["order"]["metadata"]["cauce"]["compensate"] = {
        "call": "cancel@erp",
        "with": {"order": "${ $output.number }"},
    }
    undoing["document"]["do"].append({"undo": {"call": "compensate"}})
    one.run(undoing, Start({"id": "A"}))
    assert [call.params for call in undone] == [{"order": "7"}]
