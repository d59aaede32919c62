"""Reads SQL far enough to find statements and their parameters (`:name`, `:list.name`, `?`), not in quotes or comments.

`:list.name` makes a statement run for each element of a list. `out :name` in a call of a procedure comes back.

This is no boundary: what a statement may do is decided by the database's role and transaction. It finds mistakes
early, and takes statements apart: several in one, some drivers carry out without a word.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cauce.errors import PermanentError

# Every dialect: strings, quoted names, comments, casts (::), assignments (:=), parameters, the end of a statement.
_string: Final = r"'(?:[^']|'')*'"
_backslash_string: Final = r"'(?:[^'\\]|''|\\.)*'"
_double: Final = r'"(?:[^"]|"")*"'
_backslash_double: Final = r'"(?:[^"\\]|""|\\.)*"'
_line_comment: Final = r"--[^\n]*"
_rest: Final = (
    r"(?P<cast>::|:=)|(?P<named>(?<![\w\]]):[^\W\d]\w*(?:\.[^\W\d]\w*)?)|(?P<mark>\?)|(?P<end>;)|[^\W\d]\w*\$?|\d\w*|."
)
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


# What takes part in a transaction of several statements; others commit by themselves in one database or another.
_transacted: Final = {"call", "delete", "exec", "execute", "insert", "merge", "replace", "select", "update", "with"}
procedure_verbs: Final = {"call", "exec", "execute"}
_inserts: Final = {"insert", "replace"}
_ways: Final = {"out", "inout"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement with `?` for every parameter; `names` says which, or is None when they are positional.

    `each` names the list whose elements it runs for. `repeated` is where in `sql` the values of one row stand, when
    they may be written again and again. `out` are the names of output parameters, and `kept` says which of the
    server's variables hold those that also go in.
    """

    sql: str
    names: tuple[str, ...] | None
    count: int
    verb: str
    each: str = ""
    repeated: tuple[int, int] | None = None
    out: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()


@lru_cache(maxsize=1024)
def compile_statements(text: str, dialect: str, where: str = "") -> tuple[Statement, ...]:
    """Return the statements of a text with their parameters found, or say what is wrong with one of them."""
    statements = tuple(draft.finished() for draft in _drafts(text, dialect, where))
    for each in statements if len(statements) > 1 else ():
        if each.verb not in _transacted:
            raise _refused(
                f"{each.verb.upper()} cannot be one of several statements.",
                "All of them or none: make it an operation of its own.",
                where,
            )
        if each.names is None:
            raise _refused("Several statements need parameters with names.", "Write :name instead of ?.", where)
    return statements


@lru_cache(maxsize=1024)
def compile_statement(text: str, dialect: str, where: str = "") -> Statement:
    """Return the one statement of a text."""
    first, *more = _drafts(text, dialect, where)
    if more:
        raise _refused(
            "There is more than one statement here.", "Make it several operations, or say effect: write.", where
        )
    return first.finished()


def _drafts(text: str, dialect: str, where: str) -> "list[_Draft]":
    found: list[_Draft] = [_Draft(dialect, where)]
    for kind, token in _tokens(text, dialect, where):
        if kind == "end":
            found.append(_Draft(dialect, where))
        else:
            found[-1].add(kind, token)
    return [draft for draft in found if not draft.is_blank] or found[:1]


