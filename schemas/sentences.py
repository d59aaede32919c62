"""Turns the errors of the schema library into sentences for people; nobody ever sees its own messages.

Used for definitions, for the input of processes, for form answers and for the contracts of operations alike.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema.exceptions import ValidationError

from schemas.formats import FORMATS
from schemas.naming import guess, listing

JSON = Any
_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "null",
}
_BOUNDS = {
    "minimum": "must be at least {0}",
    "maximum": "must be at most {0}",
    "exclusiveMinimum": "must be more than {0}",
    "exclusiveMaximum": "must be less than {0}",
    "multipleOf": "must be a multiple of {0}",
    "minLength": "needs at least {0} characters",
    "maxLength": "may have at most {0} characters",
    "minItems": "needs at least {0} entries",
    "maxItems": "may have at most {0} entries",
    "minProperties": "needs at least {0} properties",
    "maxProperties": "may have at most {0} properties",
    "uniqueItems": "holds the same entry twice",
    "contains": "lacks an entry that it must have",
    "minContains": "has too few of the entries that it must have",
    "maxContains": "has too many of the entries that it may have",
    "not": "has a value that is not allowed",
}
_LONGEST_SHOWN = 40
_MEANT = re.compile(r"is not a property of .*did you mean `([^`]+)`")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with data: where, in which way (`code`), the sentence, and what to do."""

    pointer: str
    code: str
    sentence: str
    hint: str = ""


def problems(errors: Iterable[ValidationError], *, ours: bool = False) -> Iterator[Problem]:
    """Say each error in words; an error of alternatives becomes the error of the one that was meant.

    `ours` tells that the schema is one of Cauce's own, whose titles are nouns to use in sentences, and that what was
    found may be shown; data of a company may not.
    """
    found: dict[tuple[str, str], Problem] = {}
    for error in errors:
        for problem in _Telling(error, ours).describe():
            found.setdefault((problem.pointer, problem.sentence), problem)
    # A property that is misspelt is not missing as well.
    meant = {(_above(each.pointer), name) for each in found.values() for name in _MEANT.findall(each.sentence)}
    for problem in found.values():
        name = problem.pointer.rpartition("/")[2]
        if problem.code != "missing-property" or (_above(problem.pointer), name) not in meant:
            yield problem


def kind_of_value(value: JSON) -> str:
    """Name the kind of a value, such as `text` or `a list`."""
    if isinstance(value, bool):
        return "true or false"
    kinds = {str: "text", int: "a number", float: "a number", list: "a list", dict: "a map", type(None): "null"}
    return kinds.get(type(value), "something else")


def with_article(title: str) -> str:
    """Put `a` or `an` before the title of a schema."""
    return ("an " if title[:1].lower() in "aeiou" or title.startswith("http") else "a ") + title


