"""What accounting books on projects becomes entries of the roadmap that runs: over ODBC, once for each booking."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from cauce import connection as connections
from cauce.connector import Operation
from cauce.errors import BusinessError, PermanentError
from cauce.expressions import compile_expression
from cauce.store import definitions, roadmap_costs, roadmaps
from cauce.store.definitions import NewDefinition
from connectors import hub, odbc
from demo.company import prepare
from demo.databases import ACCOUNTING
from schemas import load_file
from tests.unit.roadmap.running import Project

DEFINITIONS = Path(__file__).parents[2] / "definitions"
RUN = "roadmap:crm-rollout/1"
JSON = Any


async def booked(directory: Path) -> list[JSON]:
    """Return what the sync reads of accounting, as it maps it."""
    accounting = connections.parse(load_file(DEFINITIONS / "connections/accounting.yaml").data)
    sync = load_file(DEFINITIONS / "syncs/project-costs.yaml").data
    operation = accounting.operation("list-project-costs")
    settings = odbc.Settings(driver="sqlite", database=str(prepare(directory) / ACCOUNTING))
    async with odbc.Connector("accounting", settings) as connector:
        rows = compile_expression(operation.response).first(
            await connector.call(operation, {"after": "", "limit": 500}), {}
        )
    mapping = compile_expression(sync["mapping"])
    return [mapping.first(row, {}) for row in rows]


async def with_roll_out(connector: hub.Connector) -> None:
    """Let the roll-out run, as lists have it."""
    document = load_file(DEFINITIONS / "roadmaps/crm-rollout.yaml").data
    project = Project(document)
    news = replace(project.news[0], id=RUN, run={**project.news[0].run, "roadmap": "crm-rollout", "key": "1"})
    async with connector.store.transaction() as db:
        await definitions.add(db, NewDefinition("roadmap", "crm-rollout", "d", "", document, "ana"))
        await roadmaps.record(db, news)


@pytest.mark.usefixtures("odbc_manager")
async def test_what_is_booked_is_entered_once(
    tmp_path: Path, store_url: str, make_tables: Callable[[str], None]
) -> None:
    make_tables(store_url)
    rows = await booked(tmp_path / "company")
    save, find = Operation("save-cost", "save-cost", "write"), Operation("find-cost", "find-cost", "read")
    async with hub.Connector("hub", hub.Settings(store_url=SecretStr(store_url))) as connector:
        with pytest.raises(BusinessError, match="No roadmap runs as crm-rollout"):
            await connector.call(save, rows[0])
        await with_roll_out(connector)
        first = [await connector.call(save, row) for row in rows]
        assert [each["new"] for each in first] == [True] * 6
        assert await connector.call(save, {**rows[0], "key": "1"}) == {"number": 1, "new": False}
        with pytest.raises(BusinessError, match="says something else") as caught:
            await connector.call(save, {**rows[0], "amount": 1})
        assert caught.value.remote_code == "CONFLICT"
        with pytest.raises(BusinessError, match="no activity `paint`"):
            await connector.call(save, {**rows[0], "activity": "paint"})
        for wrong, says in (({"day": "soon"}, "is no day"), ({"reference": ""}, "needs `reference`")):
            with pytest.raises(PermanentError, match=says):
                await connector.call(save, {**rows[0], **wrong})
        entry = await connector.call(find, {"roadmap": "crm-rollout", "reference": rows[4]["reference"]})
        assert (entry["amount"], entry["by"], date.fromisoformat(entry["day"])) == (
            "-350.00", "accounting", date(2026, 10, 21),
        )  # fmt: skip
        assert await connector.call(find, {"roadmap": "crm-rollout", "key": "1", "reference": "x"}) is None
        async with connector.store.read() as db:
            assert await roadmap_costs.totals(db, RUN) == {
                "design-processes": {"management": "1440.00"},
                "list-data": {"data": "525.00"},
                "measure-today": {"data": "1144.50"},
            }
