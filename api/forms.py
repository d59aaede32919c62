"""Forms made from a JSON Schema: the fields to show, each with its value and its problem.

An input's name is the JSON pointer of its value (`/lines/0/sku`), so a problem that validation reports finds its field
by itself. Lists carry how many rows they show in `<pointer>#rows`, and rows come and go by submit buttons: everything
works without JavaScript.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.answers import most_rows
from api.form_schema import options_of, text_of, type_of, widget_of
from api.i18n import Language, as_moment
from api.pages.problems import message
from cauce.file_types import MIME, suffixes
from cauce.form_rules import EUR, Rules, decimals, is_currency, path_of, rules_of
from cauce.form_schemas import applied, inlined, paths
from cauce.personal import is_cover
from cauce.phones import readable

JSON = Any
nothing_yet = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers that a field allows."""

    value: str
    label: str
    chosen: bool


_COVERED: Final = message("Personal data; you may see that there is some, and not what.")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form; `group` and `list` fields have others inside."""

    pointer: str
    widget: str
    label: str
    help: str = ""
    required: bool = False
    value: str = ""
    error: str = ""
    choices: tuple[Choice, ...] = ()
    fields: tuple["Field", ...] = ()
    rows: tuple["Field", ...] = ()
    count: int = 0
    attributes: tuple[tuple[str, str], ...] = ()
    suffix: str = ""
    files: tuple[Mapping[str, JSON], ...] = ()
    search: "Search | None" = None

    @property
    def id(self) -> str:
        """The field's identifier in the page."""
        return "f" + self.pointer.replace("/", "-")


