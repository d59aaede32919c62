"""Writes one Python function for an expression, so that what has one output runs without a closure for every part.

The rules compile every form to a closure; many can also *emit* themselves, as lines of Python over generated names.
What cannot is called as the closure it is, so both ways give the same outputs and use the same steps. No part of an
expression's text gets into the source: names of fields, literals and functions are constants that it knows as `k0`,
`k1` and so on.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cauce.expressions.code import EMPTY, MANY, ONE, Closure, Code, Sink
from cauce.expressions.faults import Fault

if TYPE_CHECKING:
    from cauce.expressions.budget import Env

JSON = Any
# What is larger or nests deeper than this is called, not written out: source stays small whatever the expression.
most_parts = 500
deepest = 12
_root = "env"


class Binding:
    """A variable in the emitted function: the local name of its value, and of the environment that holds it."""

    __slots__ = ("env", "needed", "parent", "value")

    def __init__(self, parent: "Binding | None", value: str, env: str) -> None:
        self.parent = parent
        self.value = value
        self.env = env
        self.needed = False

    def need(self) -> str:
        """Have the environment made, because a closure looks into it, and return its name."""
        link: Binding | None = self
        while link is not None and not link.needed:
            link.needed = True
            link = link.parent
        return self.env


@dataclass(frozen=True, slots=True)
class _EnvLine:
    """The line that makes a binding's environment; left out where nothing needs it."""

    binding: Binding
    indent: str

    def __str__(self) -> str:
        link = self.binding
        outer = link.parent.env if link.parent else _root
        return f"{self.indent}{link.env} = (run, {outer}, {link.value}, env[3])"


class Emitter:
    """Collects the lines of one function; `chain` is the innermost binding where it stands."""

    def __init__(self) -> None:
        self.lines: list[str | _EnvLine] = []
        self.names: dict[str, Any] = {"EMPTY": EMPTY, "Fault": Fault}
        self.chain: Binding | None = None
        self.booleans: set[str] = set()
        self._known: dict[int, str] = {}
        self._depth = 1
        self._parts = 0
        self._temps = 0

    def constant(self, value: object) -> str:
        """Return the name by which the function refers to a value made before it."""
        name = self._known.get(id(value))
        if name is None:
            name = self._known[id(value)] = f"k{len(self._known)}"
            self.names[name] = value
        return name

    def literal(self, name: str) -> tuple[Any, ...]:
        """Return the value of a constant in a tuple; an empty one for what is known only when it runs."""
        return (self.names[name],) if name.startswith("k") else ()

    def temp(self) -> str:
        """Return a new local name."""
        self._temps += 1
        return f"v{self._temps}"

    def line(self, text: str) -> None:
        """Write a line."""
        self.lines.append(" " * self._depth + text)

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Write a header and indent what is written inside."""
        self.line(header)
        self._depth += 1
        start = len(self.lines)
        yield
        if not any(isinstance(line, str) for line in self.lines[start:]):
            self.line("pass")
        self._depth -= 1

    def set(self, expression: str) -> str:
        """Write an assignment to a new name and return the name."""
        name = self.temp()
        self.line(f"{name} = {expression}")
        return name

    def flag(self, expression: str) -> str:
        """Write an assignment of a truth value to a new name and return the name."""
        name = self.set(expression)
        self.booleans.add(name)
        return name

    def truth(self, name: str) -> str:
        """Return the Python condition for "`name` is neither null nor false"."""
        return name if name in self.booleans else f"{name} is not None and {name} is not False"

    def charge(self, cost: int | str) -> None:
        """Write what uses steps."""
        self.line(f"run.steps -= {cost}")
        self.line("if run.steps < 0: run.out_of_steps()")

    def env(self) -> str:
        """Return the name of the environment in which closures are called here."""
        return self.chain.need() if self.chain else _root

    def up(self, hops: int) -> Binding | None:
        """Return the binding so many links up."""
        link = self.chain
        for _ in range(hops):
            link = link.parent if link else None
        return link

    def bound(self, parent: Binding | None, value: str) -> Binding:
        """Return a binding of the value in the local `value`."""
        binding = Binding(parent, value, f"e{self.temp()}")
        self.lines.append(_EnvLine(binding, " " * self._depth))
        return binding

    def within(self, chain: Binding | None, code: Code, x: str, sink: Sink) -> None:
        """Write `code` where other bindings hold; what takes its outputs stays outside of them."""
        outer = self.chain

        def outside(value: str) -> None:
            inner, self.chain = self.chain, outer
            sink(value)
            self.chain = inner

        self.chain = chain
        self.each(code, x, outside)
        self.chain = outer

    def each(self, code: Code, x: str, sink: Sink) -> None:
        """Write `code` on the local `x`; `sink` writes what becomes of an output, inside the loops and conditions."""
        self._parts += 1
        if code.emit is not None and self._parts < most_parts and self._depth < deepest:
            code.emit(self, x, sink)
            return
        call = f"{self.constant(code.run)}({self.env()}, {x})"
        if code.outputs == ONE:
            sink(self.set(call))
            return
        name = self.temp()
        if code.outputs == MANY:
            with self.block(f"for {name} in {call}:"):
                sink(name)
            return
        self.line(f"{name} = {call}")
        with self.block(f"if {name} is not EMPTY:"):
            sink(name)

    def value(self, code: Code, x: str) -> str:
        """Write `code`, which has one output, and return the name of that."""
        found: list[str] = []
        self.each(code, x, found.append)
        return found[0]

    def optional(self, code: Code, x: str, otherwise: str = "EMPTY") -> str:
        """Write `code`, which has at most one output, and return the name of that; it holds `otherwise` without."""
        name = self.set(otherwise)
        self.each(code, x, lambda value: self.line(f"{name} = {value}"))
        return name

    def source(self, result: str) -> str:
        """Return the text of the function."""
        kept = [str(line) for line in self.lines if isinstance(line, str) or line.binding.needed]
        return "\n".join([f"def fused({_root}, x):", f" run = {_root}[0]", *kept, f" return {result}"])


def emitted(code: Code) -> tuple[str, dict[str, Any]]:
    """Return the source of a function for `code`, which has at most one output, and the names it refers to."""
    emitter = Emitter()
    result = emitter.value(code, "x") if code.outputs == ONE else emitter.optional(code, "x")
    return emitter.source(result), emitter.names


def fused(code: Code) -> Closure:
    """Return a faster closure for `code`, if it can be written out; else the one it has."""
    if code.outputs == MANY or code.emit is None:
        return code.run
    try:
        source, names = emitted(code)
        exec(compile(source, "<expression>", "exec"), names)  # noqa: S102 - generated names only, see the test
    except (SyntaxError, RecursionError):  # too much for Python's own compiler; the closure means the same
        return code.run
    made: Callable[[Env, JSON], JSON] = names["fused"]
    return made
