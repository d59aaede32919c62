"""Built-in functions that take closures: `select`, `map`, `recurse`, `first`, `limit`, `range`, `any` and the like."""

from collections.abc import Iterator
from typing import Any

from cauce.expressions import emitting, emitting_loops, tree
from cauce.expressions.assignment import first_of
from cauce.expressions.budget import Env
from cauce.expressions.builtins.registry import special
from cauce.expressions.code import (
    EMPTY,
    MANY,
    ONE,
    OPTIONAL,
    Closure,
    Code,
    Outputs,
    Scope,
    Stream,
    compile_value,
    cost_of,
    height_of,
)
from cauce.expressions.construction import collected
from cauce.expressions.faults import Fault
from cauce.expressions.flow import piped
from cauce.expressions.navigation import members_of, no_members
from cauce.expressions.product import product

JSON = Any


@special("empty")
def _empty(_node: tree.Call, _scope: Scope) -> Code:
    return Code(lambda _env, _x: EMPTY, OPTIONAL, emit=emitting.nothing)


@special("error")
def _error(node: tree.Call, _scope: Scope) -> Code:
    def fail(_env: Env, x: JSON) -> JSON:
        raise Fault(x, "", node.pos)

    return Code(fail)


@special("error", 1)
def _error_of(node: tree.Call, scope: Scope) -> Code:
    return piped(compile_value(node.arguments[0], scope), _error(node, scope))


@special("not")
def _not(_node: tree.Call, _scope: Scope) -> Code:
    return Code(lambda _env, x: x is None or x is False, emit=emitting.negated)


@special("select", 1)
def _select(node: tree.Call, scope: Scope) -> Code:
    test = compile_value(node.arguments[0], scope)
    run = test.run
    if test.outputs != MANY:

        def selected(env: Env, x: JSON) -> JSON:
            value = run(env, x)
            return EMPTY if value is False or value is None or value is EMPTY else x

        return Code(selected, OPTIONAL, cost_of(test), height_of(test), ".", emit=emitting_loops.selected(test))

    def selected_each(env: Env, x: JSON) -> Iterator[JSON]:
        for value in run(env, x):
            env[0].charge(1)
            if value is not False and value is not None:
                yield x

    return Code(selected_each, MANY, cost_of(test), height_of(test), ".")


@special("map", 1)
def _map(node: tree.Call, scope: Scope) -> Code:
    body = compile_value(node.arguments[0], scope.at(".[]"))
    place = scope.path(".")
    run, cost = body.run, 1 + body.cost
    if body.outputs != ONE:
        members = compile_value(tree.Iterate(node.pos, tree.Identity(node.pos)), scope)
        chained = piped(members, body)
        emit = emitting_loops.collected(chained)
        return Code(collected(chained), ONE, cost_of(chained), height_of(chained) + 1, emit=emit)

    def mapped(env: Env, x: JSON) -> list[JSON]:
        if type(x) is dict:
            x = x.values()
        elif type(x) is not list:
            raise no_members(x, node, place)
        state = env[0]
        state.check_size(len(x))
        state.charge(cost * len(x))
        return [run(env, item) for item in x]

    emit = emitting_loops.mapped(body, cost, lambda value: members_of(value, node, place))
    return Code(mapped, ONE, 1, height_of(body) + 2, emit=emit)


@special("map_values", 1)
def _map_values(node: tree.Call, scope: Scope) -> Code:
    body = compile_value(node.arguments[0], scope)
    first, cost = first_of(body), 1 + body.cost

    def mapped(env: Env, x: JSON) -> JSON:
        if type(x) is dict:
            env[0].charge(cost * len(x))
            changed = ((key, first(env, value)) for key, value in x.items())
            return {key: value for key, value in changed if value is not EMPTY}
        if type(x) is list:
            env[0].charge(cost * len(x))
            return [value for item in x if (value := first(env, item)) is not EMPTY]
        raise no_members(x, node, ".")

    return Code(mapped, ONE, 1, height_of(body) + 3)


@special("recurse")
def _recurse(node: tree.Call, scope: Scope) -> Code:
    return compile_value(tree.Descend(node.pos), scope)


