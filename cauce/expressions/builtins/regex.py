"""Regular expressions on a linear-time engine: `match`, `test`, `split/2`, `sub`; the prelude builds on them."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import re2

from cauce.expressions import tree
from cauce.expressions.budget import Env, Run
from cauce.expressions.builtins.registry import function, special
from cauce.expressions.code import MANY, Code, Scope, Stream, compile_value, cost_of, height_of
from cauce.expressions.faults import Fault
from cauce.expressions.values import type_name

JSON = Any
_flags = frozenset("gimnpslx")
_longest_pattern = 4096
_lacks = {
    "(?=": "look-ahead",
    "(?!": "look-ahead",
    "(?<=": "look-behind",
    "(?<!": "look-behind",
    "(?>": "atomic groups",
}
_blank = " \t\r\n\f\v"


class Pattern:
    """A compiled regular expression and what using it costs."""

    __slots__ = ("_engine", "everywhere", "names", "size", "skip_empty")

    def __init__(self, text: str, flags: str) -> None:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = 1 << 20
        options.case_sensitive = "i" not in flags
        options.dot_nl = "p" in flags
        options.longest_match = "l" in flags
        source = _without_blanks(text) if "x" in flags else text
        # Classes of all scripts make a program long but not slow; what a search costs follows from the plain one.
        self.size = int(re2.compile(source, options).programsize)
        self._engine = re2.compile(_for_all_scripts(source), options)
        self.everywhere = "g" in flags
        self.skip_empty = "n" in flags
        names = {position: name for name, position in self._engine.groupindex.items()}
        self.names = [names.get(at) for at in range(1, self._engine.groups + 1)]

    def matches(self, run: Run, text: str) -> Iterator[Any]:
        """Give the matches of a text, charging for every search."""
        run.charge(20 + (self.size >> 2) + (len(text) >> 5))
        self._charge(run, len(text))
        for found in self._engine.finditer(text):
            if not (self.skip_empty and found.end() == found.start()):
                yield found
            if not self.everywhere:
                return
            self._charge(run, len(text) - found.end())

    def _charge(self, run: Run, rest: int) -> None:
        run.charge(2 + (rest * self.size >> 6))


_outside = {
    "w": r"[\p{L}\p{M}\p{N}_]",
    "W": r"[^\p{L}\p{M}\p{N}_]",
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "s": r"[\s\p{Z}\v]",
}
_outside["S"] = r"[^\s\p{Z}\v]"
_inside = {"w": r"\p{L}\p{M}\p{N}_", "d": r"\p{Nd}", "D": r"\P{Nd}", "s": r"\s\p{Z}\v"}


def _for_all_scripts(text: str) -> str:
    r"""Make `\w`, `\d` and `\s` mean the letters, digits and spaces of every script, as jq's engine does."""
    out, at, in_class = [], 0, False
    while at < len(text):
        character = text[at]
        if character == "\\":
            known = _inside if in_class else _outside
            out.append(known.get(text[at + 1 : at + 2], text[at : at + 2]))
            at += 2
            continue
        in_class = character == "[" or (in_class and character != "]")
        out.append(character)
        at += 1
    return "".join(out)


def _without_blanks(text: str) -> str:
    """Drop white space and comments, as the flag `x` says; the engine does not know it."""
    out, at, in_class = [], 0, False
    while at < len(text):
        character = text[at]
        if character == "\\":
            out.append(text[at : at + 2])
            at += 2
            continue
        in_class = character == "[" or (in_class and character != "]")
        if not in_class and character == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif in_class or character not in _blank:
            out.append(character)
        at += 1
    return "".join(out)


@lru_cache(maxsize=256)
def _compiled(text: str, flags: str) -> Pattern | str:
    """Compile a pattern; what is wrong with it is returned, so that it is cached too."""
    for construct, name in _lacks.items():
        if construct in text:
            return f"The regular expression uses {name}, which the linear-time engine does not have"
    try:
        return Pattern(text, flags)
    except re2.error as error:
        reason = error.args[0]
        shown = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        return f"The regular expression is not valid: {shown.partition(':')[0]}"


def _pattern(run: Run, x: JSON, expression: JSON, flags: JSON) -> tuple[str, Pattern]:
    if type(expression) is list:
        flags = expression[1] if len(expression) > 1 else flags
        expression = expression[0] if expression else None
    if type(x) is not str:
        raise Fault(f"{type_name(x)} cannot be matched, as it is not a string")
    if type(expression) is not str:
        raise Fault(f"{type_name(expression)} is not a regular expression, only a string can be one")
    if flags is not None and type(flags) is not str:
        raise Fault(f"{type_name(flags)} is not a string of regular expression flags")
    if not _flags.issuperset(flags or ""):
        raise Fault("The regular expression flags are not valid: known are g i l n p s x")
    if len(expression) > _longest_pattern:
        raise Fault(f"The regular expression is longer than {_longest_pattern} characters")
    run.charge(60 + len(expression))
    found = _compiled(expression, "".join(sorted(set(flags or ""))))
    if isinstance(found, str):
        raise Fault(found)
    return x, found


