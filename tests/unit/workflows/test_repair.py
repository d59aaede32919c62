"""What an operator repairs, at any nesting: a task is skipped, begins again, or goes on with another context."""

import contextlib
import json
from typing import Any

import pytest

from cauce.contract import OperationCall, Outcome, Repair, Start
from cauce.errors import CauceError, ConflictError, InputError
from tests.unit.workflows.fake_runtime import World
from tests.unit.workflows.samples import bundle
from workflows.fault import Fault
from workflows.journal import Journal
from workflows.repair import leaves, open_tasks, repair, resettable

JSON = Any

# Every construct around one write that fails, and where that write is in the document.
NESTED = {
    "a list": ("- fail: {call: write@erp}", "/do/1/outer/do/1/fail", 1),
    "a try": ("- t: {try: [{fail: {call: write@erp}}], catch: {errors: {with: {status: 1}}}}", "", 1),
    "a catch": (
        """- t:
                try: [{bad: {raise: {error: {type: 'https://x.example', status: 1}}}}]
                catch: {do: [{fail: {call: write@erp}}]}""",
        "",
        1,
    ),
    "a for": ("- f: {for: {in: '[1, 2, 3]'}, do: [{one: {set: {i: '${ $item }'}}}, {fail: {call: write@erp}}]}", "", 3),
    "a fork": (
        "- f: {fork: {branches: [{quick: {set: {x: 1}}}, {slow: {do: [{fail: {call: write@erp}}]}}]}}",
        "",
        1,
    ),
    "a branch": ("- f: {fork: {branches: [{quick: {set: {x: 1}}}, {fail: {call: write@erp}}]}}", "", 1),
    "a function": ("- f: {call: work}", "/use/functions/work/do/0/fail", 1),
    "an extension": ("- w: {wait: {seconds: 1}}", "/use/extensions/0/log/before/0/fail", 1),
    "all together": (
        """- f:
                for: {in: '[1]'}
                do:
                  - k:
                      fork: {branches: [{b: {try: [{c: {call: work}}], catch: {errors: {with: {status: 1}}}}}]}""",
        "",
        1,
    ),
}


def _nested(tasks: str) -> JSON:
    return bundle(f"""
    use:
      functions: {{work: {{do: [{{fail: {{call: write@erp}}}}]}}}}
      extensions: [{{log: {{extend: wait, before: [{{fail: {{call: write@erp}}}}]}}}}]
    do:
      - first: {{set: {{n: 1}}, export: {{as: '{{c: 1}}'}}}}
      - outer:
          do:
            - before: {{set: {{n: 2}}}}
            {tasks}
            - after: {{set: {{got: '${{ . }}', c: '${{ $context.c }}'}}}}
    """)


def _failing(*, succeeds: bool = False, **more: Any) -> World:
    def write(call: OperationCall) -> Outcome:
        return (
            Outcome(output={"done": 1})
            if succeeds
            else Outcome(error={"type": "t", "status": 503, "path": call.params})
        )

    return World(operations={"write@erp": write, "other@erp": lambda call: call.params}, **more)


def _fails(process: JSON, start: Start, world: World) -> JSON:
    with pytest.raises(Fault):
        world.run(process, start)
    return world.journal


def _repaired(journal: JSON, wanted: Repair) -> JSON:
    edited = Journal.from_json(journal)
    repair(edited, wanted)
    return json.loads(json.dumps(edited.to_json()))


@pytest.mark.parametrize("tasks", [None, 1, 2])
@pytest.mark.parametrize("name", NESTED)
def test_failed_task_is_skipped_in(name: str, tasks: int | None) -> None:
    text, _, times = NESTED[name]
    process = _nested(text)
    journal = _fails(process, Start(), _failing(new_run_after=tasks))
    world = _failing()
    # In a loop the write of the next iteration fails as well.
    for done in range(times):
        assert [path for path in leaves(open_tasks(Journal.from_json(journal))) if path.endswith(("fail", "c"))]
        journal = _repaired(journal, Repair("skip", value={"by": "hand"}))
        world = _failing(new_run_after=tasks)
        if done + 1 < times:
            journal = _fails(process, Start(journal=journal), world)
    output = world.run(process, Start(journal=journal, trace=True))
    assert output["c"] == 1
    assert not world.calls
    assert [record["name"] for record in world.journal["trace"] if record["status"] == "skipped"] == ["fail"] * times
    assert world.journal["skips"] == {}
    assert world.journal["marks"]["lists"] == {}


@pytest.mark.parametrize("tasks", [None, 1, 2])
@pytest.mark.parametrize("name", NESTED)
def test_failed_task_begins_again_in(name: str, tasks: int | None) -> None:
    text, reference, _ = NESTED[name]
    process = _nested(text)
    journal = _fails(process, Start(), _failing(new_run_after=tasks))
    wanted = reference or leaves(open_tasks(Journal.from_json(journal)))[0]
    world = _failing(succeeds=True, new_run_after=tasks)
    output = world.run(process, Start(journal=_repaired(journal, Repair("reset", wanted))))
    assert output["c"] == 1
    assert {call.operation for call in world.calls} == {"write"}
    assert len({record["name"] for record in world.journal["trace"] if record["name"] == "before"}) == 1


