"""Compiles `as` with destructuring and `?//`, `reduce` and `foreach`."""

from collections.abc import Callable, Iterator
from typing import Any

from cauce.expressions import emitting_loops, paths, tree
from cauce.expressions.budget import Env
from cauce.expressions.code import (
    EMPTY,
    MANY,
    ONE,
    OPTIONAL,
    Code,
    Scope,
    Stream,
    compile_value,
    cost_of,
    height_of,
    rule,
)
from cauce.expressions.faults import Fault

JSON = Any
# Gives the environments in which the variables of a pattern are bound to the parts of a value.
Binder = Callable[[Env, JSON, JSON], Iterator[Env]]


def pattern_names(pattern: tree.Pattern) -> list[str]:
    """List the variables of a pattern in the order they are bound."""
    if isinstance(pattern, tree.VariablePattern):
        return [pattern.name]
    if isinstance(pattern, tree.ArrayPattern):
        return [name for item in pattern.items for name in pattern_names(item)]
    names = []
    for variable, _, inner in pattern.entries:
        names += [variable] if variable else []
        names += pattern_names(inner) if inner else []
    return names


def bind_names(scope: Scope, names: list[str]) -> Scope:
    """Return the scope in which `names` are bound, one link each."""
    for name in names:
        scope = scope.bind("variable", name)
    return scope


def binder(pattern: tree.Pattern, scope: Scope) -> tuple[Binder, Scope]:
    """Compile a pattern; keys in it may use the variables bound before them."""
    if isinstance(pattern, tree.VariablePattern):
        return _bind_variable, scope.bind("variable", pattern.name)
    steps: list[tuple[Stream, Binder | None, bool]] = []
    if isinstance(pattern, tree.ArrayPattern):
        for position, item in enumerate(pattern.items):
            inner, after = binder(item, scope)
            steps.append((_constant(position), inner, False))
            scope = after
        return _bind_parts(steps, pattern.pos), scope
    for variable, key, entry in pattern.entries:
        keys = compile_value(key, scope).stream()
        scope = scope.bind("variable", variable) if variable else scope
        found = None
        if entry is not None:
            found, scope = binder(entry, scope)
        steps.append((keys, found, variable is not None))
    return _bind_parts(steps, pattern.pos), scope


def _constant(value: JSON) -> Stream:
    return lambda _env, _x: (value,)


def _bind_variable(env: Env, _x: JSON, value: JSON) -> Iterator[Env]:
    yield (env[0], env, value, env[3])


def _bind_parts(steps: list[tuple[Stream, Binder | None, bool]], pos: int) -> Binder:
    def bind(env: Env, x: JSON, value: JSON, at: int = 0) -> Iterator[Env]:
        if at == len(steps):
            yield env
            return
        keys, inner, named = steps[at]
        run = env[0]
        for key in keys(env, x):
            run.charge(2)
            try:
                part = paths.index(run, value, key)
            except Fault as fault:
                fault.pos = pos
                raise
            bound = (run, env, part, env[3]) if named else env
            if inner is None:
                yield from bind(bound, x, value, at + 1)
                continue
            for deeper in inner(bound, x, part):
                yield from bind(deeper, x, value, at + 1)

    return bind


@rule(tree.Bind)
def _bind(node: tree.Bind, scope: Scope) -> Code:
    source = compile_value(node.source, scope)
    if len(node.patterns) > 1:
        return _alternatives(node, source, scope)
    pattern = node.patterns[0]
    if isinstance(pattern, tree.VariablePattern):
        body = compile_value(node.body, scope.bind("variable", pattern.name))
        return _bind_simple(source, body)
    bind, inner = binder(pattern, scope)
    body = compile_value(node.body, inner)
    values, results, cost = source.stream(), body.stream(), 2 + body.cost

    def bound(env: Env, x: JSON) -> Iterator[JSON]:
        charge = env[0].charge
        for value in values(env, x):
            for inside in bind(env, x, value):
                charge(cost)
                yield from results(inside, x)

    return Code(bound, MANY, cost_of(source), height_of(source, body) + 2 * len(pattern_names(pattern)) + 2)


def _bind_simple(source: Code, body: Code) -> Code:
    first, then = source.run, body.run
    height = height_of(source, body)
    if source.outputs == ONE:

        def one(env: Env, x: JSON) -> JSON:
            return then((env[0], env, first(env, x), env[3]), x)

        return Code(one, body.outputs, cost_of(source, body), height, emit=emitting_loops.bound(source, body, 0))
    if source.outputs == OPTIONAL and body.outputs != MANY:

        def optional(env: Env, x: JSON) -> JSON:
            value = first(env, x)
            return EMPTY if value is EMPTY else then((env[0], env, value, env[3]), x)

        return Code(optional, OPTIONAL, cost_of(source, body), height, emit=emitting_loops.bound(source, body, 0))
    values, results, cost = source.stream(), body.stream(), 1 + body.cost

    def many(env: Env, x: JSON) -> Iterator[JSON]:
        run, frames = env[0], env[3]
        for value in values(env, x):
            run.charge(cost)
            yield from results((run, env, value, frames), x)

    return Code(many, MANY, cost_of(source), height, emit=emitting_loops.bound(source, body, cost))


