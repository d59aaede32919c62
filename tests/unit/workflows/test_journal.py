"""An instance goes on from its journal: in a new run, after a fault, after a cancellation."""

import asyncio
import contextlib
import json

import pytest

from cauce.contract import CompleteTask, OperationCall, Outcome, Start
from cauce.errors import ConflictError, ForbiddenError, InputError
from tests.unit.workflows import fake_runtime
from tests.unit.workflows.fake_runtime import BEGIN, FakeLoop, FakeRuntime, World
from tests.unit.workflows.samples import bundle
from workflows import interpreter
from workflows.compile import compile_bundle
from workflows.fault import Fault
from workflows.instance import Instance

EVERYTHING = bundle("""
- set: {set: {sum: 0}, export: {as: '{base: 10}'}}
- both:
    fork:
      branches:
        - left:
            do:
              - loop:
                  for: {each: n, in: '[1, 2, 3]'}
                  do:
                    - careful:
                        try:
                          - read: {call: read@erp, with: {n: '${ $n }'}}
                          - add: {set: {sum: '${ $input.n + $n }'}, input: {from: '{n: ($n * $context.base)}'}}
                        catch: {retry: {delay: {minutes: 1}, limit: {attempt: {count: 3}}}}
        - right:
            do:
              - ask:
                  call: human-task
                  with: {form: f, assign: {group: g}}
                  timeout: {after: P2D}
              - nap: {wait: {hours: 5}}
              - judge: {switch: [{yes: {when: .answer.ok, then: write}}]}
              - write: {call: write@erp, with: {a: 1}}
- inner:
    if: $context.base == 10
    do:
      - change: {set: {base: 11, was: '${ . }'}, export: {as: '{base: .base}'}}
      - after: {set: {was: '${ .was }', base: '${ $context.base }'}}
""")


def _failing_twice() -> World:
    failures = iter([True, False, True, False, False])

    def read(call: OperationCall) -> Outcome:
        if next(failures):
            return Outcome(error={"type": "t", "status": 503})
        return Outcome(output=call.params)

    return World(operations={"read@erp": read, "write@erp": lambda call: call.params}, people={"ask": {"ok": True}})


@pytest.mark.parametrize("tasks", [None, 1, 2, 3, 4, 5, 7, 10, 13, 20])
def test_new_runs_change_nothing_wherever_they_take_over(tasks: int | None) -> None:
    world = _failing_twice()
    world.new_run_after = tasks
    output = world.run(EVERYTHING, Start())
    assert output == {"was": [{"sum": 33}, {"a": 1}], "base": 11}
    assert (world.runs > 1) == (tasks is not None)
    assert [call.params for call in world.calls if call.operation == "write"] == [{"a": 1}]
    assert [call.params["n"] for call in world.calls if call.operation == "read"] == [1, 1, 2, 2, 3]
    assert world.opened == 1
    assert [state for _, state in world.inbox.values()] == ["completed"]


@pytest.mark.parametrize("tasks", [None, 1, 2, 3])
def test_record_lists_each_task_once_in_the_order_they_started(tasks: int | None) -> None:
    world = _failing_twice()
    world.new_run_after = tasks
    world.run(EVERYTHING, Start(trace=True))
    names = [record["name"] for record in world.journal["trace"]]
    assert sorted(names) == sorted(
        [
            *["set", "both", "left", "loop", *["careful"] * 3, *["read"] * 5, *["add"] * 3],
            *["right", "ask", "nap", "judge", "write", "inner", "change", "after"],
        ]
    )
    assert {record["status"] for record in world.journal["trace"]} == {"completed", "faulted"}


@pytest.mark.parametrize("tasks", [None, 1, 2, 4])
def test_deadlines_stay_where_they_were(tasks: int | None) -> None:
    text = """
    - a: {set: {n: 1}}
    - slow:
        timeout: {after: {minutes: 30}}
        fork:
          branches:
            - waits: {wait: {hours: 1}}
            - works: {for: {in: '[range(8)]'}, do: [{nap: {wait: {minutes: 1}}}]}
    """
    world = World(new_run_after=tasks)
    with pytest.raises(Fault) as caught:
        world.run(bundle(text), Start())
    assert caught.value.problem["status"] == 408
    assert world.instance is not None
    assert world.instance.runtime.time() - BEGIN == pytest.approx(1800, abs=1)


@pytest.mark.parametrize("tasks", [None, 1, 3])
def test_process_has_one_time_limit_for_all_of_its_runs(tasks: int | None) -> None:
    text = """
    timeout: {after: {minutes: 30}}
    do: [{loop: {for: {in: '[range(100)]'}, do: [{nap: {wait: {minutes: 1}}}]}}]
    """
    world = World(new_run_after=tasks)
    with pytest.raises(Fault):
        world.run(bundle(text), Start())
    assert world.instance is not None
    assert world.instance.runtime.time() - BEGIN == pytest.approx(1800, abs=1)


