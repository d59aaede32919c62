"""The errors of the process language: problem details that a process can raise, catch and filter."""

from typing import Final

from cauce.contract import JSON

_STANDARD: Final = {
    "configuration": 400,
    "validation": 400,
    "expression": 400,
    "authentication": 401,
    "authorization": 403,
    "timeout": 408,
    "communication": 500,
    "runtime": 500,
}
_PREFIX: Final = "https://serverlessworkflow.io/spec/1.0.0/errors/"
# A process may make errors of any length; only the beginning goes into texts, all of it into the details.
_SENTENCE: Final = 1_000
_PREFIXES: Final = (
    _PREFIX,
    "https://open-workflow-specification.org/spec/1.0.0/errors/",
    "https://serverlessworkflow.io/dsl/errors/types/",
    "https://open-workflow-specification.org/dsl/errors/types/",
)


class Fault(Exception):  # noqa: N818 (the standard says "faulted")
    """An error of a process; `problem` is its problem details, which a `try` may catch."""

    def __init__(self, problem: dict[str, JSON]) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        detail = self.problem.get("detail") or self.problem.get("title") or self.problem.get("type")
        text = f"{self.problem.get('instance', '')}: {detail}"
        return text if len(text) <= _SENTENCE else f"{text[:_SENTENCE]}…"


def fault(kind: str, detail: str, *, instance: str = "", title: str = "", **more: JSON) -> Fault:
    """Make one of the eight standard errors (`validation`, `timeout` …)."""
    problem: dict[str, JSON] = {
        "type": _PREFIX + kind,
        "status": _STANDARD[kind],
        "title": title or f"{kind.capitalize()} error",
        "detail": detail,
        **({"instance": instance} if instance else {}),
        **more,
    }
    return Fault(problem)


def canonical_type(uri: str) -> str:
    """Return the one spelling of an error type: the standard's errors go by four prefixes that mean the same."""
    for prefix in _PREFIXES:
        name = uri.removeprefix(prefix)
        if name != uri and name in _STANDARD:
            return _PREFIX + name
    return uri


def is_standard(problem: dict[str, JSON], kind: str) -> bool:
    """Tell whether an error is the standard's error of a kind."""
    return canonical_type(str(problem.get("type"))) == _PREFIX + kind


def matches(problem: dict[str, JSON], pattern: dict[str, JSON]) -> bool:
    """Tell whether an error fits a static filter: every property of the filter is there and equal."""
    for key, wanted in pattern.items():
        met = problem.get("detail" if key == "details" else key)
        if key == "type":
            wanted, met = canonical_type(str(wanted)), canonical_type(str(met))  # noqa: PLW2901 (one comparison below)
        if met != wanted:
            return False
    return True
