import httpx
import pytest

from cauce.services.hub import Hub
from cauce.store import drift

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
