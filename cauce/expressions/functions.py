"""Compiles `def` and calls: of functions, of closures given to them, of built-in functions and the prelude."""

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from cauce.expressions import emitting, emitting_loops, tree
from cauce.expressions.budget import Env, frames_per_call
from cauce.expressions.builtins import registry
from cauce.expressions.builtins.prelude import prelude
from cauce.expressions.code import (
    MANY,
    ONE,
    OPTIONAL,
    Argument,
    Closure,
    Code,
    Function,
    Outputs,
    Path,
    PathStream,
    Scope,
    compile_paths,
    compile_value,
    cost_of,
    height_of,
    path_rule,
    pathless,
    rule,
)
from cauce.expressions.construction import at_hops
from cauce.expressions.faults import ExpressionSyntaxError, Fault, kind_phrase
from cauce.expressions.product import product

JSON = Any
# A recursive function is compiled again when the guess about its outputs was wrong; this bounds the work.
max_guesses = 30
Enter = Callable[[Env, JSON], Iterator[Env]]


@rule(tree.Define)
def _define(node: tree.Define, scope: Scope) -> Code:
    function = Function(node.definition, scope)
    inner = scope.define(function)
    compile_function(function, inner)
    return compile_value(node.rest, inner)


@path_rule(tree.Define)
def _define_paths(node: tree.Define, scope: Scope) -> PathStream:
    function = Function(node.definition, scope)
    inner = scope.define(function)
    compile_function(function, inner)
    return compile_paths(node.rest, inner)


def compile_function(function: Function, scope: Scope) -> Code:
    """Compile the body of a function; how many outputs a recursive one has is guessed, and checked."""
    for parameter in function.definition.parameters:
        if parameter.startswith("$"):
            scope = scope.bind("variable", parameter[1:])
            scope = Scope(scope.program, scope, "alias", (parameter[1:], 0))
        else:
            scope = scope.bind("closure", (parameter, 0))
    scope = scope.at(None)
    function.body_scope = scope
    program = scope.program
    guesses: tuple[Outputs, ...] = (ONE, OPTIONAL, MANY) if program.guesses < max_guesses else (MANY,)
    code = Code(lambda _env, _x: None)
    for guess in guesses:
        function.outputs, function.recursive = guess, False
        code = compile_value(function.definition.body, scope)
        if not function.recursive:
            function.outputs = code.outputs
            break
        program.guesses += 1
        if code.outputs <= guess:
            break
    if function.outputs == MANY and code.outputs != MANY:
        code = Code(code.stream(), MANY, code.cost, code.height + 1)
    function.code = code
    return code


@rule(tree.Call)
def _call(node: tree.Call, scope: Scope) -> Code:
    name = (node.name, len(node.arguments))
    found = scope.find(("function", "closure", "alias"), name)
    if found is None:
        return _call_builtin(node, scope)
    hops = scope.depth - found.depth
    if found.kind == "alias":
        return Code(at_hops(hops), cost=0, emit=emitting.variable(hops))
    if found.kind == "closure":
        return Code(_enter_closure(hops), MANY, height=3)
    assert found.target is not None  # noqa: S101 - a scope of kind `function` has one
    return _call_function(node, scope, found.target, hops)


def _call_builtin(node: tree.Call, scope: Scope) -> Code:
    name = (node.name, len(node.arguments))
    special = registry.specials.get(name)
    if special is not None:
        return special(node, scope if name in registry.on_own_input else scope.at(None))
    plain = registry.functions.get(name)
    if plain is not None:
        return _call_plain(plain, node, scope)
    function = _from_prelude(name, scope)
    if function is not None:
        return _call_function(node, scope, function, scope.depth)
    raise _unknown_function(node, scope)


def _call_plain(plain: Callable[..., JSON], node: tree.Call, scope: Scope) -> Code:
    identity = compile_value(tree.Identity(node.pos), scope)
    arguments = [compile_value(argument, scope) for argument in node.arguments]

    place = scope.place

    def apply(env: Env, *values: JSON) -> JSON:
        try:
            return plain(env[0], *values)
        except Fault as fault:
            if fault.pos is None:
                fault.pos = node.pos
                if place and place != "." and not fault.note:
                    fault.note = f"{place} is {kind_phrase(values[0])}"
            raise

    code = product(apply, (identity, *arguments), cost=3)
    code.height += 2
    return code


