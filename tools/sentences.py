"""What the catalogue has to say in Spanish: the texts of the pages, and the sentences that the core says in English.

The core puts names and numbers into its sentences where it says them. Here those sentences are read out of the source
as they stand, each place numbered: `f"There is no task {task_id}."` is `There is no task {1}.` for the catalogue, and
`api.sentences` finds it again. So whoever says a new sentence writes nothing twice; a test tells that it lacks its
Spanish.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).parents[1]
CATALOGUE: Final = ROOT / "api/locale/es/LC_MESSAGES/messages.po"
PLACE: Final = re.compile(r"\{\d\}")
# The places of a text for `str.format`.
_FORMATTED: Final = re.compile(r"(?:\{\w*\})+")
# What people on pages meet. Not what only a terminal or a program is told.
_SAID_IN: Final = (
    *("activities/", "api/", "cauce/authentication/", "cauce/expressions/", "cauce/limits/", "cauce/messages/"),
    *("cauce/recording/", "cauce/sdk/", "cauce/services/", "cauce/store/", "connectors/", "schemas/", "workflows/"),
)
_NOT_IN: Final = (
    *("activities/human_tasks.py", "api/app.py", "api/metrics.py", "api/rest/", "api/scim/", "api/server.py"),
    *(
        "cauce/sdk/making.py",
        "cauce/services/exposition.py",
        "cauce/settings.py",
        "cauce/single.py",
        "cauce/store/migrations/",
    ),
    # What the codes of findings mean is for the documentation.
    "workflows/checking/codes.py",
    # These say a thing in both languages, or write it into a file.
    *("cauce/services/connection_text.py", "cauce/store/clock_ladder.py", "cauce/store/given_tasks.py"),
)
# Besides errors: what finds something wrong, what says who may do what, and what marks a text for translation.
_SAYERS: Final = frozenset({"Finding", "message", "require", "require_on", "require_somewhere"})
_NOT_SAID: Final = frozenset(
    {
        "ValueError",
        "TypeError",
        "KeyError",
        "AssertionError",
        "RuntimeError",
        "OSError",
        "Field",
        "APIRouter",
        "getLogger",
    }
)
_LEAVES: Final = (ast.Name, ast.expr_context, ast.operator, ast.cmpop, ast.arg, ast.alias, ast.Pass)
_NAMES: Final = frozenset({"hint", "problem", "why"})
_ANY: Final = re.compile("")
_SENTENCE: Final = re.compile(r"^(?:[A-Z'`]|\{\d\}|; ).*[a-z]{2} .*[a-z`'})][`)]?[.?]$", re.DOTALL)
# `{title}: {problem}` says nothing by itself.
_WORDS: Final = re.compile(r"[A-Za-z]{2,}.*[ ,].*[A-Za-z]{2,}|[A-Za-z]{2,}\.$", re.DOTALL)


def said_by_the_core() -> dict[str, str]:
    """Return the sentences that people may meet on pages, and where each is said."""
    found: dict[str, str] = {}
    folders = {ROOT / each.partition("/")[0] for each in _SAID_IN}
    for file in sorted(path for folder in folders for path in folder.rglob("*.py")):
        name = file.relative_to(ROOT).as_posix()
        if (name.startswith(_SAID_IN) or file.parent == ROOT / "cauce") and not name.startswith(_NOT_IN):
            for line, sentence in sentences(file.read_text(encoding="utf-8")):
                found.setdefault(sentence, f"{name}:{line}")
    return found


def said_by_pages() -> dict[str, str]:
    """Return the texts of the templates, and where each is."""
    methods = [("templates/**.html", "jinja2")]
    options = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
    return {
        text if isinstance(text, str) else text[0]: f"{file}:{line}"
        for file, line, text, _, _ in extract_from_dir(ROOT / "api", methods, options)
    }


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """Yield what some source says to people, with its line: whole sentences, and what errors and permissions say."""
    nodes: list[ast.AST] = [ast.parse(source)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, (ast.Call, ast.Assign, ast.Constant, ast.JoinedStr)):
            if _is_silent(node):
                continue
            yield from ((node.lineno, text) for text in _said(node))
        nodes.extend(_parts(node))


def _is_silent(node: ast.AST) -> bool:
    """Return whether what is in a call is for no person on a page: it is logged, or describes something to programs."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log" | "re"))):
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in _NOT_SAID
        case _:
            return False


def _parts(node: ast.AST) -> list[ast.AST]:
    """Return what is in a part of some source, but for what says nothing by itself."""
    match node:
        case ast.JoinedStr(values=values):
            # The pieces between places are no texts of their own.
            return [each for each in values if isinstance(each, ast.FormattedValue)]
        case ast.Expr(value=ast.Constant()) | ast.keyword(arg="description"):
            return []
        case _:
            return [each for each in ast.iter_child_nodes(node) if not isinstance(each, _LEAVES)]


def _said(node: ast.AST) -> list[str]:
    """Return what is said here itself."""
    given: list[ast.expr] = []
    wanted = _WORDS
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            given = node.args if name in _SAYERS or name.endswith("Error") else []
            given = [*given, *(each.value for each in node.keywords if each.arg in _NAMES)]
            wanted = _ANY if name == "message" else _WORDS
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in _NAMES:
            given = [value]
        case ast.Constant() | ast.JoinedStr():
            given, wanted = [node], _SENTENCE
        case _:
            pass
    return [text for each in given for text in _texts(each) if wanted.search(text)]


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str()):
            yield _template([node])
        case ast.IfExp(body=one, orelse=other):
            yield from (*_texts(one), *_texts(other))
        case ast.BoolOp(values=values):
            yield from (text for each in values for text in _texts(each))
        case ast.JoinedStr(values=values):
            yield _template(values)
            for each in values:
                if isinstance(each, ast.FormattedValue) and isinstance(each.value, ast.IfExp):
                    yield from _texts(each.value)
        case _:
            pass


def _template(values: Iterable[ast.expr]) -> str:
    """Return a text with numbered places; two that touch are one, because nothing tells where the first ends."""
    text = "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in values)
    places = count(1)
    return _FORMATTED.sub(lambda _: f"{{{next(places)}}}", text)


def main() -> None:
    """Bring the Spanish catalogue up to date: add what it lacks, for somebody to translate, drop what nobody says."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file)
    core = said_by_the_core()
    lacking = {text: where for text, where in (core | said_by_pages()).items() if text not in catalogue}
    gone = [str(each.id) for each in catalogue if PLACE.search(str(each.id)) and each.id not in core]
    for text in lacking:
        catalogue.add(text)
    for text in gone:
        catalogue.delete(text)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, width=120, no_location=True)
    for text, where in lacking.items():
        print(f"{where}: {text}")
    print(f"{len(lacking)} to be translated in {CATALOGUE.relative_to(ROOT)}, {len(gone)} taken out.")


if __name__ == "__main__":
    main()
