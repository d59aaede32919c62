"""Draws a process: as Mermaid text for the browser, and as an ordered list for whoever has no JavaScript.

Pure functions over the process document. Marks are keyed by a task's reference (`/do/0/qualify`), which is how
instances name their tasks; a mark keyed by the plain task name is understood too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

JSON = Any
Marks = Mapping[str, str]

keywords = ("call", "do", "emit", "for", "fork", "listen", "raise", "run", "set", "switch", "try", "wait")
shapes: Mapping[str, tuple[str, str]] = {
    "human": ('(["', '"])'),
    "call": ('[["', '"]]'),
    "switch": ('{"', '"}'),
    "fork": ('{{"', '"}}'),
    "for": ('{{"', '"}}'),
    "try": ('{{"', '"}}'),
    "wait": ('("', '")'),
    "listen": ('("', '")'),
    "raise": ('[/"', '"/]'),
}
longest_label = 48
mark_styles = """\
  classDef human stroke-width:2px
  classDef current fill:#fff3d6,stroke:#b45309,color:#5f2c02,stroke-width:3px
  classDef completed fill:#dcf3e6,stroke:#15803d,color:#0b3d20
  classDef failed fill:#fde2e1,stroke:#b91c1c,color:#6b0f0f,stroke-width:3px"""
