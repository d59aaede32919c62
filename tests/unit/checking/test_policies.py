from schemas import load_yaml
from tests.unit.checking.test_cases import written
from tests.unit.checking.world import KNOWN
from workflows.checking import check

PROCESS = """
document: {dsl: '1.0.3', namespace: t, name: p, version: 1.0.0}
do:
  - propose: {set: {x: 1}}
  - decide: {call: human-task, with: {form: qualify, assign: {group: g}, policy: desk}, timeout: {after: P1D}}
"""


def found(policy: str) -> list[str]:
    sources = [load_yaml(PROCESS, "p.yaml"), load_yaml(policy, "desk.yaml")]
    return [written(each) for each in check(sources, KNOWN)]


def test_a_row_names_tasks_of_a_process_that_uses_it() -> None:
    row = "forms: {qualify: {fourEyes: [propse], returnTo: [propose, enter]}}"
    assert found(f"policy: desk\n{row}\notherwise: {{fourEyes: [whatever]}}") == [
        (
            "2:30 error unknown-task: No process that uses this row has a task `propse`; did you mean `propose`?"
            " | Known: decide, propose."
        ),
        "2:59 error unknown-task: No process that uses this row has a task `enter`. | Known: decide, propose.",
    ]


def test_what_escalates_by_the_time_until_it_is_due_is_due() -> None:
    assert found("policy: desk\nforms: {qualify: {escalate: [{at: 75, raise: 10}]}}") == [
        (
            "5:82 error escalation: The policy `desk` escalates by the time until it is due, "
            "and this task is never due."
            " | Give `due`, here or in the policy."
        )
    ]
    assert not found("policy: desk\nforms: {qualify: {due: {after: P1D}, escalate: [{at: 75, raise: 10}]}}")


def test_who_agrees_says_so_in_the_form_or_by_when() -> None:
    assert found("policy: desk\nforms: {qualify: {approvals: {need: 2}}}") == [
        (
            "5:74 error approvals: The form `qualify` has no field `approved`, so nobody can say yes."
            ' | Say what a yes is: when: .decision == "approve".'
        )
    ]
    assert not found("policy: desk\nforms: {qualify: {approvals: {need: 2, when: .score > 3}}}")