@dataclass(frozen=True, slots=True)
class Search:
    """What was searched for in a field whose values are looked up; with a `note` where nothing could be found."""

    text: str = ""
    note: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What a form is shown for: the data of its task, the files attached to it, and where phone numbers are at home."""

    data: JSON = None
    files: Mapping[str, Mapping[str, JSON]] = dataclasses.field(default_factory=dict)
    region: str = "ES"
    searches: Mapping[str, Search] = dataclasses.field(default_factory=dict)


def fields(
    form: JSON, values: JSON, language: Language, errors: Sequence[Mapping[str, str]] = (), case: Case | None = None
) -> tuple[Field, ...]:
    """Return the fields of a form document, filled with `values`, each with its problem beside it."""
    problems: dict[str, str] = {}
    for error in errors:
        problems.setdefault(error.get("pointer", ""), error.get("problem", ""))
    shown = case or Case()
    rules = rules_of(form, shown.data)
    settled = rules.settle(values if isinstance(values, Mapping) else {})
    builder = _Builder(language, problems, form.get("ui") or {}, shown, rules, settled)
    return builder.object(inlined(form.get("schema") or {}), "", settled, 0)


def all_fields(form: JSON) -> list[Mapping[str, JSON]]:
    """Return the schemas of all fields that a form may have."""
    return list(paths(form.get("schema")).values())


def is_attachment(schema: JSON) -> bool:
    """Tell whether a field takes files."""
    return widget_of(schema) in {"file", "files"}


def is_dynamic(form: JSON) -> bool:
    """Tell whether what a form shows depends on what is entered in it."""
    ui = form.get("ui") or {}
    text = json.dumps(form.get("schema"))
    return (
        bool(ui.get("compute") or ui.get("show"))
        or not is_currency(ui.get("currency") or EUR)
        or any(f'"{word}"' in text for word in ("if", "dependentRequired", "dependentSchemas"))
    )


def _covers(value: JSON) -> tuple[Choice, ...]:
    """Return what stands there instead of something personal, if that is all there is."""
    given = value if isinstance(value, list) else [value]
    return tuple(Choice(each, each, chosen=True) for each in given) if all(map(is_cover, given)) else ()


@dataclass(frozen=True, slots=True)
class _Builder:
    language: Language
    problems: Mapping[str, str]
    ui: JSON
    case: Case
    rules: Rules
    answer: JSON

    def object(
        self, schema: JSON, pointer: str, values: Mapping[str, JSON], depth: int, *, wanted: bool = True
    ) -> tuple[Field, ...]:
        schema = applied(schema, values)
        properties = schema.get("properties") or {}
        order = [name for name in self.ui.get("order") or [] if name in properties] if not pointer else []
        # What a form leaves open comes in the order of what is required: maps arrive here sorted by name.
        first = [name for name in (*order, *(schema.get("required") or ())) if name in properties]
        # A group that need not be there asks for nothing until something is entered in it.
        required = set(schema.get("required") or ()) if wanted or values else set()
        names = [
            name
            for name in dict.fromkeys([*first, *properties])
            if self.rules.is_shown(path_of(f"{pointer}/{name}"), self.answer, values)
        ]
        return tuple(
            self.field(
                name,
                properties[name],
                f"{pointer}/{name}",
                values.get(name),
                values,
                required=name in required,
                depth=depth,
            )
            for name in names
        )

    def field(
        self,
        name: str,
        schema: JSON,
        pointer: str,
        value: JSON,
        row: JSON,
        *,
        required: bool,
        depth: int,
    ) -> Field:
        schema = schema if isinstance(schema, Mapping) else {}
        path = path_of(pointer)
        wanted = (self.ui.get("widgets") or {}).get(path, "")
        widget = self.widget(path, schema, wanted, depth)
        if widget != "list" and (covers := _covers(value)):
            label = self.language.label(schema.get("title"), name.replace("_", " ").capitalize())
            return Field(pointer, "covered", label, self.language.gettext(_COVERED), choices=covers)
        is_money = wanted == "money" and type_of(schema) in {"number", "integer"}
        money = self.rules.currency_of(self.answer, row) if is_money else ""
        nested = value if isinstance(value, Mapping) else {}
        return Field(
            pointer=pointer,
            widget=widget,
            label=self.language.label(schema.get("title"), name.replace("_", " ").capitalize()),
            help=self.language.label(schema.get("description")),
            required=required,
            value=self.computed(value, money) if widget == "computed" else self.shown(value, widget),
            error=self.problems.get(pointer, ""),
            choices=self.choices(schema, value, widget),
            fields=self.object(schema, pointer, nested, depth + 1, wanted=required) if widget == "group" else (),
            rows=(rows := self.rows(schema, pointer, value, row, depth) if widget == "list" else ()),
            count=max(len(rows), len(value) if isinstance(value, list) else 0),
            attributes=(*_attributes(schema, widget, money), *self.accepted(path, widget)),
            suffix=self.language.currency(money) if money and widget != "computed" else "",
            files=self.files(value) if widget in {"file", "files"} else (),
            search=self.case.searches.get(pointer, Search()) if widget == "lookup" else None,
        )

    def widget(self, path: str, schema: Mapping[str, JSON], wanted: str, depth: int) -> str:
        if path in self.rules.compute:
            return "computed"
        found = widget_of(schema, wanted, depth)
        is_plain = found in {"text", "textarea", "number", "select"}
        return "lookup" if is_plain and path in (self.ui.get("options") or {}) else found

    def computed(self, value: JSON, money: str) -> str:
        if isinstance(value, bool):
            return self.language.gettext("Yes") if value else self.language.gettext("No")
        if isinstance(value, int | float):
            return self.language.money(value, money) if money else self.language.number(value)
        return self.shown(value, "json" if isinstance(value, list | Mapping) else "text") or nothing_yet

    def files(self, value: JSON) -> tuple[Mapping[str, JSON], ...]:
        given = value if isinstance(value, list) else [value]
        digests = [str(each.get("sha256")) for each in given if isinstance(each, Mapping)]
        return tuple(self.case.files[digest] for digest in dict.fromkeys(digests) if digest in self.case.files)

    def accepted(self, path: str, widget: str) -> tuple[tuple[str, str], ...]:
        if widget not in {"file", "files"}:
            return ()
        rule = (self.ui.get("files") or {}).get(path) or {}
        multiple = (("multiple", ""),) if widget == "files" else ()
        return (("accept", suffixes(list(rule.get("types") or MIME))), *multiple)

    def rows(self, schema: JSON, pointer: str, value: JSON, within: JSON, depth: int) -> tuple[Field, ...]:
        items = schema.get("items") or {}
        fewest = int(schema.get("minItems") or 0)
        given = list(value) if isinstance(value, list) else []
        given += [None] * (fewest - len(given) if fewest <= most_rows else 0)
        return tuple(
            self.field(str(index + 1), items, f"{pointer}/{index}", row, within, required=True, depth=depth + 1)
            for index, row in enumerate(given[:most_rows])
        )

    def shown(self, value: JSON, widget: str) -> str:
        if value is None or isinstance(value, list | Mapping):
            return "" if widget != "json" or value is None else json.dumps(value, ensure_ascii=False, indent=2)
        if isinstance(value, bool):
            return "true" if value else ""
        if widget == "tel":
            return readable(str(value), self.case.region)
        if widget == "datetime-local" and (moment := as_moment(str(value))):
            return moment.astimezone(self.language.zone).strftime("%Y-%m-%dT%H:%M")
        if widget == "time":
            # What was meant is what a clock showed, whatever the zone was on that day.
            clock = str(value)[: len("10:30:00")]
            return clock.removesuffix(":00") if len(clock) == len("10:30:00") else clock
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

    def choices(self, schema: JSON, value: JSON, widget: str) -> tuple[Choice, ...]:
        options = options_of(schema.get("items") or {} if widget == "checkboxes" else schema)
        chosen = value if isinstance(value, list) else [value]
        return tuple(
            Choice(text_of(each), self.language.label(title, text_of(each)), each in chosen) for each, title in options
        )


def first_control(fields: Sequence[Field], inside: str = "") -> str:
    """Return the pointer of the first control; with the pointer of a list `inside`, of the first in its last row."""
    for field in fields:
        if inside and field.pointer != inside:
            found = first_control((*field.fields, *field.rows), inside)
            if found:
                return found
        elif field.rows:
            return first_control(field.rows[-1:] if inside else field.rows[:1])
        elif field.fields:
            return first_control(field.fields)
        elif field.widget != "computed":
            return field.pointer
    return ""


def _attributes(schema: JSON, widget: str, money: str) -> tuple[tuple[str, str], ...]:
    if widget in ("number", "money"):
        step = schema.get("multipleOf") or (
            1 if type_of(schema) == "integer" else f"{10 ** -decimals(money):.{decimals(money)}f}" if money else "any"
        )
        found = {"step": step, "min": schema.get("minimum"), "max": schema.get("maximum")}
    elif widget in ("text", "textarea", "email", "url", "tel"):
        found = {"minlength": schema.get("minLength"), "maxlength": schema.get("maxLength")}
    elif widget == "list":
        found = {"max": schema.get("maxItems")}
    else:
        found = {}
    return tuple((name, str(value)) for name, value in found.items() if value is not None)
