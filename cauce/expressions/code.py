"""What compiling produces: closures with what the compiler knows about them, and the scopes names are looked up in.

A closure takes an environment and the current value. How many outputs it has is known when it is compiled: exactly
one (the closure returns it), at most one (it returns it or `EMPTY`), or any number (it returns an iterable). Most
business expressions have exactly one everywhere, and that makes them fast: no generator, no continuation.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from cauce.expressions import tree
from cauce.expressions.budget import Env

if TYPE_CHECKING:
    from cauce.expressions.emission import Emitter

JSON = Any
Outputs = Literal[0, 1, 2]
ONE: Final = 0
OPTIONAL: Final = 1
MANY: Final = 2


class _Empty:
    __slots__ = ()

    def __repr__(self) -> str:
        return "EMPTY"


EMPTY: Final = _Empty()

Closure = Callable[[Env, JSON], Any]
Stream = Callable[[Env, JSON], Iterable[JSON]]
# Where a value came from, as getpath takes it; None for a value that is not part of the input.
Path = tuple[JSON, ...] | None
PathStream = Callable[[Env, Path, JSON], Iterable[tuple[Path, JSON]]]
# Writes a form as lines of Python, on the local of that name; the sink writes what becomes of each output.
Sink = Callable[[str], None]
Emit = Callable[["Emitter", str, Sink], None]


@dataclass(slots=True)
class Code:
    """A compiled expression.

    `cost`: steps of its straight-line part, charged by whoever enters it; `height`: Python frames it stacks;
    `where`: its text as a path, if it only walks into the input or a variable; such a result needs no size check.
    `chain`: for a pipe from many values into at most one each, the source, what is behind it and its cost; who
    makes a list of them needs no generator then. `sized`: the iterable knows how many there are. `emit`: how it is
    written out as Python, if it can be.
    """

    run: Closure
    outputs: Outputs = ONE
    cost: int = 1
    height: int = 1
    where: str | None = None
    chain: tuple["Code", "Code", int] | None = None
    emit: Emit | None = None
    sized: bool = False

    @property
    def single(self) -> bool:
        """Say whether there is exactly one output."""
        return self.outputs == ONE

    def stream(self) -> Stream:
        """Return the closure as one that gives an iterable."""
        run = self.run
        if self.outputs == MANY:
            return run
        if self.outputs == ONE:
            return lambda env, x: (run(env, x),)

        def optional(env: Env, x: JSON) -> Iterable[JSON]:
            value = run(env, x)
            return () if value is EMPTY else (value,)

        return optional


class Argument:
    """A closure given to a function, with its path form made when it is first needed."""

    __slots__ = ("_node", "_paths", "_scope", "cost", "height", "outputs", "stream")

    def __init__(self, node: tree.Node, scope: "Scope", code: Code) -> None:
        self._node = node
        self._scope = scope
        self._paths: PathStream | None = None
        self.stream = code.stream()
        self.outputs = code.outputs
        self.cost = 1 + code.cost
        self.height = max(4, code.height + 2)

    def paths(self) -> PathStream:
        """Return the closure's path form."""
        if self._paths is None:
            self._paths = compile_paths(self._node, self._scope)
        return self._paths


class Function:
    """A user's function (or one of the prelude) on its way through the compiler."""

    __slots__ = ("body_scope", "code", "definition", "outputs", "paths", "recursive", "scope")

    def __init__(self, definition: tree.Definition, scope: "Scope") -> None:
        self.definition = definition
        self.scope = scope
        self.body_scope = scope
        self.code: Code | None = None
        self.paths: PathStream | None = None
        self.outputs: Outputs = MANY
        self.recursive = False


class Program:
    """What one text shares while it is compiled."""

    def __init__(self, text: str, variables: frozenset[str]) -> None:
        self.text = text
        self.variables = variables
        self.globals: list[str] = []
        self.prelude: dict[tuple[str, int], Function] = {}
        self.root = Scope(self)
        self.height = 1
        self.guesses = 0

    def global_slot(self, name: str) -> int:
        """Return the position of an outer variable among those the text uses."""
        if name not in self.globals:
            self.globals.append(name)
        return self.globals.index(name)


