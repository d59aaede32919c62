"""Draws a process as Mermaid text: short labels with the whole text as title, and the way of an instance through it.

A task that only wraps one call (`try` without a `catch.do`, `for` or `do` around it) is drawn as one node.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.drawing.labels import (
    after_word,
    before_word,
    done,
    each_time,
    error_word,
    escape,
    label_of,
    leaves,
    longest_detail,
    longest_name,
    mark_styles,
    not_word,
    on_error,
    otherwise,
    plain,
    quiet_style,
    shapes,
    travelled_style,
)
from workflows.drawing.outline import Marks, children, detail_of, kind_of, mark_of, named
from workflows.drawing.way import Arrow, Trail, reachable, travelled

JSON = Any


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
    drawing.extensions(document.get("use"))
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
    if kind_of(task) in leaves and not any(inner for inner, _ in children(task, here)):
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
                around = Arrow(place.node, label=self.say(not_word), condition=plain(condition), skips=True)
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
                exits = [*tried, *self.caught(place, task, places, leaving)]
            case "listen" if inside[0][0]:
                self.join(self.group(node, *inside[0], [Arrow(node, label=self.say(each_time))]), _Place(node))
                exits = [Arrow(node, label=self.say(done))]
            case "do" if leaf(*inside[0]) is None:
                exits = self.group(node, *inside[0], exits)
            case _:
                pass
        return exits

    def extensions(self, use: JSON) -> None:
        """Draw what runs around tasks in boxes of their own, beside the process."""
        listed = use.get("extensions") if isinstance(use, Mapping) else None
        for index, name, extension in named(listed):
            for side in (before_word, after_word):
                if extension.get(side):
                    what = f"{name}: {self.say(side)} {extension.get('extend') or ''}".strip()
                    self.lines.append(f'  subgraph x{index}{side[0]}["{escape(what, longest_name)}"]')
                    self.scope(extension[side], f"/use/extensions/{index}/{name}/{side}", [])
                    self.lines.append("  end")

    def caught(self, place: _Place, task: Mapping[str, JSON], places: Places, leaving: Exits) -> Exits:
        """Draw what is done about an error; return the arrows that go on from there."""
        catch = task.get("catch")
        then = catch.get("then") if isinstance(catch, Mapping) else None
        _, handler = children(task, place.reference)
        if not handler[0] and then is None:
            return []
        exits = self.group(place.node, *handler, [Arrow(place.node, label=self.say(on_error))])
        return exits if then is None else self.follow(then, _of(place, exits), places, leaving)

    def switch(self, place: _Place, task: Mapping[str, JSON], places: Places, leaving: Exits) -> Exits:
        """Draw one arrow for each case; what goes on to the next task is returned."""
        flowing: Exits = []
        certain = False
        for _, name, case in named(task["switch"]):
            condition = case.get("when")
            certain = certain or condition is None
            arrow = Arrow(place.node, label=name, condition=plain(condition or ""))
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
        arrows = [f"  {each.source} -->{label_of(each)} {each.target}" for each in self.arrows]
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


def _of(place: _Place, exits: Exits) -> Exits:
    """Return the arrows as ones that leave a task, wherever inside it they begin."""
    return [replace(each, owner=place.reference) for each in exits]