def _alternatives(node: tree.Bind, source: Code, scope: Scope) -> Code:
    """Compile `?//`: every variable of every pattern exists in the body; an error there tries the next pattern."""
    names = list(dict.fromkeys(name for pattern in node.patterns for name in pattern_names(pattern)))
    outer = bind_names(scope, names)
    attempts: list[tuple[Binder, Stream]] = []
    bodies = []
    for pattern in node.patterns:
        bind, inner = binder(pattern, outer)
        body = compile_value(node.body, inner)
        bodies.append(body)
        attempts.append((bind, body.stream()))
    values, cost = source.stream(), 2 + len(names) + max(body.cost for body in bodies)

    def tried(env: Env, x: JSON) -> Iterator[JSON]:
        run = env[0]
        for value in values(env, x):
            base = env
            for _ in names:
                base = (run, base, None, env[3])
            for number, (bind, results) in enumerate(attempts, 1):
                run.charge(cost)
                try:
                    for inside in bind(base, x, value):
                        run.charge(cost)
                        yield from results(inside, x)
                    break
                except Fault:
                    if number == len(attempts):
                        raise

    return Code(tried, MANY, cost_of(source), height_of(source, *bodies) + 2 * len(names) + 2)


@rule(tree.Reduce)
def _reduce(node: tree.Reduce, scope: Scope) -> Code:
    source, start = compile_value(node.source, scope), compile_value(node.start, scope)
    bind, inner = binder(node.pattern, scope)
    update = compile_value(node.update, inner.at(None))
    simple = isinstance(node.pattern, tree.VariablePattern)
    fold = _fold_simple(source.stream(), update) if simple else _fold(source.stream(), bind, update)
    height = height_of(source, start, update) + (0 if simple else 2 * len(pattern_names(node.pattern)) + 2)
    cost = cost_of(source, start)
    if start.single:
        begin = start.run
        emit = emitting_loops.folded(source, start, update, 1 + update.cost) if simple and update.single else None
        return Code(lambda env, x: fold(env, x, begin(env, x)), ONE, cost, height, emit=emit)
    starts = start.stream()

    def each_start(env: Env, x: JSON) -> Iterator[JSON]:
        for state in starts(env, x):
            env[0].charge(cost)
            yield fold(env, x, state)

    return Code(each_start, MANY, cost, height)


Fold = Callable[[Env, JSON, JSON], JSON]


def _fold_simple(values: Stream, update: Code) -> Fold:
    then, cost = update.run, 1 + update.cost
    if update.outputs != ONE:
        return _fold(values, _bind_variable, update)

    def fold(env: Env, x: JSON, state: JSON) -> JSON:
        run, frames = env[0], env[3]
        for value in values(env, x):
            run.steps -= cost
            if run.steps < 0:
                run.out_of_steps()
            state = then((run, env, value, frames), state)
        return state

    return fold


def _fold(values: Stream, bind: Binder, update: Code) -> Fold:
    results, cost = update.stream(), 1 + update.cost

    def fold(env: Env, x: JSON, state: JSON) -> JSON:
        run = env[0]
        for value in values(env, x):
            for inside in bind(env, x, value):
                run.charge(cost)
                last = None  # an update without output makes the state null, as in jq 1.7
                for last in results(inside, state):  # noqa: B007 - the last one is what counts
                    run.charge(1)
                state = last
        return state

    return fold


@rule(tree.Foreach)
def _foreach(node: tree.Foreach, scope: Scope) -> Code:
    source, start = compile_value(node.source, scope), compile_value(node.start, scope)
    bind, inner = binder(node.pattern, scope)
    update = compile_value(node.update, inner.at(None))
    extract = compile_value(node.extract or tree.Identity(node.pos), inner.at(None))
    run_all = _each_state(source.stream(), bind, update, extract)
    starts = start.stream()

    def each(env: Env, x: JSON) -> Iterator[JSON]:
        for state in starts(env, x):
            env[0].charge(1)
            yield from run_all(env, x, state)

    height = height_of(source, start, update, extract) + 2 * len(pattern_names(node.pattern)) + 2
    return Code(each, MANY, cost_of(source, start), height)


def _each_state(
    values: Stream, bind: Binder, update: Code, extract: Code
) -> Callable[[Env, JSON, JSON], Iterator[JSON]]:
    states, extracted = update.stream(), extract.stream()
    cost, more = 1 + update.cost, 1 + extract.cost

    def each(env: Env, x: JSON, state: JSON) -> Iterator[JSON]:
        run = env[0]
        for value in values(env, x):
            for inside in bind(env, x, value):
                run.charge(cost)
                last = None  # an update without output makes the state null
                for last in states(inside, state):
                    run.charge(more)
                    yield from extracted(inside, last)
                state = last

    return each