@pytest.mark.parametrize("name", NESTED)
def test_list_begins_again_at_an_earlier_task_with(name: str) -> None:
    text, _, times = NESTED[name]
    process = _nested(text)
    journal = _fails(process, Start(), _failing())
    world = _failing(succeeds=True)
    world.run(process, Start(journal=_repaired(journal, Repair("reset", "/do/1/outer/do/0/before")), trace=True))
    names = [record["name"] for record in world.journal["trace"]]
    assert (names.count("first"), names.count("before"), names.count("after")) == (1, 2, 1)
    assert len(world.calls) == times
    assert not [record for record in world.journal["trace"] if record["status"] == "running"]


def test_reset_gives_the_task_the_data_and_the_context_that_it_began_with() -> None:
    process = bundle("""
    - a: {set: {n: '${ .n + 1 }'}, export: {as: '{c: "a"}'}}
    - b: {set: {n: '${ .n * 10 }', c: '${ $context.c }'}, export: {as: '{c: "b"}'}}
    - d: {set: {n: '${ .n + 5 }', c: '${ .c }'}}
    - fail: {call: write@erp, with: {x: '${ . }'}}
    """)
    journal = _fails(process, Start(input={"n": 1}), _failing())
    assert journal["context"] == {"c": "b"}
    for path in ("/do/1/b", "/do/0/a", "/do/2/d"):
        world = _failing(succeeds=True)
        world.run(process, Start(journal=_repaired(journal, Repair("reset", path))))
        assert [call.params["x"] for call in world.calls] == [{"n": 25, "c": "a"}]
    world = _failing(succeeds=True)
    given = Repair("reset", "/do/1/b", value={"n": 7}, with_value=True, context={"c": "mine"}, with_context=True)
    world.run(process, Start(journal=_repaired(journal, given)))
    assert [call.params["x"] for call in world.calls] == [{"n": 75, "c": "mine"}]


def test_write_that_failed_is_sent_under_its_old_id_and_one_that_was_done_under_a_new_one() -> None:
    process = bundle("""
    - one: {call: other@erp, with: {a: 1}, metadata: {cauce: {compensate: {call: undo@erp, with: {a: 1}}}}}
    - fail: {call: write@erp}
    """)
    world = _failing()
    journal = _fails(process, Start(), world)
    again = _failing(succeeds=True)
    again.run(process, Start(journal=_repaired(journal, Repair("reset", "/do/0/one"))))
    first, second = ({call.operation: call.token for call in each.calls} for each in (world, again))
    assert first["other"] != second["other"]
    assert first["write"] == second["write"]
    # Both have happened, so both are there to be undone.
    assert [entry["of"] for entry in again.journal["compensations"]] == [first["other"], second["other"]]


def test_skipped_task_is_followed_by_what_its_then_says() -> None:
    process = bundle("""
    - fail: {call: write@erp, then: last, output: {as: .never}, export: {as: .never}}
    - between: {set: {n: 100}}
    - last: {set: {n: '${ .n + 1 }', c: '${ $context }'}}
    """)
    journal = _fails(process, Start(input={"i": 1}), _failing())
    world = _failing()
    given = Repair("skip", "/do/0/fail", value={"n": 1}, with_value=True)
    assert world.run(process, Start(journal=_repaired(journal, given))) == {"n": 2, "c": {"i": 1}}


def test_condition_that_failed_can_be_skipped() -> None:
    process = bundle("- a: {if: '.n.m', set: {x: 1}}\n- b: {set: {y: '${ . }'}}")
    journal = _fails(process, Start(input={"n": 1}), _failing())
    assert World().run(process, Start(journal=_repaired(journal, Repair("skip", "/do/0/a", value=5)))) == {"y": 5}


def _waiting(process: JSON, world: World, start: Start | None = None) -> JSON:
    with contextlib.suppress(AssertionError):
        world.run(process, start or Start())
    return world.journal


PEOPLE = bundle("""
- both:
    fork:
      branches:
        - left: {do: [{ask: {call: human-task, with: {form: f, assign: {group: g}}}}, {more: {set: {l: '${ . }'}}}]}
        - right: {do: [{tell: {call: human-task, with: {form: f, assign: {group: g}}}}]}
""")


def test_human_task_that_is_skipped_leaves_the_inbox_and_the_other_one_stays() -> None:
    world = World()
    journal = _waiting(PEOPLE, world)
    assert sorted(state for _, state in world.inbox.values()) == ["open", "open"]
    path = "/do/0/both/fork/branches/0/left/do/0/ask"
    assert path in open_tasks(Journal.from_json(journal))
    # The same id is not opened twice: the task that stays is the one that was there.
    world.people = {"tell": {"ok": True}}
    output = world.run(PEOPLE, Start(journal=_repaired(journal, Repair("skip", path, value=7))))
    assert output[0] == {"l": 7}
    assert {task.name: state for task, state in world.inbox.values()} == {"ask": "cancelled", "tell": "completed"}