def test_answer_is_taken_before_the_new_run_has_reached_its_task() -> None:
    text = "[{ask: {call: human-task, with: {form: f, assign: {group: g}}}}]"
    world = World()
    process = compile_bundle(bundle(text))
    with pytest.raises(AssertionError, match="nobody will do"):
        world.run(bundle(text), Start())
    (task_id,) = world.inbox
    with contextlib.closing(FakeLoop()) as loop:
        start = Start(journal=world.journal)
        again = Instance(process, start, FakeRuntime(World(), loop, "run-x"), interpreter)
        with pytest.raises(InputError):
            again.check_answer(CompleteTask(task_id, {}, "ana", ""))
        again.check_answer(CompleteTask(task_id, {"ok": 1}, "ana", ""))
        again.take_answer(CompleteTask(task_id, {"ok": 1}, "ana", ""))
        with pytest.raises(ConflictError):
            again.check_answer(CompleteTask(task_id, {"ok": 1}, "ana", ""))


def test_retry_runs_the_failed_task_again_and_no_other() -> None:
    text = """
    - one: {call: write@erp, with: {n: 1}}
    - both:
        fork:
          branches:
            - quick: {call: other@erp, with: {n: 2}}
            - slow: {do: [{nap: {wait: {seconds: 5}}}, {fails: {call: read@erp, with: {n: 3}}}]}
            - patient: {do: [{long: {wait: {hours: 1}}}, {last: {set: {n: 9}}}]}
    """
    broken = {"type": "t", "status": 500}
    echo = {"write@erp": lambda call: call.params, "other@erp": lambda call: call.params}
    world = World(operations={**echo, "read@erp": lambda _: Outcome(error=broken)})
    with pytest.raises(Fault) as caught:
        world.run(bundle(text), Start())
    assert caught.value.problem["instance"] == "/do/1/both/fork/branches/1/slow/do/1/fails"
    assert world.journal["problem"] == caught.value.problem
    again = World(operations={**echo, "read@erp": lambda call: call.params})
    output = again.run(bundle(text), Start(journal=world.journal))
    assert output == [{"n": 2}, {"n": 3}, {"n": 9}]
    assert [call.params["n"] for call in again.calls] == [3]


def test_retry_sends_a_write_under_the_id_of_the_attempt_before() -> None:
    text = "[{w: {call: write@erp, with: {n: 1}}}]"
    world = World(operations={"write@erp": lambda _: Outcome(error={"type": "t", "status": 504})})
    with pytest.raises(Fault):
        world.run(bundle(text), Start())
    again = World(operations={"write@erp": lambda call: call.params})
    assert again.run(bundle(text), Start(journal=world.journal)) == {"n": 1}
    assert again.calls[0].token == world.calls[0].token


def test_attempts_of_a_try_send_a_write_under_one_id() -> None:
    text = """
    - careful:
        try: [{w: {call: write@erp, with: {n: 1}}}]
        catch: {retry: {delay: PT1S, limit: {attempt: {count: 2}}}}
    - more: {call: write@erp, with: {n: 2}}
    """
    answers = iter([Outcome(error={"type": "t", "status": 504}), Outcome(output=1), Outcome(output=2)])
    world = World(operations={"write@erp": lambda _: next(answers)})
    assert world.run(bundle(text), Start()) == 2
    first, second, third = (call.token for call in world.calls)
    assert first == second != third


def test_retry_gives_a_task_that_was_too_slow_all_of_its_time() -> None:
    text = "[{slow: {timeout: {after: PT1M}, do: [{a: {wait: PT40S}}, {b: {wait: PT40S}}]}}]"
    world = World()
    with pytest.raises(Fault, match="time limit"):
        world.run(bundle(text), Start(input={"n": 1}))
    assert World(begin=BEGIN + 3600).run(bundle(text), Start(journal=world.journal)) == {"n": 1}


def test_retry_after_an_output_that_did_not_fit_runs_no_task() -> None:
    text = """
    output: {schema: {document: {type: object, required: [b]}}}
    do: [{w: {call: write@erp, with: {a: 1}}}]
    """
    world = World(operations={"write@erp": lambda call: call.params})
    with pytest.raises(Fault):
        world.run(bundle(text), Start())
    again = World()
    with pytest.raises(Fault):
        again.run(bundle(text), Start(journal=world.journal))
    assert again.calls == []


def test_retry_after_a_human_task_asks_the_person_again_only_when_that_task_failed() -> None:
    text = """
    - ask: {call: human-task, with: {form: f, assign: {group: g}}, output: {as: .answer}}
    - fails: {call: read@erp, with: {}}
    """
    broken = Outcome(error={"type": "t", "status": 500})
    world = World(operations={"read@erp": lambda _: broken}, people={"ask": {"ok": 1}})
    with pytest.raises(Fault):
        world.run(bundle(text), Start())
    again = World(operations={"read@erp": lambda _: 5})
    assert again.run(bundle(text), Start(journal=world.journal)) == 5
    assert again.opened == 0
    asked = "[{ask: {call: human-task, with: {form: f, assign: {group: g}}, output: {as: '.answer.ok + \"x\"'}}}]"
    world = World(people={"ask": {"ok": 1}})
    with pytest.raises(Fault):
        world.run(bundle(asked), Start())
    again = World(people={"ask": {"ok": "y"}})
    assert again.run(bundle(asked), Start(journal=world.journal)) == "yx"
    assert again.opened == 1


