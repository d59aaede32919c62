"""Which events somebody wants: filters of the language, compiled once, to be bound to the place where one listens.

A filter is *bound* when somebody begins to listen: what does not depend on the event is evaluated, what does keeps the
values of the variables that it reads. `cauce.bound_filters` says how what comes of it is used.
"""

from collections.abc import Collection, Mapping
from typing import Any

from cauce.bound_filters import is_pattern, text_of
from cauce.errors import ExpressionError
from cauce.expressions import Expression, Template, compile_expression, compile_template, strip_delimiters

JSON = Any


class Filter:
    """A filter as a definition has it, compiled; `definition` is `{with, correlate}`."""

    __slots__ = ("_attributes", "_correlations")

    def __init__(self, definition: Mapping[str, JSON], variables: Collection[str]) -> None:
        names = frozenset(variables)
        self._attributes = {name: _Part(value, names) for name, value in (definition.get("with") or {}).items()}
        self._correlations = {
            name: _Correlation(each, names) for name, each in (definition.get("correlate") or {}).items()
        }

    def bind(self, data: JSON, variables: Mapping[str, JSON]) -> dict[str, JSON]:
        """Fill in the variables; `data` is what `expect` is evaluated on.

        Raises:
            ExpressionError: What does not depend on the event cannot be evaluated.
        """
        correlate = {name: each.bind(name, data, variables) for name, each in self._correlations.items()}
        tests = {name: part.bind(data, variables) for name, part in self._attributes.items()}
        return {"with": tests, **({"correlate": correlate} if correlate else {})}


class _Part:
    """A value of a filter: literal, pattern, expression, or an object or list of such."""

    __slots__ = ("_inner", "_template", "_value")

    def __init__(self, value: JSON, variables: frozenset[str]) -> None:
        self._value = value
        self._inner: Mapping[str, _Part] | list[_Part] | None = None
        self._template: Template | None = None
        if isinstance(value, str) and "${" in value:
            self._template = compile_template(value, variables)
        elif isinstance(value, Mapping):
            self._inner = {key: _Part(each, variables) for key, each in value.items()}
        elif isinstance(value, list):
            self._inner = [_Part(each, variables) for each in value]

    def bind(self, data: JSON, variables: Mapping[str, JSON]) -> dict[str, JSON]:
        if self._template is not None:
            return _bound_template(self._value, self._template, data, variables)
        if isinstance(self._inner, Mapping):
            return {"has": {key: part.bind(data, variables) for key, part in self._inner.items()}}
        if self._inner is not None:
            return {"items": [part.bind(data, variables) for part in self._inner]}
        return {"like" if is_pattern(self._value) else "is": self._value}


class _Correlation:
    __slots__ = ("_expect", "_from", "_text")

    def __init__(self, definition: Mapping[str, JSON], variables: frozenset[str]) -> None:
        self._text = strip_delimiters(definition["from"]).strip()
        self._from = compile_expression(self._text, variables=variables)
        expect = definition.get("expect")
        self._expect = None if expect is None else compile_template(expect, variables)

    def bind(self, name: str, data: JSON, variables: Mapping[str, JSON]) -> dict[str, JSON]:
        bound: dict[str, JSON] = {"from": self._text, "variables": _read(self._from, variables)}
        if self._expect is not None:
            expected = self._expect.render(data, variables)
            if expected is None:
                raise ExpressionError(
                    f"`expect` of the correlation `{name}` gives null, which no event can have.",
                    hint="Leave `expect` out to take the value of the first event.",
                )
            bound["expect"] = text_of(expected)
        return bound


def _bound_template(text: str, template: Template, data: JSON, variables: Mapping[str, JSON]) -> dict[str, JSON]:
    if all(each.reads.keys == frozenset() for each in template.expressions):
        value = template.render(data, variables)
        return {"holds": value} if isinstance(value, bool) else {"is": value}
    read: dict[str, JSON] = {}
    for each in template.expressions:
        read |= _read(each, variables)
    return {"template": text, "variables": read}


def _read(expression: Expression, variables: Mapping[str, JSON]) -> dict[str, JSON]:
    return {name: variables[name] for name in sorted(expression.reads.variables)}
