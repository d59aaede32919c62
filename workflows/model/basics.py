"""What every task has, and what tasks are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cauce.contract import JSON
from cauce.expressions import Expression
from cauce.expressions.templates import Template
from workflows.durations import Duration
from workflows.working_time import WorkingTime

if TYPE_CHECKING:
    from workflows.model import Task

Value = Expression | Template


@dataclass(frozen=True, slots=True)
class Common:
    """What every task may have besides its own keyword; `reference` is its JSON pointer in the document.

    Its time limit, and how long it waits, count in the working time of its `calendar` if it has one.
    """

    name: str
    reference: str
    definition: Mapping[str, JSON]
    condition: Expression | None = None
    input_schema: JSON = None
    input_from: Value | None = None
    output_schema: JSON = None
    output_as: Value | None = None
    export_schema: JSON = None
    export_as: Value | None = None
    timeout: Duration | None = None
    calendar: WorkingTime | None = None
    then: str | None = None
    extensions: tuple["Extension", ...] = ()


@dataclass(frozen=True, slots=True)
class Extension:
    """Tasks that run before and after each task of a kind, where its condition holds."""

    name: str
    extend: str
    when: Expression | None
    before: "TaskList | None"
    after: "TaskList | None"


@dataclass(frozen=True, slots=True)
class TaskList:
    """Tasks in order, and where each name stands, for `then`."""

    tasks: tuple["Task", ...]
    index: Mapping[str, int]
