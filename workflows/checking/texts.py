"""Checks expressions where they stand in a definition: syntax, variables, secrets."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cauce.errors import ExpressionError
from cauce.expressions import Expression, ExpressionSyntaxError, compile_expression
from schemas import guess
from schemas.source import step
from workflows.checking.report import Report

JSON = Any
STANDARD: Final = frozenset({"context", "input", "output", "secrets", "authorization", "task", "workflow", "runtime"})
# Which variables there are where, by the table of the standard.
BEFORE_WORKFLOW: Final = frozenset({"secrets", "workflow", "runtime"})
AFTER_WORKFLOW: Final = BEFORE_WORKFLOW | {"context"}
BEFORE_TASK: Final = AFTER_WORKFLOW | {"task"}
IN_TASK: Final = BEFORE_TASK | {"input", "authorization"}
AFTER_TASK: Final = IN_TASK | {"output"}

_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_SECRET = re.compile(r"\$secrets\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]*)|\.?\[\s*\"([^\"\\]*)\"\s*\])")


@dataclass(frozen=True, slots=True)
class Scope:
    """What expressions at one place may use; `declared` are the secrets, None where none may be used.

    With `loose` any text may be an expression, and is only text when it is none.
    """

    place: str
    variables: frozenset[str]
    declared: Collection[str] | None = None
    loose: bool = False

    def adding(self, *names: str) -> "Scope":
        """Return the scope with more variables."""
        return replace(self, variables=self.variables | frozenset(names))


def check_bare(report: Report, pointer: str, text: JSON, scope: Scope) -> Expression | None:
    """Check text that is an expression as a whole, with or without `${ }`."""
    if not isinstance(text, str):
        return None
    start = len(text) - len(text.lstrip()) + 2
    wrapped = text.lstrip().startswith("${") and _end(text, start) == len(text.rstrip()) - 1
    inner, offset = (text.rstrip()[start:-1], start) if wrapped else (text, 0)
    return _check(report, pointer, inner, offset, scope)


def check_value(report: Report, pointer: str, value: JSON, scope: Scope) -> None:
    """Check every `${ }` in a value, at any depth."""
    if isinstance(value, str):
        check_expressions(report, pointer, embedded(value), scope)
        if scope.loose and "${" not in value:
            _check_loose(report, pointer, value, scope)
    elif isinstance(value, dict):
        for key, each in value.items():
            check_value(report, pointer + step(key), each, scope)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            check_value(report, pointer + step(index), each, scope)


def check_expressions(report: Report, pointer: str, found: list[tuple[str | None, int]], scope: Scope) -> None:
    """Check the expressions found within a text, each with where it begins; None is one that is never closed."""
    for inner, offset in found:
        if inner is None:
            report.text("expression", pointer, offset, "The `${` is never closed.", "Close it with `}`.")
        else:
            _check(report, pointer, inner, offset, scope)


def check_transform(report: Report, pointer: str, value: JSON, scope: Scope) -> None:
    """Check a `from` or an `as`: text is an expression, a map may hold some."""
    if isinstance(value, str):
        check_bare(report, pointer, value, scope)
    else:
        check_value(report, pointer, value, scope)


def warn_of_lost_context(report: Report, pointer: str, holder: Mapping[str, JSON]) -> None:
    """Warn of an `export` that replaces the whole context."""
    export = holder.get("export")
    if isinstance(export, dict) and "as" in export and not any("$context" in text for text in texts(export["as"])):
        hint = "Write `$context + {name: …}` to add to it."
        problem = "This export replaces the whole context, and what other tasks put there is lost."
        report.key("export-drops-context", f"{pointer}/export/as", problem, hint)


def has_expression(value: JSON) -> bool:
    """Tell whether there is an expression anywhere in a value."""
    return any(True for text in texts(value) if "${" in text)


def texts(value: JSON) -> Iterator[str]:
    """Yield every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def embedded(text: str) -> list[tuple[str | None, int]]:
    """Return the expressions in `${ }` within a text, and where each begins; None is one that is never closed."""
    found: list[tuple[str | None, int]] = []
    start = text.find("${")
    while start >= 0:
        end = _end(text, start + 2)
        if end < 0:
            found.append((None, start))
            break
        found.append((text[start + 2 : end], start + 2))
        start = text.find("${", end)
    return found