@dataclass(frozen=True, slots=True)
class _Telling:
    """One error on its way to sentences."""

    error: ValidationError
    ours: bool

    @property
    def pointer(self) -> str:
        return pointer_of(self.error.absolute_path)

    @property
    def instance(self) -> JSON:
        return self.error.instance

    @property
    def value(self) -> JSON:
        return self.error.validator_value

    def describe(self) -> Iterator[Problem]:
        keyword = str(self.error.validator)
        if list(self.error.schema_path)[-2:-1] == ["propertyNames"]:
            yield self._bad_name()
        elif keyword == "task":
            yield Problem(self.pointer, "task-keyword", self.error.message, str(self.value or ""))
        elif keyword == "required":
            yield from self._missing()
        elif keyword == "additionalProperties":
            yield self._unknown()
        elif keyword in {"oneOf", "anyOf"}:
            yield from self._alternatives()
        elif keyword == "type":
            yield self._wrong_type()
        elif keyword in {"enum", "const"}:
            value = self.value
            yield self._not_among(value if keyword == "enum" else [value])
        else:
            yield Problem(self.pointer, "wrong-value", *self._wrong_value(keyword, self.value))

    def _wrong_type(self) -> Problem:
        wanted, found = self.value, self.instance
        names = [_TYPES.get(name, name) for name in ([wanted] if isinstance(wanted, str) else wanted)]
        must = self._schema().get("errorMessage") or f"must be {_either(names)}"
        hint = "Quote it." if "text" in names and isinstance(found, int | float) else ""
        return Problem(self.pointer, "wrong-type", f"{self._subject()} {must}, not {kind_of_value(found)}.", hint)

    def _wrong_value(self, keyword: str, limit: JSON) -> tuple[str, str]:
        """Return the sentence and the hint for a value that is of the right type but does not fit."""
        subject, schema, hint = self._subject(), self._schema(), ""
        said = schema.get("errorMessage", "is not allowed here")
        if keyword == "pattern":
            form = schema.get("patternErrorMessage", f"does not have the form that is asked for ({limit})")
            said = f"{form}{self._found()}"
        elif keyword == "format":
            said = f"must be {FORMATS.get(limit, limit)}{self._found()}"
        elif keyword in {"minLength", "minItems", "minProperties"} and limit == 1:
            said = "must not be empty"
        elif keyword == "maxProperties" and limit == 1 and self.ours:
            names = ", ".join(f"`{name}`" for name in list(self.instance)[:4])
            subject, said = f"An {schema.get('title', 'entry')}", f"holds one name, not several: {names}"
            hint = "Begin each one with a dash of its own."
        elif keyword in _BOUNDS:
            said = _BOUNDS[keyword].format(limit)
        return f"{subject} {said}.", hint

    def _not_among(self, options: Sequence[JSON]) -> Problem:
        names = [option if isinstance(option, str) else _text(option) for option in options]
        pair = len(names) <= 2  # noqa: PLR2004 - two are said with `or`
        shown = " or ".join(names) if pair else "one of " + ", ".join(names[:15])
        end = guess(self.instance, names) if isinstance(self.instance, str) else "."
        sentence = f"{self._subject()} must be {shown}{self._found()}{end}"
        return Problem(self.pointer, "wrong-value", sentence)

    def _missing(self) -> Iterator[Problem]:
        # The library makes one error per missing name; the same sentence twice is dropped by `problems`.
        title = self._title()
        for name in self.value:
            if name not in self.instance:
                sentence = f"{_upper(with_article(title))} needs `{name}`." if title else f"`{name}` is missing."
                yield Problem(f"{self.pointer}/{_escape(name)}", "missing-property", sentence, self._hint_for(name))

    def _unknown(self) -> Problem:
        """Tell of one property too many; its name is the message (see `schemas.validators`)."""
        name, title = self.error.message, self._title()
        known = list(self._schema().get("properties", {}))
        unused = [option for option in known if option not in self.instance]
        sentence = f"`{name}` is not a property of {with_article(title) if title else self._subject_inside()}"
        return Problem(
            f"{self.pointer}/{_escape(name)}", "unknown-property", sentence + guess(name, unused), listing(known)
        )

    def _bad_name(self) -> Problem:
        name = str(self.instance)
        form = self._schema().get("patternErrorMessage", "is not a name that is allowed here")
        return Problem(f"{self.pointer}/{_escape(name)}", "wrong-value", f"`{name}` {form}.")

    def _alternatives(self) -> Iterator[Problem]:
        branches: dict[int, list[ValidationError]] = {}
        for inner in self.error.context or ():
            # The error of an alternative that is just `false` has no path.
            branches.setdefault(int(inner.schema_path[0]) if inner.schema_path else -1, []).append(inner)
        options = self.value
        constants = [option["const"] for option in options if isinstance(option, dict) and "const" in option]
        if len(constants) == len(options):
            yield self._not_among(constants)
        elif not branches:
            yield from self._too_many()
        else:
            yield from self._meant(branches)

    def _too_many(self) -> Iterator[Problem]:
        fields = self.instance if isinstance(self.instance, dict) else {}
        options = [option for option in self.value if isinstance(option, dict)]
        names = [name for option in options for name in option.get("required", ())]
        which = " and ".join(f"`{name}`" for name in dict.fromkeys(names) if name in fields)
        said = f"may have only one of {which}" if which else "fits several of the allowed forms"
        yield Problem(self.pointer, "wrong-shape", f"{self._subject()} {said}.")

    def _meant(self, branches: Mapping[int, Sequence[ValidationError]]) -> Iterator[Problem]:
        """Report only the alternative that the writer most likely had in mind."""
        pointer, subject, said = self.pointer, self._subject(), self._schema().get("errorMessage")
        fitting = {
            index: inner
            for index, inner in branches.items()
            if not any(_is_other_type(each, self.error) for each in inner)
        }
        if not fitting:
            types = [each for inner in branches.values() for each in inner if each.validator == "type"]
            wanted = [_TYPES.get(name, name) for each in types for name in _names(each)]
            must = said or f"must be {_either(list(dict.fromkeys(wanted)))}"
            yield Problem(pointer, "wrong-type", f"{subject} {must}, not {kind_of_value(self.instance)}.")
            return
        if len(fitting) == 1:
            yield from problems(next(iter(fitting.values())), ours=self.ours)
            return
        if isinstance(self.instance, dict):
            yield from self._by_marker(fitting)
            return
        if said:
            yield Problem(pointer, "wrong-value", f"{subject} {said}{self._found()}.")
            return
        fewest = min(fitting.values(), key=len)
        yield from problems(fewest, ours=self.ours)

    def _by_marker(self, fitting: Mapping[int, Sequence[ValidationError]]) -> Iterator[Problem]:
        """Choose among maps by the required property that is there."""
        lacking = {
            index: [each for each in inner if each.validator == "required" and not each.path]
            for index, inner in fitting.items()
        }
        needs = {index: [name for each in inner for name in _names(each)] for index, inner in lacking.items()}
        marked = [index for index, inner in lacking.items() if not inner]
        needed = list(dict.fromkeys(name for names in needs.values() for name in names))
        present = [name for name in needed if name in self.instance]
        if len(marked) != 1 and len(present) == 1:
            marked = [next(index for index, names in needs.items() if present[0] in names)]
        if len(marked) == 1:
            yield from problems(fitting[marked[0]], ours=self.ours)
        elif len(marked) > 1:
            yield from self._too_many()
        elif present:
            names = " and ".join(f"`{name}`" for name in present)
            said = f"{self._subject()} may have only one of {names}."
            yield Problem(self.pointer, "wrong-shape", said, "Keep one of them.")
        else:
            yield self._unmarked(needed)

    def _unmarked(self, needed: Sequence[str]) -> Problem:
        said = f"{self._subject()} needs one of {', '.join(needed)}" if needed else f"{self._subject()} fits no form"
        stranger = next(iter(self.instance), None)
        if stranger is None or not self.ours:
            return Problem(self.pointer, "wrong-shape", f"{said}.")
        sentence = f"{said}; found `{stranger}`{guess(stranger, needed)}"
        return Problem(f"{self.pointer}/{_escape(stranger)}", "wrong-shape", sentence)

    def _subject(self) -> str:
        path = list(self.error.absolute_path)
        if not path:
            title = self._schema().get("title")
            return f"The {title}" if self.ours and isinstance(title, str) else "The data"
        last = path[-1]
        if isinstance(last, str):
            return f"`{last}`"
        above = next((part for part in reversed(path) if isinstance(part, str)), None)
        return f"Entry {last + 1} of `{above}`" if above is not None else f"Entry {last + 1}"

    def _subject_inside(self) -> str:
        subject = self._subject()
        return subject[:1].lower() + subject[1:]

    def _schema(self) -> Mapping[str, JSON]:
        return _schema_of(self.error)

    def _title(self) -> str | None:
        title = self._schema().get("title")
        return title if self.ours and isinstance(title, str) else None

    def _hint_for(self, name: str) -> str:
        each = self._schema().get("properties", {}).get(name, {})
        return str(each.get("description", "")) if self.ours and isinstance(each, dict) else ""

    def _found(self) -> str:
        if not self.ours or isinstance(self.instance, dict | list):
            return ""
        text = _text(self.instance)
        return f"; found `{text}`" if len(text) <= _LONGEST_SHOWN else ""


def _is_other_type(inner: ValidationError, outer: ValidationError) -> bool:
    return inner.validator == "type" and list(inner.absolute_path) == list(outer.absolute_path)


def _names(error: ValidationError) -> list[str]:
    value: JSON = error.validator_value
    return [value] if isinstance(value, str) else list(value)


def _above(pointer: str) -> str:
    return pointer.rpartition("/")[0]


def pointer_of(path: Iterable[str | int]) -> str:
    """Return a path as a JSON pointer."""
    return "".join(f"/{_escape(str(part))}" for part in path)


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _schema_of(error: ValidationError) -> Mapping[str, JSON]:
    return error.schema if isinstance(error.schema, dict) else {}


def _either(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
