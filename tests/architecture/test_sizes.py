"""Files and functions stay small enough to be read at once; whoever may be longer is named here, with the reason."""

import ast
import warnings
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, python_files

SOFT, HARD, FUNCTION = 300, 500, 40

# Paths, each with its reason.
LONG_FILES: dict[str, str] = {}
# `path::function`, or `path::` for all of a file, each with its reason.
LONG_FUNCTIONS: dict[str, str] = {
    "workflows/tasks/__init__.py::execute": "two lines for each kind of task, and nothing else",
    "cauce/store/migrations/versions/0001_first_shape.py::": "a list of columns, never edited once it is released",
}
NAMES_THAT_SAY_NOTHING = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}

CHECKED = python_files(*PACKAGES, "tests", "tools")


@cache
def _length(path: Path) -> int:
    return len((ROOT / path).read_text(encoding="utf-8").splitlines())


def test_no_file_is_longer_than_500_lines() -> None:
    too_long = {str(path): _length(path) for path in CHECKED if _length(path) > HARD}
    assert {path: lines for path, lines in too_long.items() if path not in LONG_FILES} == {}


@pytest.mark.filterwarnings("default")
def test_files_over_300_lines_are_pointed_out() -> None:
    lengths = {str(path): _length(path) for path in CHECKED if path.parts[0] in PACKAGES}
    for path, lines in lengths.items():
        if SOFT < lines <= HARD and path not in LONG_FILES:
            warnings.warn(f"{path} has {lines} lines; think about what to take out of it", stacklevel=1)
    assert lengths, "there is nothing to measure"


@cache
def _functions(path: Path) -> list[tuple[str, int]]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return [
        (f"{path}::{node.name}", _lines_of(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines from `def` to the end, without the docstring."""
    body = node.body
    has_docstring = ast.get_docstring(node) is not None
    docstring = (body[0].end_lineno or body[0].lineno) - body[0].lineno + 1 if has_docstring else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def test_no_function_is_longer_than_40_lines() -> None:
    measured = [function for path in python_files(*PACKAGES, "tools") for function in _functions(path)]
    too_long = {
        name: lines for name, lines in measured if lines > FUNCTION and not name.startswith(tuple(LONG_FUNCTIONS))
    }
    assert too_long == {}


def test_the_allow_lists_name_only_what_is_too_long() -> None:
    lengths = {str(path): _length(path) for path in CHECKED}
    named = {entry.partition("::")[0] for entry in LONG_FUNCTIONS}
    functions = [name for path in CHECKED if str(path) in named for name, lines in _functions(path) if lines > FUNCTION]
    stale = [path for path in LONG_FILES if lengths.get(path, 0) <= SOFT]
    stale += [entry for entry in LONG_FUNCTIONS if not any(name.startswith(entry) for name in functions)]
    assert stale == []


def test_every_module_has_a_name_that_says_something() -> None:
    nameless = [str(path) for path in CHECKED if NAMES_THAT_SAY_NOTHING & {path.stem, *path.parts[:-1]}]
    assert nameless == []