UNDOING = bundle("""
- a: {call: write@erp, with: {n: 1}, metadata: {cauce: {compensate: {call: undo@erp, with: {of: '${ $output.n }'}}}}}
- b: {call: write@erp, with: {n: 2}, metadata: {cauce: {compensate: {call: undo@erp, with: {of: '${ $output.n }'}}}}}
- ask: {call: human-task, with: {form: f, assign: {group: g}}}
""")


def test_cancelling_undoes_what_was_done_newest_first() -> None:
    world = World(operations={"write@erp": lambda call: call.params, "undo@erp": lambda _: None}, cancel_at=60)
    with pytest.raises(asyncio.CancelledError):
        world.run(UNDOING, Start())
    assert [call.params for call in world.calls if call.operation == "undo"] == [{"of": 2}, {"of": 1}]
    assert [state for _, state in world.inbox.values()] == ["cancelled"]
    assert world.journal["compensations"] == []


def test_cancelling_while_a_write_is_on_its_way_undoes_it_and_begins_no_other() -> None:
    text = """
    - a:
        call: write@erp
        with: {n: 1}
        metadata: {cauce: {compensate: {call: undo@erp, with: {of: '${ $output.n }'}}}}
    - b: {call: other@erp, with: {n: 2}}
    """

    world = World(operations={"write@erp": lambda call: call.params, "undo@erp": lambda _: None})
    world.cancel_at, world.slow_s = 1.0, 5.0
    with pytest.raises(asyncio.CancelledError):
        world.run(bundle(text), Start())
    assert [call.operation for call in world.calls] == ["write", "undo"]


def test_suspended_instance_begins_no_task_until_it_is_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "[{nap: {wait: PT10S}}, {next: {call: read@erp, with: {}}}]"
    world = World()

    def act(_: OperationCall) -> int:
        assert world.instance is not None
        assert world.instance.runtime.time() - BEGIN == pytest.approx(100, abs=0.1)
        return 5

    world.operations["read@erp"] = act

    def operate(what: str) -> None:
        getattr(world.instance, what)()

    class Loop(fake_runtime.FakeLoop):
        def __init__(self) -> None:
            super().__init__()
            self.call_later(3, operate, "suspend")
            self.call_later(100, operate, "resume")

    monkeypatch.setattr(fake_runtime, "FakeLoop", Loop)
    assert world.run(bundle(text), Start()) == 5
    assert world.statuses == ["suspended", "running"]


def test_person_who_did_an_earlier_part_may_not_do_this_one() -> None:
    text = """
    - first: {call: human-task, with: {form: f, assign: {group: g}}}
    - second: {call: human-task, with: {form: f, assign: {group: g}, differentFrom: [first]}}
    """
    world = World(people={"first": {"ok": 1}, "second": {"ok": 1}})
    with pytest.raises(ForbiddenError, match="did an earlier part"):
        world.run(bundle(text), Start())


def test_child_that_ended_is_not_run_again_when_its_output_did_not_fit() -> None:
    text = """
    - child:
        run: {workflow: {namespace: t, name: c, version: '1'}}
        output: {schema: {document: {type: object, required: [other]}}}
    """
    world = World(processes={"c": {}})
    with pytest.raises(Fault):
        world.run(bundle(text), Start())
    again = World()
    with pytest.raises(Fault, match="`other` is missing"):
        again.run(bundle(text), Start(journal=world.journal))


def test_a_sub_process_knows_what_runs_it_also_in_a_new_run() -> None:
    text = """
    - ask: {call: human-task, with: {form: f, assign: {group: g}}}
    - child: {run: {workflow: {namespace: t, name: c, version: '1'}}}
    """
    world = World(processes={"c": {}}, people={"ask": {"ok": 1}}, new_run_after=1)
    world.run(bundle(text), Start(ancestors=["t.top/1"]))
    (task, _) = next(iter(world.inbox.values()))
    assert task.ancestors == ["t.top/1"]
    assert task.business_key == "1", "a sub-process has the key of the instance that began it all"
    assert [each.ancestors for each in world.children] == [["t.top/1", "test.process/1"]]


def test_journal_is_plain_json_that_an_older_release_can_read() -> None:
    world = World(operations={"write@erp": lambda call: call.params, "undo@erp": lambda _: None}, cancel_at=60)
    with pytest.raises(asyncio.CancelledError):
        world.run(UNDOING, Start())
    journal = {**world.journal, "something-new": 1}
    assert json.loads(json.dumps(journal)) == journal
    again = World(operations={"write@erp": lambda call: call.params}, people={"ask": {"ok": 1}})
    assert again.run(UNDOING, Start(journal=journal))["by"] == "ana"
