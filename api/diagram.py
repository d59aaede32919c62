"""Draws a process as Mermaid text: short labels with the whole text as title, and the way of an instance through it.

A task that only wraps one call (`try` without a `catch.do`, `for` or `do` around it) is drawn as one node.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api.outline import Marks, children, detail_of, kind_of, mark_of, named
from api.way import Arrow, Trail, reachable, travelled

JSON = Any

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
# What a node can stand for: one of these inside a task that only wraps it.
leaves = frozenset({"call", "human", "set", "wait", "emit", "listen", "run"})
longest_name = 28
longest_detail = 30
longest_condition = 24
mark_styles = """\
  classDef human stroke-width:2px
  classDef current fill:#fff3d6,stroke:#b45309,color:#5f2c02,stroke-width:4px
  classDef completed fill:#dcf3e6,stroke:#15803d,color:#0b3d20
  classDef failed fill:#fde2e1,stroke:#b91c1c,color:#6b0f0f,stroke-width:4px
  classDef stopped fill:#eceff1,stroke:#5b6770,color:#2b343a,stroke-dasharray:4
  classDef quiet fill:#fbfcfc,stroke:#d3dcda,color:#66757a"""
travelled_style = "stroke:#15803d,stroke-width:3px"
quiet_style = "stroke:#cfd8d6"


def message(text: str) -> str:
    """Mark text for translation where it is written."""
    return text


otherwise, each_time, done = message("otherwise"), message("each"), message("done")
on_error, error_word, not_word = message("on error"), message("error"), message("not")


@dataclass(frozen=True, slots=True)
class Picture:
    """A flowchart as Mermaid text, and what it shows uncut: of nodes, and of the arrows from one node to another."""

    text: str
    nodes: Mapping[str, str]
    arrows: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Place:
    """A node, and the reference of its task."""

    node: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class _Node:
    """A task as it is drawn; when it is `folded` it stands for everything inside it."""

    id: str
    reference: str
    name: str
    kind: str
    detail: str
    mark: str
    folded: bool

    def stands_for(self, reference: str) -> bool:
        """Return whether this node shows the task with that reference."""
        return reference == self.reference or (self.folded and reference.startswith(f"{self.reference}/"))


# An arrow whose end is not known yet is one with an empty target.
Exits = list[Arrow]
Places = Mapping[str, _Place]


def draw(
    document: JSON, marks: Marks | None = None, trail: Trail | None = None, say: Callable[[str], str] = str
) -> Picture:
    """Return the flowchart of a process document, with each task's state and the way taken; `say` translates."""
    drawing = _Drawing(marks or {}, trail or Trail(), say)
    drawing.lines.append('  start(("●"))')
    exits = drawing.scope(document.get("do") or [], "/do", [Arrow("start")])
    drawing.lines.append('  finish((("●")))')
    drawing.join([*exits, *drawing.ends], _Place("finish"))
    return drawing.picture()


def leaf(tasks: JSON, reference: str) -> tuple[Mapping[str, JSON], str] | None:
    """Return the one plain task that a list comes down to, with its reference; None when there is more to it."""
    listed = list(named(tasks))
    if len(listed) != 1:
        return None
    index, name, task = listed[0]
    here = f"{reference}/{index}/{name}"
    if "if" in task or "then" in task:
        return None
    if kind_of(task) in leaves:
        return task, here
    inside = children(task, here) if kind_of(task) in {"do", "for", "try"} else []
    return leaf(*inside[0]) if inside and not any(more for more, _ in inside[1:]) else None