@special("recurse", 1)
def _recurse_by(node: tree.Call, scope: Scope) -> Code:
    step = compile_value(node.arguments[0], scope)
    stream, cost = step.stream(), 1 + step.cost

    def everything(env: Env, x: JSON) -> Iterator[JSON]:
        charge = env[0].charge
        yield x
        charge(cost)
        open_streams = [iter(stream(env, x))]
        while open_streams:
            value = next(open_streams[-1], EMPTY)
            if value is EMPTY:
                open_streams.pop()
                continue
            charge(cost)
            yield value
            open_streams.append(iter(stream(env, value)))

    return Code(everything, MANY, 1, height_of(step) + 1, step.where)


@special("recurse", 2)
def _recurse_while(node: tree.Call, scope: Scope) -> Code:
    chosen = tree.Call(node.pos, "select", (node.arguments[1],))
    return _recurse_by(tree.Call(node.pos, "recurse", (tree.Pipe(node.pos, node.arguments[0], chosen),)), scope)


@special("repeat", 1)
def _repeat(node: tree.Call, scope: Scope) -> Code:
    body = compile_value(node.arguments[0], scope)
    stream, cost = body.stream(), 1 + body.cost

    def repeated(env: Env, x: JSON) -> Iterator[JSON]:
        charge = env[0].charge
        while True:
            charge(cost)
            yield from stream(env, x)

    return Code(repeated, MANY, 1, height_of(body))


@special("while", 2)
def _while(node: tree.Call, scope: Scope) -> Code:
    # `def while(cond; update): def _while: if cond then ., (update | _while) else empty end; _while`
    pos, (condition, update) = node.pos, node.arguments
    test = tree.Call(pos, "select", (condition,))
    following = tree.Call(pos, "recurse", (tree.Pipe(pos, update, test),))
    return compile_value(tree.Pipe(pos, test, following), scope)


@special("until", 2)
def _until(node: tree.Call, scope: Scope) -> Code:
    test, update = (compile_value(argument, scope) for argument in node.arguments)
    if not (test.single and update.single):
        done = tree.Call(node.pos, "_until_each", node.arguments)
        return _until_each(done, scope)
    is_done, step, cost = test.run, update.run, 1 + test.cost + update.cost

    def found(env: Env, x: JSON) -> JSON:
        charge = env[0].charge
        while True:
            charge(cost)
            value = is_done(env, x)
            if value is not False and value is not None:
                return x
            x = step(env, x)

    return Code(found, ONE, 1, height_of(test, update))


def _until_each(node: tree.Call, scope: Scope) -> Code:
    """Compile `until` for closures with several outputs, as jq defines it: by recursion, here with a stack."""
    test, update = (compile_value(argument, scope) for argument in node.arguments)
    tests, updates, cost = test.stream(), update.stream(), 1 + test.cost + update.cost

    def branches(env: Env, x: JSON) -> Iterator[tuple[bool, JSON]]:
        for value in tests(env, x):
            env[0].charge(cost)
            if value is not False and value is not None:
                yield True, x
            else:
                for following in updates(env, x):
                    env[0].charge(1)
                    yield False, following

    def found(env: Env, x: JSON) -> Iterator[JSON]:
        stack = [branches(env, x)]
        while stack:
            done, value = next(stack[-1], (True, EMPTY))
            if value is EMPTY:
                stack.pop()
            elif done:
                yield value
            else:
                stack.append(branches(env, value))

    return Code(found, MANY, 1, height_of(test, update) + 1)


@special("first", 1)
def _first(node: tree.Call, scope: Scope) -> Code:
    body = compile_value(node.arguments[0], scope)
    outputs: Outputs = ONE if body.outputs == ONE else OPTIONAL
    return Code(first_of(body), outputs, cost_of(body), height_of(body), body.where)


@special("last", 1)
def _last(node: tree.Call, scope: Scope) -> Code:
    body = compile_value(node.arguments[0], scope)
    if body.outputs != MANY:
        return body
    run = body.run

    def last(env: Env, x: JSON) -> JSON:
        charge = env[0].charge
        value: JSON = EMPTY
        for value in run(env, x):  # noqa: B007 - the last one is what counts
            charge(1)
        return value

    return Code(last, OPTIONAL, cost_of(body), height_of(body), body.where)


