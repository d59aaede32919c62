"""Compiles `=`, `|=` and the arithmetic assignments; each gives a changed copy of its input."""

from collections.abc import Callable, Iterator
from typing import Any

from cauce.expressions import tree
from cauce.expressions.arithmetic import Operator, operators
from cauce.expressions.budget import Env, Run
from cauce.expressions.code import (
    EMPTY,
    MANY,
    ONE,
    Code,
    PathStream,
    Scope,
    compile_paths,
    compile_value,
    height_of,
    rule,
)
from cauce.expressions.editing import Editor, delete
from cauce.expressions.faults import Fault

JSON = Any


@rule(tree.Assign)
def _assign(node: tree.Assign, scope: Scope) -> Code:
    places = compile_paths(node.left, scope)
    # The left side is compiled for values too, for its height and so that its mistakes are found in one order.
    left = compile_value(node.left, scope)
    right = compile_value(node.right, scope.at(None) if node.op == "|=" else scope)
    height = height_of(left, right) + 4
    if node.op == "|=":
        return Code(_located(_updated(places, right), node), ONE, 2 + left.cost, height)
    combine = _replace if node.op == "=" else _default if node.op == "//=" else operators[node.op[:-1]]
    change = _located(_changed(places, combine), node)
    if right.single:
        value_of = right.run
        return Code(lambda env, x: change(env, x, value_of(env, x)), ONE, 2 + left.cost + right.cost, height)
    values = right.stream()

    def each(env: Env, x: JSON) -> Iterator[JSON]:
        for value in values(env, x):
            env[0].charge(1 + left.cost)
            yield change(env, x, value)

    return Code(each, MANY, 1 + right.cost, height)


def _located(change: Callable[..., JSON], node: tree.Assign) -> Callable[..., JSON]:
    def located(*arguments: JSON) -> JSON:
        try:
            return change(*arguments)
        except Fault as fault:
            if fault.pos is None:
                fault.pos = node.pos
            raise

    return located


def _replace(_run: Run, _old: JSON, new: JSON) -> JSON:
    return new


def _default(_run: Run, old: JSON, new: JSON) -> JSON:
    return new if old is None or old is False else old


def _changed(places: PathStream, combine: Operator) -> Callable[[Env, JSON, JSON], JSON]:
    def change(env: Env, x: JSON, value: JSON) -> JSON:
        run = env[0]
        editor = Editor(run, x)
        for path, _ in places(env, (), x):
            run.charge(2)
            known = existing(path)
            editor.put(known, value if combine is _replace else combine(run, editor.look(known), value))
        return editor.root

    return change


def _updated(places: PathStream, update: Code) -> Callable[[Env, JSON], JSON]:
    first = first_of(update)
    cost = 3 + update.cost

    def updated(env: Env, x: JSON) -> JSON:
        run = env[0]
        editor = Editor(run, x)
        doomed = []
        for path, _ in places(env, (), x):
            run.charge(cost)
            known = existing(path)
            new = first(env, editor.look(known))
            if new is EMPTY:
                doomed.append(list(known))
            else:
                editor.put(known, new)
        return delete(run, editor.root, doomed) if doomed else editor.root

    return updated


def first_of(code: Code) -> Callable[[Env, JSON], JSON]:
    """Return a closure for the first output, or `EMPTY`."""
    run = code.run
    if code.outputs != MANY:
        return run

    def first(env: Env, x: JSON) -> JSON:
        for value in run(env, x):
            return value
        return EMPTY

    return first


def existing(path: tuple[JSON, ...] | None) -> tuple[JSON, ...]:
    """Return the path, which must lead into the input."""
    if path is None:
        raise Fault("Invalid path expression: it gives a value that was computed, not a part of the input")
    return path