@dataclass(slots=True)
class _Drawing:
    """The flowchart while it grows: nodes, arrows, and the arrows that leave for the end of the process."""

    marks: Marks
    trail: Trail
    say: Callable[[str], str]
    lines: list[str] = field(default_factory=list)
    nodes: list[_Node] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    ends: Exits = field(default_factory=list)
    count: int = 0

    def scope(self, tasks: JSON, reference: str, entries: Exits) -> Exits:
        """Draw a list of tasks that runs in order; return the arrows that leave it."""
        listed = list(named(tasks))
        places = {name: _Place(self.new_id(), f"{reference}/{index}/{name}") for index, name, _ in listed}
        leaving: Exits = []
        flowing = entries
        for _, name, task in listed:
            place = places[name]
            self.node(place, name, task)
            self.join(flowing, place)
            exits = _of(place, self.body(place, task, places, leaving))
            flowing = self.follow(task.get("then"), exits, places, leaving)
            if (condition := task.get("if")) is not None:
                around = Arrow(place.node, label=self.say(not_word), condition=_plain(condition), skips=True)
                flowing = [*flowing, *_of(place, [around])]
        return [*leaving, *flowing]

    def body(self, place: _Place, task: Mapping[str, JSON], places: Places, leaving: Exits) -> Exits:
        """Draw what is inside a task; return the arrows that leave the task."""
        node = place.node
        inside = children(task, place.reference)
        exits = [Arrow(node)]
        match kind_of(task):
            case "switch":
                exits = self.switch(place, task, places, leaving)
            case "raise":
                self.ends.append(Arrow(node, label=self.say(error_word)))
                exits = []
            case "fork":
                exits = self.fork(node, *inside[0])
            case "for" if leaf(*inside[0]) is None:
                self.join(self.group(node, *inside[0], [Arrow(node, label=self.say(each_time))]), _Place(node))
                exits = [Arrow(node, label=self.say(done))]
            case "try":
                tried = self.group(node, *inside[0], exits) if leaf(*inside[0]) is None else exits
                caught = [Arrow(node, label=self.say(on_error))] if inside[1][0] else []
                exits = [*tried, *self.group(node, *inside[1], caught)]
            case "do" if leaf(*inside[0]) is None:
                exits = self.group(node, *inside[0], exits)
            case _:
                pass
        return exits

    def switch(self, place: _Place, task: Mapping[str, JSON], places: Places, leaving: Exits) -> Exits:
        """Draw one arrow for each case; what goes on to the next task is returned."""
        flowing: Exits = []
        certain = False
        for _, name, case in named(task["switch"]):
            condition = case.get("when")
            certain = certain or condition is None
            arrow = Arrow(place.node, label=name, condition=_plain(condition or ""))
            flowing += self.follow(case.get("then"), _of(place, [arrow]), places, leaving)
        return flowing if certain else [*flowing, Arrow(place.node, label=self.say(otherwise))]

    def fork(self, node: str, branches: JSON, reference: str) -> Exits:
        """Draw each branch beside the others."""
        exits: Exits = []
        for index, name, task in named(branches):
            place = _Place(self.new_id(), f"{reference}/{index}/{name}")
            self.node(place, name, task)
            self.join([Arrow(node)], place)
            exits += self.body(place, task, {}, exits)
        return exits or [Arrow(node)]

    def group(self, node: str, tasks: JSON, reference: str, entries: Exits) -> Exits:
        """Draw a list of tasks inside a box of their own."""
        if not tasks:
            return entries
        box = f"{node}{'e' if reference.endswith('/catch/do') else 'b'}"
        self.lines.append(f'  subgraph {box}[" "]')
        exits = self.scope(tasks, reference, entries)
        self.lines.append("  end")
        return exits

    def follow(self, then: JSON, exits: Exits, places: Places, leaving: Exits) -> Exits:
        """Send arrows where `then` says; return those that simply go on."""
        match then:
            case None | "continue":
                return exits
            case "end":
                self.ends += exits
            case "exit":
                leaving += exits
            case str() if then in places:
                self.join(exits, places[then])
        return []

    def node(self, place: _Place, name: str, task: Mapping[str, JSON]) -> None:
        """Draw one task, or the one call that it wraps."""
        kind, detail = kind_of(task), detail_of(task)
        inside = children(task, place.reference) if kind in {"do", "for", "try"} else []
        only = leaf(*inside[0]) if inside else None
        mark = mark_of(self.marks, place.reference, name)
        if only:
            inner, reference = only
            inner_detail = detail_of(inner)
            detail = f"{self.say(each_time)}: {inner_detail}" if kind == "for" else inner_detail
            kind = "for" if kind == "for" else kind_of(inner)
            mark = mark or mark_of(self.marks, reference, reference.rpartition("/")[2])
        self.nodes.append(_Node(place.node, place.reference, name, kind, detail, mark, only is not None))
        opening, closing = shapes.get(kind, ('["', '"]'))
        text = f"<b>{escape(name, longest_name)}</b>"
        if detail and detail != name:
            text += f"<br/>{escape(detail, longest_detail)}"
        self.lines.append(f"  {place.node}{opening}{text}{closing}")

    def join(self, exits: Exits, place: _Place) -> None:
        """Draw the arrows that end at a task."""
        for each in exits:
            arrow = replace(each, target=place.node, goal=place.reference)
            if arrow not in self.arrows:
                self.arrows.append(arrow)

    def picture(self) -> Picture:
        """Return the text with the looks of what was done, of what may come, and of what will not."""
        arrows = [f"  {each.source} -->{_label(each)} {each.target}" for each in self.arrows]
        text = ["flowchart TD", *self.lines, *arrows, mark_styles, *self.looks()]
        titles: dict[str, list[str]] = {}
        for each in self.arrows:
            words = ": ".join(part for part in (each.label, each.condition) if part)
            titles.setdefault(f"{each.source} {each.target}", []).append(words)
        nodes = {each.id: f"{each.name}: {each.detail}" if each.detail else each.name for each in self.nodes}
        return Picture("\n".join(text) + "\n", nodes, titles)

    def looks(self) -> list[str]:
        """Return how nodes and arrows look."""
        begun = {"start", *(each.id for each in self.nodes if each.mark)}
        latest = self.trail.references[-1] if self.trail.references else None
        last = {each.id for each in self.nodes if latest and each.stands_for(latest)}
        live = {each.id for each in self.nodes if each.mark in {"current", "failed"}}
        ahead = set() if self.trail.ended else reachable(self.arrows, live)
        gone = travelled(self.arrows, self.trail, begun, last)
        quiet = {
            index for index, each in enumerate(self.arrows) if latest and index not in gone and each.source not in ahead
        }
        found = []
        for each in self.nodes:
            still = "quiet" if latest and each.id not in ahead else ""
            look = each.mark or still or ("human" if each.kind == "human" else "")
            if look:
                found.append(f"  class {each.id} {look}")
        for positions, style in ((gone, travelled_style), (quiet, quiet_style)):
            if positions:
                found.append(f"  linkStyle {','.join(map(str, sorted(positions)))} {style}")
        return found

    def new_id(self) -> str:
        """Return an identifier that no text of the document can influence."""
        self.count += 1
        return f"t{self.count}"


def escape(text: str, longest: int) -> str:
    """Make text safe inside a quoted Mermaid label, and short."""
    flat = " ".join(str(text).split())
    short = flat if len(flat) <= longest else flat[: longest - 1].rstrip() + "…"
    # Mermaid's own entity codes; everything that has a meaning to Mermaid, Markdown or HTML is written as one.
    return "".join(c if c.isalnum() or c in " .,:-_@/…$(){}" else f"#{ord(c)};" for c in short)


def _of(place: _Place, exits: Exits) -> Exits:
    """Return the arrows as ones that leave a task, wherever inside it they begin."""
    return [replace(each, owner=place.reference) for each in exits]


def _label(arrow: Arrow) -> str:
    condition = escape(arrow.condition.replace("$context.", ""), longest_condition)
    words = ": ".join(part for part in (escape(arrow.label, longest_name), condition) if part)
    return f'|"{words}"|' if words else ""


def _plain(condition: JSON) -> str:
    text = str(condition).strip()
    return text[2:-1].strip() if text.startswith("${") and text.endswith("}") else text