@special("_limit", 2)
def _limit(node: tree.Call, scope: Scope) -> Code:
    count, body = (compile_value(argument, scope) for argument in node.arguments)
    counts, stream = count.stream(), body.stream()

    def limited(env: Env, x: JSON) -> Iterator[JSON]:
        charge = env[0].charge
        for most in counts(env, x):
            for given, value in enumerate(stream(env, x), 1):
                charge(1)
                yield value
                if given >= most:
                    break

    return Code(limited, MANY, cost_of(count, body), height_of(count, body), body.where)


@special("isempty", 1)
def _isempty(node: tree.Call, scope: Scope) -> Code:
    body = compile_value(node.arguments[0], scope)
    first = first_of(body)
    return Code(lambda env, x: first(env, x) is EMPTY, ONE, cost_of(body), height_of(body) + 1)


@special("range", 1)
def _range(node: tree.Call, scope: Scope) -> Code:
    zero = tree.Literal(node.pos, 0)
    return _range_between(tree.Call(node.pos, "range", (zero, node.arguments[0])), scope)


@special("range", 2)
def _range_between(node: tree.Call, scope: Scope) -> Code:
    one = tree.Literal(node.pos, 1)
    return _range_by(tree.Call(node.pos, "range", (*node.arguments, one)), scope)


@special("range", 3)
def _range_by(node: tree.Call, scope: Scope) -> Code:
    codes = [compile_value(argument, scope) for argument in node.arguments]

    def numbers(_env: Env, start: JSON, stop: JSON, step: JSON) -> JSON:
        for bound in (start, stop, step):
            if type(bound) is not int and type(bound) is not float:
                raise Fault("Range bounds must be numeric", "", node.pos)
        if type(start) is int and type(step) is int and type(stop) is int:
            return range(start, stop, step) if step else _forever(start, stop)
        return _fractions(start, stop, step)

    ranges = product(numbers, codes, cost=2, order=(0, 1, 2))
    if ranges.single:
        return Code(ranges.run, MANY, ranges.cost, ranges.height + 1, sized=True)
    each = ranges.stream()

    def every(env: Env, x: JSON) -> Iterator[JSON]:
        for found in each(env, x):
            env[0].charge(1)
            yield from found

    return Code(every, MANY, ranges.cost, ranges.height + 2)


def _forever(start: int, stop: int) -> Iterator[int]:
    while start < stop:
        yield start


def _fractions(start: float, stop: float, step: float) -> Iterator[float]:
    at = start
    while (at < stop) if step > 0 or step == 0 else (at > stop):
        yield int(at) if type(at) is float and at.is_integer() and abs(at) < 2.0**53 else at
        at += step


def _quantify(name: str, *, stops_at: bool) -> None:
    """Register `any` or `all` with a generator and a condition."""

    @special(name, 2)
    def both(node: tree.Call, scope: Scope) -> Code:
        source, test = (compile_value(argument, scope) for argument in node.arguments)
        decided = _decided(source.stream(), test.stream(), 2 + test.cost, stops_at)
        return Code(decided, ONE, cost_of(source), height_of(source, test) + 1)

    @special(name, 1)
    def condition(node: tree.Call, scope: Scope) -> Code:
        members = tree.Iterate(node.pos, tree.Identity(node.pos))
        return both(tree.Call(node.pos, name, (members, node.arguments[0])), scope)

    @special(name)
    def members(node: tree.Call, scope: Scope) -> Code:
        return condition(tree.Call(node.pos, name, (tree.Identity(node.pos),)), scope)


def _decided(values: Stream, tests: Stream, cost: int, stops_at: bool) -> Closure:  # noqa: FBT001 - the truth value
    def decide(env: Env, x: JSON) -> bool:
        charge = env[0].charge
        for value in values(env, x):
            for result in tests(env, value):
                charge(cost)
                if (result is not None and result is not False) is stops_at:
                    return stops_at
            charge(1)
        return not stops_at

    return decide


_quantify("any", stops_at=True)
_quantify("all", stops_at=False)
