"""The processes that a process under test runs: answered by the case, or run for real when it says nothing."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cauce.contract import FindDefinition
from cauce.testing.session import Call, CaseFailure, Session, task_name
from workflows.checking.walk import all_tasks

JSON = Any
# No connection can be called that: dots are not part of its name.
CONNECTION: Final = "cauce.test"


def bundle_for(session: Session, wanted: FindDefinition) -> JSON:
    """Return what is run: a process that asks the case for its answer, or the real one."""
    title = f"{wanted.namespace}.{wanted.name}"
    places = [
        reference for bundle in [session.bundle, *session.processes.values()] for reference in _runs(bundle, wanted)
    ]
    keys = [title, *places, *map(task_name, places)]
    if any(key in session.case.answers for key in keys):
        session.unheard += 1
        return _asking(wanted, places[0] if places else "")
    real = session.processes.get(title)
    if real is None:
        name = task_name(places[0]) if places else title
        raise CaseFailure(
            f"The task '{name}' runs the process {title}, which is not beside the test, and the test has no answer.\n"
            f"Add to the case, or to `defaults`:\n    answers:\n      {name}: {{output: …}}"
        )
    return real


def call_of(params: Mapping[str, JSON]) -> Call:
    """Return the call that a process made by running another one."""
    return Call(task_name(params["reference"]), params["reference"], params["process"], params["input"])


def _runs(bundle: Mapping[str, JSON], wanted: FindDefinition) -> Iterator[str]:
    for reference, _, task in all_tasks(bundle["document"]):
        child = (task.get("run") or {}).get("workflow") if isinstance(task, dict) else None
        if isinstance(child, dict) and (child.get("namespace"), child.get("name")) == (wanted.namespace, wanted.name):
            yield reference


def _asking(wanted: FindDefinition, reference: str) -> dict[str, JSON]:
    operation = f"answer@{CONNECTION}"
    given = {"process": f"{wanted.namespace}.{wanted.name}", "reference": reference, "input": "${ $workflow.input }"}
    head = {"namespace": wanted.namespace, "name": wanted.name, "version": "0.0.0"}
    return {
        "format": 1,
        **head,
        "document": {"document": {"dsl": "1.0.3", **head}, "do": [{"answer": {"call": operation, "with": given}}]},
        "operations": {operation: {"effect": "read", "timeout_s": 30, "input": None, "output": None}},
        **{section: {} for section in ("calls", "decisions", "forms", "stages")},
    }
