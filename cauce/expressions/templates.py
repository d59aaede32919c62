"""Values of a definition in which strings may hold expressions: `${ … }` alone, or inside text."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from cauce.errors import ExpressionError
from cauce.expressions.budget import DEFAULT, Budget, Run
from cauce.expressions.expression import Expression, compile_expression
from cauce.expressions.faults import EvaluationError, ExpressionSyntaxError
from cauce.expressions.json_text import to_text

JSON = Any
Render = Callable[[JSON, Mapping[str, JSON], Budget], JSON]
_nothing: Mapping[str, JSON] = {}
_deepest = 200
_mark = re.compile(r'["{}#]')


class Template:
    """A compiled value; `expressions` are all that are in it, `constant` says that there are none."""

    __slots__ = ("_render", "constant", "expressions")

    def __init__(self, render: Render, expressions: tuple[Expression, ...]) -> None:
        self._render = render
        self.expressions = expressions
        self.constant = not expressions

    def render(self, data: JSON, variables: Mapping[str, JSON] = _nothing, budget: Budget = DEFAULT) -> JSON:
        """Return the value with every expression replaced by its first output."""
        return self._render(data, variables, budget)


class Exact(str):
    """A text in which only what is in `${ }` is an expression, even where any text may be one."""

    __slots__ = ()


def compile_template(value: JSON, variables: Collection[str] = (), *, loose: bool = False) -> Template:
    """Compile the strings in `value`, at any depth; with `loose` any of them may be an expression, or stays as it is.

    Raises:
        ExpressionError: A string holds an expression that is none, or a `${` that is not closed.

    """
    found: list[Expression] = []
    return Template(_compile(value, _Scope(frozenset(variables), found, loose), 0), tuple(found))


def strip_delimiters(text: str) -> str:
    """Return the expression in `${ … }`, or the text itself where an expression may stand bare."""
    stripped = text.strip()
    if stripped.startswith("${") and closing(stripped, 2) == len(stripped) - 1:
        return stripped[2:-1].strip()
    return text


class _Scope(NamedTuple):
    variables: frozenset[str]
    found: list[Expression]
    loose: bool

    def expression(self, text: str) -> Expression:
        expression = compile_expression(text, variables=self.variables)
        self.found.append(expression)
        return expression


def _compile(value: JSON, scope: _Scope, depth: int) -> Render:
    if depth > _deepest:
        raise ExpressionError(f"The value nests deeper than {_deepest} levels.", hint="Build it in several tasks.")
    if isinstance(value, str) and "${" in value:
        return _compile_text(value, scope)
    if isinstance(value, str) and scope.loose:
        return _compile_plain(value, scope)
    if isinstance(value, dict):
        return _object_of({key: _compile(item, scope, depth + 1) for key, item in value.items()}, value)
    if isinstance(value, list):
        return _array_of([_compile(item, scope, depth + 1) for item in value], value)
    return _Constant(value)


class _Constant:
    __slots__ = ("value",)

    def __init__(self, value: JSON) -> None:
        self.value = value

    def __call__(self, _data: JSON, _variables: Mapping[str, JSON], _budget: Budget) -> JSON:
        return self.value


def _object_of(parts: dict[str, Render], value: JSON) -> Render:
    if all(isinstance(part, _Constant) for part in parts.values()):
        return _Constant(value)
    return lambda data, variables, budget: {key: part(data, variables, budget) for key, part in parts.items()}


def _array_of(parts: list[Render], value: JSON) -> Render:
    if all(isinstance(part, _Constant) for part in parts):
        return _Constant(value)
    return lambda data, variables, budget: [part(data, variables, budget) for part in parts]


def _compile_plain(text: str, scope: _Scope) -> Render:
    """Compile text that may be an expression; when it is none, or fails, it is what it says."""
    try:
        return _or_text(scope.expression(text), text) if text.strip() else _Constant(text)
    except ExpressionError:
        return _Constant(text)


def _or_text(expression: Expression, text: str) -> Render:
    def evaluated(data: JSON, variables: Mapping[str, JSON], budget: Budget) -> JSON:
        try:
            return expression.first(data, variables, budget)
        except EvaluationError:
            return text

    return evaluated


def _compile_text(text: str, scope: _Scope) -> Render:
    pieces = _pieces(text, scope)
    if len(pieces) == 1 and not isinstance(pieces[0], str):
        return pieces[0]

    def joined(data: JSON, values: Mapping[str, JSON], budget: Budget) -> str:
        run = Run(budget, ())
        parts = []
        for piece in pieces:
            if isinstance(piece, str):
                parts.append(piece)
                continue
            value = piece(data, values, budget)
            parts.append("" if value is None else to_text(run, value))
        run.check_string(sum(map(len, parts)))
        return "".join(parts)

    return joined


def _pieces(text: str, scope: _Scope) -> list[str | Render]:
    """Cut text into literal parts and expressions; space around a single expression does not count."""

    def evaluated(inner: str) -> Render:
        expression = scope.expression(inner)
        return _or_text(expression, inner) if scope.loose and not isinstance(text, Exact) else expression.first

    whole = strip_delimiters(text)
    if whole is not text:
        return [evaluated(whole)]
    pieces: list[str | Render] = []
    at = 0
    while (start := text.find("${", at)) >= 0:
        end = closing(text, start + 2)
        if end < 0:
            raise ExpressionSyntaxError("`${` is not closed.", text, start, hint="Add the missing `}`.")
        if start > at:
            pieces.append(text[at:start])
        pieces.append(evaluated(text[start + 2 : end].strip()))
        at = end + 1
    if at < len(text):
        pieces.append(text[at:])
    return pieces


def closing(text: str, at: int) -> int:
    """Return where the brace that closes an expression is, past strings, comments and inner braces; -1 if nowhere."""
    open_braces = 0
    while (found := _mark.search(text, at)) is not None:
        mark, at = found.group(), found.end()
        if mark == '"':
            at = _behind_string(text, at)
        elif mark == "#":
            line_end = text.find("\n", at)
            # On one line the brace ends the expression although a comment runs to the end of the line.
            at = at if line_end < 0 else line_end
        elif mark == "{":
            open_braces += 1
        elif open_braces == 0:
            return found.start()
        else:
            open_braces -= 1
    return -1


def _behind_string(text: str, at: int) -> int:
    """Return the position behind a string that was opened before `at`, with its interpolations."""
    parentheses: list[int] = []  # for each interpolation that is open, the parentheses open inside it
    in_string = True
    while at < len(text):
        character = text[at]
        if in_string and character == "\\":
            if text[at + 1 : at + 2] == "(":
                parentheses.append(1)
                in_string = False
            at += 2
            continue
        at += 1
        if character == '"':
            in_string = not in_string
            if not in_string and not parentheses:
                return at
        elif not in_string and character in "()":
            parentheses[-1] += 1 if character == "(" else -1
            if parentheses[-1] == 0:
                parentheses.pop()
                in_string = True
    return at