def _from_prelude(name: tuple[str, int], scope: Scope) -> Function | None:
    program = scope.program
    function = program.prelude.get(name)
    if function is None and name in prelude():
        function = program.prelude[name] = Function(prelude()[name], program.root)
        compile_function(function, program.root.define(function))
    return function


def _enter_closure(hops: int) -> Callable[[Env, JSON], Iterable[JSON]]:
    find = at_hops(hops)

    def call(env: Env, x: JSON) -> Iterable[JSON]:
        argument, home = find(env, None)
        run = env[0]
        frames = env[3] + argument.height
        if frames > run.frames:
            run.too_deep()
        run.charge(argument.cost)
        stream: Iterable[JSON] = argument.stream((run, home[1], home[2], frames), x)
        return stream

    return call


def _call_function(node: tree.Call, scope: Scope, function: Function, hops: int) -> Code:
    if function.code is None:
        function.recursive = True
    makers, codes = _parameters(node, scope, function)
    height, cost = height_of(*codes) + 3 + len(codes), cost_of(*codes) + len(codes)
    done = None if function.recursive else function.code
    if done is not None:
        # Without recursion, what the call costs and how deep it goes is known now.
        height, cost = height + done.height, cost + done.cost
        if not codes:
            chain = done.chain if hops == 0 else None
            emit = emitting_loops.called(done, hops)
            return Code(_inlined(done.run, hops), done.outputs, cost, height, chain=chain, emit=emit)
    start = _start(function, hops) if done is None else _start_known(hops)
    if all(code.single for _, code in makers):
        runs = [code.run for _, code in makers]

        def call(env: Env, x: JSON) -> JSON:
            run = env[0]
            inside = start(env)
            for make in runs:
                inside = (run, inside, make(env, x), inside[3])
            return function.code.run(inside, x)  # type: ignore[union-attr] # compiled before it can run

        made = Code(call, function.outputs, cost, height)
        if done is not None and all(name.startswith("$") for name, _ in makers):
            made.emit = emitting_loops.called(done, hops, codes)
        return made
    enter = _enter_each([code for _, code in makers], start, 1 if done is None else 1 + done.cost)

    def call_each(env: Env, x: JSON) -> Iterator[JSON]:
        results = function.code.stream()  # type: ignore[union-attr] # compiled before it can run
        for inside in enter(env, x):
            yield from results(inside, x)

    return Code(call_each, MANY, cost, height)


def _inlined(body: Closure, hops: int) -> Closure:
    if hops == 0:
        return body
    start = _start_known(hops)
    return lambda env, x: body(start(env), x)


def _start_known(hops: int) -> Callable[[Env], Env]:
    """Return what makes the environment of a call whose cost and depth the caller has accounted for."""
    if hops == 0:
        return lambda env: env
    if hops == 1:
        return lambda env: (env[0], env[1][1], env[1][2], env[3])

    def start(env: Env) -> Env:
        home = env
        for _ in range(hops):
            home = home[1]
        return (env[0], home[1], home[2], env[3])

    return start


def _parameters(node: tree.Call, scope: Scope, function: Function) -> tuple[list[tuple[str, Code]], list[Code]]:
    """Compile what fills each parameter; a closure's slot is the closure with the environment it was written in."""
    makers, codes = [], []
    for parameter, argument in zip(function.definition.parameters, node.arguments, strict=True):
        inner = scope if parameter.startswith("$") else scope.at(None)
        code = compile_value(argument, inner)
        codes.append(code)
        makers.append((parameter, code if parameter.startswith("$") else _closure(Argument(argument, inner, code))))
    return makers, codes


def _closure(argument: Argument) -> Code:
    return Code(lambda env, _x: (argument, env), cost=0)


