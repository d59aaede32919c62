"""URI templates: their variables become expressions, so that nothing in data is ever taken for one."""

import re
from typing import Final

from cauce.expressions.templates import Exact

# An expression, or one of a URI template's variables: what is between braces, as it is.
_PIECE: Final = re.compile(r'\$\{(?:[^{}"]|"(?:[^"\\]|\\.)*"|\{[^{}]*\})*\}|\{([^{}]+)\}')


def expanded(uri: str) -> str:
    """Turn the variables of a URI template into expressions, so that nothing in data is ever taken for one."""

    def expression(match: re.Match[str]) -> str:
        if match.group(1) is None:
            return match.group()
        key = '"' + match.group(1).replace("\\", "\\\\").replace('"', '\\"') + '"'
        refuse = f'error("{{\\({key})}} in the address must be text, a number or a boolean")'
        return (
            f'${{ (if type == "object" then .[{key}] else null end) | if . == null then "" '
            f'elif type == "object" or type == "array" then {refuse} else tostring | @uri end }}'
        )

    changed = _PIECE.sub(expression, uri)
    # What a variable may not be is an error, also where any text may be an expression and is text when it fails.
    return uri if changed == uri else Exact(changed)