@function("test", 2)
def _test(run: Run, x: JSON, expression: JSON, flags: JSON) -> bool:
    text, pattern = _pattern(run, x, expression, flags)
    return next(pattern.matches(run, text), None) is not None


@special("match", 2)
def _match(node: tree.Call, scope: Scope) -> Code:
    expression, flags = (compile_value(argument, scope) for argument in node.arguments)
    expressions, all_flags = expression.stream(), flags.stream()

    def matched(env: Env, x: JSON) -> Iterator[JSON]:
        run = env[0]
        for chosen in all_flags(env, x):
            for wanted in expressions(env, x):
                run.charge(2)
                text, pattern = _pattern(run, x, wanted, chosen)
                for found in pattern.matches(run, text):
                    yield _described(run, pattern, found)

    return Code(_located(matched, node), MANY, cost_of(expression, flags), height_of(expression, flags) + 3)


def _located(stream: JSON, node: tree.Call) -> JSON:
    def located(env: Env, x: JSON) -> Iterator[JSON]:
        try:
            yield from stream(env, x)
        except Fault as fault:
            if fault.pos is None:
                fault.pos = node.pos
            raise

    return located


def _described(run: Run, pattern: Pattern, found: JSON) -> JSON:
    run.charge(3 + 2 * len(pattern.names))
    captures = []
    for position, name in enumerate(pattern.names, 1):
        start, end = found.span(position)
        inside = found.group(position)
        captures.append({"offset": start, "length": max(0, end - start), "string": inside, "name": name})
    start, end = found.span()
    return {"offset": start, "length": end - start, "string": found.group(), "captures": captures}


@function("split", 2)
def _split(run: Run, x: JSON, expression: JSON, flags: JSON) -> list[str]:
    text, pattern = _pattern(run, x, expression, (flags or "") + "g" if type(flags) is str or flags is None else flags)
    parts, at = [], 0
    for found in pattern.matches(run, text):
        parts.append(text[at : found.start()])
        at = found.end()
    parts.append(text[at:])
    run.check_size(len(parts))
    return parts


@special("sub", 3)
def _sub(node: tree.Call, scope: Scope) -> Code:
    expression, replacement, flags = (compile_value(argument, scope) for argument in node.arguments)
    expressions, all_flags, cost = expression.stream(), flags.stream(), 4 + replacement.cost
    rows = _rows(replacement.stream(), cost, node)

    def replaced(env: Env, x: JSON) -> Iterator[str]:
        run = env[0]
        for chosen in all_flags(env, x):
            for wanted in expressions(env, x):
                run.charge(2)
                text, pattern = _pattern(run, x, wanted, chosen)
                found = list(pattern.matches(run, text))
                run.charge(cost * len(found))
                for parts in rows(env, pattern, found):
                    yield _assembled(run, text, found, parts)

    code = Code(_located(replaced, node), MANY, cost_of(expression, flags))
    code.height = height_of(expression, replacement, flags) + 4
    return code


def _rows(texts: Stream, cost: int, node: tree.Call) -> Callable[[Env, Pattern, list[Any]], Iterator[list[str]]]:
    """Return what gives the replacements of all matches: the n-th outputs of all make the n-th result."""

    def rows(env: Env, pattern: Pattern, found: list[Any]) -> Iterator[list[str]]:
        if not found:
            yield []
            return
        for row in zip(*[texts(env, _captures(pattern, match)) for match in found], strict=False):
            env[0].charge(cost * len(row))
            for part in row:
                if type(part) is not str:
                    raise Fault(f"string and {type_name(part)} cannot be added", "", node.pos)
            yield list(row)

    return rows


def _captures(pattern: Pattern, found: JSON) -> dict[str, JSON]:
    return {name: found.group(at) for at, name in enumerate(pattern.names, 1) if name is not None}


def _assembled(run: Run, text: str, found: list[Any], parts: list[str]) -> str:
    pieces, at = [], 0
    for match, part in zip(found, parts, strict=True):
        pieces += [text[at : match.start()], part]
        at = match.end()
    pieces.append(text[at:])
    total = sum(map(len, pieces))
    run.check_string(total)
    run.charge(len(pieces) + (total >> 6))
    return "".join(pieces)
