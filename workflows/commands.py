"""Commands for a shell with expressions in them; what an expression gives is never read by the shell."""

import re
from typing import Final

from cauce.expressions.templates import closing

# `${NAME}`, `${#list}`, `${1}` and the like are the shell's own; nothing there begins with space or a dot.
_OURS: Final = re.compile(r"\$\{(?=[\s.(\"\[{])")


def expressions(command: str) -> list[tuple[str | None, int]]:
    """Return the expressions in a command, and where each begins; None is one that is never closed."""
    found: list[tuple[str | None, int]] = []
    at = 0
    while (start := _OURS.search(command, at)) is not None:
        at = closing(command, start.end())
        if at < 0:
            found.append((None, start.start()))
            break
        found.append((command[start.end() : at], start.end()))
    return found


def with_variables(command: str) -> tuple[str, dict[str, str]]:
    """Put a variable of the shell where each expression stands; returns the command, and the expressions by variable.

    So data can neither end a quotation nor add a command: the shell reads the command first, and fills in afterwards.
    """
    variables: dict[str, str] = {}
    text, at, quotes = "", 0, ""
    for number, (inner, offset) in enumerate(expressions(command), 1):
        literal = command[at : offset - 2]
        quotes = _open_quotes(literal, quotes)
        name = f"CAUCE_{number}"
        variables[name] = inner or ""
        # Nothing is filled in within single quotes, so those are interrupted.
        text += literal + (f"'\"${{{name}}}\"'" if quotes == "'" else f"${{{name}}}")
        at = offset + len(inner or "") + 1
    return text + command[at:], variables


def _open_quotes(text: str, open_: str) -> str:
    """Return the kind of quotes that are open at the end of a text, given those at its beginning."""
    index = 0
    while index < len(text):
        character = text[index]
        if open_ == "'":
            open_ = "" if character == "'" else open_
        elif character == "\\":
            index += 1
        elif open_ == '"':
            open_ = "" if character == '"' else open_
        elif character in "'\"":
            open_ = character
        elif character == "#" and (index == 0 or text[index - 1].isspace()):
            index = text.find("\n", index)
            if index < 0:
                break
        index += 1
    return open_
