import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from cauce.connector import Effect, Operation
from cauce.errors import AmbiguousError, BusinessError, PermanentError, TransientError
from cauce.store import certificates, definitions, reconciliations, register
from cauce.store.definitions import NewDefinition
from connectors.hub import Connector, Settings, handlers
from tests.integration.store.roadmap_run import begun

customer = {"taxId": "B12345674", "name": "Ferretería Ñuñoa SL", "email": "a@example.com"}


@pytest.fixture
async def hub(store_url: str, make_tables: Callable[[str], None]) -> AsyncIterator[Connector]:
    make_tables(store_url)
    async with Connector("hub", Settings(store_url=SecretStr(store_url))) as connector:
        yield connector


def operation(calls: str) -> Operation:
    effect: Effect = "read" if calls.startswith(("find", "list")) else "write"
    return Operation(calls, calls, effect)


async def call(hub: Connector, calls: str, **params: object) -> object:
    return await hub.call(operation(calls), params)


async def test_saved_customer_is_found(hub: Connector) -> None:
    assert await call(hub, "find-customer", taxId="B12345674") is None
    saved = await hub.call(operation("save-customer"), customer)
    assert saved["new"]
    found = await call(hub, "find-customer", taxId="B12345674")
    assert found == {**customer, "id": saved["id"], "erpId": None, "phone": None, "data": {}}


async def test_saving_twice_at_once_makes_one_customer(hub: Connector) -> None:
    saved = await asyncio.gather(*(hub.call(operation("save-customer"), customer) for _ in range(5)))
    assert len({each["id"] for each in saved}) == 1
    assert [each["new"] for each in saved].count(True) == 1


async def test_identifiers_of_two_customers_are_a_business_error(hub: Connector) -> None:
    await call(hub, "save-customer", taxId="B1", name="Uno")
    await call(hub, "save-customer", erpId="C-2", name="Dos")
    with pytest.raises(BusinessError) as caught:
        await call(hub, "save-customer", taxId="B1", erpId="C-2")
    assert caught.value.remote_code == "CONFLICT"


async def test_interaction_with_a_reference_is_recorded_once(hub: Connector) -> None:
    saved = await hub.call(operation("save-customer"), customer)
    for _ in range(2):
        await call(
            hub, "record-interaction", customer=saved["id"], kind="order", summary="P-1 ordered", reference="opp:1"
        )
    timeline = await hub.call(operation("list-interactions"), {"customer": saved["id"]})
    assert [(each["kind"], each["summary"]) for each in timeline] == [("order", "P-1 ordered")]


async def test_interaction_of_nobody_is_a_business_error(hub: Connector) -> None:
    with pytest.raises(BusinessError, match="knows no such customer"):
        await call(hub, "record-interaction", customer="x")


async def test_wrong_calls_are_permanent(hub: Connector) -> None:
    with pytest.raises(PermanentError, match="The hub has no operation 'delete-all'"):
        await call(hub, "delete-all")
    with pytest.raises(PermanentError, match="takes an object"):
        await hub.call(operation("find-customer"), [1])
    with pytest.raises(PermanentError, match="A customer needs a name"):
        await call(hub, "save-customer", phone="1")