mark_of_status = {
    "running": "current",
    "waiting": "current",
    "pending": "current",
    "suspended": "current",
    "retrying": "current",
    "current": "current",
    "completed": "completed",
    "faulted": "failed",
    "failed": "failed",
    "cancelled": "failed",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One task of a process, as a line of the list that stands in for the picture."""

    depth: int
    name: str
    reference: str
    kind: str
    detail: str
    mark: str


@dataclass(frozen=True, slots=True)
class _Exit:
    """An arrow whose end is not known yet."""

    node: str
    label: str = ""


def mermaid(document: JSON, marks: Marks | None = None) -> str:
    """Return the flowchart of a process document, with each task's state marked."""
    drawing = _Drawing(marks or {})
    drawing.lines.append('  start(("●"))')
    exits = drawing.scope(document.get("do") or [], "/do", [_Exit("start")])
    drawing.lines.append('  finish((("●")))')
    drawing.join([*exits, *drawing.ends], "finish")
    return "\n".join(["flowchart TD", *drawing.lines, *drawing.arrows, mark_styles, *drawing.classes]) + "\n"


def outline(document: JSON, marks: Marks | None = None) -> list[Step]:
    """Return every task of a process in the order of its text, nested ones deeper."""
    return list(_steps(document.get("do") or [], "/do", 0, marks or {}))


def kind_of(task: JSON) -> str:
    """Tell what kind of task this is; a call of `human-task` is a kind of its own."""
    if not isinstance(task, Mapping):
        return "do"
    if str(task.get("call", "")).partition(":")[0] == "human-task":
        return "human"
    found = next((word for word in keywords if word in task), "do")
    # A `for` task has a `do` as well, and so may others: what is special about it names it.
    return next((word for word in ("for", "try", "fork") if word in task), found)


def detail_of(task: JSON) -> str:
    """Say in a few words what a task does: the operation it calls, the form it shows, how long it waits."""
    given = _map(task, "with")
    said: JSON = ""
    match kind_of(task):
        case "human":
            said = given.get("form")
        case "call":
            said = f"{task['call']} {given.get('table') or given.get('stage') or ''}".strip()
        case "wait":
            said = _duration(task["wait"])
        case "for":
            said = _map(task, "for").get("in")
        case "run":
            said = _map(_map(task, "run"), "workflow").get("name")
        case "raise":
            error = _map(_map(task, "raise"), "error")
            said = error.get("title") or error.get("type") or _map(task, "raise").get("error")
        case _:
            pass
    return str(said or "")


def named(tasks: JSON) -> Iterator[tuple[int, str, Mapping[str, JSON]]]:
    """Go through a list of tasks: position, name, body."""
    for index, entry in enumerate(tasks if isinstance(tasks, Sequence) and not isinstance(tasks, str) else []):
        if isinstance(entry, Mapping):
            for name, body in entry.items():
                yield index, str(name), body if isinstance(body, Mapping) else {}


def children(task: Mapping[str, JSON], reference: str) -> list[tuple[JSON, str]]:
    """Return the lists of tasks inside a task, each with its reference."""
    match kind_of(task):
        case "do" | "for":
            return [(task.get("do") or [], f"{reference}/do")]
        case "fork":
            return [(_map(task, "fork").get("branches") or [], f"{reference}/fork/branches")]
        case "try":
            caught = _map(task, "catch").get("do") or []
            return [(task["try"] or [], f"{reference}/try"), (caught, f"{reference}/catch/do")]
        case _:
            return []


@dataclass(slots=True)
class _Drawing:
    """The flowchart while it grows: nodes, arrows, and the arrows that leave for the end of the process."""

    marks: Marks
    lines: list[str] = field(default_factory=list)
    arrows: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    ends: list[_Exit] = field(default_factory=list)
    count: int = 0

    def scope(self, tasks: JSON, reference: str, entries: list[_Exit]) -> list[_Exit]:
        """Draw a list of tasks that runs in order; return the arrows that leave it."""
        listed = list(named(tasks))
        ids = {name: self.new_id() for _, name, _ in listed}
        leaving: list[_Exit] = []
        flowing = entries
        for index, name, task in listed:
            node = ids[name]
            self.node(node, name, task, f"{reference}/{index}/{name}")
            condition = task.get("if")
            self.join(flowing, node)
            exits = self.body(node, task, f"{reference}/{index}/{name}", ids, leaving)
            flowing = self.follow(task.get("then"), exits, ids, leaving)
            if condition is not None:
                flowing = [*flowing, _Exit(node, f"not: {_plain(condition)}")]
        return [*leaving, *flowing]

    def body(
        self, node: str, task: Mapping[str, JSON], reference: str, ids: Mapping[str, str], leaving: list[_Exit]
    ) -> list[_Exit]:
        """Draw what is inside a task; return the arrows that leave the task."""
        inside = children(task, reference)
        exits = [_Exit(node)]
        match kind_of(task):
            case "switch":
                exits = self.switch(node, task, ids, leaving)
            case "raise":
                self.ends.append(_Exit(node, "error"))
                exits = []
            case "fork":
                exits = self.fork(node, *inside[0])
            case "for":
                self.join(self.group(node, *inside[0], [_Exit(node, "each")]), node)
                exits = [_Exit(node, "done")]
            case "try":
                tried = self.group(node, *inside[0], [_Exit(node)])
                failed = [_Exit(node, "on error")]
                exits = [*tried, *self.group(node, *inside[1], failed)]
            case "do":
                exits = self.group(node, *inside[0], exits)
            case _:
                pass
        return exits

    def switch(self, node: str, task: Mapping[str, JSON], ids: Mapping[str, str], leaving: list[_Exit]) -> list[_Exit]:
        """Draw one arrow for each case; what goes on to the next task is returned."""
        flowing: list[_Exit] = []
        otherwise = True
        for _, name, case in named(task["switch"]):
            condition = case.get("when")
            otherwise = otherwise and condition is not None
            label = name if condition is None else f"{name}: {_plain(condition)}"
            flowing += self.follow(case.get("then"), [_Exit(node, label)], ids, leaving)
        return [*flowing, _Exit(node, "otherwise")] if otherwise else flowing

    def fork(self, node: str, branches: JSON, reference: str) -> list[_Exit]:
        """Draw each branch beside the others."""
        exits: list[_Exit] = []
        for index, name, task in named(branches):
            branch = self.new_id()
            here = f"{reference}/{index}/{name}"
            self.node(branch, name, task, here)
            self.join([_Exit(node)], branch)
            exits += self.body(branch, task, here, {}, exits)
        return exits or [_Exit(node)]

    def group(self, node: str, tasks: JSON, reference: str, entries: list[_Exit]) -> list[_Exit]:
        """Draw a list of tasks inside a box of their own."""
        if not tasks:
            return entries
        box = f"{node}{'e' if reference.endswith('/catch/do') else 'b'}"
        self.lines.append(f'  subgraph {box}[" "]')
        exits = self.scope(tasks, reference, entries)
        self.lines.append("  end")
        return exits

    def follow(self, then: JSON, exits: list[_Exit], ids: Mapping[str, str], leaving: list[_Exit]) -> list[_Exit]:
        """Send arrows where `then` says; return those that simply go on."""
        match then:
            case None | "continue":
                return exits
            case "end":
                self.ends += exits
            case "exit":
                leaving += exits
            case str() if then in ids:
                self.join(exits, ids[then])
        return []

    def node(self, node: str, name: str, task: Mapping[str, JSON], reference: str) -> None:
        """Draw one task."""
        kind = kind_of(task)
        opening, closing = shapes.get(kind, ('["', '"]'))
        detail = detail_of(task)
        text = f"<b>{escape(name)}</b>" + (f"<br/>{escape(detail)}" if detail and detail != name else "")
        self.lines.append(f"  {node}{opening}{text}{closing}")
        mark = _mark(self.marks, reference, name)
        if mark or kind == "human":
            self.classes.append(f"  class {node} {mark or kind}")

    def join(self, exits: Sequence[_Exit], target: str) -> None:
        """Draw the arrows that end at a task."""
        for each in exits:
            label = f'|"{escape(each.label)}"|' if each.label else ""
            arrow = f"  {each.node} -->{label} {target}"
            if arrow not in self.arrows:
                self.arrows.append(arrow)

    def new_id(self) -> str:
        """Return an identifier that no text of the document can influence."""
        self.count += 1
        return f"t{self.count}"


def escape(text: str) -> str:
    """Make text safe inside a quoted Mermaid label, and short."""
    flat = " ".join(str(text).split())
    short = flat if len(flat) <= longest_label else flat[: longest_label - 1] + "…"
    # Mermaid's own entity codes; everything that has a meaning to Mermaid, Markdown or HTML is written as one.
    return "".join(c if c.isalnum() or c in " .,:-_@/…$(){}" else f"#{ord(c)};" for c in short)


def _steps(tasks: JSON, reference: str, depth: int, marks: Marks) -> Iterator[Step]:
    for index, name, task in named(tasks):
        here = f"{reference}/{index}/{name}"
        yield Step(depth, name, here, kind_of(task), detail_of(task), _mark(marks, here, name))
        for inner, inner_reference in children(task, here):
            yield from _steps(inner, inner_reference, depth + 1, marks)


def _map(task: Mapping[str, JSON], name: str) -> Mapping[str, JSON]:
    value = task.get(name)
    return value if isinstance(value, Mapping) else {}


def _mark(marks: Marks, reference: str, name: str) -> str:
    return mark_of_status.get(marks.get(reference) or marks.get(name, ""), "")


def _plain(condition: JSON) -> str:
    text = str(condition).strip()
    return text[2:-1].strip() if text.startswith("${") and text.endswith("}") else text


def _duration(wait: JSON) -> str:
    if not isinstance(wait, Mapping):
        return str(wait)
    return " ".join(f"{amount} {unit}" for unit, amount in wait.items())
