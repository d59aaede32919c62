from collections.abc import AsyncIterator
from typing import Any

import pytest

from cauce.errors import DefinitionError
from cauce.services import definitions
from cauce.services.hub import Hub
from schemas import load_yaml
from tests.conformance.stand_in import StandIn, standing_in
from tests.integration.services.conftest import boss

JSON = Any
PROCESS = """document: {{dsl: '1.0.3', namespace: test, name: typed, version: 1.0.0}}
input: {{schema: {{format: json, resource: {{endpoint: '{address}'}}}}}}
do: [{{a: {{set: {{x: 1}}}}}}]
"""


@pytest.fixture
async def web() -> AsyncIterator[StandIn]:
    async with standing_in() as stand_in:
        yield stand_in


async def published(hub: Hub, address: str, **options: bool) -> JSON:
    source = load_yaml(PROCESS.format(address=address), "typed.yaml")
    await definitions.publish(hub, boss, [source], **options)
    return (await definitions.definition(hub, "test.typed")).bundle


async def refusal(hub: Hub, address: str) -> str:
    with pytest.raises(DefinitionError) as caught:
        await published(hub, address)
    (finding,) = caught.value.findings
    assert str(finding.place) == "typed.yaml:2:53"
    assert finding.code == "resource"
    return f"{finding.problem} {finding.hint}"


async def test_content_is_pinned_with_its_digest(lonely_hub: Hub, web: StandIn) -> None:
    address = web.prepare("pinned", {"GET /a.json": [{"body": {"type": "object"}}]}) + "/a.json"
    bundle = await published(lonely_hub, address)
    assert bundle["resources"][address]["content"] == {"type": "object"}
    assert len(bundle["resources"][address]["digest"]) == 64


async def test_other_content_under_the_same_version_changes_nothing(lonely_hub: Hub, web: StandIn) -> None:
    answers: JSON = {"GET /a.json": [{"body": {"type": "object"}}, {"body": {"type": "array"}}]}
    address = web.prepare("changed", answers) + "/a.json"
    first = await published(lonely_hub, address)
    again = await definitions.publish(lonely_hub, boss, [load_yaml(PROCESS.format(address=address), "typed.yaml")])
    assert [each.outdated for each in again] == [True]
    assert (await definitions.definition(lonely_hub, "test.typed")).bundle == first


async def test_nothing_is_published_when_the_server_is_gone(lonely_hub: Hub) -> None:
    said = await refusal(lonely_hub, "http://127.0.0.1:1/a.json")
    assert said.startswith("The schema cannot be fetched: http://127.0.0.1:1 could not be reached")


async def test_nothing_is_published_when_there_is_nothing(lonely_hub: Hub, web: StandIn) -> None:
    assert "has nothing at this address" in await refusal(lonely_hub, web.prepare("none", {}) + "/a.json")


async def test_nothing_is_published_when_it_is_no_schema(lonely_hub: Hub, web: StandIn) -> None:
    address = web.prepare("wrong", {"GET /a.json": [{"body": {"type": "objekt"}}]})
    assert "cannot be used as a JSON Schema" in await refusal(lonely_hub, f"{address}/a.json")


async def test_nothing_is_published_when_it_is_no_data(lonely_hub: Hub, web: StandIn) -> None:
    address = web.prepare("html", {"GET /a.json": [{"text": "{a: [b"}]})
    assert "neither JSON nor YAML" in await refusal(lonely_hub, f"{address}/a.json?key=s3cret")
    assert "s3cret" not in await refusal(lonely_hub, f"{address}/a.json?key=s3cret")


async def test_nothing_is_published_when_it_is_too_large(lonely_hub: Hub, web: StandIn) -> None:
    address = web.prepare("large", {"GET /a.json": [{"text": " " * 1_100_000}]})
    assert "more than 1,048,576 bytes" in await refusal(lonely_hub, f"{address}/a.json")


async def test_nothing_is_published_when_it_nests_too_deeply(lonely_hub: Hub, web: StandIn) -> None:
    address = web.prepare(
        "deep", {"GET /a.json": [{"text": "[" * 100_000}], "GET /b": [{"text": "[" * 900 + "]" * 900}]}
    )
    assert "nested too deeply" in await refusal(lonely_hub, f"{address}/a.json")
    assert "nested too deeply" in await refusal(lonely_hub, f"{address}/b")


