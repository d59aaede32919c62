"""Built-in functions about paths: `path`, and those that may stand on the left of an assignment."""

from collections.abc import Iterator
from typing import Any, NoReturn

from cauce.expressions import paths, tree
from cauce.expressions.assignment import existing
from cauce.expressions.budget import Env
from cauce.expressions.builtins.registry import path_special, special
from cauce.expressions.code import MANY, Code, Path, PathStream, Scope, compile_paths, compile_value, height_of
from cauce.expressions.faults import Fault

JSON = Any
Pairs = Iterator[tuple[Path, JSON]]


@special("path", 1)
def _path(node: tree.Call, scope: Scope) -> Code:
    places = compile_paths(node.arguments[0], scope)
    body = compile_value(node.arguments[0], scope)

    def each(env: Env, x: JSON) -> Iterator[JSON]:
        charge = env[0].charge
        for path, _ in places(env, (), x):
            try:
                known = existing(path)
            except Fault as fault:
                fault.pos = node.pos
                raise
            charge(1 + (len(known) >> 3))
            yield list(known)

    return Code(each, MANY, body.cost, height_of(body) + 4)


@path_special("empty")
def _empty(_node: tree.Call, _scope: Scope) -> PathStream:
    return lambda _env, _path, _x: ()


@path_special("select", 1)
def _select(node: tree.Call, scope: Scope) -> PathStream:
    test = compile_value(node.arguments[0], scope)
    tests, cost = test.stream(), 1 + test.cost

    def selected(env: Env, path: Path, x: JSON) -> Pairs:
        for value in tests(env, x):
            env[0].charge(cost)
            if value is not False and value is not None:
                yield path, x

    return selected


@path_special("recurse")
def _recurse(node: tree.Call, scope: Scope) -> PathStream:
    return compile_paths(tree.Descend(node.pos), scope)


@path_special("recurse", 1)
def _recurse_by(node: tree.Call, scope: Scope) -> PathStream:
    step = compile_paths(node.arguments[0], scope)

    def everything(env: Env, path: Path, x: JSON) -> Pairs:
        charge = env[0].charge
        yield path, x
        stack = [iter(step(env, path, x))]
        while stack:
            found = next(stack[-1], None)
            charge(2)
            if found is None:
                stack.pop()
                continue
            yield found
            stack.append(iter(step(env, *found)))

    return everything


@path_special("recurse", 2)
def _recurse_while(node: tree.Call, scope: Scope) -> PathStream:
    chosen = tree.Call(node.pos, "select", (node.arguments[1],))
    return _recurse_by(tree.Call(node.pos, "recurse", (tree.Pipe(node.pos, node.arguments[0], chosen),)), scope)


@path_special("first", 1)
def _first(node: tree.Call, scope: Scope) -> PathStream:
    body = compile_paths(node.arguments[0], scope)

    def first(env: Env, path: Path, x: JSON) -> Pairs:
        for found in body(env, path, x):
            yield found
            return

    return first


@path_special("last", 1)
def _last(node: tree.Call, scope: Scope) -> PathStream:
    body = compile_paths(node.arguments[0], scope)

    def last(env: Env, path: Path, x: JSON) -> Pairs:
        found = None
        for found in body(env, path, x):  # noqa: B007 - the last one is what counts
            env[0].charge(1)
        if found is not None:
            yield found

    return last


@path_special("_limit", 2)
def _limit(node: tree.Call, scope: Scope) -> PathStream:
    counts = compile_value(node.arguments[0], scope).stream()
    body = compile_paths(node.arguments[1], scope)

    def limited(env: Env, path: Path, x: JSON) -> Pairs:
        for most in counts(env, x):
            for given, found in enumerate(body(env, path, x), 1):
                env[0].charge(1)
                yield found
                if given >= most:
                    break

    return limited


@path_special("first")
def _first_item(node: tree.Call, scope: Scope) -> PathStream:
    return compile_paths(tree.Index(node.pos, tree.Identity(node.pos), tree.Literal(node.pos, 0)), scope)


@path_special("last")
def _last_item(node: tree.Call, scope: Scope) -> PathStream:
    return compile_paths(tree.Index(node.pos, tree.Identity(node.pos), tree.Literal(node.pos, -1)), scope)


@path_special("getpath", 1)
def _getpath(node: tree.Call, scope: Scope) -> PathStream:
    wanted = compile_value(node.arguments[0], scope).stream()

    def reached(env: Env, path: Path, x: JSON) -> Pairs:
        run = env[0]
        for found in wanted(env, x):
            if type(found) is not list:
                raise Fault("Path must be specified as an array", "", node.pos)
            run.charge(1 + len(found) + paths.length(path))
            if path is None:
                raise Fault("Invalid path expression: getpath of a value that was computed", "", node.pos)
            yield (*path, *found), paths.getpath(run, x, found)

    return reached


@path_special("error")
def _error(node: tree.Call, _scope: Scope) -> PathStream:
    def fail(_env: Env, _path: Path, x: JSON) -> NoReturn:
        raise Fault(x, "", node.pos)

    return fail
