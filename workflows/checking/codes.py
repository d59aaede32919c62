"""Every code that a finding may have, and what it means; `docs/findings.md` explains them, and a test compares."""

from collections.abc import Mapping
from typing import Final

from schemas import CODES as SCHEMA_CODES

CODES: Final[Mapping[str, str]] = {
    **SCHEMA_CODES,
    "unsupported": "A part of the language that Cauce does not run yet.",
    "duplicate-definition": "Two files define the same thing.",
    "duplicate-task": "Two tasks of one list have the same name.",
    "reserved-name": "A name that already means something else.",
    "unknown-target": "A `then` names a task that is not in the same list.",
    "unreachable-task": "No way through the process leads to a task.",
    "switch-default": "A switch has several defaults, or cases after its default.",
    "unknown-call": "A `call` names nothing that can be called.",
    "unknown-connection": "A call names a connection that does not exist.",
    "unknown-operation": "A call names an operation that its connection does not have.",
    "unknown-reference": "A name is not defined under `use`.",
    "unknown-form": "A human task names a form that does not exist.",
    "unknown-decision": "A call names a decision table that does not exist.",
    "unknown-stages": "A call names a list of stages that does not exist.",
    "unknown-stage": "A call names a stage that its list does not have.",
    "unknown-process": "A process to run is not known.",
    "run-not-allowed": "This environment does not let such a process run.",
    "unknown-task": "A task is named that is not in the process, or not of the kind that is meant there.",
    "unknown-answer": "An expression reads an answer that the form does not give.",
    "unknown-field": "A form's layout names a field that its schema does not have.",
    "unknown-capability": "A connection implements a capability that does not exist.",
    "missing-operation": "A connection lacks an operation of a capability that it implements.",
    "capability": "A capability does not hold together, or a connection does not do what it asks.",
    "unknown-kind-of-connection": "No connector has this kind.",
    "authentication": "A login lacks something that it needs, or cannot be made by a process.",
    "recursive-function": "A function calls itself, or calls too many others.",
    "resource": "What is named by its address cannot be used, or cannot be fetched when publishing.",
    "expression": "An expression cannot be read.",
    "unknown-variable": "An expression uses a variable that does not exist at its place.",
    "unknown-secret": "An expression uses a secret that the process does not declare.",
    "secret-outside-call": "An expression uses a secret elsewhere than in the arguments of a call to a system.",
    "export-drops-context": "An `export` replaces the context instead of adding to it.",
    "no-time-limit": "A task may wait for ever.",
    "event-attribute": "An attribute of an event has a name that it cannot have, or that looks like another one.",
    "bad-pattern": "A pattern in an event filter is not a regular expression.",
    "contract": "The arguments of a call do not fit the operation, or an operation does not fit its capability.",
    "compensation": "A task declares an undoing that cannot be carried out.",
    "no-idempotency": "A write cannot be told from its repetition.",
    "unknown-find": "An operation names a `find` that does not exist or does not only read.",
    "schedule": "A process cannot start by time as it says.",
    "unknown-timezone": "There is no such time zone.",
    "duplicate-rule": "Two rules of a decision table have the same id.",
    "unreachable-rule": "A rule stands behind one that always matches.",
    "duplicate-stage": "Two stages of one list have the same id.",
    "unknown-process-under-test": "A test names a process that does not exist, or several.",
    "duplicate-case": "Two cases of one test have the same name.",
    "wrong-answer": "An answer of a test is not one that its task can be given.",
}
WARNINGS: Final = frozenset(
    {
        "unreachable-task",
        "unknown-process",
        "run-not-allowed",
        "unknown-answer",
        "export-drops-context",
        "no-time-limit",
        "no-idempotency",
        "unreachable-rule",
    }
)