def test_human_task_that_begins_again_is_another_one() -> None:
    world = World()
    journal = _waiting(PEOPLE, world)
    world.people = {"tell": {"ok": True}, "ask": {"ok": True}}
    wanted = Repair("reset", "/do/0/both/fork/branches/0/left/do/0/ask")
    world.run(PEOPLE, Start(journal=_repaired(journal, wanted)))
    assert sorted((task.name, state) for task, state in world.inbox.values()) == [
        ("ask", "cancelled"),
        ("ask", "completed"),
        ("tell", "completed"),
    ]


def test_branch_that_is_done_can_begin_again_while_the_fork_is_open() -> None:
    process = bundle("""
    - both:
        fork:
          branches:
            - done: {call: other@erp, with: {n: 1}}
            - waits: {call: human-task, with: {form: f, assign: {group: g}}}
    """)
    world = _failing()
    journal = _waiting(process, world)
    path = "/do/0/both/fork/branches/0/done"
    assert path in resettable(Journal.from_json(journal))
    world.people = {"waits": {"ok": True}}
    world.run(process, Start(journal=_repaired(journal, Repair("reset", path))))
    assert [call.operation for call in world.calls] == ["other", "other"]
    assert world.opened == 1


def test_whole_container_can_be_skipped_and_begin_again() -> None:
    text, _, _ = NESTED["all together"]
    process = _nested(text)
    journal = _fails(process, Start(), _failing())
    skipped = World().run(process, Start(journal=_repaired(journal, Repair("skip", "/do/1/outer/do/1/f", value=3))))
    assert skipped == {"got": 3, "c": 1}
    world = _failing(succeeds=True)
    world.run(process, Start(journal=_repaired(journal, Repair("reset", "/do/1/outer"))))
    assert len(world.calls) == 1


def test_context_alone_can_be_another() -> None:
    process = bundle("- a: {set: {n: 1}}\n- b: {set: {x: '${ $context.n + 1 }'}}")
    journal = _fails(process, Start(input={"n": "x"}), _failing())
    edited = _repaired(journal, Repair("context", context={"n": 4}, with_context=True))
    assert World().run(process, Start(journal=edited)) == {"x": 5}


def _refusal(journal: JSON, wanted: Repair) -> CauceError:
    with pytest.raises(CauceError) as caught:
        repair(Journal.from_json(journal), wanted)
    return caught.value


def test_what_cannot_be_repaired_is_refused_with_what_can() -> None:
    journal = _fails(_nested(NESTED["a for"][0]), Start(), _failing())
    unknown = _refusal(journal, Repair("skip", "/do/9/nothing"))
    assert isinstance(unknown, InputError)
    assert "/do/1/outer/do/1/f[0]/do/1/fail" in unknown.hint
    done = _refusal(journal, Repair("skip", "/do/0/first"))
    assert isinstance(done, ConflictError)
    ambiguous = _refusal(_waiting(PEOPLE, World()), Repair("skip"))
    assert isinstance(ambiguous, InputError)
    assert ambiguous.problem == "Several tasks are meant."
    iteration = _repaired(journal, Repair("skip", value=1))
    later = _fails(_nested(NESTED["a for"][0]), Start(journal=iteration), _failing())
    assert isinstance(_refusal(later, Repair("reset", "/do/1/outer/do/1/f[0]/do/0/one")), ConflictError)
    branch = _waiting(PEOPLE, World())
    with_input = Repair("reset", "/do/0/both/fork/branches/0/left", value=1, with_value=True)
    assert _refusal(branch, with_input).where == "input"


def test_input_that_was_too_large_to_be_kept_has_to_be_given() -> None:
    process = bundle("- a: {set: {n: 1}}\n- fail: {call: write@erp}")
    journal = _fails(process, Start(input="x" * 70_000), _failing())
    assert len(json.dumps(journal["marks"])) < 1_000
    assert _refusal(journal, Repair("reset", "/do/0/a")).hint == "Give the input that it shall begin with."
    world = _failing(succeeds=True)
    world.run(process, Start(journal=_repaired(journal, Repair("reset", "/do/0/a", value=1, with_value=True))))
    assert len(world.calls) == 1


def test_marks_hold_each_value_once_and_a_bounded_sum() -> None:
    tasks = "\n".join(f"- t{i}: {{set: {{n: '${{ .n }}'}}}}" for i in range(40))
    journal = _fails(bundle(f"{tasks}\n- fail: {{call: write@erp}}"), Start(input={"n": "x" * 60_000}), _failing())
    assert len(json.dumps(journal["marks"])) < 600_000
    kept = [places for _, *places in journal["marks"]["lists"]["/do"] if None not in places]
    assert 0 < len(kept) < 40