def _end(text: str, index: int) -> int:
    """Return where the brace that opened before `index` is closed, or -1."""
    # What is open: braces, quoted texts, and interpolations within those, where only parentheses count.
    open_ = ["{"]
    while index < len(text):
        character, within = text[index], open_[-1]
        if within == '"':
            if character == "\\":
                if text.startswith("(", index + 1):
                    open_.append("(")
                index += 1
            elif character == '"':
                open_.pop()
        elif character in {'"', within}:
            open_.append(character)
        elif character == {"{": "}", "(": ")"}[within]:
            open_.pop()
            if not open_:
                return index
        elif character == "#" and within == "{" and "\n" in text[index:]:
            index = text.index("\n", index)
        index += 1
    return -1


def _check(report: Report, pointer: str, text: str, offset: int, scope: Scope) -> Expression | None:
    # What follows is found in the text without the space around it, which the compiler does not see.
    offset += len(text) - len(text.lstrip())
    text = text.strip()
    try:
        expression = compile_expression(text, variables=sorted(scope.variables))
    except ExpressionSyntaxError as error:
        name = _variable_at(text, error.position)
        if name is not None and name not in scope.variables and _compiles(text):
            _unknown(report, pointer, offset + error.position, name, scope)
        else:
            report.text("expression", pointer, offset + error.position, _said(error), error.hint)
        return None
    except ExpressionError as error:
        report.text("expression", pointer, offset, _said(error), error.hint)
        return None
    if "secrets" in expression.reads.variables:
        _check_secrets(report, pointer, text, offset, scope)
    return expression


def _check_loose(report: Report, pointer: str, text: str, scope: Scope) -> None:
    try:
        expression = compile_expression(text, variables=sorted(scope.variables | {"secrets"}))
    except ExpressionError:
        return
    if "secrets" in expression.reads.variables:
        _check_secrets(report, pointer, text, 0, scope)


def _said(error: ExpressionError) -> str:
    return f"The expression cannot be read: {error.problem[:1].lower()}{error.problem[1:]}"


def _variable_at(text: str, position: int) -> str | None:
    found = _VARIABLE.match(text, position) or _VARIABLE.match(text, max(0, position - 1))
    return found[1] if found else None


def _compiles(text: str) -> bool:
    """Tell whether the text would be an expression if all its variables existed."""
    try:
        compile_expression(text, variables=sorted(set(_VARIABLE.findall(text)) - {"ENV"}))
    except ExpressionError:
        return False
    return True


def _where(text: str, name: str) -> int:
    found = re.search(rf"\${re.escape(name)}(?![A-Za-z0-9_])", text)
    return found.start() if found else 0


def _unknown(report: Report, pointer: str, offset: int, name: str, scope: Scope) -> None:
    named = ", ".join(f"${each}" for each in sorted(scope.variables - {"secrets"}))
    here = f"Here there are {named}." if named else "Here there are none."
    if name in STANDARD:
        report.text("unknown-variable", pointer, offset, f"`${name}` is not available in {scope.place}.", here)
        return
    problem = f"There is no variable `${name}`{guess(f'${name}', [f'${each}' for each in scope.variables])}"
    report.text("unknown-variable", pointer, offset, problem, here)


def _check_secrets(report: Report, pointer: str, text: str, offset: int, scope: Scope) -> None:
    at = offset + _where(text, "secrets")
    if scope.declared is None:
        hint = "Use it in the `with` of a call to a system, where it is put in without being recorded."
        report.text("secret-outside-call", pointer, at, f"A secret may not be used in {scope.place}.", hint)
        return
    for found in _SECRET.finditer(text):
        name = found[1] or found[2]
        if name not in scope.declared:
            problem = f"The secret `{name}` is not declared{guess(name, scope.declared)}"
            report.text("unknown-secret", pointer, offset + found.start(), problem, "List it under `use.secrets`.")
