"""Compiles "apply this to every combination of these": operators, indexing, functions with value arguments."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cauce.expressions import emitting
from cauce.expressions.budget import Env
from cauce.expressions.code import EMPTY, MANY, ONE, OPTIONAL, Closure, Code, Stream, cost_of, height_of, outputs_of

JSON = Any
Apply = Callable[..., JSON]


def product(
    apply: Apply, codes: Sequence[Code], *, cost: int = 1, order: Sequence[int] = (), keep: str | None = None
) -> Code:
    """Compile `apply(env, a, b, …)` over all combinations of the outputs of `codes`.

    `order` lists the positions from the slowest varying to the fastest; jq's own order for operators and built-in
    functions is the last one slowest, which is the default here.
    """
    outputs = outputs_of(*codes)
    total = cost_of(*codes) + cost
    height = height_of(*codes) + 1
    if outputs == ONE:
        run = _single(apply, [code.run for code in codes])
        return Code(run, ONE, total, height, keep, emit=emitting.applied(apply, codes))
    slowest_first = tuple(order) or tuple(reversed(range(len(codes))))
    if outputs == OPTIONAL:
        return Code(_optional(apply, [code.run for code in codes], slowest_first), OPTIONAL, total, height)
    streams = [code.stream() for code in codes]
    return Code(_all(apply, streams, [code.cost + 1 for code in codes], slowest_first), MANY, total, height)


def _single(apply: Apply, runs: list[Closure]) -> Closure:
    match runs:
        case [a]:
            return lambda env, x: apply(env, a(env, x))
        case [a, b]:
            return lambda env, x: apply(env, a(env, x), b(env, x))
        case [a, b, c]:
            return lambda env, x: apply(env, a(env, x), b(env, x), c(env, x))
        case _:
            return lambda env, x: apply(env, *[run(env, x) for run in runs])


def _optional(apply: Apply, runs: list[Closure], order: tuple[int, ...]) -> Closure:
    def combined(env: Env, x: JSON) -> JSON:
        values: list[JSON] = [None] * len(runs)
        for position in order:
            value = runs[position](env, x)
            if value is EMPTY:
                return EMPTY
            values[position] = value
        return apply(env, *values)

    return combined


def _all(apply: Apply, streams: list[Stream], costs: list[int], order: tuple[int, ...]) -> Closure:
    slow, *faster = order

    def combinations(env: Env, x: JSON, values: list[JSON], position: int, rest: list[int]) -> Iterator[JSON]:
        charge = env[0].charge
        cost = 1 + sum(costs[other] for other in rest)
        for value in streams[position](env, x):
            charge(cost)
            values[position] = value
            if rest:
                yield from combinations(env, x, values, rest[0], rest[1:])
            else:
                yield apply(env, *values)

    def combined(env: Env, x: JSON) -> Iterator[JSON]:
        return combinations(env, x, [None] * len(streams), slow, faster)

    return combined
