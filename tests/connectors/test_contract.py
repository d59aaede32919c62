"""What every kind of connector owes, whichever it is: a new folder below `connectors/` is tested here by itself."""

import asyncio
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cauce import registry
from cauce.sdk.quality import judge
from cauce.testing.connectors import ConnectorContract

KINDS = registry.kinds()
# Settings that are complete and lead to nothing; a kind that is not named here needs none, or has defaults.
NOWHERE: dict[str, dict[str, Any]] = {
    "soap": {"wsdl": "http://127.0.0.1:1/?wsdl"},
    "odbc": {"driver": "sqlite", "database": "/nowhere/at/all.sqlite"},
    "http": {"base_url": "http://127.0.0.1:1"},
    "file": {"folder": "/nowhere/at/all"},
    "recorded": {"recording": "nowhere"},
    "soapserver": {"username": "partner", "passwords": ["pa55"]},
    "webhook": {"bearer": ["t0ken"]},
    "mail": {"sender": "hub@example.com", "smtp": {"host": "127.0.0.1", "port": 1, "security": "none"}},
}
CALLS = {"soap": "Service.Operation", "odbc": "select 1", "http": "GET /", "mail": "send", "file": "list *"}
# Settings that lead to a server which misbehaves on this port.
AT: dict[str, Callable[[int], dict[str, Any]]] = {
    "http": lambda port: {"base_url": f"http://127.0.0.1:{port}", "max_bytes": 100_000},
    "soap": lambda port: {"wsdl": f"http://127.0.0.1:{port}/?wsdl", "max_bytes": 100_000},
}
ANSWERS = {"echo"}
RECEIVES = {"soapserver", "webhook"}
# Works on the hub's own store, which nobody opened here.
WITHOUT_A_STORE = {"hub"}


def _contract_of(name: str) -> type[ConnectorContract]:
    """Make the class of tests for one kind; in a function, so that the kind's class is not taken for a test itself."""

    class Contract(ConnectorContract):
        kind = name
        settings = NOWHERE.get(name, {})
        calls = CALLS.get(name, "try")
        answers = name in ANSWERS
        receives = name in RECEIVES

        def at(self, port: int) -> Mapping[str, Any] | None:
            return AT[name](port) if name in AT else None

    Contract.__name__ = Contract.__qualname__ = f"Test{name.capitalize()}"
    return Contract


for _kind in KINDS:
    if _kind not in WITHOUT_A_STORE:
        globals()[f"Test{_kind.capitalize()}"] = _contract_of(_kind)


def test_the_shipped_kinds_are_found() -> None:
    assert {"echo", "file", "http", "mail", "odbc", "soap"} <= set(KINDS)


def test_finding_kinds_imports_none() -> None:
    code = "import sys; from cauce.registry import kinds; kinds(); print({'zeep', 'connectors.echo'} & {*sys.modules})"
    answer = asyncio.run(_python(code))
    assert answer.strip() == "set()"


@pytest.mark.parametrize("kind", ["echo", "file", "http", "mail", "odbc", "recorded", "soap", "soapserver", "webhook"])
def test_a_kind_lives_in_its_folder_alone(kind: str) -> None:
    folder = Path(__file__).parents[2] / "connectors" / kind
    others = [rf"connectors\.{other}\b" for other in KINDS if other != kind]
    sources = "".join(path.read_text() for path in folder.rglob("*.py"))
    assert not [other for other in others if re.search(other, sources)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_keeps_the_eight_rules(kind: str) -> None:
    unmet = {each.rule: each.sentence for each in judge(kind).verdicts if each.outcome == "unmet"}
    assert unmet == {}, f"see `cauce connect quality {kind}`"


async def _python(code: str) -> str:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode()
