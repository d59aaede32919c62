"""What happens to a human task between its begin and its end; interrupted by new runs wherever that can be."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from cauce.contract import Start
from cauce.errors import ConflictError, ForbiddenError, InputError
from tests.unit.workflows.fake_runtime import World
from tests.unit.workflows.samples import bundle
from workflows.fault import Fault

JSON = Any


def ask(name: str = "ask", **more: JSON) -> JSON:
    return {name: {"call": "human-task", "with": {"form": "f", "assign": {"group": "g"}, **more}}}


def process(*tasks: JSON) -> JSON:
    return {**bundle("[]"), "document": {**bundle("[]")["document"], "do": list(tasks)}}


def says(by: str, *, yes: bool) -> dict[str, JSON]:
    return {"by": by, "answer": {"ok": True, "approved": yes}}


@pytest.mark.parametrize("new_run_after", [None, 1])
@pytest.mark.parametrize(
    ("votes", "approved", "counted"),
    [
        ([True, True], True, 2),
        ([False, True, True], True, 3),
        ([False, False], False, 2),
        ([True, False, False], False, 3),
    ],
)
def test_approvals_are_decided_when_no_answer_can_change_them(
    *, votes: list[bool], approved: bool, counted: int, new_run_after: int | None
) -> None:
    acts = [says(f"p{n}", yes=vote) for n, vote in enumerate(votes)]
    world = World(acts={"ask": acts}, new_run_after=new_run_after)
    output = world.run(process(ask(approvals={"need": 2, "of": 3})), Start())
    assert output["approved"] is approved
    assert [each["by"] for each in output["answers"]] == [f"p{n}" for n in range(counted)]
    assert output["by"] == f"p{counted - 1}"
    assert len(world.inbox) == 1


def test_nobody_approves_twice() -> None:
    world = World(acts={"ask": [says("ana", yes=True), says("ana", yes=True)]})
    with pytest.raises(ConflictError, match="You have given your answer"):
        world.run(process(ask(approvals={"need": 2})), Start())


def test_what_is_a_yes_can_be_said() -> None:
    votes = [
        {"by": "ana", "answer": {"ok": 1, "decision": "fine"}},
        {"by": "luis", "answer": {"ok": 1, "decision": "no"}},
    ]
    when = {"need": 1, "of": 2, "when": '${ .decision == "fine" }'}
    assert World(acts={"ask": votes}).run(process(ask(approvals=when)), Start())["approved"] is True


@pytest.mark.parametrize("given", [{"need": 0}, {"need": 3, "of": 2}, {"need": "${ .many }"}, {"need": 2, "of": 51}])
def test_impossible_approvals_are_refused(given: JSON) -> None:
    with pytest.raises(Fault, match="`approvals` needs whole numbers"):
        World().run(process(ask(approvals=given)), Start({"many": True}))


@pytest.mark.parametrize("new_run_after", [None, 1])
def test_other_groups_sign_in_turn(new_run_after: int | None) -> None:
    acts = [says("ana", yes=True), says("fred", yes=True), says("dora", yes=True)]
    # An instance that began before groups were asked at once, goes on as it began.
    old = frozenset({"approvals-at-once"})
    world, also = World(acts={"ask": acts}, new_run_after=new_run_after, unknown=old), ["finance", "directors"]
    output = world.run(process(ask(approvals={"also": also})), Start())
    assert (output["approved"], [each["by"] for each in output["answers"]]) == (True, ["ana", "fred", "dora"])
    assert [(each.group, each.answered) for each in world.changes] == [
        ("finance", ["ana"]),
        ("directors", ["ana", "fred"]),
    ]
    ((task, _),) = world.inbox.values()
    assert task.approvals == {"need": 3, "of": 3, "also": ["finance", "directors"]}


def test_a_group_signs_once_however_many_of_it_answer_at_the_same_time() -> None:
    acts = [{**says(name, yes=True), "seen": 0} for name in ("ana", "luis")]
    with pytest.raises(ConflictError, match="answered this task meanwhile"):
        World(acts={"ask": acts}).run(process(ask(approvals={"also": ["finance"], "inTurn": True})), Start())


def test_one_who_does_not_agree_ends_it_before_the_others_are_asked() -> None:
    world = World(acts={"ask": [says("ana", yes=False)]})
    output = world.run(process(ask(approvals={"also": ["finance"], "inTurn": True})), Start())
    assert (output["approved"], output["by"], world.changes) == (False, "ana", [])


PARTS = {"need": 1, "of": 2, "also": [{"group": "finance", "need": 2, "of": 3}, "directors", None]}


@pytest.mark.parametrize("new_run_after", [None, 1])
def test_groups_are_asked_at_the_same_time_and_all_of_them_have_to_agree(new_run_after: int | None) -> None:
    votes = [("directors", "dora", True), ("finance", "fred", True), ("g", "ana", False)]
    votes += [("finance", "fina", False), ("g", "luis", True), ("finance", "fee", True)]
    acts = [{**says(by, yes=yes), "group": group} for group, by, yes in votes]
    world = World(acts={"ask": acts}, new_run_after=new_run_after)
    output = world.run(process(ask(approvals=PARTS)), Start())
    assert (output["approved"], output["by"]) == (True, "fee")
    assert [(each["group"], each["by"], each["approved"]) for each in output["answers"]] == votes
    assert [(task.group, state) for task, state in world.inbox.values()] == [
        ("g", "completed"),
        ("finance", "completed"),
        ("directors", "completed"),
    ]
    # Whoever looks at a part sees who has answered for which group; each answer reaches all that still wait.
    last = world.changes[-1].approvals
    assert (last["need"], last["of"], last["part"]) == (4, 6, 1)
    assert [each["answered"] for each in last["groups"]] == [["ana", "luis"], ["fred", "fina"], ["dora"]]
    assert [len(each.answered) for each in world.changes] == [1, 1, 2, 2, 3, 3, 4, 4, 5]


def test_a_group_that_does_not_agree_ends_it_for_the_others() -> None:
    acts = [{**says("fred", yes=True), "group": "finance"}, {**says("dora", yes=False), "group": "directors"}]
    world = World(acts={"ask": acts, "pay": [says("fred", yes=True)]})
    with pytest.raises(ForbiddenError, match="four eyes"):
        world.run(process(ask(approvals=PARTS), ask("pay", differentFrom=["ask"])), Start())
    assert [state for _, state in world.inbox.values()] == ["cancelled", "cancelled", "completed", "open"]


def test_a_person_of_two_groups_answers_for_one_of_them() -> None:
    acts = [{**says("dora", yes=True), "group": group} for group in ("directors", "finance")]
    with pytest.raises(ConflictError, match="You have given your answer"):
        World(acts={"ask": acts}).run(process(ask(approvals=PARTS)), Start())


@pytest.mark.parametrize(
    ("acts", "end"),
    [
        ([], "expired"),
        ([], "cancelled"),
        (
            [{"by": "ana", "return_to": "begin", "reason": "?"}, says("ana", yes=True), says("eva", yes=True)],
            "sent-back",
        ),
    ],
)
def test_what_ends_a_task_ends_it_for_all_groups(acts: list[JSON], end: str) -> None:
    cancel_at = 99 if end == "cancelled" else None
    world = World(acts={"ask": acts}, people={"begin": {"ok": 1}}, cancel_at=cancel_at)
    expires = {"after": "P2D", "answer": {"ok": False}}
    task = ask(approvals={"also": ["finance"]}, returnTo=["begin"], expires=expires)
    with suppress(asyncio.CancelledError):
        output = world.run(process(ask("begin"), task), Start())
        assert (len(output["answers"]), output["approved"]) == ((0, False) if end == "expired" else (2, True))
    states = [state for task, state in world.inbox.values() if task.name == "ask"]
    assert states[:2] == ([end, "cancelled"] if end == "sent-back" else [end, end])


def test_all_parts_that_wait_climb_the_ladder_and_a_person_gets_one_of_them() -> None:
    steps = [{"after": "P1D", "assign": {"user": "boss"}, "raise": 5}, {"after": "P2D", "assign": {"group": "chiefs"}}]
    acts = {"ask": [{**says("dora", yes=True), "group": "directors"}]}
    world, end = World(acts=acts), {"after": "P9D", "answer": {"ok": False}}
    world.run(process(ask(approvals=PARTS, escalate=steps, expires=end)), Start())
    climbed = [each for each in world.changes if each.rung]
    assert [(each.user, each.group, each.raised) for each in climbed] == [
        ("boss", None, 5),
        (None, None, 5),
        (None, "chiefs", 0),
        (None, "chiefs", 0),
    ]


def test_a_second_group_that_is_null_need_not_sign() -> None:
    world = World(acts={"ask": [says("ana", yes=True)]})
    output = world.run(process(ask(approvals={"also": "${ [.second] }"})), Start({}))
    assert (output["by"], "answers" in output) == ("ana", False)
    ((task, _),) = world.inbox.values()
    assert task.approvals is None


@pytest.mark.parametrize("also", ["${ [1] }", '${ [""] }', "${ {} }", "${ [{need: 2}] }"])
def test_groups_that_are_none_are_refused(also: str) -> None:
    with pytest.raises(Fault, match="names of groups"):
        World().run(process(ask(approvals={"also": also})), Start({}))


def test_all_who_approved_count_as_doers() -> None:
    world = World(acts={"ask": [says("ana", yes=True), says("luis", yes=True)], "pay": [says("ana", yes=True)]})
    with pytest.raises(ForbiddenError, match="four eyes"):
        world.run(process(ask(approvals={"need": 2}), ask("pay", differentFrom=["ask"])), Start())


def test_who_delegated_counts_as_doer() -> None:
    done = {**says("luis", yes=True), "behalf": ["ana"]}
    world = World(acts={"ask": [done], "pay": [says("rosa", yes=True)]})
    world.run(process(ask(), ask("pay", differentFrom=["ask"])), Start())
    assert [task.different_from for task, _ in world.inbox.values()] == [[], ["luis", "ana"]]


@pytest.mark.parametrize("new_run_after", [None, 1])
def test_who_did_any_of_a_loop_counts_as_doer_behind_it_and_within_it_only_who_did_that_one(
    new_run_after: int | None,
) -> None:
    people = ("ana", "luis")
    inner = {
        "inner": {"for": {"each": "m", "in": "[1, 2]"}, "do": [ask("enter"), ask("check", differentFrom=["enter"])]}
    }
    loop = {"loop": {"for": {"each": "n", "in": "[1]"}, "do": [inner, ask("sum", differentFrom=["enter"])]}}
    acts = {
        "enter": [says(each, yes=True) for each in people],
        "check": [says(each, yes=True) for each in people[::-1]],
    }
    last = {"sum": [says("rosa", yes=True)], "pay": [says("rosa", yes=True)]}
    world = World(acts={**acts, **last}, new_run_after=new_run_after)
    world.run(process(loop, ask("pay", differentFrom=["enter"])), Start())
    barred = [(task.name, task.different_from) for task, _ in world.inbox.values() if task.name != "enter"]
    assert barred == [("check", ["ana"]), ("check", ["luis"]), ("sum", ["ana", "luis"]), ("pay", ["ana", "luis"])]


@pytest.mark.parametrize("new_run_after", [None, 1])
def test_task_that_is_left_lying_climbs_its_ladder(new_run_after: int | None) -> None:
    steps = [
        {"at": 150, "assign": {"user": "boss"}, "raise": 20},
        {"at": 50, "notify": {"group": "leads"}},
        {"after": "PT3H", "raise": 5},
    ]
    work = ask(due={"after": "PT4H"}, escalate=steps)
    then = {"late": {"set": {"late": True}}}
    limited = {**work["ask"], "timeout": {"after": "P1D"}}
    careful = {"careful": {"try": [{"ask": limited}], "catch": {"do": [then]}}}
    world = World(new_run_after=new_run_after)
    assert world.run(process(careful), Start()) == {"late": True}
    assert [(each.rung, each.notify, each.user, each.raised) for each in world.changes] == [
        (1, {"group": "leads"}, None, 0),
        (2, None, None, 5),
        (3, None, "boss", 20),
    ]
    assert [state for _, state in world.inbox.values()] == ["cancelled"]


def test_nothing_climbs_when_the_answer_came() -> None:
    world = World({}, {"ask": {"ok": 1}})
    world.run(process(ask(escalate=[{"after": "PT1H", "raise": 9}]), {"later": {"wait": {"hours": 2}}}), Start())
    assert world.changes == []


def test_ladder_leads_nobody_around_four_eyes() -> None:
    steps = [{"after": "PT1H", "assign": {"user": "ana"}, "raise": 1}]
    asked = ask("pay", differentFrom=["ask"], escalate=steps, expires={"after": "PT2H", "answer": {}})
    world = World({}, {"ask": {"ok": 1}})
    assert world.run(process(ask(), asked), Start())["expired"] is True
    assert [(each.user, each.raised) for each in world.changes] == [(None, 1)]


@pytest.mark.parametrize("new_run_after", [None, 1])
def test_task_expires_with_an_answer(new_run_after: int | None) -> None:
    world = World(new_run_after=new_run_after)
    output = world.run(process(ask(expires={"after": "P1D", "answer": {"ok": False}})), Start())
    assert output == {"answer": {"ok": False}, "by": None, "at": "2026-01-02T00:00:00+00:00", "expired": True}
    assert [state for _, state in world.inbox.values()] == ["expired"]


def test_task_expires_with_an_error() -> None:
    with pytest.raises(Fault, match="Nobody did the task in time") as caught:
        World().run(process(ask(expires={"at": "2026-01-01T10:00:00Z"})), Start())
    assert (caught.value.problem["status"], caught.value.problem["code"]) == (408, "expired")


def test_expired_approvals_tell_what_was_answered() -> None:
    wanted = ask(approvals={"need": 2}, expires={"after": "P1D", "answer": None})
    output = World(acts={"ask": [says("ana", yes=True)]}).run(process(wanted), Start())
    assert (output["approved"], [each["by"] for each in output["answers"]]) == (False, ["ana"])


@pytest.mark.parametrize("new_run_after", [None, 1])
def test_case_is_sent_back_to_an_earlier_task(new_run_after: int | None) -> None:
    back = {"by": "luis", "return_to": "enter", "reason": "The price is missing."}
    world = World(
        acts={"enter": [says("ana", yes=True), says("rosa", yes=True)], "check": [back, says("luis", yes=True)]},
        new_run_after=new_run_after,
    )
    counted = {"count": {"set": {"n": "${ $context.n + 1 }"}, "export": {"as": "{n: .n}"}}}
    begin = {"begin": {"set": {"n": 0}, "export": {"as": "{n: .n}"}}}
    inner = {
        "checking": {"do": [ask("check", returnTo=["enter", "later"], data="${ $context.n }"), {"no": {"set": {}}}]}
    }
    output = world.run(process(begin, ask("enter", data="${ . }"), counted, inner), Start())
    assert output == {}
    asked = [(task.name, state, task.data) for task, state in world.inbox.values()]
    assert asked == [
        ("enter", "completed", {"n": 0}),
        ("check", "sent-back", 1),
        ("enter", "completed", {"n": 0}),
        ("check", "completed", 2),
    ]
    tasks = [task for task, _ in world.inbox.values()]
    assert [task.return_to for task in tasks] == [[], ["enter"], [], ["enter"]]
    assert tasks[2].returned == {
        "task": "check",
        "by": "luis",
        "at": "2026-01-02T00:00:00Z",
        "reason": "The price is missing.",
    }
    assert tasks[3].returned is None
    assert world.journal["returned"] == {}


def test_case_is_sent_back_out_of_a_loop_and_a_fork() -> None:
    back = {"by": "luis", "return_to": "enter", "reason": "No."}
    world = World(
        acts={"enter": [says("ana", yes=True)] * 2, "check": [back, says("luis", yes=True)]},
    )
    fork = {"compete": True, "branches": [ask("check", returnTo=["enter"]), ask("other")]}
    loop = {"loop": {"for": {"each": "n", "in": "[1]"}, "do": [{"both": {"fork": fork}}]}}
    world.run(process(ask("enter"), loop), Start())
    assert [(task.name, state) for task, state in world.inbox.values()] == [
        ("enter", "completed"),
        ("check", "sent-back"),
        ("other", "cancelled"),
        ("enter", "completed"),
        ("check", "completed"),
        ("other", "cancelled"),
    ]


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        ({"return_to": "later", "reason": "x"}, "cannot be sent back to 'later'"),
        ({"return_to": "enter", "reason": " "}, "sent back with a reason"),
    ],
)
def test_case_goes_back_only_where_and_how_it_may(act: JSON, problem: str) -> None:
    world = World(acts={"enter": [says("ana", yes=True)], "check": [act]})
    with pytest.raises(InputError, match=problem):
        world.run(process(ask("enter"), ask("check", returnTo=["enter", "later"]), ask("later")), Start())


def test_priority_is_from_0_to_100_whatever_an_expression_gives() -> None:
    world = World({}, {"ask": {"ok": 1}, "pay": {"ok": 1}})
    world.run(process(ask(priority="${ 500 }"), ask("pay", priority="${ -3.2 }")), Start())
    assert [task.priority for task, _ in world.inbox.values()] == [100, 0]


def test_follow_up_is_never_after_the_due_date() -> None:
    world = World({}, {"ask": {"ok": 1}})
    world.run(process(ask(due={"after": "PT4H"}, followUp={"after": "P2D"})), Start())
    ((task, _),) = world.inbox.values()
    assert task.follow_up_at == task.due_at
