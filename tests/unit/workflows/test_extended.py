"""Extended tasks go on from their journal: what an extension or its task has done is not done again."""

import pytest

from cauce.contract import OperationCall, Outcome, Start
from tests.unit.workflows.fake_runtime import World
from tests.unit.workflows.samples import bundle
from workflows.fault import Fault

LOGGED = bundle("""
use:
  extensions:
    - outer:
        extend: call
        before: [{hello: {call: write@erp, with: {b: '${ $task.name }'}}}]
        after:
          - bye: {call: write@erp, with: {a: '${ $task.output.n }'}}
          - nap: {wait: {hours: 1}}
    - mock:
        extend: call
        when: $task.name == "c"
        before: [{ask: {call: human-task, with: {form: f, assign: {group: g}}}}, {fake: {set: {n: 9}, then: exit}}]
do:
  - work:
      for: {each: name, in: '["x", "y"]'}
      do:
        - a: {call: other@erp, with: {n: '${ $index }'}, export: {as: '$context + {("k" + $name): .n}'}}
        - c: {call: undo@erp}
  - all: {set: '${ {last: ., context: $context} }'}
""")


def _world(new_run_after: int | None) -> World:
    operations = {f"{name}@erp": lambda call: call.params for name in ("write", "other", "undo")}
    return World(operations=operations, people={"ask": {"ok": True}}, new_run_after=new_run_after)


@pytest.mark.parametrize("tasks", [None, 1, 2, 3, 4, 5])
def test_new_runs_change_nothing_wherever_they_take_over(tasks: int | None) -> None:
    world = _world(tasks)
    output = world.run(LOGGED, Start(input={}))
    assert output == {"last": {"n": 9}, "context": {"kx": 0, "ky": 1}}
    calls = [(call.operation, call.params) for call in world.calls]
    assert calls == [
        *[("write", {"b": "a"}), ("other", {"n": 0}), ("write", {"a": 0}), ("write", {"b": "c"}), ("write", {"a": 9})],
        *[("write", {"b": "a"}), ("other", {"n": 1}), ("write", {"a": 1}), ("write", {"b": "c"}), ("write", {"a": 9})],
    ]
    assert world.opened == 2
    assert (world.runs > 1) == (tasks is not None)
    assert world.journal["states"].keys() == {""}


def test_retry_after_an_error_of_after_does_not_do_the_task_again() -> None:
    answers = iter([Outcome(error={"type": "t", "status": 503}), Outcome(output={})])

    def write(call: OperationCall) -> Outcome:
        return next(answers) if "a" in call.params else Outcome(output={})

    world = World(operations={"write@erp": write, "other@erp": lambda call: call.params})
    process = bundle("""
    use:
      extensions:
        - log:
            extend: call
            before: [{hello: {call: write@erp, with: {b: 1}}}]
            after: [{bye: {call: write@erp, with: {a: '${ [$task.output, $task.input, .] }'}}}]
    do: [{a: {call: other@erp, with: {n: 1}, output: {as: '{m: .n}'}, export: {as: '{count: ($context.count + 1)}'}}}]
    """)
    with pytest.raises(Fault):
        world.run(process, Start(input={"count": 0}))
    again = World(operations=world.operations)
    assert again.run(process, Start(journal=world.journal)) == {"m": 1}
    assert [call.params for call in again.calls] == [{"a": [{"n": 1}, {"count": 0}, {"m": 1}]}]
    assert again.journal["context"] == {"count": 1}
