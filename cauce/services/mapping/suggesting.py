"""Suggests how to map fields onto others, by the likeness of their names; a person decides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from cauce.importing import words
from cauce.services.mapping.shapes import Field, step

_LIKE: Final = 0.6
_WIDEST: Final = 80
_SIMPLE: Final = frozenset({"string", "number", "integer", "boolean"})
# Words of systems that mean the same; the first of each row stands for all.
_SAME: Final = (
    ("number", "no", "nr", "num", "id", "code", "key"),
    ("quantity", "qty", "amount", "count"),
    ("item", "sku", "article", "product", "material", "part"),
    ("customer", "client", "debtor", "buyer"),
    ("postcode", "zip", "postal"),
    ("town", "city"),
    ("phone", "telephone", "tel"),
    ("tax", "vat", "nif", "cif"),
    ("line", "position", "row", "entry", "detail"),
    ("note", "comment", "remark", "text", "reason"),
)
_meaning: Final = {word: row[0] for row in _SAME for word in row}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An expression, the pairs of fields in it, and the fields that nothing was found for."""

    expression: str
    pairs: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]


def suggest(wanted: Sequence[Field], given: Sequence[Field]) -> Suggestion:
    """Return an expression that makes what is wanted of what is given; what is needed and not found is null."""
    made = _Making()
    return Suggestion(made.group(wanted, given, "", "", 0), tuple(made.pairs), tuple(made.missing))


class _Making:
    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.missing: list[str] = []

    def group(self, wanted: Sequence[Field], given: Sequence[Field], inside: str, place: str, indent: int) -> str:
        """Return the expression of an object; `inside` is the path that the dot stands for."""
        parts = []
        taken: set[str] = set()
        for field in wanted:
            value = self.value(field, given, inside, taken, indent + 2)
            if value is None:
                if field.required:
                    self.missing.append(f"{place}{field.path}")
                    parts.append(f"{_key(field.name)}: null")
                continue
            parts.append(f"{_key(field.name)}: {value}")
        space = " " * indent
        if len(parts) <= 1 or (sum(map(len, parts)) < _WIDEST and "\n" not in "".join(parts)):
            return "{" + ", ".join(parts) + "}"
        return "{\n" + ",\n".join(f"{space}  {part}" for part in parts) + f"\n{space}}}"

    def value(self, field: Field, given: Sequence[Field], inside: str, taken: set[str], indent: int) -> str | None:
        """Return the expression of one field; None when nothing given is like it."""
        if field.is_list and field.fields:
            found = _best(field, [each for each in given if each.is_list and each.fields], taken)
            if found is None:
                return None
            taken.add(found.path)
            self.pairs.append((found.path, field.path))
            inner = self.group(field.fields, found.fields, f"{found.path}[]", "", indent)
            return f"[{_read(found.path, inside)}[]? | {inner}]"
        if field.fields:
            found = _best(field, [each for each in given if each.fields and not each.is_list], taken)
            before = len(self.pairs)
            # What stands in a group there may stand beside each other here.
            around = [*(found.fields if found else ()), *given]
            made = self.group(field.fields, around, inside, "", indent)
            return made if len(self.pairs) > before else None
        candidates = [each for each in _simple(given) if not each.is_list or field.is_list]
        found = _best(field, candidates, taken)
        if found is None:
            return None
        taken.add(found.path)
        self.pairs.append((found.path, field.path))
        return _converted(_read(found.path, inside), found, field)


def _simple(given: Sequence[Field]) -> Iterator[Field]:
    """Yield the fields that hold a value, also those in groups; not those in lists."""
    for each in given:
        if not each.fields:
            yield each
        elif not each.is_list:
            yield from _simple(each.fields)


def _best(field: Field, candidates: Sequence[Field], taken: set[str]) -> Field | None:
    scored = [
        (likeness(field, each), -len(each.path), each.path, each) for each in candidates if each.path not in taken
    ]
    best = max(scored, default=None, key=lambda each: each[:3])
    return best[3] if best is not None and best[0] >= _LIKE else None


def likeness(one: Field, other: Field) -> float:
    """Return how alike two fields are, from 0 to 1: their names, with words that mean the same, and their types."""
    mine, theirs = _words(one.name), _words(other.name)
    if not mine or not theirs:
        return 0.0
    shared = len(mine & theirs) / len(mine | theirs)
    spelt = SequenceMatcher(None, "".join(sorted(mine)), "".join(sorted(theirs))).ratio()
    contained = 0.75 if mine <= theirs or theirs <= mine else 0.0
    both = {*one.types} & {*other.types} or not one.types or not other.types
    return max(shared, spelt if spelt > 0.8 else 0.0, contained) - (0.0 if both else 0.1)  # noqa: PLR2004 - spelt nearly the same


def _words(name: str) -> set[str]:
    found = {word.lower() for word in words(name)}
    singular = {word.removesuffix("s") if len(word) > 3 else word for word in found}  # noqa: PLR2004 - `is`, `tax`
    return {_meaning.get(word, word) for word in singular}


def _converted(expression: str, found: Field, field: Field) -> str:
    """Return the expression with the change of type that it takes, where there is one."""
    mine, theirs = {*field.types} & _SIMPLE, {*found.types} & _SIMPLE
    if mine == {"string"} and theirs and theirs <= {"number", "integer"}:
        return f"({expression} | tostring)"
    if mine and mine <= {"number", "integer"} and theirs == {"string"}:
        return f"({expression} | tonumber)"
    return expression


def _read(path: str, inside: str) -> str:
    return path.removeprefix(inside) if inside and path.startswith(inside) else path


def _key(name: str) -> str:
    return step(name).removeprefix(".")
