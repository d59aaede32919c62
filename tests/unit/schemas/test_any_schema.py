"""Whatever schema and data people bring: our verdict is the library's, and our errors are our own."""

import itertools
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cauce.errors import DefinitionError, InputError
from schemas import flaws, validate_data
from schemas.sentences import problems
from schemas.validators import schema_validator
from tests.effort import examples

names = st.sampled_from(["a", "b", "ab", "1"])
scalars = st.one_of(st.none(), st.booleans(), st.integers(-1, 3), st.sampled_from([0.5, "", "a", "ab", "aab"]))
data = st.recursive(
    scalars, lambda one: st.lists(one, max_size=3) | st.dictionaries(names, one, max_size=3), max_leaves=6
)
types = st.sampled_from(["string", "number", "integer", "boolean", "array", "object", "null"])
counts = st.integers(0, 2)


def keywords(one: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    many, by_name = st.lists(one, min_size=1, max_size=3), st.dictionaries(names, one, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum"), st.integers(-1, 3)),
            **dict.fromkeys(
                ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), counts
            ),
            **dict.fromkeys(("not", "if", "then", "else", "contains", "items", "propertyNames"), one),
            **dict.fromkeys(("additionalProperties", "unevaluatedProperties", "unevaluatedItems"), one),
            **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), many),
            **dict.fromkeys(("properties", "dependentSchemas"), by_name),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$"]), one, max_size=1),
            "type": types | st.lists(types, min_size=1, max_size=2, unique=True),
            "enum": st.lists(scalars, min_size=1, max_size=3),
            "const": data,
            "required": st.lists(names, max_size=2, unique=True),
            "dependentRequired": st.dictionaries(names, st.lists(names, max_size=2, unique=True), max_size=1),
            "pattern": st.sampled_from(["^a", "b$", "^$"]),
            "uniqueItems": st.booleans(),
            "title": st.text(max_size=3) | st.just({"en": "A", "es": "B"}),
        },
    )


schemas = st.recursive(st.booleans() | keywords(st.booleans()), keywords, max_leaves=6)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(schemas, data)
def test_verdict_is_the_library_s(schema: Any, value: Any) -> None:
    if flaws(schema):
        return
    refused = refusal(schema, value)
    assert (refused is None) == Draft202012Validator(schema).is_valid(value)
    if refused is not None:
        assert isinstance(refused, InputError)
        assert refused.errors
        assert all(each["problem"].endswith((".", "?")) for each in refused.errors)


def refusal(schema: Any, value: Any) -> InputError | DefinitionError | None:
    try:
        validate_data(schema, value, "input")
    except (InputError, DefinitionError) as error:
        return error
    return None


@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(st.sampled_from(["type", "properties", "$ref", "oneOf", "pattern", "required", "$id"]), data), data
)
def test_nonsense_is_refused_as_nonsense(schema: Any, value: Any) -> None:
    refused = refusal(schema, value)
    if isinstance(refused, DefinitionError):
        assert refused.problem.startswith("The schema")
    else:
        assert flaws(schema) == []


STANDARD = Draft202012Validator(Draft202012Validator.META_SCHEMA)
MISTAKES: tuple[Any, ...] = ("(", [], {"type": [1]})


def test_what_is_wrong_with_a_schema_is_what_the_standard_says() -> None:
    for keyword, mistake in itertools.product(schema_validator().schema["properties"], MISTAKES):
        schema = {keyword: mistake, "items": {keyword: 5}}
        assert list(problems(schema_validator().iter_errors(schema))) == list(problems(STANDARD.iter_errors(schema)))