class Scope:
    """A chain of names; `depth` counts the environment links that are made for them at run time.

    `place` is where in the data `.` stands, for messages: "." at the beginning, None where it cannot be said.
    """

    __slots__ = ("depth", "kind", "name", "parent", "place", "program", "target")

    def __init__(
        self,
        program: Program,
        parent: "Scope | None" = None,
        kind: str = "",
        name: object = None,
        target: Function | None = None,
    ) -> None:
        self.program = program
        self.parent = parent
        self.kind = kind
        self.name = name
        self.target = target
        self.place: str | None = parent.place if parent else "."
        self.depth: int = (parent.depth if parent else 0) + (kind not in {"", "function", "alias"})

    def at(self, where: str | None) -> "Scope":
        """Return the same scope on another input: what `where` leads to from here, or nothing that has a path."""
        inner = Scope(self.program, self)
        inner.place = None if where is None else self.path(where)
        return inner

    def path(self, where: str) -> str:
        """Return the path from the beginning for a path from here; it stays as it is where that cannot be said."""
        return where if self.place is None or where[0] == "$" else joined(self.place, where)

    def bind(self, kind: str, name: object) -> "Scope":
        """Return the scope inside a `variable`, `closure` or `label`."""
        return Scope(self.program, self, kind, name)

    def define(self, function: Function) -> "Scope":
        """Return the scope behind a definition."""
        key = (function.definition.name, len(function.definition.parameters))
        return Scope(self.program, self, "function", key, function)

    def find(self, kinds: tuple[str, ...], name: object) -> "Scope | None":
        """Return the nearest scope that binds `name`."""
        scope: Scope | None = self
        while scope is not None:
            if scope.kind in kinds and scope.name == name:
                return scope
            scope = scope.parent
        return None

    def names(self, kind: str) -> list[Any]:
        """List what is bound, nearest first."""
        found, scope = [], self
        while scope.parent is not None:
            if scope.kind == kind:
                found.append(scope.name)
            scope = scope.parent
        return found


def joined(left: str, right: str) -> str:
    """Return the text of the path `left | right`."""
    if left == "." or right == "." or right[0] == "$":
        return left if right == "." else right
    if right[0] not in ".[" or left[0] not in ".$":
        return f"{left} | {right}"
    return left + (right[1:] if right.startswith(".[") else right)


Rule = Callable[[Any, Scope], Code]
PathRule = Callable[[Any, Scope], PathStream]
rules: dict[type[tree.Node], Rule] = {}
path_rules: dict[type[tree.Node], PathRule] = {}


def rule(kind: type[tree.Node]) -> Callable[[Rule], Rule]:
    """Register how nodes of a class are compiled."""

    def register(function: Rule) -> Rule:
        rules[kind] = function
        return function

    return register


def path_rule(kind: type[tree.Node]) -> Callable[[PathRule], PathRule]:
    """Register how nodes of a class are compiled where paths are wanted."""

    def register(function: PathRule) -> PathRule:
        path_rules[kind] = function
        return function

    return register


def compile_value(node: tree.Node, scope: Scope) -> Code:
    """Compile a node for its values."""
    code = rules[type(node)](node, scope)
    scope.program.height = max(scope.program.height, code.height)
    return code


def compile_paths(node: tree.Node, scope: Scope) -> PathStream:
    """Compile a node for its paths; what is no path gives values without one."""
    found = path_rules.get(type(node))
    if found is not None:
        return found(node, scope)
    stream = compile_value(node, scope).stream()

    return pathless(stream)


def pathless(stream: Stream) -> PathStream:
    """Return the path form of what computes values: they have no path.

    As in jq, a computed null, true or false is taken for the same one that it was computed from.
    """

    def computed(env: Env, path: Path, x: JSON) -> Iterable[tuple[Path, JSON]]:
        same = x is None or x is True or x is False
        return ((path if same and value is x else None, value) for value in stream(env, x))

    return computed


def height_of(*codes: Code) -> int:
    """Return the height of something that enters `codes`."""
    return 1 + max((code.height for code in codes), default=0)


def cost_of(*codes: Code) -> int:
    """Return the cost of something that enters `codes` once each."""
    return 1 + sum(code.cost for code in codes)


def outputs_of(*codes: Code) -> Outputs:
    """Return how many outputs something has that enters `codes` once each."""
    return max((code.outputs for code in codes), default=ONE)
