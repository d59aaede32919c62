"""Makes a connector kind from templates: a folder of a checkout, or a package of its own."""

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from cauce import registry
from cauce.errors import ConflictError, InputError

_name: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_longest_name: Final = 40
_longest_about: Final = 120
_heading: Final = "| kind | talks to | an operation's `calls` |"


@dataclass(frozen=True, slots=True)
class Made:
    """The files that were written, and what to do next."""

    files: tuple[Path, ...]
    next: str


def make(kind: str, folder: Path, *, package: bool = False, about: str = "") -> Made:
    """Write the files of a new kind, once everything that could forbid it was looked at.

    Raises:
        InputError: The name, the text or the folder cannot be used.
        ConflictError: There is such a kind or such a folder.
    """
    _check_name(kind)
    _check_about(about)
    if kind in registry.kinds():
        raise ConflictError(f"There is a connector kind {kind!r} already.", hint="Choose another name.")
    return _make_package(kind, folder, about) if package else _make_folder(kind, folder, about)


def _make_folder(kind: str, checkout: Path, about: str) -> Made:
    table = checkout / "connectors" / "README.md"
    if not (checkout / "connectors" / "__init__.py").is_file() or not table.is_file():
        raise InputError(
            f"{checkout.resolve()} is not a checkout of Cauce: it has no package `connectors`.",
            hint="Name the checkout with --in, or make a package of its own with --package.",
        )
    home, test = checkout / "connectors" / kind, checkout / "tests" / "connectors" / f"test_{kind}.py"
    _check_free(home)
    _check_free(test)
    words = _words(kind, about, module=f"connectors.{kind}")
    listed = _with_row(table.read_text(encoding="utf-8"), words["row"])
    texts = {home / "__init__.py": _filled("connector.py", words), test: _filled("test_connector.py", words)}
    _write({**texts, table: listed})
    return Made(
        (*texts, table),
        f"Write what it does in {home / '__init__.py'}, then run `pytest {test}` and `cauce connect quality {kind}`.",
    )


def _make_package(kind: str, folder: Path, about: str) -> Made:
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder.resolve()}.", hint="Make it, or name another one with --in.")
    words = _words(kind, about, module=f"cauce_{kind}")
    home = folder / words["distribution"]
    _check_free(home)
    texts = {
        home / "pyproject.toml": _filled("pyproject.toml", words),
        home / "README.md": _filled("README.md", words),
        home / words["module"] / "__init__.py": _filled("connector.py", words),
        home / words["module"] / "py.typed": "",
        home / "tests" / f"test_{kind}.py": _filled("test_connector.py", words),
    }
    _write(texts)
    return Made(
        tuple(texts),
        f"Install it where Cauce is with `pip install --no-deps --editable {home}`, then run `pytest {home}` "
        f"and `cauce connect quality {kind}`.",
    )


def _check_name(kind: str) -> None:
    if not _name.fullmatch(kind) or len(kind) > _longest_name:
        raise InputError(
            f"{kind!r} cannot be the name of a kind.",
            hint=f"Use small letters, digits and single underscores, {_longest_name} at most, such as `acme_crm`.",
        )
    if keyword.iskeyword(kind):
        raise InputError(f"{kind!r} is a word of Python.", hint="Choose another name, such as `acme_crm`.")


def _check_about(about: str) -> None:
    if not about.isprintable() or "|" in about or "`" in about or len(about) > _longest_about:
        raise InputError(
            "What the kind talks to does not fit into a row of a table.",
            hint=f"Give one line without | and `, of {_longest_about} characters at most.",
            where="--about",
        )


def _check_free(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise ConflictError(f"{path} exists already.", hint="Nothing was written; move it away or choose another name.")


def _words(kind: str, about: str, *, module: str) -> Mapping[str, str]:
    name = "".join(part.capitalize() for part in kind.split("_"))
    return {
        "kind": kind,
        "module": module,
        # Between imports of Cauce and of the kind, where they are not one project.
        "gap": "" if module.startswith("connectors.") else "\n",
        "name": name,
        "distribution": f"cauce-{kind.replace('_', '-')}",
        "row": f"| `{kind}` | {about.strip() or 'TODO: say what it talks to'} | `GET /path` or `POST /path` |",
    }


def _with_row(text: str, row: str) -> str:
    """Return the text with one more row at the end of the table of kinds."""
    lines = text.splitlines(keepends=True)
    end = next((number for number, line in enumerate(lines) if line.startswith(_heading)), len(lines))
    while end < len(lines) and lines[end].startswith("|"):
        end += 1
    return "".join([*lines[:end], f"{row}\n", *lines[end:]])


def _filled(template: str, words: Mapping[str, str]) -> str:
    text = files("cauce.sdk").joinpath("templates", f"{template}.tmpl").read_text(encoding="utf-8")
    return Template(text).substitute(words)


def _write(texts: Mapping[Path, str]) -> None:
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
