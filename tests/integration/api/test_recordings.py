"""Recording over REST: who may, and what comes of it."""

import httpx
import pytest
from fastapi import FastAPI

from cauce.services import users
from cauce.services.hub import Actor, Hub
from cauce.store import definitions, recordings

ines = Actor("ines", frozenset({"integrator"}))


@pytest.fixture
async def connection(hub: Hub) -> str:
    async with hub.store.transaction() as db:
        (first, *_) = await definitions.latest(db, "connection")
        operation = next(iter(first.document["operations"]))
        exchange = {"operation": operation, "request": {"a": 1}, "error": {"class": "business", "problem": "No."}}
        await recordings.keep(db, first.name, {**exchange, "tookMs": 3.5}, most=10)
    return f"{first.name}/{operation}"


async def test_a_connection_is_recorded_for_a_while(
    program: httpx.AsyncClient, connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, operation = connection.split("/")
    address = f"/api/v1/connections/{name}/recording"
    refused = await program.put(address, json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")

    async def as_integrator(*_: object) -> Actor:
        return ines

    monkeypatch.setattr(users, "actor_of_token", as_integrator)
    wanted = {"for": "PT5M", "calls": 7, "operations": [operation]}
    found = (await program.put(address, json=wanted)).json()
    assert (found["on"], found["calls_left"], found["by"]) == (True, 7, "ines")
    assert found["recorded"] == {operation: 1}
    assert (await program.put(address, json={"for": "soon"})).status_code == 422
    assert (await program.delete(address)).json()["on"] is False
    assert (await program.get(address)).json()["on"] is False
    assert (await program.get("/api/v1/connections/nobody/recording")).status_code == 404


async def test_samples_of_an_operation_are_listed(program: httpx.AsyncClient, connection: str, app: FastAPI) -> None:
    name, operation = connection.split("/")
    found = await program.get(f"/api/v1/connections/{name}/operations/{operation}/samples?limit=1")
    (sample,) = found.json()["items"]
    assert (sample["given"], sample["request"], sample["response"]) == ({"a": 1}, {"a": 1}, None)
    assert sample["error"] == {"class": "business", "problem": "No."}
    assert (await program.get(f"/api/v1/connections/{name}/operations/no/samples")).status_code == 404
    assert "/api/v1/connections/{name}/recording" in app.openapi()["paths"]
