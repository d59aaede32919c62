"""Who gets a task: pure choices."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.absence import Absence, holder
from cauce.assignment import Person, Situation, choose, in_turn, relative_load

DAY = date(2026, 12, 24)
SALES = frozenset({"sales"})
ANA = Person("ana", SALES, frozenset({"staff"}), frozenset({"fleet"}), frozenset({"es"}), frozenset({"ES-MD"}), load=3)
BEA = Person("bea", SALES, frozenset({"staff"}), frozenset({"fleet", "rail"}), frozenset({"en"}), load=1)
CARL = Person("carl", SALES, frozenset({"manager"}), capacity=0.5)
LUIS = Person("luis", frozenset({"finance"}))


def away(person: str, substitute: str | None = None, **more: Any) -> Absence:
    return Absence(person, DAY, DAY, substitute, **more)


def chosen(*rules: dict[str, Any], **more: Any) -> tuple[str | None, dict[str, Any]]:
    people = {each.name: each for each in (ANA, BEA, CARL, LUIS)}
    choice = choose([{"group": "sales", **rule} for rule in rules], replace(Situation(people, DAY, form="f"), **more))
    return choice.user, choice.reason


@pytest.mark.parametrize(
    ("rule", "who"),
    [
        ({"strategy": "least-loaded"}, "bea"),  # 1 + 1 against (0 + 1) / 0.5: equals go by name
        ({"skills": ["fleet", "rail"]}, "bea"),
        ({"skills": "fleet", "language": ["es", "fr"]}, "ana"),
        ({"territory": "ES-MD"}, "ana"),
        ({"role": "manager"}, "carl"),
        ({"where": "${ .load < 1 }"}, "carl"),
        ({"where": ".name == $data.wanted"}, "ana"),
        ({"strategy": "round-robin"}, "ana"),
        ({"strategy": "owner", "owner": "carl"}, "carl"),
        ({"owner": "carl"}, "carl"),
        ({"strategy": "previous", "previous": "bea"}, "bea"),
        ({"strategy": "sticky", "sticky": "bea"}, "bea"),
        ({"user": "ana"}, "ana"),
    ],
)
def test_each_strategy_finds_somebody(rule: dict[str, Any], who: str) -> None:
    assert chosen(rule, data={"wanted": "ana"})[0] == who


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"skills": "welding"}, "nobody-fits"),
        ({"strategy": "owner", "owner": None}, "unnamed"),
        ({"strategy": "owner", "owner": "nobody"}, "unknown"),
        ({"strategy": "owner", "owner": "luis"}, "unfit"),
        ({"strategy": "sticky"}, "unnamed"),
        ({"territory": None}, "unnamed"),
        ({"strategy": "round-robin", "skills": None}, "unnamed"),
        ({"where": "${ .name.first }"}, "expression"),
        ({"owner": "carl", "where": "${ .name.first }"}, "expression"),
    ],
)
def test_when_nobody_fits_it_is_the_groups_and_the_reason_is_kept(rule: dict[str, Any], problem: str) -> None:
    user, reason = chosen(rule)
    assert (user, reason["how"], reason["tried"][0]["problem"]) == (None, "nobody", problem)


def test_rules_are_tried_in_their_order() -> None:
    user, reason = chosen({"owner": "nobody"}, {"skills": "rail"}, {"strategy": "round-robin"})
    assert (user, reason["rule"], [each["problem"] for each in reason["tried"]]) == ("bea", 2, ["unknown"])
    user, reason = chosen({"skills": "welding"}, {})
    assert (user, reason["how"], reason["rule"]) == (None, "nobody", 2)
    assert chosen({})[1] == {"how": "offered", "rule": 1, "tried": []}


def test_who_is_away_is_not_chosen_and_who_is_named_is_stood_in_for() -> None:
    assert chosen({"strategy": "least-loaded"}, absences=[away("bea")])[0] == "carl"
    assert chosen({"skills": "rail"}, absences=[away("bea")])[1]["tried"][0]["problem"] == "all-away"
    # Somebody is away for the tasks of one group or form only.
    assert chosen({"skills": "rail"}, absences=[away("bea", group="finance"), away("bea", form="g")])[0] == "bea"
    user, reason = chosen({"user": "ana"}, absences=[away("ana", "bea"), away("bea", "luis")])
    assert (user, reason["instead"], reason["until"]) == ("luis", "ana", "2026-12-24")
    user, reason = chosen({"user": "ana"}, absences=[away("ana", "bea"), away("bea", "ana")])
    assert (user, reason["tried"][0]["why"]) == (None, "cycle")
    assert chosen({"user": "ana"}, absences=[away("ana")])[1]["tried"][0]["why"] == "nobody"


def test_a_person_alone_keeps_the_task_when_nobody_stands_in() -> None:
    now = Situation({"ana": ANA}, DAY, [away("ana")])
    choice = choose([{"user": "ana"}], now)
    assert (choice.user, choice.group, choice.reason["how"]) == ("ana", None, "nobody")


def test_four_eyes_bar_people_also_as_those_who_stand_in() -> None:
    assert chosen({"skills": "rail"}, barred={"bea"})[1]["tried"][0]["problem"] == "barred"
    assert chosen({"user": "ana"}, barred={"bea"}, absences=[away("ana", "bea")])[1]["tried"][0]["problem"] == "barred"


def test_nobody_without_capacity_is_chosen_by_load() -> None:
    people = {"ana": replace(ANA, capacity=0.0), "bea": replace(BEA, load=99)}
    assert choose([{"group": "sales", "strategy": "least-loaded"}], Situation(people, DAY)).user == "bea"


def test_turns_go_round_and_past_who_is_not_there() -> None:
    names = ["carl", "ana", "bea"]
    assert [in_turn(names, last) for last in (None, "ana", "bea", "carl", "ben")] == [
        "ana",
        "bea",
        "carl",
        "ana",
        "carl",
    ]


people_st = st.lists(
    st.builds(
        Person,
        st.sampled_from("abcdef"),
        capacity=st.floats(0.1, 4),
        load=st.integers(0, 9),
        groups=st.just(SALES),
    ),
    min_size=1,
    unique_by=lambda each: each.name,
)
absences_st = st.lists(
    st.builds(
        Absence,
        person=st.sampled_from("abcdef"),
        begins=st.dates(DAY - timedelta(2), DAY),
        ends=st.dates(DAY - timedelta(1), DAY + timedelta(1)),
        substitute=st.one_of(st.none(), st.sampled_from("abcdefg")),
        group=st.sampled_from([None, "sales", "finance"]),
        form=st.sampled_from([None, "f", "g"]),
        id=st.integers(1, 99),
    ),
    max_size=9,
)


@given(people_st)
def test_who_is_least_loaded_carries_least_for_what_they_take(people: list[Person]) -> None:
    choice = choose(
        [{"group": "sales", "strategy": "least-loaded"}], Situation({each.name: each for each in people}, DAY)
    )
    assert choice.user is not None
    assert relative_load({each.name: each for each in people}[choice.user]) == min(map(relative_load, people))


@given(absences_st, st.sampled_from("abcdef"), st.sampled_from([None, "sales"]), st.sampled_from([None, "f"]))
def test_whoever_holds_a_task_is_there_and_the_way_to_them_ends(
    absences: list[Absence], person: str, group: str | None, form: str | None
) -> None:
    held = holder(absences, person, DAY, group=group, form=form)
    names = [step.person for step in held.steps]
    assert len(names) == len(set(names)) <= 6
    assert all(step.absence.is_about(DAY, group, form) for step in held.steps)
    if held.person is None:
        assert held.why in {"nobody", "cycle"}
        assert names[0] == person
    else:
        assert holder(absences, held.person, DAY, group=group, form=form).steps == ()
    # The order in which absences were entered into the list says nothing; their ids do.
    if len({each.id for each in absences}) == len(absences):
        assert holder(absences[::-1], person, DAY, group=group, form=form) == held
