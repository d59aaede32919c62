from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from cauce.errors import DefinitionError
from cauce.services import definitions
from cauce.services.hub import Hub
from schemas import load_yaml
from tests.conformance.stand_in import StandIn, standing_in
from tests.integration.services.conftest import boss

JSON = Any
FUNCTION = "function: greet\nversion: {version}\ntask: {{set: {{text: {version}}}}}\n"
PROCESS = """document: {{dsl: '1.0.3', namespace: test, name: calls, version: {version}}}
use: {{catalogs: {{far: {{endpoint: '{root}'}}}}}}
do: [{{a: {{call: '{call}'}}}}]
"""


@pytest.fixture
async def web() -> AsyncIterator[StandIn]:
    async with standing_in() as stand_in:
        yield stand_in


async def published(hub: Hub, call: str, root: str = "http://127.0.0.1:1", version: str = "1.0.0") -> JSON:
    await definitions.publish(
        hub, boss, [load_yaml(PROCESS.format(call=call, root=root, version=version), "calls.yaml")]
    )
    return (await definitions.definition(hub, "test.calls", version)).bundle


async def test_function_is_published_and_its_versions_stay(lonely_hub: Hub) -> None:
    for version in ("1.0.0", "1.10.0", "1.9.0"):
        text = FUNCTION.format(version=version)
        (done,) = await definitions.publish(lonely_hub, boss, [load_yaml(text, f"{version}.yaml")])
        assert (done.kind, done.full_name, done.version, done.new) == ("function", "greet", version, True)
    bundle = await published(lonely_hub, "greet")
    assert bundle["calls"] == {"greet": "greet:1.10.0@default"}
    (key,) = bundle["functions"]
    assert bundle["functions"][key]["task"] == {"set": {"text": "1.10.0"}}
    assert len(bundle["functions"][key]["digest"]) == 64
    await definitions.publish(lonely_hub, boss, [load_yaml(FUNCTION.format(version="2.0.0"), "2.yaml")])
    assert (await published(lonely_hub, "greet"))["calls"] == {"greet": "greet:1.10.0@default"}
    assert (await published(lonely_hub, "greet", version="1.1.0"))["calls"] == {"greet": "greet:2.0.0@default"}


async def test_catalog_in_a_repository_is_read_raw(lonely_hub: Hub, web: StandIn) -> None:
    place = "functions/log/1.0.0/function.yaml"
    repository = "//raw.githubusercontent.com/o/r"
    answers: JSON = {f"GET {repository}/v1/{place}": [{"body": {"wait": "PT1S"}}]}
    web.prepare("raw", answers)
    hosts = {"raw.githubusercontent.com": web.address}
    hub = replace(lonely_hub, settings=lonely_hub.settings.model_copy(update={"stand_ins": hosts}))
    bundle = await published(hub, "log:1.0.0@far", "https://github.com/o/r/tree/v1")
    pinned = bundle["functions"]["log:1.0.0@far"]
    assert pinned["from"] == f"https://raw.githubusercontent.com/o/r/v1/{place}"
    paths = [each["path"] for each in web.received["raw"]]
    assert paths == [f"{repository}/refs/heads/v1/{place}", f"{repository}/v1/{place}"]


async def refusal(hub: Hub, call: str, root: str) -> str:
    with pytest.raises(DefinitionError) as caught:
        await published(hub, call, root)
    finding = caught.value.findings[0]
    assert finding.code == "resource"
    assert str(finding.place).startswith("calls.yaml:3:")
    return f"{finding.problem} {finding.hint}"


async def test_what_is_wrong_with_a_fetched_function_is_said_at_its_call(lonely_hub: Hub, web: StandIn) -> None:
    answers: JSON = {
        "GET /functions/none/1/function.yaml": [{"status": 404}],
        "GET /functions/bad/1/function.yaml": [{"body": {"sett": {"n": 1}}}],
        "GET /functions/list/1/function.yaml": [{"body": [1]}],
        "GET /functions/calls/1/function.yaml": [{"body": {"do": [{"x": {"call": "nothing"}}]}}],
        "GET /functions/one/1/function.yaml": [{"body": {"call": "two:1@far"}}],
        "GET /functions/two/1/function.yaml": [{"body": {"do": [{"x": {"call": "one:1@far"}}]}}],
        "GET /functions/typed/1/function.yaml": [
            {"body": {"input": {"schema": {"resource": {"endpoint": "file:///x"}}}, "set": {"n": 1}}}
        ],
    }
    root = web.prepare("wrong", answers)
    assert "404" in await refusal(lonely_hub, "none:1@far", root)
    assert "A task needs exactly one of" in await refusal(lonely_hub, "bad:1@far", root)
    assert "The function cannot be used" in await refusal(lonely_hub, "list:1@far", root)
    assert "There is nothing called `nothing` to call" in await refusal(lonely_hub, "calls:1@far", root)
    assert "`one:1@far` calls itself, through `two:1@far`." in await refusal(lonely_hub, "one:1@far", root)
    assert "The function cannot be used" in await refusal(lonely_hub, "typed:1@far", root)
