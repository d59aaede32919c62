"""What kinds that read contracts share, and how a kind from another package offers it."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from cauce import registry
from cauce import settings as environment
from cauce.importing import Budget, Offer, effect_of, fitted, words
from cauce.services.importing import Wish, import_contract

KIND = """\
from connectors.echo import Connector, Settings
"""
IMPORTING = """\
from cauce.importing import Contract, ImportedOperation, effect_of

def recognises(offer):
    return offer.head.startswith(b"SHOUT/1")

async def read(offer):
    names = offer.content().decode().splitlines()[1:]
    operations = tuple(ImportedOperation(name, calls=name, effect=effect_of(name)) for name in names)
    return Contract({}, operations, declared=len(names) + 1)
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GetSalesOrder", ["Get", "Sales", "Order"]),
        ("getHTTPStatus", ["get", "HTTP", "Status"]),
        ("ws_sr_padron_a4", ["ws", "sr", "padron", "a4"]),
        ("crédito", ["credito"]),
        ("", []),
    ],
)
def test_words_of_names(name: str, expected: list[str]) -> None:
    assert words(name) == expected


@pytest.mark.parametrize("name", ["", "Settle", "Getaway", "GetAndLockItem", "FindOrCreate", "list_next"])
def test_in_doubt_it_writes(name: str) -> None:
    assert effect_of(name) == "write"


def test_a_description_is_as_deep_as_its_share_allows() -> None:
    def tree(budget: Budget, level: int = 0) -> Any:
        return [tree(budget, level + 1), tree(budget, level + 1)] if budget.allows(level) else True

    deep, cut = fitted(tree, 1)
    shallow, _ = fitted(tree, 100_000)
    assert cut
    assert str(deep).count("[") > str(shallow).count("[") == 1


async def test_a_kind_from_another_package_reads_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "cauce_shout_for_a_test"
    package.mkdir()
    (package / "__init__.py").write_text(KIND)
    (package / "importing.py").write_text(IMPORTING)
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = EntryPoint("shout", package.name, registry.group)
    monkeypatch.setattr(registry, "_entry_points", lambda: {"shout": entry})
    contract = tmp_path / "contract"
    contract.write_text("SHOUT/1\nGetAll\nShout\nshout\n")
    one = await import_contract(Wish(str(contract), kind="shout"), environment.load(data_dir=tmp_path))
    assert one.operations == ("get-all", "shout", "shout-2")
    assert [each.name for each in one.left_out] == ["1 more"]  # declared, and neither imported nor explained
    importer = registry.importer("shout")
    assert importer is not None
    assert importer.recognises(Offer("x", "x", head=b"SHOUT/1"))
