"""Reads an SQL statement far enough to find its parameters: `:name` or `?`, outside quotes and comments.

This is no boundary: what a statement may do is decided by the database's role and transaction. It finds mistakes
early, and refuses several statements in one, which some drivers carry out without a word.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cauce.connector import JSON
from cauce.errors import PermanentError

# Every dialect: strings, quoted names, comments, casts (::), assignments (:=), parameters, the end of a statement.
_string: Final = r"'(?:[^']|'')*'"
_backslash_string: Final = r"'(?:[^'\\]|''|\\.)*'"
_double: Final = r'"(?:[^"]|"")*"'
_backslash_double: Final = r'"(?:[^"\\]|""|\\.)*"'
_line_comment: Final = r"--[^\n]*"
_rest: Final = r"(?P<cast>::|:=)|(?P<named>(?<![\w\]]):[^\W\d]\w*)|(?P<mark>\?)|(?P<end>;)|[^\W\d]\w*\$?|\d\w*|."
_back_quoted: Final = r"`(?:[^`]|``)*`"
_skip: Final[Mapping[str, tuple[str, ...]]] = {
    "postgresql": (
        rf"(?<!\w)[eE]{_backslash_string}",
        _string,
        _double,
        r"\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$",
        _line_comment,
    ),
    "mariadb": (_backslash_string, _backslash_double, _back_quoted, r"--(?=\s|$)[^\n]*", r"\#[^\n]*"),
    "sqlite": (_string, _double, _back_quoted, r"\[[^\]]*\]", _line_comment),
    "freetds": (_string, _double, r"\[(?:[^\]]|\]\])*\]", _line_comment),
    "any": (_string, _double, _back_quoted, _line_comment),
}
_patterns: Final = {
    dialect: re.compile(rf"(?P<skip>{'|'.join(skip)})|(?P<comment>/\*)|{_rest}", re.DOTALL)
    for dialect, skip in _skip.items()
}
_nests: Final = {"postgresql", "freetds"}
_comment_edge: Final = re.compile(r"/\*|\*/")
_verb: Final = re.compile(r"[^\W\d]\w*")
_transaction_verbs: Final = {"begin", "start", "commit", "rollback", "abort", "savepoint", "release", "end"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement with `?` for every parameter; `names` says which, or is None when they are positional."""

    sql: str
    names: tuple[str, ...] | None
    count: int
    verb: str

    def bind(self, params: JSON, where: str) -> list[JSON]:
        """Return the values in the order of the marks; every one must be there."""
        if self.names is None:
            return self._bind_positional(params, where)
        if not isinstance(params, Mapping):
            if not self.names and params is None:
                return []
            raise _refused("The statement takes an object of parameters.", "Change `request`.", where)
        missing = sorted({name for name in self.names if name not in params})
        if missing:
            given = ", ".join(sorted(map(str, params))) or "nothing"
            raise _refused(
                f"The statement needs :{missing[0]}, and it is not among the parameters.",
                f"Given are {given}; map it in `request`.",
                f"{where}.{missing[0]}",
            )
        return [_value(params[name], f"{where}.{name}") for name in self.names]

    def _bind_positional(self, params: JSON, where: str) -> list[JSON]:
        values = list(params.values()) if isinstance(params, Mapping) and self.count == len(params) == 1 else params
        if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != self.count:
            raise _refused(
                f"The statement has {self.count} marks (?), and the parameters are not a list of as many.",
                "Give a list in `request`, or name the parameters as :name.",
                where,
            )
        return [_value(value, f"{where}[{index}]") for index, value in enumerate(values)]


@lru_cache(maxsize=1024)
def compile_statement(text: str, dialect: str, where: str = "") -> Statement:
    """Return the statement with its parameters found, or say what is wrong with it."""
    parts: list[str] = []
    names: list[str] = []
    verb, marks, ended = "", 0, False
    for kind, token in _tokens(text, dialect, where):
        if kind == "comment":
            parts.append(" ")
            continue
        if ended and not token.isspace() and kind != "end":
            raise _refused("There is more than one statement here.", "Make it several operations.", where)
        if kind == "end":
            ended = True
        elif kind == "named":
            names.append(token[1:])
            parts.append("?")
        else:
            marks += kind == "mark"
            if not verb and kind == "" and _verb.fullmatch(token):
                verb = token.lower()
            parts.append(token)
    if names and marks:
        raise _refused("The statement mixes ? and :name.", "Use one of them.", where)
    if not verb:
        raise _refused("There is no statement here.", "Write it in `calls`.", where)
    if verb in _transaction_verbs:
        raise _refused(
            f"{verb.upper()} is not for an operation to say.", "Every call is a transaction of its own already.", where
        )
    return Statement("".join(parts).strip(), None if marks else tuple(names), marks or len(names), verb)


def _tokens(text: str, dialect: str, where: str) -> list[tuple[str, str]]:
    pattern = _patterns.get(dialect, _patterns["any"])
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        matched = pattern.match(text, position)
        if matched is None:  # cannot be: the last alternative takes any character
            break
        kind = next((name for name in ("skip", "comment", "cast", "named", "mark", "end") if matched[name]), "")
        token, position = matched[0], matched.end()
        if kind == "comment":
            position = _comment_end(text, position, where, nests=dialect in _nests)
        elif kind == "" and token in {"'", '"', "`"}:
            raise _refused(f"A quote ({token}) is opened and never closed.", "Close it.", where)
        elif kind == "skip" and token.startswith(("--", "#")):
            kind = "comment"
        tokens.append((kind, token))
    return tokens


def _comment_end(text: str, position: int, where: str, *, nests: bool) -> int:
    depth = 1
    for edge in _comment_edge.finditer(text, position):
        if edge[0] == "*/":
            depth -= 1
        elif nests:
            depth += 1
        if depth == 0:
            return edge.end()
    raise _refused("A comment (/*) is opened and never closed.", "Close it with */.", where)


def _value(value: JSON, where: str) -> JSON:
    """Return a value as drivers take it without harm; what they are known to corrupt is refused."""
    if isinstance(value, str) and "\0" in value:
        raise _refused("The text holds a NUL character, at which drivers cut it off.", "Take it out.", where)
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        raise _refused("The whole number has more than 64 bits.", "Give it as text.", where)
    if isinstance(value, float) and value - value != 0:
        raise _refused("The number is not finite.", "Give null or a number.", where)
    if isinstance(value, Mapping | list):
        raise _refused("An object or a list is not an SQL value.", "Turn it into text with tojson.", where)
    return value


def _refused(problem: str, hint: str, where: str) -> PermanentError:
    return PermanentError(problem, hint=hint, where=where, remote_code="params")
