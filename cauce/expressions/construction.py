"""Compiles what makes values: literals, text, arrays, objects, operators, variables."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

from cauce.expressions import emitting, emitting_loops, tree
from cauce.expressions.arithmetic import negate, operators
from cauce.expressions.budget import Env
from cauce.expressions.code import (
    EMPTY,
    MANY,
    ONE,
    OPTIONAL,
    Closure,
    Code,
    Scope,
    Stream,
    compile_value,
    cost_of,
    height_of,
    outputs_of,
    rule,
)
from cauce.expressions.faults import ExpressionSyntaxError, Fault
from cauce.expressions.formats import formatter
from cauce.expressions.product import product
from cauce.expressions.values import type_name

JSON = Any


@rule(tree.Literal)
def _literal(node: tree.Literal, _scope: Scope) -> Code:
    value = node.value
    return Code(lambda _env, _x: value, cost=0, emit=emitting.literal(value))


@rule(tree.Text)
def _text(node: tree.Text, scope: Scope) -> Code:
    apply = formatter(node.format, scope.program.text, node.pos)
    pieces = [part for part in node.parts if not isinstance(part, str)]
    codes = [compile_value(piece, scope) for piece in pieces]
    fixed = [part if isinstance(part, str) else None for part in node.parts]

    def joined(env: Env, *values: JSON) -> str:
        run = env[0]
        waiting = iter(values)
        parts = [apply(run, next(waiting)) if text is None else text for text in fixed]
        total = sum(map(len, parts))
        run.check_string(total)
        run.charge(total >> 6)
        return "".join(parts)

    return product(_located(joined, node), codes, cost=len(fixed))


@rule(tree.Format)
def _format(node: tree.Format, scope: Scope) -> Code:
    apply = formatter(node.name, scope.program.text, node.pos)
    identity = compile_value(tree.Identity(node.pos), scope)
    return product(_located(lambda env, value: apply(env[0], value), node), [identity], cost=2)


def _located(apply: Callable[..., JSON], node: tree.Node) -> Callable[..., JSON]:
    def located(env: Env, *values: JSON) -> JSON:
        try:
            return apply(env, *values)
        except Fault as fault:
            if fault.pos is None:
                fault.pos = node.pos
            raise

    return located


@rule(tree.Array)
def _array(node: tree.Array, scope: Scope) -> Code:
    if node.body is None:
        return Code(lambda _env, _x: [])
    body = compile_value(node.body, scope)
    return Code(collected(body), ONE, cost_of(body), height_of(body) + 1, emit=emitting_loops.collected(body))


def collected(body: Code) -> Closure:
    """Return a closure that makes a list of all outputs."""
    run = body.run
    if body.outputs == ONE:
        return lambda env, x: [run(env, x)]
    if body.outputs == OPTIONAL:

        def at_most_one(env: Env, x: JSON) -> list[JSON]:
            value = run(env, x)
            return [] if value is EMPTY else [value]

        return at_most_one
    if body.chain is not None:
        source, then, cost = body.chain
        return _collected_chain(source.stream(), then.run, cost)
    return lambda env, x: env[0].collect(run(env, x))


def _collected_chain(source: Stream, then: Closure, cost: int) -> Closure:
    def collect(env: Env, x: JSON) -> list[JSON]:
        run = env[0]
        out: list[JSON] = []
        append, size = out.append, run.size
        for value in source(env, x):
            run.steps -= cost
            if run.steps < 0:
                run.out_of_steps()
            result = then(env, value)
            if result is not EMPTY:
                append(result)
                if len(out) > size:
                    run.check_size(len(out))
        return out

    return collect


@rule(tree.Object)
def _object(node: tree.Object, scope: Scope) -> Code:
    pairs = [(compile_value(key, scope), compile_value(value, scope)) for key, value in node.entries]
    codes = [code for pair in pairs for code in pair]
    cost, height = cost_of(*codes), height_of(*codes) + 1
    names = [key.value if isinstance(key, tree.Literal) else None for key, _ in node.entries]
    outputs = outputs_of(*codes)
    if all(isinstance(name, str) for name in names) and outputs == ONE:
        static = [(name, value.run) for name, (_, value) in zip(names, pairs, strict=True)]
        emit = emitting.built([(str(name), value) for name, (_, value) in zip(names, pairs, strict=True)])
        return Code(lambda env, x: {name: run(env, x) for name, run in static}, ONE, cost, height, emit=emit)
    if outputs == ONE:
        return Code(_object_of_one([(k.run, v.run) for k, v in pairs], node), ONE, cost, height)
    return Code(_objects(pairs, node), MANY, 1, height + len(pairs))


def _object_of_one(pairs: list[tuple[Closure, Closure]], node: tree.Object) -> Closure:
    def built(env: Env, x: JSON) -> dict[str, JSON]:
        made = {}
        for key_of, value_of in pairs:
            key = key_of(env, x)
            if type(key) is not str:
                raise _bad_key(key, node)
            made[key] = value_of(env, x)
        return made

    return built


def _bad_key(key: JSON, node: tree.Object) -> Fault:
    return Fault(f"Object keys must be strings, not {type_name(key)}", "", node.pos)


def _objects(pairs: list[tuple[Code, Code]], node: tree.Object) -> Closure:
    streams = [(key.stream(), value.stream()) for key, value in pairs]
    cost = 1 + len(pairs) + sum(key.cost + value.cost for key, value in pairs)

    def built(env: Env, x: JSON, made: dict[str, JSON], at: int) -> Iterator[JSON]:
        if at == len(streams):
            yield made
            return
        charge = env[0].charge
        keys, values = streams[at]
        for key in keys(env, x):
            charge(cost)
            for value in values(env, x):
                charge(cost)
                if type(key) is not str:
                    raise _bad_key(key, node)
                yield from built(env, x, {**made, key: value}, at + 1)

    return lambda env, x: built(env, x, {}, 0)


@rule(tree.Negate)
def _negate(node: tree.Negate, scope: Scope) -> Code:
    operand = compile_value(node.operand, scope)
    if isinstance(node.operand, tree.Literal) and type(node.operand.value) in {int, float}:
        value = -node.operand.value
        return Code(lambda _env, _x: value, cost=0, emit=emitting.literal(value))
    return product(_located(lambda _env, value: negate(value), node), [operand])


@rule(tree.Binary)
def _binary(node: tree.Binary, scope: Scope) -> Code:
    left, right = compile_value(node.left, scope), compile_value(node.right, scope)
    operate = operators[node.op]
    names = tuple(code.where and scope.path(code.where) for code in (left, right))

    def located(env: Env, a: JSON, b: JSON) -> JSON:
        try:
            return operate(env[0], a, b)
        except Fault as fault:
            if fault.pos is None:
                fault.pos = node.pos
                fault.note = _operand_note(names, a, b)
            raise

    if not (left.single and right.single):
        return product(located, (left, right))
    a_of, b_of = left.run, right.run

    def one(env: Env, x: JSON) -> JSON:
        a = a_of(env, x)
        b = b_of(env, x)
        try:
            return operate(env[0], a, b)
        except Fault as fault:
            if fault.pos is None:
                fault.pos = node.pos
                fault.note = _operand_note(names, a, b)
            raise

    compares = node.op in emitting.comparisons
    emit = emitting.compared(node.op, located, left, right) if compares else emitting.applied(located, (left, right))
    return Code(one, ONE, cost_of(left, right), height_of(left, right) + 1, emit=emit)


def _operand_note(names: tuple[str | None, ...], a: JSON, b: JSON) -> str:
    found = [f"{name} is {type_name(value)}" for name, value in zip(names, (a, b), strict=True) if name]
    return ", ".join(found)


@rule(tree.Variable)
def _variable(node: tree.Variable, scope: Scope) -> Code:
    found = scope.find(("variable",), node.name)
    if found is not None:
        hops = scope.depth - found.depth
        return Code(at_hops(hops), cost=0, where=f"${node.name}", emit=emitting.variable(hops))
    program = scope.program
    if node.name not in program.variables:
        raise _unknown_variable(node, scope)
    slot = program.global_slot(node.name)
    emit = emitting.outer_variable(slot)
    return Code(lambda env, _x: env[0].globals[slot], cost=0, where=f"${node.name}", emit=emit)


def at_hops(hops: int) -> Closure:
    """Return a closure that reads the value bound so many links up."""
    if hops == 0:
        return lambda env, _x: env[2]
    if hops == 1:
        return lambda env, _x: env[1][2]
    if hops == 2:  # noqa: PLR2004 - unrolled, because most variables are near
        return lambda env, _x: env[1][1][2]

    def far(env: Env, _x: JSON) -> JSON:
        for _ in range(hops):
            env = env[1]
        return env[2]

    return far


def _unknown_variable(node: tree.Variable, scope: Scope) -> ExpressionSyntaxError:
    text = scope.program.text
    if node.name == "ENV":
        return ExpressionSyntaxError(
            "$ENV is not available: an expression reads nothing of the machine it runs on.",
            text,
            node.pos,
            hint="Use a setting or a secret of a connection.",
        )
    known = sorted({*(name for name in scope.names("variable") if name[0] != " "), *scope.program.variables})
    near = get_close_matches(node.name, known, 1)
    guess = f"Did you mean ${near[0]}? " if near else ""
    listed = ", ".join(f"${name}" for name in known) or "none"
    return ExpressionSyntaxError(
        f"The variable ${node.name} is not known.", text, node.pos, hint=f"{guess}Known here: {listed}."
    )
