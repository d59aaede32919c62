"""Checks the meaning of a form: its schema, its layout and rules, its look-ups, and what it shows beside the fields."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cauce.form_rules import EUR, VARIABLES, is_currency, rules_of
from cauce.form_schemas import always_required, paths
from schemas import flaws, guess, listing
from schemas.formats import FORMATS
from schemas.source import step
from workflows.checking.calls import find_operation
from workflows.checking.contracts import check_arguments
from workflows.checking.known import World
from workflows.checking.profiles import absence
from workflows.checking.report import Report
from workflows.checking.texts import Scope, check_bare, check_value

JSON = Any
Map = Mapping[str, JSON]
_RULE: Final = Scope("a rule of a form", frozenset(VARIABLES))
_ASKED: Final = Scope("what is looked up", frozenset({*VARIABLES, "search"}))
_FOUND: Final = Scope("what was found", frozenset({"data"}))
_BESIDE: Final = Scope("a form's context", frozenset())


def check_form(report: Report, document: Map, world: World) -> None:
    """Check a form."""
    schema, ui = document["schema"], document.get("ui") or {}
    wrong = flaws(schema)
    for flaw in wrong:
        report.value("schema-unusable", "/schema" + flaw.pointer, flaw.sentence, flaw.hint)
    if not wrong and isinstance(schema, dict):
        _check_formats(report, schema, "/schema")
        fields = paths(schema)
        if fields:
            _check_names(report, ui, fields, list(schema.get("properties") or {}))
        _check_rules(report, ui, schema)
        _check_rest(report, document, fields)
        _check_files(report, ui, fields)
    for path, options in (ui.get("options") or {}).items():
        _check_options(report, f"/ui/options{step(path)}", options, world)
    for index, entry in enumerate(document.get("context") or ()):
        _check_context(report, f"/context/{index}", entry, world)


def _check_names(report: Report, ui: Map, fields: Map, first: list[str]) -> None:
    """Check that what the layout names is there; the order is that of the fields that stand outermost."""
    outer = [*first, *(name for name in fields if "." not in name and name not in first)]
    named = [(f"/ui/order/{index}", name, outer) for index, name in enumerate(ui.get("order") or ())]
    for section in ("widgets", "compute", "show", "files", "options"):
        named += [(f"/ui/{section}{step(name)}", name, [*fields]) for name in ui.get(section) or ()]
    for place, name, known in named:
        if name not in known:
            problem = f"The schema has no field `{name}`{guess(name, known)}"
            report.value("unknown-field", place, problem, listing(known, word="It has"))


def _check_rules(report: Report, ui: Map, schema: JSON) -> None:
    for section in ("compute", "show"):
        for path, text in (ui.get(section) or {}).items():
            check_bare(report, f"/ui/{section}{step(path)}", text, _RULE)
    if not is_currency(currency := ui.get("currency") or EUR):
        check_bare(report, "/ui/currency", currency, _RULE)
    for path in ui.get("show") or ():
        if always_required(schema, path):
            hint = "Take it out of `required`, and ask for it in `if` and `then`."
            problem = f"`{path}` is not always shown, but always required."
            report.key("form", f"/ui/show{step(path)}", problem, hint)


def _check_rest(report: Report, document: Map, fields: Map) -> None:
    """Compute an answer with nothing in it: what follows from itself is found without knowing what will be entered."""
    answer: dict[str, JSON] = {}
    for path in (document.get("ui") or {}).get("compute") or ():
        holder, names = answer, path.split(".")
        for end, name in enumerate(names[:-1], 1):
            is_list = "items" in (fields.get(".".join(names[:end])) or {})
            below = holder.setdefault(name, [{}] if is_list else {})
            holder = below[0] if is_list else below
    rules = rules_of(document, None)
    rules.settle(answer)
    if rules.problem:
        report.key("form", "/ui/compute", rules.problem, "Let each be computed from what people enter.")


def _check_files(report: Report, ui: Map, fields: Map) -> None:
    for path in ui.get("files") or ():
        field = fields.get(path) or {}
        if path in fields and "attachment" not in {field.get("format"), (field.get("items") or {}).get("format")}:
            problem = f"`{path}` is not a field for files."
            hint = "Give it, or the entries of its list, `format: attachment`."
            report.key("form", f"/ui/files{step(path)}", problem, hint)


def _check_formats(report: Report, schema: JSON, pointer: str) -> None:
    for place, name in _formats(schema, pointer):
        if name not in FORMATS:
            problem = f"`{name}` is not a format that is checked{guess(name, FORMATS)}"
            report.warn("form", place, problem, listing(FORMATS))


def _formats(schema: JSON, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("format"), str):
            yield f"{pointer}/format", schema["format"]
        for key, value in schema.items():
            # What stands there is data.
            if key not in {"const", "enum", "default", "examples"}:
                yield from _formats(value, pointer + step(key))
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from _formats(value, f"{pointer}/{index}")


def _check_options(report: Report, pointer: str, options: Map, world: World) -> None:
    _check_call(report, pointer, options, _ASKED, world)
    for key in ("list", "value", "label"):
        check_bare(report, f"{pointer}/{key}", options.get(key), _FOUND)
    for name, text in (options.get("fill") or {}).items():
        check_bare(report, f"{pointer}/fill{step(name)}", text, _FOUND)


def _check_context(report: Report, pointer: str, entry: Map, world: World) -> None:
    if "call" in entry:
        _check_call(report, pointer, entry, _BESIDE, world)
    elif "value" not in entry and entry.get("show") != "timeline":
        problem = "Nothing says what is shown here."
        report.key("missing-property", pointer, problem, "Add `value`, or the `call` that gives it.")
    elif "with" in entry:
        report.key("form", f"{pointer}/with", "There is no `call` that this would be for.", "Add it.")
    if "labels" in entry and entry.get("show", "table") != "table":
        report.key("form", f"{pointer}/labels", "Only values and tables have labels.", "Leave out `show` or `labels`.")
    if "columns" in entry and entry.get("show") != "table":
        report.key("form", f"{pointer}/columns", "Only a table has columns.", "Add `show: table`.")
    for name in entry.get("order") or []:
        if name not in (entry.get("columns") or {}):
            report.value("form", f"{pointer}/order", f"There is no column `{name}`.", "Name those of `columns`.")
    check_bare(report, f"{pointer}/value", entry.get("value"), _FOUND if "call" in entry else _BESIDE)


def _check_call(report: Report, pointer: str, holder: Map, scope: Scope, world: World) -> None:
    check_value(report, f"{pointer}/with", holder.get("with"), scope)
    name = holder["call"]
    if world.profile and absence(world.profile, name.partition("@")[2]) is not None:
        # Forms go on without: the page says that there is no such system here.
        return
    if not find_operation(report, world, f"{pointer}/call", name):
        return
    contract = world.operations[name]
    if contract is None:
        return
    if contract.effect != "read":
        problem = f"`{name}` is a write; looking at a task must not change anything."
        report.value("form", f"{pointer}/call", problem, "Name an operation with `effect: read`.")
    check_arguments(report, f"{pointer}/with", holder.get("with") or {}, contract.input, f"`{name}`")
