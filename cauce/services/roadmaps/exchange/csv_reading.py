"""Reads a plan out of a spreadsheet: CSV with a row for each task, with the columns that `--as csv` writes."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from cauce.errors import InputError
from cauce.services.roadmaps.exchange import runs
from cauce.services.roadmaps.exchange.project import Phase, Project, Task, most_tasks
from schemas import listing
from workflows.roadmap.model import FACTORS, Link, LinkType

_NEEDED: Final = ("id", "phase", "title", "days")
_READ: Final = (*_NEEDED, "kind", "pillar", "owner", "after", *FACTORS, "run", "run_input")
_LINK: Final = re.compile(r"(\S+)(?:\s+(FS|SS|FF|SF)([+-]\d{1,4}d)?)?")
_TYPES: Final[Mapping[str, LinkType]] = {"FS": "FS", "SS": "SS", "FF": "FF", "SF": "SF"}
_MOST_DAYS: Final = 5_000
_MOST_MONEY: Final = Decimal(10) ** 12


def read_csv(lines: Iterable[str], name: str) -> Project:
    """Return the plan of a file; phases begin where the column changes.

    Raises:
        InputError: It is not of that form; says in which line.
    """
    rows = csv.DictReader(lines, strict=True)
    try:
        return _read(rows, name)
    except csv.Error as error:
        raise InputError(f"This is not a CSV file: {error}.", hint=f"Its columns are {', '.join(_READ)}.") from error


def _read(rows: "csv.DictReader[str]", name: str) -> Project:
    rows.fieldnames = [each.strip() for each in rows.fieldnames or ()]
    missing = [each for each in _NEEDED if each not in rows.fieldnames]
    if missing:
        raise InputError(f"There is no column `{missing[0]}`.", hint=listing(_READ))
    phases: list[Phase] = []
    keys: set[str] = set()
    remarks: list[str] = []
    for row in rows:
        if len(keys) == most_tasks:
            raise InputError(f"The file has more than {most_tasks:,} rows.", hint="Hand it over in parts.")
        cells = {key: (value or "").strip() for key, value in row.items() if key is not None}
        if not any(cells.values()):
            continue
        task = _task(rows.line_num, cells, remarks)
        if task.key in keys:
            raise InputError(f"Line {rows.line_num}: `{task.key}` is there twice.", hint="Give each row its own id.")
        keys.add(task.key)
        if not phases or phases[-1].id != cells["phase"]:
            phases.append(Phase(cells["phase"], [], cells["phase"]))
        phases[-1].tasks.append(task)
    _check_links(phases, keys)
    return Project(name, phases, remarks=remarks)


def _task(line: int, cells: Mapping[str, str], remarks: list[str]) -> Task:
    for each in ("id", "title"):
        if not cells[each]:
            raise InputError(f"Line {line} has no {each}.", hint="Every row needs one.")
    if not re.fullmatch(r"\d{1,4}", cells["days"], re.ASCII) or int(cells["days"]) > _MOST_DAYS:
        raise InputError(f"Line {line}: {cells['days'][:40]!r} are no days.", hint=f"Write 0 to {_MOST_DAYS}.")
    cost = {factor: _money(line, cells[factor]) for factor in FACTORS if cells.get(factor)}
    return Task(
        key=cells["id"],
        name=cells["title"],
        days=int(cells["days"]),
        id=cells["id"],
        pillar=cells.get("pillar", ""),
        owner=cells.get("owner", ""),
        gate=cells.get("kind") == "gate",
        links=tuple(_links(line, cells.get("after", ""))),
        cost=cost,
        run=runs.read(cells.get("run", ""), cells.get("run_input", ""), cells["title"], remarks),
    )


def _links(line: int, text: str) -> Iterator[Link]:
    for each in filter(None, (part.strip() for part in text.split(";"))):
        found = _LINK.fullmatch(each)
        if found is None:
            raise InputError(f"Line {line}: {each[:40]!r} is no link.", hint="Write `a`, `a SS` or `a FS+5d`.")
        on, kind, lag = found.groups()
        yield Link(on, _TYPES[kind or "FS"], int((lag or "0").removesuffix("d")))


def _money(line: int, text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not (found.is_finite() and 0 <= found <= _MOST_MONEY):
        raise InputError(f"Line {line}: {text[:40]!r} is no cost.", hint="Write a number such as 1500.50.")
    return found


def _check_links(phases: Iterable[Phase], keys: set[str]) -> None:
    for task in (task for phase in phases for task in phase.tasks):
        unknown = [link.on for link in task.links if link.on not in keys]
        if unknown:
            raise InputError(f"`{task.key}` waits for `{unknown[0]}`, which is not there.", hint="Give it a row.")