@dataclass(slots=True)
class _Draft:
    """A statement while its tokens come in."""

    dialect: str
    where: str
    parts: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)
    verb: str = ""
    marks: int = 0
    depth: int = 0
    length: int = 0
    # Where the row of VALUES begins and ends, and whether something makes it more than that.
    opens: int | None = None
    closes: int | None = None
    awaits_row: bool = False
    goes_on: bool = False
    is_odd: bool = False

    @property
    def is_blank(self) -> bool:
        """Say whether there is nothing but space in it."""
        return not self.verb and not "".join(self.parts).strip()

    def add(self, kind: str, token: str) -> None:
        """Take the next token."""
        if kind == "comment":
            self._put(" ")
        elif kind == "named":
            self._named(token[1:])
        else:
            if kind == "mark":
                self._count_mark()
            elif kind == "":
                self._look(token)
            self._put(token)

    def finished(self) -> Statement:
        """Return the statement, or say what is wrong with it."""
        each = self._checked()
        span = None
        if each and not self.is_odd and self.opens is not None and self.closes is not None:
            span = (self.opens, self.closes)
        positional = bool(self.marks) and not self.names
        return Statement(
            sql="".join(self.parts).rstrip(),
            names=None if positional else tuple(self.names),
            count=self.marks,
            verb=self.verb,
            each=each,
            repeated=span,
            out=tuple(self.out),
            kept=tuple(self.kept),
        )

    def _checked(self) -> str:
        """Return the list that it runs for each element of, if any, or say what is wrong with the statement."""
        where = self.where
        if self.names and self.marks > len(self.names):
            raise _refused("The statement mixes ? and :name.", "Use one of them.", where)
        if not self.verb:
            raise _refused("There is no statement here.", "Write it in `calls`.", where)
        if self.verb in _transaction_verbs:
            raise _refused(
                f"{self.verb.upper()} is not for an operation to say.",
                "Every call is a transaction of its own already; write several statements with ; between them.",
                where,
            )
        lists = sorted({name.partition(".")[0] for name in self.names if "." in name})
        if len(lists) > 1:
            raise _refused(
                f"The statement runs for each of {lists[0]} and for each of {lists[1]}.", "Use one list.", where
            )
        return lists[0] if lists else ""

    def _put(self, text: str) -> None:
        if not self.length:
            text = text.lstrip()
        self.parts.append(text)
        self.length += len(text)

    def _named(self, name: str) -> None:
        way = self._way()
        if not way:
            self.names.append(name)
            self._count_mark()
            self._put("?")
            return
        if self.dialect not in {"mariadb", "postgresql"} or "." in name:
            raise _refused(
                f"`{way} :{name}` is possible with postgresql and mariadb only, and not for a list.",
                "Let the procedure give a result.",
                self.where,
            )
        self.out.append(name)
        if self.dialect == "mariadb":
            variable = f"@cauce_{len(self.out)}"
            if way == "inout":
                self.kept.append((variable, name))
            self._put(variable)
        elif way == "inout":
            self.names.append(name)
            self._count_mark()
            self._put("?")
        else:
            self._put("null")

    def _way(self) -> str:
        """Return `out` or `inout` when that is the word before, which is taken away then."""
        if self.verb not in procedure_verbs:
            return ""
        before = next((index for index in range(len(self.parts) - 1, -1, -1) if self.parts[index].strip()), None)
        if before is None or self.parts[before].lower() not in _ways:
            return ""
        return self.parts.pop(before).lower()

    def _count_mark(self) -> None:
        self.marks += 1
        if self.opens is None or self.closes is not None:
            self.is_odd = True

    def _look(self, word: str) -> None:
        """Follow the brackets as far as the row of VALUES, and see whether something comes behind it."""
        if not self.verb and _verb.fullmatch(word):
            self.verb = word.lower()
        if word.isspace():
            return
        awaited, self.awaits_row = self.awaits_row, False
        if word == "(":
            if awaited and self.depth == 0:
                self.opens = self.length
            self.depth += 1
        elif word == ")":
            self.depth -= 1
            if self.depth == 0 and self.opens is not None and self.closes is None:
                self.closes = self.length + 1
                return
        elif word.lower() == "values" and self.depth == 0 and self.verb in _inserts and self.opens is None:
            self.awaits_row = True
        if self.closes is not None and not self.goes_on:
            self.goes_on = True
            self.is_odd |= word == ","  # another row


def _tokens(text: str, dialect: str, where: str) -> Iterator[tuple[str, str]]:
    pattern = _patterns.get(dialect, _patterns["any"])
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
        yield kind, token


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


def _refused(problem: str, hint: str, where: str) -> PermanentError:
    return PermanentError(problem, hint=hint, where=where, remote_code="params")