def _start(function: Function, hops: int) -> Callable[[Env], Env]:
    """Return what makes the environment of a call: that of the definition, at the depth of the caller."""

    def start(env: Env) -> Env:
        code = function.code
        run = env[0]
        frames = env[3] + max(frames_per_call, code.height + 2)  # type: ignore[union-attr] # compiled by now
        if frames > run.frames:
            run.too_deep()
        run.charge(4 + code.cost)  # type: ignore[union-attr] # compiled by now
        for _ in range(hops):
            env = env[1]
        return (run, env[1], env[2], frames)

    return start


def _enter_each(codes: list[Code], start: Callable[[Env], Env], cost: int) -> Enter:
    streams = [code.stream() for code in codes]

    def enter(env: Env, x: JSON, inside: Env, at: int) -> Iterator[Env]:
        if at == len(streams):
            yield inside
            return
        run = env[0]
        for value in streams[at](env, x):
            run.charge(cost)
            yield from enter(env, x, (run, inside, value, inside[3]), at + 1)

    def enter_first(env: Env, x: JSON) -> Iterator[Env]:
        for inside in enter(env, x, (env[0], None, None, 0), 0):
            yield _rebased(start(env), inside, len(streams))

    return enter_first


def _rebased(base: Env, inside: Env, count: int) -> Env:
    values = []
    for _ in range(count):
        values.append(inside[2])
        inside = inside[1]
    for value in reversed(values):
        base = (base[0], base, value, base[3])
    return base


@path_rule(tree.Call)
def _call_paths(node: tree.Call, scope: Scope) -> PathStream:
    name = (node.name, len(node.arguments))
    found = scope.find(("function", "closure", "alias"), name)
    if found is not None and found.kind == "closure":
        return _enter_closure_paths(scope.depth - found.depth)
    if found is not None and found.target is not None:
        return _function_paths(node, scope, found.target, scope.depth - found.depth)
    if found is None:
        special = registry.path_specials.get(name)
        if special is not None:
            return special(node, scope)
        if name not in registry.specials and name not in registry.functions:
            function = _from_prelude(name, scope)
            if function is not None:
                return _function_paths(node, scope, function, scope.depth)
    return pathless(compile_value(node, scope).stream())


def _enter_closure_paths(hops: int) -> PathStream:
    find = at_hops(hops)

    def call(env: Env, path: Path, x: JSON) -> Iterable[tuple[Path, JSON]]:
        argument, home = find(env, None)
        run = env[0]
        frames = env[3] + argument.height
        if frames > run.frames:
            run.too_deep()
        run.charge(argument.cost)
        found: Iterable[tuple[Path, JSON]] = argument.paths()((run, home[1], home[2], frames), path, x)
        return found

    return call


def _function_paths(node: tree.Call, scope: Scope, function: Function, hops: int) -> PathStream:
    if function.code is None:
        function.recursive = True
    makers, _ = _parameters(node, scope, function)
    enter = _enter_each([code for _, code in makers], _start(function, hops), 1)

    def call(env: Env, path: Path, x: JSON) -> Iterator[tuple[Path, JSON]]:
        if function.paths is None:
            function.paths = compile_paths(function.definition.body, function.body_scope)
        for inside in enter(env, x):
            yield from function.paths(inside, path, x)

    return call


def _unknown_function(node: tree.Call, scope: Scope) -> ExpressionSyntaxError:
    text, arity = scope.program.text, len(node.arguments)
    called = f"{node.name}/{arity}"
    refusal = registry.refused.get(node.name)
    if refusal:
        return ExpressionSyntaxError(f"`{node.name}` is not available: {refusal[0]}", text, node.pos, hint=refusal[1])
    known = {*registry.specials, *registry.functions, *prelude(), *scope.names("function"), *scope.names("closure")}
    arities = sorted(count for name, count in known if name == node.name)
    if arities:
        counts = " or ".join(str(count) for count in arities)
        return ExpressionSyntaxError(
            f"`{node.name}` does not take {arity} argument{'s' * (arity != 1)}.",
            text,
            node.pos,
            hint=f"It takes {counts}; arguments are separated by `;`.",
        )
    near = get_close_matches(node.name, sorted({name for name, _ in known}), 1)
    hint = f"Did you mean `{near[0]}`?" if near else "See docs/expressions.md for the functions there are."
    return ExpressionSyntaxError(f"The function {called} is not known.", text, node.pos, hint=hint)
