"""Compiles how values flow: pipes, commas, conditions, alternatives, `try`, `label` and `break`."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cauce.expressions import emitting, emitting_loops, tree
from cauce.expressions.budget import Env
from cauce.expressions.code import (
    EMPTY,
    MANY,
    ONE,
    OPTIONAL,
    Closure,
    Code,
    Scope,
    compile_value,
    cost_of,
    height_of,
    joined,
    outputs_of,
    rule,
)
from cauce.expressions.faults import BreakSignal, ExpressionSyntaxError, Fault

JSON = Any


@rule(tree.Pipe)
def _pipe(node: tree.Pipe, scope: Scope) -> Code:
    left = compile_value(node.left, scope)
    return piped(left, compile_value(node.right, scope.at(left.where)))


def piped(left: Code, right: Code) -> Code:
    """Compile `left | right` from its parts."""
    first, then = left.run, right.run
    height = height_of(left, right)
    where = joined(left.where, right.where) if left.where and right.where else None
    if left.outputs == ONE:
        emit = emitting_loops.piped(left, right, 0)
        return Code(
            lambda env, x: then(env, first(env, x)), right.outputs, cost_of(left, right), height, where, emit=emit
        )
    if left.outputs == OPTIONAL and right.outputs != MANY:

        def optional(env: Env, x: JSON) -> JSON:
            value = first(env, x)
            return EMPTY if value is EMPTY else then(env, value)

        return Code(optional, OPTIONAL, cost_of(left, right), height, where, emit=emitting_loops.piped(left, right, 0))
    cost = 1 + right.cost
    chain = None if right.outputs == MANY else (left, right, cost + 1)
    emit = emitting_loops.piped(left, right, cost)
    return Code(_chain(left.stream(), right, cost), MANY, cost_of(left), height, where, chain, emit)


def _chain(source: Closure, right: Code, cost: int) -> Closure:
    then = right.run
    if right.outputs == MANY:

        def many_each(env: Env, x: JSON) -> Iterator[JSON]:
            charge = env[0].charge
            for value in source(env, x):
                charge(cost)
                yield from then(env, value)

        return many_each

    def at_most_one_each(env: Env, x: JSON) -> Iterator[JSON]:
        run = env[0]
        for value in source(env, x):
            run.steps -= cost
            if run.steps < 0:
                run.out_of_steps()
            result = then(env, value)
            if result is not EMPTY:
                yield result

    return at_most_one_each


@rule(tree.Comma)
def _comma(node: tree.Comma, scope: Scope) -> Code:
    parts = [compile_value(part, scope) for part in node.parts]
    kept = ", ".join(part.where or "" for part in parts) if all(part.where for part in parts) else None
    height = height_of(*parts)
    if outputs_of(*parts) == ONE:
        runs = [part.run for part in parts]

        def one_by_one(env: Env, x: JSON) -> Iterator[JSON]:
            for run in runs:
                yield run(env, x)

        return Code(one_by_one, MANY, cost_of(*parts), height, kept)
    streams = [(part.stream(), 1 + part.cost) for part in parts]

    def each(env: Env, x: JSON) -> Iterator[JSON]:
        charge = env[0].charge
        for stream, cost in streams:
            charge(cost)
            yield from stream(env, x)

    return Code(each, MANY, 1, height, kept)


@rule(tree.Logic)
def _logic(node: tree.Logic, scope: Scope) -> Code:
    left, right = compile_value(node.left, scope), compile_value(node.right, scope)
    decided = node.op == "or"
    height = height_of(left, right)
    if left.single and right.single:
        a, b = left.run, right.run

        def both(env: Env, x: JSON) -> bool:
            value = a(env, x)
            if (value is not False and value is not None) is decided:
                return decided
            value = b(env, x)
            return value is not False and value is not None

        return Code(both, ONE, cost_of(left, right), height, emit=emitting.both(node.op, left, right))
    lefts, rights = left.stream(), right.stream()
    cost = 1 + right.cost

    def every(env: Env, x: JSON) -> Iterator[JSON]:
        charge = env[0].charge
        for value in lefts(env, x):
            charge(cost)
            if (value is not False and value is not None) is decided:
                yield decided
                continue
            for other in rights(env, x):
                charge(1)
                yield other is not False and other is not None

    return Code(every, MANY, cost_of(left), height)


@rule(tree.Alternative)
def _alternative(node: tree.Alternative, scope: Scope) -> Code:
    left, right = compile_value(node.left, scope), compile_value(node.right, scope)
    height = height_of(left, right)
    a, b = left.run, right.run
    if MANY not in {left.outputs, right.outputs}:

        def either(env: Env, x: JSON) -> JSON:
            value = a(env, x)
            return b(env, x) if value is None or value is False or value is EMPTY else value

        emit = emitting.alternative(left, right)
        return Code(either, right.outputs, cost_of(left, right), height, emit=emit)
    lefts, rights = left.stream(), right.stream()
    cost = 1 + right.cost

    def truthy_or(env: Env, x: JSON) -> Iterator[JSON]:
        charge = env[0].charge
        found = False
        for value in lefts(env, x):
            charge(1)
            if value is not None and value is not False:
                found = True
                yield value
        if not found:
            charge(cost)
            yield from rights(env, x)

    return Code(truthy_or, MANY, cost_of(left), height)


@rule(tree.If)
def _if(node: tree.If, scope: Scope) -> Code:
    otherwise = compile_value(node.otherwise or tree.Identity(node.pos), scope)
    compiled = [(compile_value(test, scope), compile_value(then, scope)) for test, then in node.branches]
    tests, thens = [test for test, _ in compiled], [then for _, then in compiled]
    height = height_of(*tests, *thens, otherwise)
    cost = 1 + sum(test.cost for test in tests) + max(code.cost for code in (*thens, otherwise))
    kept = "if" if all(code.where for code in (*thens, otherwise)) else None
    if outputs_of(*tests) == ONE:
        outputs = outputs_of(*thens, otherwise)
        each = outputs == MANY
        branches = [(test.run, then.stream() if each else then.run) for test, then in compiled]
        last = otherwise.stream() if each else otherwise.run
        emit = emitting.chosen(compiled, otherwise, outputs)
        return Code(_choose(branches, last), outputs, cost, height, kept, emit=emit)
    run = otherwise.stream()
    total = otherwise.cost
    for test, then in reversed(compiled):
        total += then.cost + test.cost + 1
        run = _choose_each(test.stream(), then.stream(), run, total)
    return Code(run, MANY, cost, height)


def _choose(branches: list[tuple[Closure, Closure]], otherwise: Closure) -> Closure:
    if len(branches) == 1:
        test, then = branches[0]

        def simple(env: Env, x: JSON) -> JSON:
            value = test(env, x)
            return otherwise(env, x) if value is False or value is None else then(env, x)

        return simple

    def chosen(env: Env, x: JSON) -> JSON:
        for condition, branch in branches:
            value = condition(env, x)
            if value is not False and value is not None:
                return branch(env, x)
        return otherwise(env, x)

    return chosen


def _choose_each(test: Closure, then: Closure, otherwise: Closure, cost: int) -> Closure:
    def chosen(env: Env, x: JSON) -> Iterator[JSON]:
        charge = env[0].charge
        for value in test(env, x):
            charge(cost)
            yield from otherwise(env, x) if value is False or value is None else then(env, x)

    return chosen


@rule(tree.Try)
def _try(node: tree.Try, scope: Scope) -> Code:
    body = compile_value(node.body, scope)
    handler = None if node.handler is None else compile_value(node.handler, scope.at(None))
    height = height_of(body, handler) if handler else height_of(body)
    cost = cost_of(body, handler) if handler else cost_of(body)
    if body.outputs != MANY and (handler is None or handler.outputs != MANY):
        outputs = max(body.outputs, handler.outputs) if handler else OPTIONAL
        emit = None if handler else emitting.attempted(body)
        run = _attempt(body.run, handler.run if handler else _nothing)
        return Code(run, outputs, cost, height, _kept(body, handler), emit=emit)
    attempt = _attempt_each(body.stream(), handler.stream() if handler else lambda _env, _x: ())
    return Code(attempt, MANY, cost, height, _kept(body, handler))


def _kept(body: Code, handler: Code | None) -> str | None:
    return body.where if handler is None or handler.where else None


def _nothing(_env: Env, _x: JSON) -> JSON:
    return EMPTY


def _attempt(body: Closure, handler: Closure) -> Closure:
    def attempt(env: Env, x: JSON) -> JSON:
        try:
            return body(env, x)
        except Fault as fault:
            value = caught(fault)
        return handler(env, value)

    return attempt


def _attempt_each(body: Closure, handler: Callable[[Env, JSON], Iterable[JSON]]) -> Closure:
    def attempt(env: Env, x: JSON) -> Iterator[JSON]:
        try:
            yield from body(env, x)
        except Fault as fault:
            value = caught(fault)
        else:
            return
        yield from handler(env, value)

    return attempt


def caught(fault: Fault) -> JSON:
    """Return what `catch` sees; `error("break")` from `break` outside is passed on by other means."""
    return fault.value


@rule(tree.Label)
def _label(node: tree.Label, scope: Scope) -> Code:
    body = compile_value(node.body, scope.bind("label", node.name))
    stream = body.stream()

    def labelled(env: Env, x: JSON) -> Iterator[JSON]:
        env[0].charge(4)
        token = object()
        try:
            yield from stream((env[0], env, token, env[3]), x)
        except BreakSignal as signal:
            if signal.token is not token:
                raise

    return Code(labelled, MANY, cost_of(body), height_of(body), body.where)


@rule(tree.Break)
def _break(node: tree.Break, scope: Scope) -> Code:
    found = scope.find(("label",), node.name)
    if found is None:
        known = ", ".join(f"${name}" for name in scope.names("label")) or "none"
        raise ExpressionSyntaxError(
            f"There is no label ${node.name} around this.", scope.program.text, node.pos, hint=f"Labels here: {known}."
        )
    hops = scope.depth - found.depth

    def leave(env: Env, _x: JSON) -> JSON:
        for _ in range(hops):
            env = env[1]
        raise BreakSignal(env[2])

    return Code(leave, OPTIONAL)
