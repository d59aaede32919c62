"""What a policy says of a task, when an instance comes to it: the row goes before what the process says.

A row is read each time a task is opened, so what people change in a policy holds for the next tasks of running
instances too. Its expressions see the data of the task, which is all that different processes have in common.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cauce.contract import JSON, FindPolicy
from cauce.errors import CauceError
from cauce.expressions import compile_expression
from cauce.expressions.templates import compile_template
from workflows.assigning import split
from workflows.durations import Duration
from workflows.evaluation import evaluate_object
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import HumanTaskCall
from workflows.working_time import WorkingTime


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for of a person: the arguments with the policy's in them, and when it is due."""

    arguments: Mapping[str, JSON]
    wheres: tuple[str | None, ...]
    due_after: Duration | None
    calendar: WorkingTime | None
    due_data: JSON = None


async def wanted(task: HumanTaskCall, frame: Frame, data: JSON) -> Wanted:
    """Return what the task asks for, after what its policy says today."""
    given = evaluate_object(task.arguments, data, frame.names(), task.common.reference, "`with`")
    plain = Wanted(given, task.wheres, task.due_after, task.calendar, data)
    name = given.get("policy")
    if name is None:
        return plain
    instance = frame.instance
    found = await instance.effect(instance.runtime.find_policy(FindPolicy(name, task.form)))
    return with_row(plain, found, name, task.common.reference) if found else plain


def with_row(plain: Wanted, found: Mapping[str, JSON], name: str, reference: str) -> Wanted:
    """Return what a task asks for with the row of a policy in it."""
    data, row = plain.arguments.get("data"), found["row"]
    assign, wheres = split(row["assign"]) if "assign" in row else (None, plain.wheres)
    try:
        rendered = compile_template({**row, "assign": assign}).render(data)
        due = row.get("due")
        after = _duration(due.get("after")) if due else plain.due_after
    except CauceError as error:
        detail = f"The policy {name} cannot be evaluated on the data of the task: {error.problem}"
        raise fault("expression", detail, instance=reference) from error
    said = {key: value for key, value in rendered.items() if value is not None}
    arguments = {**plain.arguments, **said, "policy": name}
    if not due:
        return Wanted(arguments, wheres, after, plain.calendar, plain.due_data)
    calendar = found.get("calendar")
    return Wanted(arguments, wheres, after, WorkingTime.of(calendar) if calendar else None, data)


def _duration(value: JSON) -> Duration | None:
    if isinstance(value, str) and value.lstrip().startswith("${"):
        return Duration(expression=compile_expression(value.strip()[2:-1]))
    return None if value is None else Duration(value=value)
