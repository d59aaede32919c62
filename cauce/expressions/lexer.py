"""Cuts the text of an expression into tokens; a string with interpolations becomes several."""

import re
from dataclasses import dataclass
from typing import Any

from cauce.errors import BudgetError
from cauce.expressions.faults import ExpressionSyntaxError

max_source = 64 * 1024
_keywords = "def if then elif else end as reduce foreach try catch label import include and or __loc__ module"
keywords = frozenset(_keywords.split())

_token = re.compile(
    r"""(?P<space>[ \t\r\n]+|\#(?:\\(?:\r\n|.)|[^\\\n])*\\?)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<field>\.[A-Za-z_][A-Za-z0-9_]*)
    |(?P<variable>\$[ ]?(?:[A-Za-z_][A-Za-z0-9_]*::)*[A-Za-z_][A-Za-z0-9_]*)
    |(?P<format>@[A-Za-z0-9_]+)
    |(?P<name>(?:[A-Za-z_][A-Za-z0-9_]*::)*[A-Za-z_][A-Za-z0-9_]*)
    |(?P<quote>")
    |(?P<op>\?//=|\?//|//=|\|=|\+=|-=|\*=|/=|%=|==|!=|<=|>=|//|\.\.|[.\[\]{}()|,:;=<>+\-*/%?$])
    """,
    re.VERBOSE,
)
_chunk = re.compile(r'[^"\\]+')
_escapes = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_openers = {"(": 1, ")": -1}


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `kind` is a class of tokens, or the operator or keyword itself."""

    kind: str
    value: Any
    pos: int


def tokens(text: str) -> list[Token]:
    """Cut `text` into tokens, ending with one of kind `end of text`."""
    if len(text) > max_source:
        raise BudgetError(
            f"The expression is longer than {max_source:,} characters.", hint="Move work into an operation."
        )
    out: list[Token] = []
    interpolations: list[int] = []  # open parentheses inside each interpolation that is open
    pos, end = 0, len(text)
    while pos < end:
        found = _token.match(text, pos)
        if found is None:
            raise _stranger(text, pos)
        kind, value = found.lastgroup or "", found.group()
        start, pos = pos, found.end()
        if kind == "quote":
            out.append(Token("quote", None, start))
            pos = _string(text, pos, start, out, interpolations)
        elif kind == "op":
            if interpolations and value in _openers:
                interpolations[-1] += _openers[value]
                if interpolations[-1] == 0:
                    interpolations.pop()
                    out.append(Token("interpolation end", None, start))
                    pos = _string(text, pos, start, out, interpolations)
                    continue
            out.append(Token(value, value, start))
        elif kind != "space":
            out.append(_word(kind, value, start))
    if interpolations:
        raise ExpressionSyntaxError("A string is not closed.", text, end)
    out.append(Token("end of text", None, end))
    return out


def _word(kind: str, value: str, pos: int) -> Token:
    if kind == "name" and value in keywords:
        return Token(value, value, pos)
    if kind in {"field", "variable", "format"}:
        return Token(kind, value[1:].lstrip(), pos)
    return Token(kind, number(value) if kind == "number" else value, pos)


def number(text: str) -> int | float:
    """Read a number; whole ones are exact, whatever way they are written."""
    digits = 300
    if text.lstrip("-").isdigit() and len(text) < digits:
        return int(text)
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2.0**53 and text[0] != "-" else value


def _string(text: str, pos: int, opened: int, out: list[Token], interpolations: list[int]) -> int:
    """Read the rest of a string up to its end or its next interpolation; return where to go on."""
    pieces: list[str] = []
    start = pos
    while True:
        chunk = _chunk.match(text, pos)
        if chunk:
            pieces.append(chunk.group())
            pos = chunk.end()
        if pos >= len(text):
            raise ExpressionSyntaxError("A string is not closed.", text, opened, hint='Add the missing `"`.')
        if text[pos] == '"':
            out.append(Token("text", _join_surrogates("".join(pieces)), start))
            out.append(Token("quote end", None, pos))
            return pos + 1
        if text.startswith("\\(", pos):
            out.append(Token("text", _join_surrogates("".join(pieces)), start))
            out.append(Token("interpolation", None, pos))
            interpolations.append(1)
            return pos + 2
        piece, pos = _escape(text, pos)
        pieces.append(piece)


def _escape(text: str, pos: int) -> tuple[str, int]:
    mark = text[pos + 1 : pos + 2]
    if mark in _escapes and mark:
        return _escapes[mark], pos + 2
    digits = text[pos + 2 : pos + 6]
    if mark == "u" and re.fullmatch("[0-9a-fA-F]{4}", digits):
        return chr(int(digits, 16)), pos + 6
    raise ExpressionSyntaxError(
        "A string has an escape that does not exist.", text, pos, hint=r"Known are \" \\ \/ \b \f \n \r \t \uXXXX \( )."
    )


def _join_surrogates(text: str) -> str:
    if not any("\ud800" <= c <= "\udfff" for c in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _stranger(text: str, pos: int) -> ExpressionSyntaxError:
    hints = {"'": 'Strings stand in double quotes: `"text"`.', "&": "Write `and`.", "!": "Write `!=` or `| not`."}
    return ExpressionSyntaxError(f"`{text[pos]}` has no meaning here.", text, pos, hint=hints.get(text[pos], ""))
