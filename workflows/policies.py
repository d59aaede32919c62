"""What a policy says of a task, when an instance comes to it: the row goes before what the process says.

A row is read each time a task is opened, so what people change in a policy holds for the next tasks of running
instances too. Its expressions see the data of the task, which is all that different processes have in common.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cauce.contract import JSON, FindPolicy
from cauce.errors import CauceError
from cauce.expressions import compile_expression
from cauce.expressions.templates import compile_template
from workflows import approvals
from workflows.assigning import split
from workflows.durations import Duration
from workflows.evaluation import evaluate_object
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import HumanTaskCall
from workflows.working_time import WorkingTime


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for of a person: the arguments with the policy's in them, and what belongs to them.

    `calendar` is that of `due`, on whose `due_data` its length is evaluated; `calendars` are those of other arguments.
    `approves` says which of several answers is a yes.
    """

    arguments: Mapping[str, JSON]
    wheres: tuple[str | None, ...]
    due_after: Duration | None
    calendar: WorkingTime | None
    due_data: JSON = None
    calendars: Mapping[str, WorkingTime] = field(default_factory=dict)
    approves: str = ""


async def wanted(task: HumanTaskCall, frame: Frame, data: JSON) -> Wanted:
    """Return what the task asks for, after what its policy says today."""
    given = evaluate_object(task.arguments, data, frame.names(), task.common.reference, "`with`")
    plain = Wanted(given, task.wheres, task.due_after, task.calendar, data, task.calendars, task.approves)
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
    counted, approves = approvals.split(row.get("approvals"), plain.approves)
    try:
        rendered = compile_template({**row, "assign": assign, "approvals": counted}).render(data)
        due = row.get("due")
        after = _duration(due.get("after")) if due else plain.due_after
    except CauceError as error:
        detail = f"The policy {name} cannot be evaluated on the data of the task: {error.problem}"
        raise fault("expression", detail, instance=reference) from error
    said = {key: value for key, value in rendered.items() if value is not None}
    # A table may ask for more eyes than a process, never for fewer.
    different = [*(plain.arguments.get("differentFrom") or ()), *said.pop("fourEyes", ())]
    merged = replace(
        plain,
        arguments={**plain.arguments, **said, "policy": name, **({"differentFrom": different} if different else {})},
        wheres=wheres,
        due_after=after,
        calendars={key: value for key, value in plain.calendars.items() if key not in row} | _calendars(found),
        approves=approves,
    )
    if not due:
        return merged
    calendar = found.get("calendar")
    return replace(merged, calendar=WorkingTime.of(calendar) if calendar else None, due_data=data)


def _calendars(found: Mapping[str, JSON]) -> dict[str, WorkingTime]:
    # What was found before there were any but that of `due` has none.
    return {key: WorkingTime.of(calendar) for key, calendar in (found.get("calendars") or {}).items() if calendar}


def _duration(value: JSON) -> Duration | None:
    if isinstance(value, str) and value.lstrip().startswith("${"):
        return Duration(expression=compile_expression(value.strip()[2:-1]))
    return None if value is None else Duration(value=value)
