"""Compiles how paths flow through pipes, conditions, bindings and the like: for `path(…)` and assignments."""

from collections.abc import Callable, Iterator
from typing import Any

from cauce.expressions import tree
from cauce.expressions.binding import binder
from cauce.expressions.budget import Env
from cauce.expressions.code import Path, PathStream, Scope, compile_paths, compile_value, path_rule
from cauce.expressions.faults import BreakSignal, Fault

JSON = Any
Pairs = Iterator[tuple[Path, JSON]]


@path_rule(tree.Pipe)
def _pipe(node: tree.Pipe, scope: Scope) -> PathStream:
    left, right = compile_paths(node.left, scope), compile_paths(node.right, scope)

    def piped(env: Env, path: Path, x: JSON) -> Pairs:
        charge = env[0].charge
        for base, value in left(env, path, x):
            charge(1)
            yield from right(env, base, value)

    return piped


@path_rule(tree.Comma)
def _comma(node: tree.Comma, scope: Scope) -> PathStream:
    parts = [compile_paths(part, scope) for part in node.parts]

    def each(env: Env, path: Path, x: JSON) -> Pairs:
        for part in parts:
            env[0].charge(1)
            yield from part(env, path, x)

    return each


@path_rule(tree.If)
def _if(node: tree.If, scope: Scope) -> PathStream:
    branches = [(compile_value(test, scope), compile_paths(then, scope)) for test, then in node.branches]
    run = compile_paths(node.otherwise or tree.Identity(node.pos), scope)
    for test, then in reversed(branches):
        run = _choose(test.stream(), then, run, 2 + test.cost)
    return run


def _choose(test: Callable[[Env, JSON], Any], then: PathStream, otherwise: PathStream, cost: int) -> PathStream:
    def chosen(env: Env, path: Path, x: JSON) -> Pairs:
        env[0].charge(cost)
        for value in test(env, x):
            env[0].charge(cost)
            yield from otherwise(env, path, x) if value is False or value is None else then(env, path, x)

    return chosen


@path_rule(tree.Alternative)
def _alternative(node: tree.Alternative, scope: Scope) -> PathStream:
    left, right = compile_paths(node.left, scope), compile_paths(node.right, scope)

    def either(env: Env, path: Path, x: JSON) -> Pairs:
        found = False
        env[0].charge(1)
        for base, value in left(env, path, x):
            env[0].charge(1)
            if value is not None and value is not False:
                found = True
                yield base, value
        if not found:
            yield from right(env, path, x)

    return either


@path_rule(tree.Try)
def _try(node: tree.Try, scope: Scope) -> PathStream:
    body = compile_paths(node.body, scope)
    handler = None if node.handler is None else compile_value(node.handler, scope).stream()

    def attempt(env: Env, path: Path, x: JSON) -> Pairs:
        try:
            yield from body(env, path, x)
        except Fault as fault:
            error = fault.value
        else:
            return
        if handler is not None:
            for value in handler(env, error):
                env[0].charge(1)
                yield None, value

    return attempt


@path_rule(tree.Label)
def _label(node: tree.Label, scope: Scope) -> PathStream:
    body = compile_paths(node.body, scope.bind("label", node.name))

    def labelled(env: Env, path: Path, x: JSON) -> Pairs:
        token = object()
        try:
            yield from body((env[0], env, token, env[3]), path, x)
        except BreakSignal as signal:
            if signal.token is not token:
                raise

    return labelled


@path_rule(tree.Bind)
def _bind(node: tree.Bind, scope: Scope) -> PathStream:
    source = compile_value(node.source, scope).stream()
    if len(node.patterns) > 1:
        compiled = compile_value(node, scope).stream()
        return lambda env, _path, x: ((None, value) for value in compiled(env, x))
    bind, inner = binder(node.patterns[0], scope)
    body = compile_paths(node.body, inner)

    def bound(env: Env, path: Path, x: JSON) -> Pairs:
        for value in source(env, x):
            for inside in bind(env, x, value):
                env[0].charge(1)
                yield from body(inside, path, x)

    return bound


@path_rule(tree.Reduce)
def _reduce(node: tree.Reduce, scope: Scope) -> PathStream:
    source, start = compile_value(node.source, scope).stream(), compile_paths(node.start, scope)
    bind, inner = binder(node.pattern, scope)
    update = compile_paths(node.update, inner)

    def reduced(env: Env, path: Path, x: JSON) -> Pairs:
        charge = env[0].charge
        for state in start(env, path, x):
            for value in source(env, x):
                for inside in bind(env, x, value):
                    last: tuple[Path, JSON] = (None, None)
                    for last in update(inside, *state):  # noqa: B007 - the last one is what counts
                        charge(1)
                    charge(1)
                    state = last  # noqa: PLW2901 - the state moves on
            yield state

    return reduced


@path_rule(tree.Foreach)
def _foreach(node: tree.Foreach, scope: Scope) -> PathStream:
    source, start = compile_value(node.source, scope).stream(), compile_paths(node.start, scope)
    bind, inner = binder(node.pattern, scope)
    update = compile_paths(node.update, inner)
    extract = compile_paths(node.extract or tree.Identity(node.pos), inner)

    def each(env: Env, path: Path, x: JSON) -> Pairs:
        charge = env[0].charge
        for state in start(env, path, x):
            for value in source(env, x):
                for inside in bind(env, x, value):
                    charge(1)
                    last: tuple[Path, JSON] = (None, None)
                    for last in update(inside, *state):
                        charge(1)
                        yield from extract(inside, *last)
                    state = last  # noqa: PLW2901 - the state moves on

    return each
