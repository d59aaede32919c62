"""What goes wrong inside an expression, and how it is shown to a person: text, caret, and the type and path met."""

from typing import Any

from cauce.errors import BudgetError, ExpressionError

JSON = Any
shown_width = 100


class Fault(Exception):  # noqa: N818 - a signal inside the evaluator; callers get an EvaluationError
    """An error of the jq language, on its way to a `catch` or to the caller.

    `value` is what `catch` sees; `note` says where in the data it happened and is shown to people only.
    """

    __slots__ = ("note", "pos", "value")

    def __init__(self, value: JSON, note: str = "", pos: int | None = None) -> None:
        super().__init__(value)
        self.value = value
        self.note = note
        self.pos = pos


class BreakSignal(Exception):  # noqa: N818 - not an error at all
    """`break $name`, on its way to the `label` that made `token`."""

    __slots__ = ("token",)

    def __init__(self, token: object) -> None:
        super().__init__()
        self.token = token


class ExpressionSyntaxError(ExpressionError):
    """The text is not an expression of the profile."""

    def __init__(self, problem: str, text: str, pos: int, *, hint: str = "") -> None:
        super().__init__(problem, hint=hint)
        self.text = text
        self.position = pos

    def __str__(self) -> str:
        return super().__str__() + caret(self.text, self.position)

    def problem_details(self) -> dict[str, Any]:
        """Return the error with the offset of the caret."""
        return super().problem_details() | {"position": self.position}


class EvaluationError(ExpressionError):
    """The expression met data it cannot work with, or raised an error itself.

    `value` is the JSON value of the error: what `catch` would have seen.
    """

    def __init__(self, problem: str, text: str, pos: int | None, value: JSON) -> None:
        super().__init__(problem)
        self.text = text
        self.position = pos
        self.value = value

    def __str__(self) -> str:
        return super().__str__() + ("" if self.position is None else caret(self.text, self.position))

    def problem_details(self) -> dict[str, Any]:
        """Return the error with the offset of the caret, where there is one."""
        return super().problem_details() | ({} if self.position is None else {"position": self.position})


def caret(text: str, pos: int) -> str:
    """Return the line that holds `pos`, cut to a readable width, with a caret under the column."""
    start = text.rfind("\n", 0, pos) + 1
    end = text.find("\n", pos)
    line = text[start : len(text) if end < 0 else end].replace("\t", " ")
    column = min(pos - start, len(line))
    shift = max(0, column - shown_width + 20)
    return f"\n  {line[shift : shift + shown_width]}\n  {' ' * (column - shift)}^"


def as_expression_error(fault: Fault, text: str) -> EvaluationError:
    """Turn a fault that nothing caught into the error that callers see."""
    value = fault.value
    if isinstance(value, str):
        head = value if len(value) <= 4 * shown_width else value[: 4 * shown_width] + "…"
    elif isinstance(value, dict) and isinstance(value.get("message"), str):
        head = value["message"][: 4 * shown_width]
    else:
        head = f"error() was called with {kind_phrase(value)}"
    problem = head + (f": {fault.note}" if fault.note else "")
    return EvaluationError(problem if problem.endswith((".", "!", "?")) else problem + ".", text, fault.pos, value)


def kind_phrase(value: JSON) -> str:
    """Name the type of `value` with its article, for messages."""
    name = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return name.get(type(value), "a number")


def over_budget(what: str, limit: str, mend: str) -> BudgetError:
    """Make the error for a limit that was reached; `try` cannot catch it."""
    return BudgetError(f"The expression {what} ({limit}).", hint=mend)