async def test_a_process_is_left_out_where_that_is_tolerated(lonely_hub: Hub) -> None:
    source = load_yaml(PROCESS.format(address="http://127.0.0.1:1/a.json"), "typed.yaml")
    assert await definitions.publish(lonely_hub, boss, [source], tolerant=True) == []


async def test_a_stand_in_answers_for_a_host(lonely_hub: Hub, web: StandIn) -> None:
    web.prepare("a", {"GET //schemas.example/a/b.json": [{"body": True}]})
    object.__setattr__(lonely_hub.settings, "stand_ins", {"schemas.example": web.address})
    bundle = await published(lonely_hub, "https://schemas.example/a/b.json")
    assert bundle["resources"]["https://schemas.example/a/b.json"]["content"] is True
    assert web.received["a"][0]["headers"]["host"] == "schemas.example"


STATUS = {"name": "status", "in": "query", "required": True}
OPENAPI = {
    "openapi": "3.0.0",
    "servers": [{"url": "."}],
    "paths": {
        "/pets": {
            "get": {"operationId": "findPets", "parameters": [{"name": "status", "in": "query", "required": True}]}
        },
        "/files": {"post": {"operationId": "upload", "requestBody": {"content": {"multipart/form-data": {}}}}},
    },
}
CALL = """document: {{dsl: '1.0.3', namespace: test, name: typed, version: 1.0.0}}
do:
  - find:
      call: openapi
      with:
        document: {{endpoint: '{address}'}}
        operationId: {operation}
        parameters: {parameters}
"""


async def openapi_findings(
    hub: Hub, web: StandIn, operation: str = "findPets", parameters: str = "{}", body: JSON = None
) -> list[str]:
    address = web.prepare("api", {"GET /api.json": [{"body": body or OPENAPI}]})
    text = CALL.format(address=f"{address}/api.json", operation=operation, parameters=parameters)
    with pytest.raises(DefinitionError) as caught:
        await definitions.publish(hub, boss, [load_yaml(text, "api.yaml")])
    return [f"{each.place} {each.code}: {each.problem}" for each in caught.value.findings]


async def test_only_what_is_called_is_pinned_of_an_openapi_document(lonely_hub: Hub, web: StandIn) -> None:
    address = web.prepare("api", {"GET /api.json": [{"body": {**OPENAPI, "info": {"description": "x" * 2_000_000}}}]})
    text = CALL.format(address=f"{address}/api.json", operation="findPets", parameters="{status: sold}")
    await definitions.publish(lonely_hub, boss, [load_yaml(text, "api.yaml")])
    pinned = (await definitions.definition(lonely_hub, "test.typed")).bundle["resources"][f"{address}/api.json"]
    (operation,) = pinned["content"]["operations"].values()
    assert operation["address"] == f"{address}/pets"
    assert len(str(pinned)) < 1_000


async def test_unknown_operation_is_said_with_what_was_meant(lonely_hub: Hub, web: StandIn) -> None:
    said = "api.yaml:7:22 resource: The OpenAPI document has no operation `findPet`; did you mean `findPets`?"
    assert await openapi_findings(lonely_hub, web, "findPet") == [said]


async def test_unknown_and_missing_parameters_are_said_when_publishing(lonely_hub: Hub, web: StandIn) -> None:
    assert await openapi_findings(lonely_hub, web, parameters="{stauts: sold}") == [
        "api.yaml:8:30 resource: The operation has no parameter `stauts`; did you mean `status`?",
        "api.yaml:8:21 resource: The operation needs the parameter `status`.",
    ]


async def test_operation_that_cannot_be_called_is_said_when_publishing(lonely_hub: Hub, web: StandIn) -> None:
    (said,) = await openapi_findings(lonely_hub, web, "upload")
    assert "a body of the type multipart/form-data, which cannot be sent" in said


async def test_what_is_no_openapi_document_is_said_when_publishing(lonely_hub: Hub, web: StandIn) -> None:
    (said,) = await openapi_findings(lonely_hub, web, body={"hello": 1})
    assert "no OpenAPI document" in said
