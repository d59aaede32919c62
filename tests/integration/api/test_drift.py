from typing import get_args

import httpx
import pytest
from fastapi import FastAPI

from api.i18n import catalogue
from api.pages.drift import parts
from cauce.services.hub import Hub
from cauce.store import drift
from schemas.changes import Direction, changes
from tests.integration.api.conftest import Browser
from tests.unit.schemas.test_changes import EXAMPLES

CHANGE = {
    "operation": "create-order",
    "direction": "input",
    "path": "Lang",
    "what": "required",
    "breaking": True,
    "sentence": "`Lang` has to be sent now.",
}


@pytest.fixture
async def number(hub: Hub) -> int:
    """Return the number of a case of the connection erp."""
    async with hub.store.transaction() as db:
        return (await drift.open_case(db, "erp", breaking=True, changes=[CHANGE], found={})).id


async def test_drift_is_shown_and_decided_over_rest(program: httpx.AsyncClient, number: int) -> None:
    shown = (await program.get("/api/v1/connections/erp/drift")).json()
    assert (shown["watched"], shown["case"]["breaking"], shown["case"]["changes"]) == (False, True, [CHANGE])
    assert shown["case"]["mappings"][0]["how"] == "as a whole"
    assert (await program.get("/api/v1/connections/nothing/drift")).status_code == 404
    # Ana is no integrator.
    for address in ("read", f"{number}/acknowledge", f"{number}/accept"):
        answer = await program.post(f"/api/v1/connections/erp/drift/{address}", json={"reason": "because"})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), address


async def test_a_page_shows_the_case_and_takes_the_decision(ana: Browser, app: FastAPI, number: int) -> None:
    listed = (await ana.get("/connections")).text
    assert "contract changed, breaking" in listed
    assert 'href="/connections/erp/drift"' in listed
    page = (await ana.get("/connections/erp/drift")).text
    assert "<code>Lang</code> has to be sent now" in page
    assert "Accept the contract" not in page
    refused = await ana.post("/connections/erp/drift", {"do": "accept", "case": number, "reason": "because"})
    assert refused.status_code == 403
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cauce.test") as client:
        boss = await Browser(client).log_in("admin")
        empty = await boss.post("/connections/erp/drift", {"do": "accept", "case": number, "reason": " "})
        assert (empty.status_code, "takes a reason" in empty.text) == (422, True)
        known = await boss.post("/connections/erp/drift", {"do": "acknowledge", "case": number})
        assert known.headers["location"] == "/connections/erp/drift"
        assert "acknowledged" in (await boss.get("/connections/erp/drift")).text
        await boss.post("/connections/erp/drift", {"do": "accept", "case": number, "reason": "mended"})
        assert "admin: mended" in (await boss.get("/connections/erp/drift")).text
        assert "contract changed" not in (await boss.get("/connections")).text
        assert (
            await boss.post("/connections/erp/drift", {"do": "accept", "case": "x", "reason": "y"})
        ).status_code == 404


def test_every_change_is_told_in_spanish_too() -> None:
    spanish = catalogue("es")
    told = [
        parts(change.sentence)[1]
        for before, after, _, _ in EXAMPLES
        for direction in get_args(Direction)
        for change in changes(before, after, direction)
    ]
    assert len(set(told)) > 10
    assert [each for each in told if spanish.gettext(each) == each] == []
