import httpx

from activities.by_hand import ByHandActivities
from cauce.contract import ByHand, OperationCall
from cauce.services import users
from cauce.services.hub import Actor, Hub
from tests.integration.api.conftest import Browser

boss = Actor("boss", frozenset({"admin"}))


async def test_somebody_settles_it_on_its_page(ana: Browser, hub: Hub) -> None:
    call = OperationCall("erp", "create-order", {"id": 7}, "sales.order/7", "/do/0", "t7", effect="write")
    answer = {"number": "<script>4711</script>"}
    await ByHandActivities(hub.store).record_by_hand(ByHand(call, answer, "ana", "2026-01-02T00:00:00+00:00"))
    shown = (await ana.get("/by-hand")).text
    assert "create-order@erp" in shown
    assert "&lt;script&gt;4711" in shown
    assert "Settle it" not in shown
    await users.change_user(hub, boss, "ana", roles=["operator"])
    assert "Settle it" in (await ana.get("/by-hand")).text
    assert (await ana.post("/by-hand", {"number": "1", "reason": " "})).status_code == 422
    assert (await ana.post("/by-hand", {"number": "1", "reason": "Seen in the ERP."})).status_code == 303
    assert "Seen in the ERP." not in (await ana.get("/by-hand")).text
    assert "Seen in the ERP." in (await ana.get("/by-hand?state=over")).text
    assert (await ana.post("/by-hand", {"number": "1", "reason": "Again."})).status_code == 409


async def test_what_was_done_by_hand_is_listed(program: httpx.AsyncClient, hub: Hub) -> None:
    for number in range(3):
        call = OperationCall(
            "erp", "create-order", {"id": number}, "sales.order/1", "/do/0", f"t{number}", effect="write"
        )
        done = ByHand(call, {"number": str(number)}, "ana", "2026-01-02T00:00:00+00:00")
        await ByHandActivities(hub.store).record_by_hand(done)
    first = (await program.get("/api/v1/by-hand?limit=2")).json()
    assert [(each["key"], each["state"], each["answer"]) for each in first["items"]] == [
        ("task:t0", "open", {"number": "0"}),
        ("task:t1", "open", {"number": "1"}),
    ]
    rest = (await program.get(first["next"])).json()
    assert ([each["by"] for each in rest["items"]], rest["next"]) == (["ana"], None)
    assert (await program.get("/api/v1/by-hand?state=confirmed")).json()["items"] == []
    # Ana is neither operator nor integrator.
    for address in ("reconcile", "1/settle"):
        answer = await program.post(f"/api/v1/by-hand/{address}", json={"reason": "because"})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
