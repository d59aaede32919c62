"""What every kind of connector owes, whichever it is: a new folder below `connectors/` is tested here by itself."""

import asyncio
import inspect
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cauce import registry
from cauce.connection import Connection
from cauce.connector import BaseConnector, BaseSettings, Operation
from cauce.errors import CauceError, RemoteError

KINDS = registry.kinds()
# Settings that are complete and lead to nothing; a kind that is not named here needs none, or has defaults.
NOWHERE: dict[str, dict[str, Any]] = {
    "soap": {"wsdl": "http://127.0.0.1:1/?wsdl"},
    "odbc": {"driver": "sqlite", "database": "/nowhere/at/all.sqlite"},
    "http": {"base_url": "http://127.0.0.1:1"},
    "mail": {"sender": "hub@example.com", "smtp": {"host": "127.0.0.1", "port": 1, "security": "none"}},
}
CALLS = {"soap": "Service.Operation", "odbc": "select 1", "http": "GET /", "mail": "send"}
# Works on the hub's own store, which nobody opened here.
WITHOUT_A_STORE = {"hub"}


class Nothing:
    def secret(self, name: str) -> str:
        raise AssertionError(name)

    def setting(self, name: str) -> str:
        raise AssertionError(name)


@pytest.fixture(params=[kind for kind in KINDS if kind not in WITHOUT_A_STORE])
async def lost(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, BaseConnector[BaseSettings]]]:
    kind = request.param
    connection = Connection("somewhere", kind, settings=NOWHERE.get(kind, {}))
    connector = registry.open_connection(connection, Nothing())
    yield kind, connector
    await connector.close()


def test_the_shipped_kinds_are_found() -> None:
    assert {"echo", "http", "mail", "odbc", "soap"} <= set(KINDS)


def test_finding_kinds_imports_none() -> None:
    code = "import sys; from cauce.registry import kinds; kinds(); print({'zeep', 'connectors.echo'} & {*sys.modules})"
    answer = asyncio.run(_python(code))
    assert answer.strip() == "set()"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_exports_settings_and_connector(kind: str) -> None:
    module = registry.load(kind)
    assert issubclass(module.Settings, BaseSettings)
    assert issubclass(module.Connector, BaseConnector)
    assert inspect.getdoc(module.Settings)
    assert inspect.getdoc(module.Connector)


@pytest.mark.parametrize("kind", KINDS)
def test_settings_have_a_schema_that_takes_references(kind: str) -> None:
    schema = registry.settings_schema(kind)
    json.dumps(schema)
    for body in schema["properties"].values():
        assert {"$ref": "#/$defs/cauceReference"} in body["anyOf"]


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_settings_are_refused(kind: str) -> None:
    connection = Connection("somewhere", kind, settings={**NOWHERE.get(kind, {}), "no_such_thing": "s3cret"})
    with pytest.raises(CauceError) as caught:
        registry.open_connection(connection, Nothing())
    assert "connection somewhere: settings.no_such_thing" in str(caught.value)
    assert "s3cret" not in str(caught.value)


async def test_a_call_raises_remote_errors_only(lost: tuple[str, BaseConnector[BaseSettings]]) -> None:
    kind, connector = lost
    operation = Operation("try", CALLS.get(kind, "x"), "write", timeout_s=10)
    if kind == "echo":
        assert await connector.call(operation, {"a": 1}) == {"a": 1}
        return
    with pytest.raises(RemoteError) as caught:
        await connector.call(operation, {})
    assert caught.value.problem.endswith((".", ";"))


async def test_check_never_raises_and_stops_at_the_first_failure(lost: tuple[str, BaseConnector[BaseSettings]]) -> None:
    _, connector = lost
    probes = await connector.check()
    assert probes
    assert all(probe.sentence.endswith((".", "?", ")")) for probe in probes)
    assert all(probe.ok for probe in probes[:-1])


async def test_closing_twice_does_no_harm(lost: tuple[str, BaseConnector[BaseSettings]]) -> None:
    _, connector = lost
    await connector.close()
    await connector.close()


@pytest.mark.parametrize("kind", ["echo", "http", "mail", "odbc", "soap"])
def test_a_kind_lives_in_its_folder_alone(kind: str) -> None:
    folder = Path(__file__).parents[2] / "connectors" / kind
    others = [f"connectors.{other}" for other in KINDS if other != kind]
    sources = "".join(path.read_text() for path in folder.rglob("*.py"))
    assert not [other for other in others if other in sources]


async def _python(code: str) -> str:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode()
