"""Ours is stricter than the official schema, never looser; skips where the official one is not at hand."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from schemas import Places, Source, load_file, schema, validate
from tests.effort import examples

SPEC = Path(__file__).resolve().parents[4] / "shared" / "spec"
OFFICIAL = SPEC / "schema" / "workflow.yaml"
HEAD = {"dsl": "1.0.3", "namespace": "t", "name": "p", "version": "1.0.0"}

names = st.sampled_from(["a", "b", "next", "end", "continue", "x-y", "item"])
texts = st.sampled_from(
    [
        "",
        "x",
        ".a",
        "${ .a }",
        "${\n.a }",
        "PT5M",
        "P1Y2M3DT4H5M6.5S",
        "P",
        "PT",
        "P1M1Y",
        "https://x.example/{id}",
        "http://x y",
        "urn:x",
        "${ .a } and ${ .b }",
        "/do/0",
        "1.2.3",
        "1.2.3-rc.1",
        "01.2.3",
        "1.0.0-01",
        "human-task",
        "human-task:1.0.0@default",
        "http",
        "mcp",
        "op@conn",
        "2026-05-31T10:00:00Z",
        "json",
        "always",
        "eventually",
        "get",
        "\n",
        "x\n",
        "PT5M\n",
        "١",
    ]
)
scalars = st.one_of(texts, st.integers(-2, 700), st.booleans(), st.none(), st.sampled_from([0.5, 1e3]))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2), max_leaves=4
)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name.rstrip("_"): value for name, value in fields.items()})


def needs(
    required: dict[str, st.SearchStrategy[Any]], **fields: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional={name.rstrip("_"): value for name, value in fields.items()})


wholes = st.integers(-1, 5)
durations = st.one_of(
    texts, some(days=wholes, hours=wholes, minutes=wholes, seconds=wholes, milliseconds=wholes, months=wholes)
)
logins = st.one_of(
    some(username=texts, password=texts),
    some(username=texts, password=texts, use=texts),
    some(token=texts),
    some(use=texts),
)
policies = st.one_of(
    some(basic=logins),
    some(bearer=logins),
    some(digest=logins),
    some(use=texts),
    some(oauth2=values),
    some(basic=logins, bearer=logins),
    st.just(
        {"oauth2": {"authority": "https://x.example", "grant": "password", "subject": {"token": "t", "type": "x"}}}
    ),
    st.just(
        {"oidc": {"authority": "https://x.example", "client": {"id": "a", "authentication": "none"}, "scopes": ["s"]}}
    ),
)
endpoints = st.one_of(texts, some(uri=texts, authentication=policies))
schemas_ = st.one_of(
    some(format=texts, document=values), some(document=values), some(resource=some(name=texts, endpoint=endpoints))
)
timeouts = st.one_of(texts, some(after=durations))
events = some(
    id=texts, source=texts, type=texts, time=texts, subject=texts, dataschema=texts, data=values, other=values
)
filters = some(with_=events, correlate=st.dictionaries(names, some(from_=texts, expect=texts), max_size=2))
consumed = st.one_of(
    some(one=filters),
    some(all=st.lists(filters, max_size=2)),
    some(any=st.lists(filters, max_size=2), until=st.one_of(texts, some(one=filters))),
)
errors = st.one_of(texts, some(type=texts, status=scalars, instance=texts, title=texts, detail=texts))
retries = st.one_of(
    texts,
    some(
        when=texts,
        exceptWhen=texts,
        delay=durations,
        jitter=some(from_=durations, to=durations),
        backoff=some(
            constant=values, exponential=some(factor=scalars, maxDelay=durations), linear=some(increment=durations)
        ),
        limit=some(attempt=some(count=scalars, duration=durations), duration=durations),
    ),
)
common: dict[str, st.SearchStrategy[Any]] = {
    "if": texts,
    "then": st.one_of(names, values),
    "timeout": timeouts,
    "metadata": values,
    "input": some(schema=schemas_, from_=values),
    "output": some(schema=schemas_, as_=values),
    "export": some(as_=values),
}
withs = st.one_of(
    some(method=texts, endpoint=endpoints, headers=values, query=values, body=values, output=texts, redirect=values),
    some(
        form=names,
        assign=st.one_of(some(group=texts), some(user=texts)),
        due=st.one_of(some(after=durations), some(at=texts)),
        priority=scalars,
        data=values,
    ),
    some(table=names, data=values),
    some(stages=names, stage=texts),
    some(document=some(endpoint=endpoints), operationId=texts, parameters=values, authentication=policies),
    some(
        document=some(endpoint=endpoints),
        operation=texts,
        channel=texts,
        message=some(payload=values),
        subscription=values,
    ),
    some(
        method=st.sampled_from(["tools/list", "tasks/get"]),
        transport=st.one_of(some(http=some(endpoint=endpoints)), some(stdio=some(command=texts))),
        parameters=values,
    ),
    some(proto=some(endpoint=endpoints), service=some(name=texts, host=texts, port=scalars), method=texts),
    values,
)
calls = st.one_of(
    texts,
    st.sampled_from(
        [
            "http",
            "human-task",
            "decision",
            "enter-stage",
            "compensate",
            "openapi",
            "grpc",
            "asyncapi",
            "a2a",
            "mcp",
            "op@conn",
        ]
    ),
)


def tasks(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    listed = st.lists(
        st.one_of(st.dictionaries(names, inner, min_size=1, max_size=1), st.dictionaries(names, inner, max_size=2)),
        max_size=2,
    )
    bodies: list[dict[str, st.SearchStrategy[Any]]] = [
        {"call": calls, "with": withs},
        {"call": calls},
        {"do": listed},
        {"set": values},
        {"wait": durations},
        {"raise": some(error=errors)},
        {"for": some(each=names, in_=texts, at=names), "do": listed},
        {"fork": some(branches=listed, compete=scalars)},
        {"switch": st.lists(st.dictionaries(names, some(when=texts, then=names), min_size=1, max_size=2), max_size=2)},
        {
            "try": listed,
            "catch": some(
                errors=some(with_=some(type=texts, status=scalars)), as_=names, when=texts, retry=retries, do=listed
            ),
        },
        {"emit": some(event=some(with_=events))},
        {"listen": some(to=consumed, read=st.sampled_from(["data", "raw", "x"]))},
        {
            "run": some(
                workflow=some(namespace=texts, name=texts, version=texts, input=values), await_=scalars, return_=texts
            )
        },
        {
            "run": some(
                container=some(image=texts, lifetime=some(cleanup=texts, after=durations), arguments=values),
                shell=some(command=texts),
            )
        },
        {"run": some(script=some(language=texts, code=texts, source=some(endpoint=endpoints), arguments=values))},
    ]
    return st.one_of(
        *[st.fixed_dictionaries(body, optional=common) for body in bodies],
        *[st.fixed_dictionaries(body) for body in bodies],
    )


task = st.recursive(st.fixed_dictionaries({"set": st.just({"x": 1})}), tasks, max_leaves=4)
uses = some(
    authentications=st.dictionaries(names, policies, max_size=2),
    errors=st.dictionaries(names, errors, max_size=2),
    functions=st.dictionaries(names, task, max_size=1),
    retries=st.dictionaries(names, retries, max_size=1),
    secrets=st.lists(scalars, max_size=2),
    timeouts=st.dictionaries(names, timeouts, max_size=1),
    other=values,
)
documents = st.fixed_dictionaries(
    {
        "document": st.just(HEAD),
        "do": st.lists(st.dictionaries(names, task, min_size=1, max_size=1), min_size=1, max_size=3),
    },
    optional={
        "use": uses,
        "timeout": timeouts,
        "input": some(schema=schemas_, from_=values),
        "output": some(as_=values),
        "evaluate": some(language=texts),
        "schedule": some(every=durations, cron=texts, after=durations, on=consumed),
    },
)
heads = st.fixed_dictionaries(
    {
        "document": st.fixed_dictionaries(
            {key: st.one_of(st.just(value), texts, scalars) for key, value in HEAD.items()},
            optional={"title": scalars, "tags": values, "x": values},
        )
    },
    optional={"do": st.just([{"a": {"set": {"x": 1}}}])},
)


@cache
def official() -> Draft202012Validator:
    if not OFFICIAL.exists():
        pytest.skip("the official schema is not here")
    return Draft202012Validator(YAML(typ="safe", pure=True).load(OFFICIAL.read_text(encoding="utf-8")))


@cache
def ours() -> Draft202012Validator:
    return Draft202012Validator(schema("process"))


def accepted(document: Any) -> bool:
    source = Source("f.yaml", "", document, Places("f.yaml", {}, ()))
    return validate("process", source) == []


@settings(max_examples=examples(300), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(documents, st.builds(lambda one: {"document": HEAD, "do": [{"a": one}]}, task), heads))
def test_what_ours_accepts_the_official_schema_accepts(document: Any) -> None:
    if accepted(document):
        assert [error.message for error in official().iter_errors(document)] == []


@settings(max_examples=examples(120), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(documents, st.builds(lambda one: {"document": HEAD, "do": [{"a": one}]}, task), heads))
def test_editors_judge_as_we_do(document: Any) -> None:
    """Editors take the same schema without our dispatch on the keyword of a task."""
    assert ours().is_valid(document) == accepted(document)


@pytest.mark.parametrize("kind", ["process", "connection", "form", "decision", "stages", "capability", "sync"])
def test_our_schemas_are_schemas(kind: str) -> None:
    Draft202012Validator.check_schema(schema(kind))


def test_editors_accept_the_examples_of_the_standard() -> None:
    files = sorted((SPEC / "examples").glob("*.yaml"))
    if not files:
        pytest.skip("the examples of the standard are not here")
    assert [file.name for file in files if not ours().is_valid(load_file(file).data)] == []
