"""Who may do what on what: the decision, from grants and roles."""

from dataclasses import dataclass

import pytest

from cauce.permissions import Act, Grant, Place, Thing, Who, decide, may_anywhere

LEAD = Thing.of("sales.lead-to-order")
QUALIFY = Thing.of("sales.lead-to-order", "qualify-lead")


@dataclass(frozen=True)
class Person:
    name: str = "ana"
    roles: frozenset[str] = frozenset({"staff"})
    groups: frozenset[str] = frozenset({"sales"})
    limited: bool = False


ana = Person()


def grant(who: Who, name: str, acts: str, place: Place, of: str = "*", *, only: bool = False) -> Grant:
    return Grant(who, name, frozenset(acts.split()), place, of, only)


@pytest.mark.parametrize(
    ("act", "allowed"),
    [("see", True), ("work", True), ("start", True), ("personal", True), ("operate", False), ("supervise", False)],
)
def test_without_grants_roles_decide(act: Act, *, allowed: bool) -> None:
    decision = decide(ana, act, LEAD, [])
    assert (decision.allowed, decision.because, decision.role) == (
        (True, "role", "staff") if allowed else (False, "nothing", "")
    )


@pytest.mark.parametrize(
    ("given", "thing", "allowed"),
    [
        (grant("person", "ana", "operate", "all"), LEAD, True),
        (grant("group", "sales", "operate", "namespace", "sales"), LEAD, True),
        (grant("role", "staff", "operate", "process", "sales.lead-to-order"), LEAD, True),
        (grant("person", "ana", "operate", "form", "qualify-lead"), QUALIFY, True),
        (grant("person", "ana", "operate", "form", "qualify-lead"), LEAD, False),
        (grant("person", "luis", "operate", "all"), LEAD, False),
        (grant("group", "hr", "operate", "all"), LEAD, False),
        (grant("person", "ana", "operate", "namespace", "hr"), LEAD, False),
        (grant("person", "ana", "see", "all"), LEAD, False),
    ],
)
def test_a_grant_adds_what_it_says_where_it_says(given: Grant, thing: Thing, *, allowed: bool) -> None:
    assert decide(ana, "operate", thing, [given]).allowed is allowed


def test_a_grant_for_some_takes_nothing_from_the_others() -> None:
    assert decide(ana, "work", LEAD, [grant("person", "luis", "work", "namespace", "sales")]).because == "role"


def test_only_closes_what_it_says_to_all_others() -> None:
    closing = grant("group", "hr", "work", "namespace", "sales", only=True)
    decision = decide(ana, "work", LEAD, [closing])
    assert (decision.allowed, decision.closed, decision.grant) == (False, True, closing)
    assert decide(ana, "see", LEAD, [closing]).allowed
    assert decide(ana, "work", Thing.of("hr.onboarding"), [closing]).allowed


def test_what_is_closed_to_sight_is_closed_to_every_act() -> None:
    closing = grant("group", "hr", "see", "namespace", "sales", only=True)
    assert all(decide(ana, act, LEAD, [closing]).closed for act in ("see", "work", "start", "personal"))
    assert not decide(Person(groups=frozenset({"hr"})), "work", LEAD, [closing]).closed


def test_whoever_is_named_for_anything_sees() -> None:
    closing = grant("group", "hr", "see", "namespace", "sales", only=True)
    opening = grant("person", "ana", "work", "process", "sales.lead-to-order")
    assert decide(ana, "see", LEAD, [closing, opening]).because == "grant"
    assert decide(ana, "work", LEAD, [closing, opening]).grant == opening
    assert decide(ana, "see", Thing.of("sales.campaign"), [closing, opening]).closed


def test_who_may_work_at_tasks_sees_those_that_are_theirs_and_no_others() -> None:
    given = grant("person", "ana", "work", "namespace", "sales")
    nobody = Person(roles=frozenset())
    assert not decide(nobody, "see", QUALIFY, [given], roles=("manager",)).allowed
    assert decide(nobody, "see", QUALIFY, [grant("person", "ana", "see", "all")], roles=("manager",)).allowed


def test_administrators_may_do_everything() -> None:
    admin = Person("root", frozenset({"admin"}))
    assert decide(admin, "operate", LEAD, [grant("group", "hr", "operate see", "all", only=True)]).because == "admin"


def test_a_token_with_scopes_has_by_grants_no_more_than_by_its_roles() -> None:
    token = Person(limited=True)
    given = [grant("person", "ana", "operate see", "namespace", "sales")]
    assert not decide(token, "operate", LEAD, given).allowed
    closing = grant("group", "hr", "see", "namespace", "sales", only=True)
    assert decide(token, "see", LEAD, [closing, *given]).allowed


def test_a_list_is_for_who_may_see_something_of_it() -> None:
    nobody = Person(roles=frozenset())
    assert not may_anywhere(nobody, "see", [], ("auditor",))
    assert may_anywhere(nobody, "see", [grant("person", "ana", "work", "namespace", "sales")], ("auditor",))
    assert not may_anywhere(nobody, "operate", [grant("person", "ana", "work", "all")], ("operator",))
