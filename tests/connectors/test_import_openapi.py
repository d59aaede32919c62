"""An OpenAPI document becomes a connection that passes the check, and nothing that it declares is lost."""

from pathlib import Path
from typing import Any

import pytest

from cauce import settings as environment
from cauce.connection import parse
from cauce.connector import Operation
from cauce.errors import CauceError, InputError
from cauce.expressions import compile_expression
from cauce.services.importing import Imported, Wish, import_contract
from connectors.http.template import Filled, fill
from schemas import load_yaml, validate_data

JSON = Any
PETS = """\
openapi: 3.0.3
info: {title: Pets, version: '1'}
servers: [{url: 'https://pets.example/v1/'}]
components:
  securitySchemes: {token: {type: http, scheme: bearer}}
  schemas:
    Pet:
      type: object
      required: [id]
      properties:
        id: {type: integer, minimum: 0, exclusiveMinimum: true}
        name: {type: string, nullable: true, pattern: '^(?!x)'}
        kind: {type: string, enum: [cat, 'no', "dog: large"]}
        parent: {$ref: '#/components/schemas/Pet'}
paths:
  /pets:
    get:
      operationId: listPets
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 100}}
        - {name: X-Trace, in: header, schema: {type: string}}
      responses:
        '200': {content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}}}}
    post:
      operationId: createPet
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}
      responses: {'201': {description: made}}
  /pets/{pet-id}:
    get:
      summary: One pet
      parameters: [{name: pet-id, in: path, required: true, schema: {type: string}}]
      responses: {default: {description: a pet}}
    trace: {operationId: tracePets}
    put:
      operationId: photo
      requestBody: {content: {multipart/form-data: {schema: {type: object}}}}
    delete: {operationId: list-pets, parameters: [{$ref: '#/nowhere'}]}
    patch: {operationId: ListPets, servers: [{url: 'https://other.example'}]}
"""


async def imported(tmp_path: Path, text: str, **wish: Any) -> Imported:
    file = tmp_path / "pets.yaml"
    file.write_text(text, encoding="utf-8")
    return await import_contract(Wish(str(file), **wish), environment.load(data_dir=tmp_path))


def operations(one: Imported) -> dict[str, Operation]:
    return dict(parse(load_yaml(one.text, "pets.yaml").data).operations)


def sent(operation: Operation, given: JSON) -> Filled:
    validate_data(operation.input, given, "given")
    params = compile_expression(operation.request).first(given, {})
    return fill(operation.calls, params, operation.name)


async def test_operations_take_one_flat_object_and_send_what_the_document_says(tmp_path: Path) -> None:
    found = operations(await imported(tmp_path, PETS))
    assert {name: each.effect for name, each in found.items()} == {
        "list-pets": "read",
        "create-pet": "write",
        "get-pets-pet-id": "read",
    }
    listing = sent(found["list-pets"], {"limit": 5})
    assert (listing.method, listing.path, listing.query, listing.headers) == ("GET", "/pets", {"limit": 5}, {})
    assert sent(found["list-pets"], {"X-Trace": "a"}).headers == {"X-Trace": "a"}
    assert sent(found["get-pets-pet-id"], {"pet-id": "7/8"}).path == "/pets/7%2F8"
    assert sent(found["create-pet"], {"body": {"id": 1, "name": None, "kind": "no"}}).body["kind"] == "no"
    for wrong in ({}, {"body": {"id": 0}}, {"body": {"id": 1, "kind": False}}):
        with pytest.raises(InputError):
            sent(found["create-pet"], wrong)


async def test_whatever_is_left_out_is_named_with_the_reason(tmp_path: Path) -> None:
    one = await imported(tmp_path, PETS)
    assert one.declared == 7
    assert len(one.operations) + len(one.left_out) == one.declared
    reasons = {each.name: each.why for each in one.left_out}
    assert "TRACE" in reasons["tracePets"]
    assert "multipart/form-data" in reasons["photo"]
    assert "leads nowhere" in reasons["list-pets"]
    assert "server of its own" in reasons["ListPets"]
    for name, why in reasons.items():
        assert f"# - {name}: {why}" in one.text


async def test_login_is_a_placeholder_for_a_secret(tmp_path: Path) -> None:
    settings = parse(load_yaml((await imported(tmp_path, PETS)).text, "").data).settings
    assert settings == {"base_url": "https://pets.example/v1", "auth": {"bearer": {"secret": "pets-token"}}}


async def test_a_document_without_a_server_leaves_its_address_to_the_environment(tmp_path: Path) -> None:
    one = await imported(tmp_path, "{swagger: '2.0', paths: {/a: {get: {operationId: a}}}}", name="old")
    assert parse(load_yaml(one.text, "").data).settings == {"base_url": {"setting": "old-url"}}
    assert any("names no server" in sentence for sentence in one.decide)


@pytest.mark.parametrize(
    ("text", "wish", "said"),
    [
        ("openapi: 3.0.0\npaths: {}\n", {}, "no operation here"),
        ("openapi: 3.9.0\npaths: {}\n", {}, "no OpenAPI document of the versions"),
        ("hello", {}, "neither a WSDL nor"),
        ("hello", {"kind": "echo"}, "cannot be imported"),
        ("hello", {"kind": "soup"}, "no connector kind"),
        (PETS, {"name": "No Name"}, "cannot be the name"),
        (PETS, {"only": ("nothing*",)}, "no operation here"),
    ],
)
async def test_what_cannot_be_imported_says_why(tmp_path: Path, text: str, wish: dict[str, Any], said: str) -> None:
    with pytest.raises(CauceError, match=said):
        await imported(tmp_path, text, **wish)
