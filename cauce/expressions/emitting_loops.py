"""How loops, pipes, bindings and calls write themselves as lines of Python; see `emitting`."""

from collections.abc import Callable, Sequence
from typing import Any

from cauce.expressions.code import MANY, ONE, Code, Emit, Sink
from cauce.expressions.emission import Emitter

JSON = Any


def members(target: Code, other: Callable[[JSON], JSON]) -> Emit:
    """Write `target[]`; `other` gives the members of what is no array."""

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        _loop(emitter, emitter.value(target, x), other, sink)

    return emit


def _loop(emitter: Emitter, holder: str, other: Callable[[JSON], JSON], sink: Sink) -> None:
    item = emitter.temp()
    with emitter.block(f"for {item} in {_members(emitter, holder, other)}:"):
        sink(item)


def _members(emitter: Emitter, holder: str, other: Callable[[JSON], JSON]) -> str:
    return f"({holder} if type({holder}) is list else {emitter.constant(other)}({holder}))"


def selected(test: Code) -> Emit:
    """Write `select(test)`."""

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        def keep(value: str) -> None:
            with emitter.block(f"if {emitter.truth(value)}:"):
                sink(x)

        emitter.each(test, x, keep)

    return emit


def collected(body: Code) -> Emit | None:
    """Write `[body]`, charging as the closures do: per value of a chain's source, else per output."""
    if body.sized:
        return None

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        if body.outputs == ONE:
            sink(emitter.set(f"[{emitter.value(body, x)}]"))
            return
        out = emitter.set("[]")

        def append(value: str) -> None:
            emitter.line(f"{out}.append({value})")
            if body.outputs == MANY:
                emitter.line(f"if len({out}) > run.size: run.check_size(len({out}))")

        def counted(value: str) -> None:
            emitter.charge(1)
            append(value)

        if body.chain is None:
            emitter.each(body, x, append if body.outputs != MANY else counted)
        else:
            source, then, cost = body.chain

            def follow(value: str) -> None:
                emitter.charge(cost)
                emitter.each(then, value, append)

            emitter.each(source, x, follow)
        sink(out)

    return emit


def mapped(body: Code, cost: int, other: Callable[[JSON], JSON]) -> Emit:
    """Write `map(body)` for a body with one output."""

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        items = emitter.set(_members(emitter, x, other))
        emitter.line(f"run.check_size(len({items}))")
        emitter.charge(f"{cost} * len({items})")
        out, item = emitter.set("[]"), emitter.temp()
        with emitter.block(f"for {item} in {items}:"):
            emitter.line(f"{out}.append({emitter.value(body, item)})")
        sink(out)

    return emit


def piped(left: Code, right: Code, cost: int) -> Emit:
    """Write `left | right`; many values on the left cost something each."""
    free = left.outputs == ONE or MANY not in {left.outputs, right.outputs}

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        def follow(value: str) -> None:
            if not free:
                emitter.charge(cost)
            emitter.each(right, value, sink)

        emitter.each(left, x, follow)

    return emit


def bound(source: Code, body: Code, cost: int) -> Emit:
    """Write `source as $x | body`."""
    free = source.outputs == ONE or MANY not in {source.outputs, body.outputs}

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        def follow(value: str) -> None:
            if not free:
                emitter.charge(cost)
            emitter.within(emitter.bound(emitter.chain, value), body, x, sink)

        emitter.each(source, x, follow)

    return emit


def folded(source: Code, start: Code, update: Code, cost: int) -> Emit:
    """Write `reduce source as $x (start; update)`."""

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        state = emitter.set(emitter.value(start, x))

        def step(value: str) -> None:
            emitter.charge(cost)
            chain = emitter.bound(emitter.chain, value)
            emitter.within(chain, update, state, lambda new: emitter.line(f"{state} = {new}"))

        emitter.each(source, x, step)
        sink(state)

    return emit


def called(code: Code, hops: int, values: Sequence[Code] = ()) -> Emit:
    """Write the body of a function in place of a call; `values` fill its parameters."""

    def emit(emitter: Emitter, x: str, sink: Sink) -> None:
        chain = emitter.up(hops)
        for value in values:
            chain = emitter.bound(chain, emitter.value(value, x))
        emitter.within(chain, code, x, sink)

    return emit
