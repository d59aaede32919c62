"""Compiles `.`, `.name`, `.[key]`, `.[a:b]`, `.[]`, `..`: the way into data, for values and for paths."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from cauce.expressions import emitting, emitting_loops, paths, tree
from cauce.expressions.budget import Env
from cauce.expressions.code import (
    MANY,
    Closure,
    Code,
    Path,
    PathStream,
    Scope,
    compile_paths,
    compile_value,
    cost_of,
    height_of,
    path_rule,
    rule,
)
from cauce.expressions.faults import Fault, kind_phrase
from cauce.expressions.product import product
from cauce.expressions.values import type_name

JSON = Any


@rule(tree.Identity)
def _identity(_node: tree.Identity, _scope: Scope) -> Code:
    return Code(lambda _env, x: x, where=".", cost=0, emit=emitting.identity)


@rule(tree.Index)
def _index(node: tree.Index, scope: Scope) -> Code:
    target = compile_value(node.target, scope)
    if isinstance(node.key, tree.Literal) and type(node.key.value) is str and target.single:
        name = node.key.value
        where = None if target.where is None else f"{'' if target.where == '.' else target.where}.{name}"
        own = isinstance(node.target, tree.Identity)
        holder = "" if target.where is None else scope.path(target.where)
        run = _field(target, name, node, holder, identity=own)
        emit = emitting.field(target, name, lambda value: _field_of_other(value, name, node, holder))
        return Code(run, cost=cost_of(target), height=height_of(target), where=where, emit=emit)
    key = compile_value(node.key, scope)

    place = target.where and scope.path(target.where)

    def look_up(env: Env, container: JSON, wanted: JSON) -> JSON:
        try:
            return paths.index(env[0], container, wanted)
        except Fault as fault:
            raise _placed(fault, node, place and f"{place} is {kind_phrase(container)}") from None

    return product(look_up, (target, key), cost=2, keep=target.where and f"{target.where}[]")


def _field(target: Code, name: str, node: tree.Node, holder: str, *, identity: bool) -> Closure:
    if identity:

        def own_field(_env: Env, x: JSON) -> JSON:
            if type(x) is dict:
                return x.get(name)
            return _field_of_other(x, name, node, holder)

        return own_field
    inner = target.run

    def field(env: Env, x: JSON) -> JSON:
        value = inner(env, x)
        if type(value) is dict:
            return value.get(name)
        return _field_of_other(value, name, node, holder)

    return field


def _field_of_other(value: JSON, name: str, node: tree.Node, holder: str) -> JSON:
    if value is None:
        return None
    kind = type_name(value)
    note = f"{holder} is {_article(kind)}" if holder else ""
    raise Fault(f'Cannot index {kind} with "{name}"', note, node.pos)


def _article(kind: str) -> str:
    return kind if kind == "null" else f"{'an' if kind[0] in 'ao' else 'a'} {kind}"


def _placed(fault: Fault, node: tree.Node, note: str | None) -> Fault:
    if fault.pos is None:
        fault.pos = node.pos
        fault.note = fault.note or note or ""
    return fault


@rule(tree.Slice)
def _slice(node: tree.Slice, scope: Scope) -> Code:
    target = compile_value(node.target, scope)
    nothing = tree.Literal(node.pos, None)
    start = compile_value(node.start or nothing, scope)
    stop = compile_value(node.stop or nothing, scope)

    place = target.where and scope.path(target.where)

    def cut(env: Env, container: JSON, low: JSON, high: JSON) -> JSON:
        try:
            return paths.cut(env[0], container, low, high)
        except Fault as fault:
            raise _placed(fault, node, place and f"{place} is {kind_phrase(container)}") from None

    # jq varies the upper bound fastest, then the lower one, then the target.
    return product(cut, (target, start, stop), cost=2, order=(0, 1, 2))


@rule(tree.Iterate)
def _iterate(node: tree.Iterate, scope: Scope) -> Code:
    target = compile_value(node.target, scope)
    where = target.where
    place = where and scope.path(where)
    run = target.run

    def members(env: Env, x: JSON) -> Iterable[JSON]:
        value = run(env, x)
        if type(value) is list:
            return value
        if type(value) is dict:
            return value.values()
        raise no_members(value, node, place)

    if target.single:
        kept = None if where is None else f"{where}[]"
        emit = emitting_loops.members(target, lambda value: members_of(value, node, place))
        return Code(members, MANY, cost_of(target), height_of(target), kept, emit=emit, sized=True)
    stream = target.stream()

    def members_of_each(env: Env, x: JSON) -> Iterator[JSON]:
        charge = env[0].charge
        for value in stream(env, x):
            charge(1)
            if type(value) is list:
                yield from value
            elif type(value) is dict:
                yield from value.values()
            else:
                raise no_members(value, node, place)

    return Code(members_of_each, MANY, cost=cost_of(target), height=height_of(target), where=where and f"{where}[]")


def members_of(value: JSON, node: tree.Node, where: str | None) -> Collection[JSON]:
    """Return the members of what is no array."""
    if type(value) is dict:
        return value.values()
    raise no_members(value, node, where)


def no_members(value: JSON, node: tree.Node, where: str | None) -> Fault:
    """Make the error for iterating over what has no members."""
    kind = type_name(value)
    return Fault(f"Cannot iterate over {kind}", f"{where} is {_article(kind)}" if where else "", node.pos)


@rule(tree.Descend)
def _descend(_node: tree.Descend, _scope: Scope) -> Code:
    def everything(env: Env, x: JSON) -> Iterator[JSON]:
        run = env[0]
        open_values = [x]
        while open_values:
            run.charge(1)
            value = open_values.pop()
            yield value
            if type(value) is list:
                run.charge(len(value))
                open_values.extend(reversed(value))
            elif type(value) is dict:
                run.charge(len(value))
                open_values.extend(reversed(value.values()))

    return Code(everything, MANY, where="..")


@path_rule(tree.Identity)
def _identity_paths(_node: tree.Identity, _scope: Scope) -> PathStream:
    return lambda _env, path, x: ((path, x),)


@path_rule(tree.Index)
def _index_paths(node: tree.Index, scope: Scope) -> PathStream:
    target = compile_paths(node.target, scope)
    key = compile_value(node.key, scope)
    keys = key.stream()
    cost = 1 + key.cost

    def extended(env: Env, path: Path, x: JSON) -> Iterator[tuple[Path, JSON]]:
        run = env[0]
        for wanted in keys(env, x):
            for base, value in target(env, path, x):
                run.charge(cost + paths.length(base))
                try:
                    yield paths.extended(base, wanted), paths.index(run, value, wanted)
                except Fault as fault:
                    raise _placed(fault, node, None) from None

    return extended


@path_rule(tree.Slice)
def _slice_paths(node: tree.Slice, scope: Scope) -> PathStream:
    target = compile_paths(node.target, scope)
    nothing = tree.Literal(node.pos, None)
    start = compile_value(node.start or nothing, scope)
    stop = compile_value(node.stop or nothing, scope)
    bounds = product(lambda _env, low, high: (low, high), (start, stop), cost=1, order=(0, 1))
    limits = bounds.stream()

    def extended(env: Env, path: Path, x: JSON) -> Iterator[tuple[Path, JSON]]:
        run = env[0]
        for low, high in limits(env, x):
            for base, value in target(env, path, x):
                run.charge(bounds.cost + paths.length(base))
                try:
                    yield paths.extended(base, {"start": low, "end": high}), paths.cut(run, value, low, high)
                except Fault as fault:
                    raise _placed(fault, node, None) from None

    return extended


@path_rule(tree.Iterate)
def _iterate_paths(node: tree.Iterate, scope: Scope) -> PathStream:
    target = compile_paths(node.target, scope)

    def members(env: Env, path: Path, x: JSON) -> Iterator[tuple[Path, JSON]]:
        charge = env[0].charge
        for base, value in target(env, path, x):
            if type(value) is list:
                pairs: Iterable[tuple[JSON, JSON]] = enumerate(value)
            elif type(value) is dict:
                pairs = value.items()
            else:
                raise no_members(value, node, None)
            size = 1 + paths.length(base)
            for key, member in pairs:
                charge(size)
                yield paths.extended(base, key), member

    return members


@path_rule(tree.Descend)
def _descend_paths(_node: tree.Descend, _scope: Scope) -> PathStream:
    def everything(env: Env, path: Path, x: JSON) -> Iterator[tuple[Path, JSON]]:
        run = env[0]
        open_values = [(path, x)]
        while open_values:
            base, value = open_values.pop()
            run.charge(1)
            yield base, value
            if type(value) is list:
                run.charge(len(value) * (1 + paths.length(base)))
                last = len(value) - 1
                open_values.extend((paths.extended(base, last - n), v) for n, v in enumerate(reversed(value)))
            elif type(value) is dict:
                run.charge(len(value) * (1 + paths.length(base)))
                open_values.extend((paths.extended(base, k), v) for k, v in reversed(value.items()))

    return everything
