"""The syntax tree: one frozen class per form of the language; `pos` is the offset in the text, for carets."""

from dataclasses import dataclass
from typing import Any

JSON = Any


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Anything that can be evaluated."""

    pos: int


@dataclass(frozen=True, slots=True, eq=False)
class Identity(Node):
    """`.`."""


@dataclass(frozen=True, slots=True, eq=False)
class Descend(Node):
    """`..`."""


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Node):
    """A number, a string without interpolation, `true`, `false`, `null`, `$__loc__`."""

    value: JSON


@dataclass(frozen=True, slots=True, eq=False)
class Text(Node):
    """A string with interpolated parts; `format` is applied to each part that is not a plain string."""

    parts: tuple["str | Node", ...]
    format: str


@dataclass(frozen=True, slots=True, eq=False)
class Format(Node):
    """`@name` alone."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Index(Node):
    """`target.name`, `target[key]`."""

    target: Node
    key: Node


@dataclass(frozen=True, slots=True, eq=False)
class Slice(Node):
    """`target[start:stop]`."""

    target: Node
    start: Node | None
    stop: Node | None


@dataclass(frozen=True, slots=True, eq=False)
class Iterate(Node):
    """`target[]`."""

    target: Node


@dataclass(frozen=True, slots=True, eq=False)
class Try(Node):
    """`try body catch handler`; without a handler also `body?`."""

    body: Node
    handler: Node | None


@dataclass(frozen=True, slots=True, eq=False)
class Array(Node):
    """`[body]`."""

    body: Node | None


@dataclass(frozen=True, slots=True, eq=False)
class Object(Node):
    """`{key: value, …}`."""

    entries: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Negate(Node):
    """`-operand`."""

    operand: Node


@dataclass(frozen=True, slots=True, eq=False)
class Pipe(Node):
    """`left | right`."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Comma(Node):
    """`first, second, …`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Binary(Node):
    """Arithmetic and comparison."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Logic(Node):
    """`and`, `or`."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Alternative(Node):
    """`left // right`."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Assign(Node):
    """`left = right` and its relatives; `op` is `=`, `|=`, `+=`, `//=` …."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class If(Node):
    """`if … then … elif … else … end`."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node | None


@dataclass(frozen=True, slots=True, eq=False)
class VariablePattern:
    """`$name` in a destructuring."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class ArrayPattern:
    """`[first, second, …]` in a destructuring."""

    items: tuple["Pattern", ...]
    pos: int


@dataclass(frozen=True, slots=True, eq=False)
class ObjectPattern:
    """`{key: pattern, $name, $name: pattern}`: per entry the variable (or none), the key and the inner pattern."""

    entries: tuple[tuple[str | None, Node, "Pattern | None"], ...]
    pos: int


Pattern = VariablePattern | ArrayPattern | ObjectPattern


@dataclass(frozen=True, slots=True, eq=False)
class Bind(Node):
    """`source as pattern ?// pattern | body`."""

    source: Node
    patterns: tuple[Pattern, ...]
    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class Reduce(Node):
    """`reduce source as pattern (start; update)`."""

    source: Node
    pattern: Pattern
    start: Node
    update: Node


@dataclass(frozen=True, slots=True, eq=False)
class Foreach(Node):
    """`foreach source as pattern (start; update; extract)`."""

    source: Node
    pattern: Pattern
    start: Node
    update: Node
    extract: Node | None


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """`def name(parameters): body;`: a parameter that starts with `$` is a value, any other a closure."""

    name: str
    parameters: tuple[str, ...]
    body: Node
    pos: int


@dataclass(frozen=True, slots=True, eq=False)
class Define(Node):
    """A definition and the expression it holds for."""

    definition: Definition
    rest: Node


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """`name(arguments)`."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Variable(Node):
    """`$name`."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Label(Node):
    """`label $name | body`."""

    name: str
    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class Break(Node):
    """`break $name`."""

    name: str
