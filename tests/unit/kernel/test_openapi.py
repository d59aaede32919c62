"""What is read from OpenAPI documents, and what is said about those that cannot be used."""

from typing import Any

import pytest

from cauce.errors import PermanentError
from cauce.openapi import operation_of
from workflows.openapi_request import ParametersError, missing_names, request_of, unknown_names

JSON = Any
URI = "https://docs.example/apis/pets.json"


def document(operation: JSON, path: str = "/pets", **more: JSON) -> JSON:
    return {"openapi": "3.0.1", "paths": {path: {"get": {"operationId": "find", **operation}}}, **more}


def old(operation: JSON, **more: JSON) -> JSON:
    return {"swagger": "2.0", "paths": {"/pets": {"post": {"operationId": "find", **operation}}}, **more}


def read(given: JSON) -> JSON:
    return operation_of(given, "find", URI)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (document({}), "https://docs.example/pets"),
        (document({}, servers=[{"url": "https://api.example/v1/"}]), "https://api.example/v1/pets"),
        (document({}, servers=[{"url": "v2"}]), "https://docs.example/apis/v2/pets"),
        (document({"servers": [{"url": "/own"}]}, servers=[{"url": "/all"}]), "https://docs.example/own/pets"),
        (
            document({}, servers=[{"url": "https://{r}.example", "variables": {"r": {"default": "eu"}}}]),
            "https://eu.example/pets",
        ),
        (old({}), "https://docs.example/pets"),
        (old({}, host="api.example", basePath="/v1", schemes=["http"]), "http://api.example/v1/pets"),
        (old({}, host="api.example", schemes=["http", "https"]), "https://api.example/pets"),
    ],
)
def test_address_is_that_of_the_server(given: JSON, address: str) -> None:
    assert read(given)["address"] == address


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "no OpenAPI document"),
        ({"openapi": "4.0"}, "no OpenAPI document"),
        ({"swagger": 2}, "no OpenAPI document"),
        ({"openapi": "3.0.0"}, "has no operation `find`"),
        ({"openapi": "3.0.0", "paths": {"/a": {"get": {"operationId": "fnd"}}}}, "did you mean `fnd`"),
        ({"openapi": "3.0.0", "paths": {"/a": {x: {"operationId": "find"} for x in ("get", "put")}}}, "Two operations"),
        (document({}, servers=[{"url": "ftp://x.example"}]), "no address on the web"),
        (document({}, servers=[{"url": "https://{host}"}]), "no address on the web"),
        (document({"parameters": [{"$ref": "other.json#/a"}]}), "refers to another document"),
        (document({"parameters": [{"$ref": "#/nowhere"}]}), "leads nowhere"),
        (document({"parameters": [{"$ref": "#/a"}]}, a={"$ref": "#/b"}, b={"$ref": "#/a"}), "in a circle"),
        (document({"parameters": [{"name": "a", "in": "query", "style": "fancy"}]}), "a style that does not exist"),
        (document({"requestBody": {"content": {"multipart/form-data": {}}}}), "multipart/form-data, which cannot be"),
        (document({"requestBody": {"content": {"image/png": {}}}}), "image/png, which cannot be sent"),
        (old({"parameters": [{"name": "f", "in": "formData", "type": "file"}]}), "multipart/form-data"),
    ],
)
def test_what_cannot_be_used_is_said(given: JSON, said: str) -> None:
    with pytest.raises(PermanentError, match=said):
        read(given)


@pytest.mark.parametrize("junk", [[], {"paths": []}, {"paths": {"/a": []}}, {"paths": {"/a": {"get": []}}}])
def test_malformed_documents_are_refused_like_others(junk: JSON) -> None:
    given = {"openapi": "3.0.0", **junk} if isinstance(junk, dict) else junk
    with pytest.raises(PermanentError):
        read(given)


def test_malformed_parts_are_left_out() -> None:
    given = {"parameters": [5, {"name": 1}, {"in": "query"}], "requestBody": [], "security": "x", "servers": {}}
    assert read(document(given))["parameters"] == []


def test_parameters_of_the_operation_replace_those_of_its_path() -> None:
    given = document({"parameters": [{"name": "a", "in": "query", "required": True}]})
    given["paths"]["/pets"]["parameters"] = [{"name": "a", "in": "query"}, {"name": "b", "in": "query"}]
    found = read(given)["parameters"]
    assert [(each["name"], each.get("required", False)) for each in found] == [("a", True), ("b", False)]


def test_json_is_the_body_that_is_preferred() -> None:
    content: JSON = {"text/xml": {}, "application/x-www-form-urlencoded": {}, "application/vnd.x+json; v=1": {}}
    assert read(document({"requestBody": {"content": content}}))["body"]["type"] == "application/vnd.x+json; v=1"


def test_text_is_sent_as_it_is() -> None:
    operation = read(document({"requestBody": {"content": {"text/plain": {}}}}))
    made = request_of(operation, {"body": "hola"})
    assert (made.body, made.headers) == ("hola", {"Content-Type": "text/plain"})


def test_one_name_at_two_places_can_be_told_apart() -> None:
    both = [{"name": "id", "in": "query"}, {"name": "id", "in": "header"}]
    operation = read(document({"parameters": both}))
    made = request_of(operation, {"query.id": 1, "header.id": 2})
    assert (made.query, made.headers) == ({"id": "1"}, {"id": "2"})
    made = request_of(operation, {"id": 3})
    assert (made.query, made.headers) == ({"id": "3"}, {"id": "3"})


def test_a_secret_in_a_path_can_still_be_found() -> None:
    operation = read(document({"parameters": [{"name": "key", "in": "path"}]}, path="/{key}"))
    reference = "\u2068secret:a b:nonce\u2069"
    assert request_of(operation, {"key": f"x/{reference}"}).uri == f"https://docs.example/x%2F{reference}"


@pytest.mark.parametrize("value", ["", ".", "..", []])
def test_a_path_is_never_cut_short(value: JSON) -> None:
    operation = read(document({"parameters": [{"name": "key", "in": "path"}]}, path="/{key}"))
    with pytest.raises(ParametersError, match="may not be empty"):
        request_of(operation, {"key": value})


def test_what_an_operation_needs_is_known_before_it_is_called() -> None:
    body = {"required": True, "content": {"application/json": {"schema": {"properties": {"name": {}}}}}}
    operation = read(document({"parameters": [{"name": "a", "in": "query", "required": True}], "requestBody": body}))
    assert missing_names(operation, []) == [
        "The operation needs the parameter `a`.",
        "The operation needs a body: the parameter `body`, or its fields.",
    ]
    assert missing_names(operation, ["query.a", "name"]) == []
    assert unknown_names(operation, ["a", "naem"]) == ["The operation has no parameter `naem`; did you mean `name`?"]
    with pytest.raises(ParametersError, match="needs a body"):
        request_of(operation, {"a": 1})
    with pytest.raises(ParametersError, match="did you mean `name`"):
        request_of(operation, {"a": 1, "naem": 1})
    with pytest.raises(ParametersError, match="has no parameter `name`"):
        request_of(operation, {"a": 1, "body": {}, "name": 1})