async def test_a_store_that_is_slow_is_left_at_the_deadline(hub: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stall(_db: object, _params: object) -> None:
        await asyncio.sleep(60)

    for calls, error in (("find-customer", TransientError), ("save-customer", AmbiguousError)):
        monkeypatch.setitem(handlers, calls, stall)
        with pytest.raises(error, match="gave no answer within"):
            await hub.call(replace(operation(calls), timeout_s=0.05), {"id": "1"})


async def test_check_says_what_is_wrong(hub: Connector) -> None:
    (probe,) = await hub.check()
    assert probe.ok
    settings = Settings(store_url=SecretStr("postgresql://u:hunter22@127.0.0.1:1/x"))
    assert "hunter22" not in repr(settings)
    async with Connector("hub", settings) as lost:
        (probe,) = await lost.check()
        assert not probe.ok
        assert "hunter22" not in probe.sentence
        with pytest.raises(TransientError):
            await call(lost, "find-customer", id="1")


case = {"kind": "complaint", "prefix": "R", "customer": "h-1", "subject": "SO-1", "at": "2026-05-04T10:00:00Z"}


async def test_case_is_opened_joined_closed_and_opened_again(hub: Connector) -> None:
    opened = await call(hub, "open-case", **case, reference="M-1")
    assert opened == {
        "code": "R-2026-000001", "kind": "complaint", "customer": "h-1", "subject": "SO-1", "how": "opened",
        "openedAt": "2026-05-04T10:00:00+00:00", "closedAt": None, "outcome": None, "data": None,
    }  # fmt: skip
    joined = await hub.call(operation("open-case"), {**case, "reference": "M-2", "reopenWithin": "P30D"})
    assert (joined["code"], joined["how"]) == ("R-2026-000001", "joined")
    closed = await hub.call(operation("close-case"), {"code": opened["code"], "outcome": "resolved", "data": {"n": 1}})
    assert (closed["outcome"], closed["data"], closed["closedAt"] is None) == ("resolved", {"n": 1}, False)
    await call(hub, "reopen-case", code="R-2026-000001")
    found = await hub.call(operation("find-case"), {"reference": "M-1"})
    assert (found["code"], found["closedAt"]) == ("R-2026-000001", None)
    assert await call(hub, "find-case", code="R-1999-000001") is None
    assert [each["code"] for each in await hub.call(operation("find-cases"), {"customer": "h-1"})] == [found["code"]]


async def test_case_without_what_it_needs_is_permanent(hub: Connector) -> None:
    for wrong, problem in (
        ({}, "A case needs `reference`"),
        ({"reference": "M-1", "at": "yesterday"}, "'yesterday' is no time"),
        ({"reference": "M-1", "reopenWithin": "a month"}, "'a month' is no length of time"),
    ):
        with pytest.raises(PermanentError, match=problem):
            await call(hub, "open-case", **{**case, **wrong})


async def test_interaction_is_found_by_its_reference(hub: Connector) -> None:
    saved = await hub.call(operation("save-customer"), {**customer, "phone": "600111222"})
    assert (await hub.call(operation("find-customer"), {"phone": "600111222"}))["id"] == saved["id"]
    assert await call(hub, "find-interaction", customer=saved["id"], reference="ack:1") is None
    made = await call(hub, "record-interaction", customer=saved["id"], kind="note", summary="-", reference="ack:1")
    assert await call(hub, "find-interaction", customer=saved["id"], reference="ack:1") == made


entry = {"roadmap": "crm", "kind": "vendor", "code": "acme", "state": "short-listed", "reference": "i:1"}


async def test_what_is_noted_of_a_roll_out_is_kept_with_every_state(hub: Connector) -> None:
    at = "2027-03-01T10:00:00+00:00"
    same = (call(hub, "save-entry", **entry, title="Acme", data={"price": 1}, at=at) for _ in range(3))
    first, *others = await asyncio.gather(*same)
    assert others == [first, first]
    step = {**entry, "state": "bid", "reference": "i:2", "from": ["short-listed"], "data": {"term": 2}, "at": at}
    noted = await hub.call(operation("save-entry"), step)
    assert await hub.call(operation("save-entry"), step) == noted
    assert first == {
        "roadmap": "crm", "kind": "vendor", "code": "acme", "title": "Acme", "state": "short-listed",
        "data": {"price": 1}, "openedAt": at, "changedAt": at,
    }  # fmt: skip
    assert (noted["title"], noted["state"], noted["data"]) == ("Acme", "bid", {"price": 1, "term": 2})
    assert await call(hub, "find-entry", reference="i:1") == noted
    assert await call(hub, "find-entry", roadmap="crm", kind="vendor", code="acme") == noted
    assert await call(hub, "find-entry", reference="i:3") is None
    assert await call(hub, "list-entries", roadmap="crm", kind="vendor", states=["bid"]) == [noted]
    assert await call(hub, "list-entries", roadmap="crm", states=["scored"]) == []
    figures = await call(hub, "list-figures", roadmap="crm", at="2027-03-02T10:00:00Z")
    assert figures == {"bidding-vendors": 1, "unproven-claims": 0}
    assert await call(hub, "list-figures", roadmap="another") == {}

    # A step that does not follow is refused, and leaves nothing.
    step = {**entry, "code": "other", "state": "scored", "reference": "i:9", "from": ["bid"]}
    with pytest.raises(BusinessError, match="other is not in the register; only one that is bid becomes scored"):
        await hub.call(operation("save-entry"), step)
    assert len(await hub.call(operation("list-entries"), {"roadmap": "crm"})) == 1
    with pytest.raises(BusinessError, match="acme is bid; only one that is chosen becomes scored") as caught:
        await hub.call(operation("save-entry"), {**step, "code": "acme", "from": ["chosen"]})
    assert caught.value.remote_code == "CONFLICT"
    with pytest.raises(PermanentError, match="The register needs `code`"):
        await hub.call(operation("save-entry"), {**entry, "code": ""})


async def test_each_run_of_a_roadmap_has_a_register_of_its_own(hub: Connector) -> None:
    await call(hub, "save-entry", **entry)
    async with hub.store.transaction() as db:
        db.add(begun("crm", "1"))
        await register.hand_over(db, "crm", "1")
    # What was noted before is the first run's, and while there is one its name is enough.
    first = await hub.call(operation("list-entries"), {"roadmap": "crm"})
    assert first == await call(hub, "list-entries", roadmap="crm/1")
    assert len(first) == 1
    bid = {**entry, "state": "bid", "reference": "i:2"}
    assert (await hub.call(operation("save-entry"), bid))["roadmap"] == "crm/1"
    async with hub.store.transaction() as db:
        db.add(begun("crm", "2"))
    await call(hub, "save-entry", **{**entry, "roadmap": "crm/2", "reference": "j:1"})
    both = [await hub.call(operation("list-entries"), {"roadmap": each}) for each in ("crm/1", "crm/2")]
    states = [each["state"] for (each,) in both]
    assert states == ["bid", "short-listed"]
    for calls, params in (("save-entry", {**bid, "reference": "i:3"}), ("list-figures", {"roadmap": "crm"})):
        with pytest.raises(PermanentError, match="crm has run more than once") as caught:
            await call(hub, calls, **params)
        assert caught.value.hint == "Say which run is meant: crm/2 or crm/1."
    with pytest.raises(PermanentError, match="There is no run crm/3 of a roadmap"):
        await call(hub, "list-entries", roadmap="crm/3")


async def test_what_certification_found_last_is_listed_with_the_dead_letters(hub: Connector) -> None:
    async with hub.store.transaction() as db:
        for passed in (True, False):
            await certificates.add(db, "erp", "orders", version="1", digest="d", passed=passed, checks=[], by="igor")
    erp, scm = await hub.call(operation("list-certificates"), {"connections": ["erp", "scm"]})
    assert (erp["connection"], erp["deadLetters"], scm) == (
        "erp", 0, {"connection": "scm", "deadLetters": 0, "certificates": []},
    )  # fmt: skip
    ((capability, passed),) = [(each["capability"], each["passed"]) for each in erp["certificates"]]
    assert (capability, passed) == ("orders", False)


async def test_what_comparing_syncs_found_last_is_listed_while_it_counts(hub: Connector) -> None:
    async def listed(at: str) -> list[dict[str, object]]:
        found = await hub.call(operation("list-reconciliations"), {"syncs": ["stock", "cards"], "at": at})
        return list(found)

    unknown = {"sync": "cards", "published": False, "compared": False, "at": None}
    none = dict.fromkeys(("source", "target", "differences"))
    async with hub.store.transaction() as db:
        await definitions.add(db, NewDefinition("sync", "stock", "d", "sync: stock", {"sync": "stock"}, "igor"))
        facts = {"source": 9, "target": 8, "differences": 1, "sums": {}, "keys": []}
        kept = await reconciliations.add(db, "stock", "1", facts, "igor")
    soon, late = (kept.at + timedelta(days=days) for days in (6, 8))
    known = {"sync": "stock", "published": True, "compared": True, "at": kept.at.isoformat()}
    counts = {"source": 9, "target": 8, "differences": 1}
    assert await listed(soon.isoformat()) == [known | counts, unknown | none]
    assert [each["compared"] for each in await listed(late.isoformat())] == [False, False]
