"""Turns what the YAML parser complains about into a sentence for the person who wrote the file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from cauce.errors import Place

_EXPRESSION = re.compile(r"\$[{a-z]|\|\s|[{,]\s*[\w\"]+:")
_QUOTE = "Quote the whole value with single quotes"
_UNCLOSED = ("The quote opened here is never closed.", "Close it with the same kind of quote.", True)
_KNOWN = {
    "found unexpected end of stream": _UNCLOSED,
    "document separator": _UNCLOSED,
    "unknown escape character": (
        "A backslash in double quotes starts an escape that YAML does not know.",
        f"{_QUOTE}: within them a backslash is just a backslash.",
        False,
    ),
    "expected <block end>": (
        "The indentation of this line fits nothing above it.",
        "Keys of one map start in the same column, and so do the dashes of one list.",
        False,
    ),
    "could not find expected ':'": (
        "A `:` is missing after a key.",
        "Write `key: value`; a text of several lines needs `|` or quotes.",
        True,
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A problem in words."""

    problem: str
    hint: str
    place: Place | None


def explain(error: YAMLError, lines: Sequence[str], file: str) -> Told:
    """Say in one sentence what is wrong with the text, and how to mend it."""
    if isinstance(error, ReaderError):
        before = _offset_place(lines, int(error.position or 0), file)
        return Told("This character is not allowed in YAML text.", "Remove it, or save the file as UTF-8.", before)
    if not isinstance(error, MarkedYAMLError):
        return Told("This is not YAML.", "Compare it with a definition that works.", None)
    mark = error.problem_mark or error.context_mark
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    problem, hint, at_start = _words(str(error.problem or error.context or ""), line, mark.column if mark else 0)
    if at_start and error.context_mark:
        mark = error.context_mark
    return Told(problem, hint, Place(file, mark.line + 1, mark.column + 1) if mark else None)


def _words(problem: str, line: str, column: int) -> tuple[str, str, bool]:
    """Return problem, hint, and whether the place to show is where the construct began."""
    if "\t" in line[: column + 1] and ("'\\t'" in problem or not line[:column].strip()):
        return "A tab is used where YAML wants spaces.", "Indent with spaces; most editors can convert tabs.", False
    if "mapping values are not allowed" in problem:
        return *_colon(line), False
    if "but got '<stream end>'" in problem or "expected ',' or" in problem:
        return *_flow(problem, line), "<stream end>" in problem
    if "cannot start any token" in problem:
        return f"A value cannot start with `{line[column : column + 1]}` unless it is quoted.", f"{_QUOTE}.", False
    for part, words in _KNOWN.items():
        if part in problem:
            return words
    hint = "Check quotes, brackets and indentation around it."
    return f"This is not YAML: {problem or 'it cannot be read'}.", hint, False


def _colon(line: str) -> tuple[str, str]:
    key, _, value = line.strip().removeprefix("- ").partition(": ")
    if _EXPRESSION.search(value) or "{" in value:
        shown = f"{key}: '{value.strip()}'" if len(value) <= 60 and "'" not in value else f"{key}: '…'"  # noqa: PLR2004 - what fits a line
        return "An expression with `: ` in it must be quoted.", f"Write {shown}"
    problem = "There is a `: ` in the middle of a value, or a key that is indented too far."
    return problem, f"{_QUOTE}, or align the key."


def _flow(problem: str, line: str) -> tuple[str, str]:
    closing = "}" if "'}'" in problem else "]"
    if "${" in line:
        return "An expression in `{…}` or `[…]` must be quoted.", f"{_QUOTE}: '${{ … }}'."
    return f"A `,` or the closing `{closing}` is missing.", f"Close the bracket with `{closing}`."


def _offset_place(lines: Sequence[str], offset: int, file: str) -> Place:
    for number, line in enumerate(lines, 1):
        if offset <= len(line):
            return Place(file, number, offset + 1)
        offset -= len(line) + 1
    return Place(file, len(lines), 1)
