"""The lines of the inbox: what each column says of a task, in the language of who looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from api.i18n import Language
from api.pages import view
from api.pages.words import severity_words
from cauce.services.clocks import ClockView
from cauce.services.inbox.listing import Line
from cauce.services.tasks import is_shared
from cauce.urgency import is_due

column_words: Final = {
    "case": view.message("Case"),
    "process": view.message("Process"),
    "customer": view.message("Customer"),
    "group": view.message("Group"),
    "holder": view.message("Who has it"),
    "due": view.message("Due"),
    "came": view.message("Came"),
    "clock": view.message("Clock"),
    "severity": view.message("Severity"),
    "value": view.message("Value"),
    "priority": view.message("Priority"),
    "kind": view.message("Form"),
}
_urgencies: Final = (
    ("now", view.message("To do now")),
    ("soon", view.message("Next")),
    ("later", view.message("Later")),
    ("none", view.message("Without a due date")),
)
_tones: Final = {"overdue": "danger", "soon": "warning"}


class Cell(NamedTuple):
    """What a column says of a task; of a moment (`at`) also when that is to the second, and how urgent it is."""

    column: str
    label: str
    text: str
    at: str = ""
    moment: str = ""
    tone: str = ""


class Shown(NamedTuple):
    """A task as a line of the inbox."""

    id: str
    title: str
    choose: str
    cells: Sequence[Cell]
    is_free: bool


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the inbox, and what is looked up for its lines."""

    lang: Language
    name: str
    processes: Mapping[tuple[str, str], str]
    clocks: Mapping[str, ClockView]

    def cell(self, column: str, label: str, task: Line) -> Cell:
        """Return what a column says of a task."""
        lang = self.lang
        match column:
            case "due" if task.due_at:
                due = task.due_at
                tone = view.urgency(due)
                return Cell(column, label, lang.due(due), view.iso(due), lang.moment(due), f"due due-{tone}")
            case "came":
                return Cell(column, label, lang.relative(task.created_at), view.iso(task.created_at))
            case "clock":
                clock = self.clocks.get(task.instance)
                if clock is None or clock.paused_until:
                    return Cell(column, label, "")
                text = f"{lang.label(clock.title, view.humane(clock.clock))}: {lang.due(clock.due_at)}"
                return Cell(column, label, text, tone=f"badge tone-{_tones.get(view.urgency(clock.due_at), 'neutral')}")
            case _:
                return Cell(column, label, self._text(column, task))

    def _text(self, column: str, task: Line) -> str:  # noqa: PLR0911 - one for each column
        match column:
            case "case":
                return task.business_key
            case "process":
                return self.processes[task.definition, task.version]
            case "customer":
                return task.customer
            case "group" if task.group:
                return self.lang.called("group", task.group, view.humane(task.group))
            case "holder":
                holder = task.claimed_by or task.user or ""
                return self.lang.gettext("you") if holder == self.name else holder
            case "severity" if task.severity:
                return self.lang.gettext(severity_words[task.severity])
            case "value" if task.value is not None:
                return self.lang.number(task.value)
            case "priority":
                return str(task.priority)
            case "kind":
                return self.lang.called("form", task.form, view.humane(task.form))
            case _:
                return ""


def sections(
    rows: Sequence[Line], columns: Sequence[tuple[str, str]], reader: Reader
) -> list[dict[str, str | list[Shown]]]:
    """Return the tasks by when they come up, leaving out what is empty."""
    by_urgency: dict[str, list[Shown]] = {}
    choose = reader.lang.gettext("Choose %(title)s")
    for row in rows:
        title = reader.lang.label(row.title, view.humane(row.name))
        cells = [reader.cell(name, label, row) for name, label in columns]
        is_free = not row.claimed_by and row.may_act and not is_shared(row.approvals)
        by_urgency.setdefault(_section(row.urgent_at), []).append(
            Shown(row.id, title, choose % {"title": title}, cells, is_free)
        )
    return [
        {"id": name, "label": reader.lang.gettext(label), "tasks": by_urgency[name]}
        for name, label in _urgencies
        if name in by_urgency
    ]


def _section(urgent_at: datetime) -> str:
    if not is_due(urgent_at):
        return "none"
    left = urgent_at - datetime.now(UTC)
    return "now" if left.total_seconds() <= 0 else ("soon" if left <= view.soon else "later")
