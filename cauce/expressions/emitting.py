"""How each form writes itself as lines of Python; the rules hand these to their `Code`.

Each function here returns an `Emit`. A form with one output calls its sink once, outside of any block it opens.
"""

from collections.abc import Callable, Sequence
from typing import Any

from cauce.expressions.code import MANY, ONE, Code, Emit, Outputs, Sink
from cauce.expressions.emission import Emitter

JSON = Any
most_branches = 4
comparisons = frozenset({"==", "!=", "<", "<=", ">", ">="})


def identity(_emitter: Emitter, x: str, sink: Sink) -> None:
    """Write `.`."""
    sink(x)


def literal(value: JSON) -> Emit:
    """Write a constant."""
    return lambda emitter, _x, sink: sink(emitter.constant(value))


def variable(hops: int) -> Emit:
    """Write a variable bound so many links up."""

    def emit(emitter: Emitter, _x: str, sink: Sink) -> None:
        binding = emitter.up(hops)
        assert binding is not None  # noqa: S101 - the compiler found the variable at this distance
        sink(binding.value)

    return emit


def outer_variable(slot: int) -> Emit:
    """Write a variable given to the evaluation."""
    return lambda emitter, _x, sink: sink(emitter.set(f"run.globals[{slot}]"))


def field(target: Code, name: str, other: Callable[[JSON], JSON]) -> Emit:
    """Write `target.name`; `other` answers for what is no object."""

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        holder = emitter.value(target, x)
        key, rest = emitter.constant(name), emitter.constant(other)
        sink(emitter.set(f"{holder}.get({key}) if type({holder}) is dict else {rest}({holder})"))

    return emit


def applied(apply: Callable[..., JSON], codes: Sequence[Code]) -> Emit:
    """Write a call of `apply(env, a, b, …)`."""

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        values = [emitter.value(code, x) for code in codes]
        sink(emitter.set(f"{emitter.constant(apply)}({', '.join(['env', *values])})"))

    return emit


def compared(op: str, apply: Callable[..., JSON], left: Code, right: Code) -> Emit:
    """Write a comparison; whole numbers and text are compared on the spot."""

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        a, b = emitter.value(left, x), emitter.value(right, x)
        slow = f"{emitter.constant(apply)}(env, {a}, {b})"
        known = [type(value) for name in (a, b) for value in emitter.literal(name)]
        equality = op in {"==", "!="}
        if equality and str in known:
            # Text equals only text, so nothing else has to be looked at.
            sink(emitter.flag(f"{a} {op} {b}"))
        elif equality and type(None) in known:
            sink(emitter.flag(f"{a} {'is' if op == '==' else 'is not'} {b}"))
        else:
            tests = [f"type({name}) is int" for name in (a, b) if [type(v) for v in emitter.literal(name)] != [int]]
            sink(emitter.flag(f"{a} {op} {b} if {' and '.join(tests) or 'True'} else {slow}"))

    return emit


def negated(emitter: Emitter, x: str, sink: Sink) -> None:
    """Write `not`."""
    sink(emitter.flag(f"not ({emitter.truth(x)})"))


def both(op: str, left: Code, right: Code) -> Emit:
    """Write `and` and `or`."""

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        result = emitter.flag("False" if op == "and" else "True")
        test = emitter.truth(emitter.value(left, x))
        with emitter.block(f"if {test}:" if op == "and" else f"if not ({test}):"):
            emitter.line(f"{result} = {emitter.truth(emitter.value(right, x))}")
        sink(result)

    return emit


def alternative(left: Code, right: Code) -> Emit:
    """Write `left // right`."""

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        result = emitter.optional(left, x, "None")
        with emitter.block(f"if {result} is None or {result} is False:"):
            if right.outputs == ONE:
                emitter.line(f"{result} = {emitter.value(right, x)}")
            else:
                emitter.line(f"{result} = {emitter.optional(right, x)}")
        _settled(emitter, result, sink, single=right.outputs == ONE)

    return emit


def _settled(emitter: Emitter, result: str, sink: Sink, *, single: bool) -> None:
    if single:
        sink(result)
        return
    with emitter.block(f"if {result} is not EMPTY:"):
        sink(result)


def chosen(branches: Sequence[tuple[Code, Code]], otherwise: Code, outputs: Outputs) -> Emit | None:
    """Write `if … end` with few branches, of which each has at most one output."""
    if outputs == MANY or len(branches) > most_branches:
        return None

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        result = emitter.set("EMPTY")

        def write(rest: Sequence[tuple[Code, Code]]) -> None:
            if not rest:
                emitter.each(otherwise, x, keep)
                return
            test, then = rest[0]
            with emitter.block(f"if {emitter.truth(emitter.value(test, x))}:"):
                emitter.each(then, x, keep)
            with emitter.block("else:"):
                emitter.line("pass")
                write(rest[1:])

        def keep(value: str) -> None:
            emitter.line(f"{result} = {value}")

        write(branches)
        _settled(emitter, result, sink, single=outputs == ONE)

    return emit


def attempted(body: Code) -> Emit | None:
    """Write `body?` for a body with at most one output."""
    if body.outputs == MANY:
        return None

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        result = emitter.set("EMPTY")
        with emitter.block("try:"):
            emitter.each(body, x, lambda value: emitter.line(f"{result} = {value}"))
        with emitter.block("except Fault:"):
            emitter.line(f"{result} = EMPTY")
        _settled(emitter, result, sink, single=False)

    return emit


def built(entries: Sequence[tuple[str, Code]]) -> Emit:
    """Write an object with constant keys."""

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        parts = [(emitter.constant(name), emitter.value(code, x)) for name, code in entries]
        sink(emitter.set("{" + ", ".join(f"{key}: {value}" for key, value in parts) + "}"))

    return emit


def nothing(_emitter: Emitter, _x: str, _sink: Sink) -> None:
    """Write `empty`."""
