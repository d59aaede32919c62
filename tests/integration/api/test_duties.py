"""The report of duties that are kept apart: who could do both, who did both, as page, JSON and table."""

import httpx
import pytest

from cauce.absence import Absence, local_day
from cauce.contract import HumanTask
from cauce.services import users
from cauce.services.hub import Actor, Hub
from cauce.services.permissions import duties, grants
from cauce.services.permissions.duties import Did, Duty
from cauce.store import absences, audit, definitions, tasks
from cauce.store import users as accounts
from cauce.store.base import utc_now
from cauce.store.definitions import NewDefinition
from tests.integration.api.conftest import Browser
from tests.unit.checking.test_policies import found

ROOT = Actor("admin", frozenset({"admin"}))
ROSA = Actor("rosa", frozenset({"auditor"}))
POLICY = {
    "policy": "sales",
    "forms": {"qualify-lead": {"priority": 60}},
    "apart": [{"title": {"en": "Two people", "es": "Dos personas"}, "forms": ["qualify-lead", "approve"]}],
}


async def test_a_sub_process_and_who_stands_in_are_counted(hub: Hub, kept_apart: None) -> None:
    del kept_apart
    part = HumanTask(
        id="t-9", instance="sales.sign/0f3", definition="sales.sign", version="1.0.0", name="approve",
        reference="/do/0", form="approve", group="directors", ancestors=["sales.lead-to-order/lead:2"],
    )  # fmt: skip
    async with hub.store.transaction() as db:
        await tasks.add_task(db, part)
        said = {"instance": part.instance, "form": "approve", "after": {}}
        await audit.append(db, "luis", "task.complete", part.id, said)
        for name, groups in (("dora", ["directors"]), ("luis", ["sales"]), ("nils", ["sales"])):
            await accounts.add(db, name, password_hash="", roles=["staff"], groups=groups)
    (duty,) = await duties.report(hub, ROSA)
    assert [(each.person, each.case) for each in duty.did] == [("luis", "lead:2"), ("ana", "lead:1")]
    assert [each.person for each in duty.could] == ["admin"]
    today = local_day(utc_now())
    async with hub.store.transaction() as db:
        await absences.add(db, Absence("dora", today, today, "luis"), note="", by="dora")
    (duty,) = await duties.report(hub, ROSA)
    assert [(each.person, dict(each.forms)) for each in duty.could] == [
        ("admin", {"qualify-lead": "admin", "approve": "admin"}),
        ("luis", {"qualify-lead": "role", "approve": "substitute"}),
    ]


@pytest.fixture
async def kept_apart(hub: Hub) -> None:
    async with hub.store.transaction() as db:
        await definitions.add(db, NewDefinition("policy", "sales", "p", "", POLICY, "ana"))
        for number, (person, instance, form) in enumerate(
            (
                ("ana", "sales.lead-to-order/lead:1", "qualify-lead"),
                ("ana", "sales.approval/lead:1", "approve"),
                ("luis", "sales.lead-to-order/lead:2", "qualify-lead"),
                ("ana", "sales.approval/lead:2", "approve"),
                ("ana", "sales.other/lead:2", "other"),
            )
        ):
            said = {"instance": instance, "form": form, "after": {}}
            await audit.append(db, person, "task.complete", f"t-{number}", said)


async def test_who_could_and_who_did_is_told(hub: Hub, kept_apart: None) -> None:
    del kept_apart
    (duty,) = await duties.report(hub, ROSA)
    assert (duty.policy, duty.forms) == ("sales", ("qualify-lead", "approve"))
    assert [(each.person, each.case, dict(each.tasks)) for each in duty.did] == [
        ("ana", "lead:1", {"qualify-lead": "t-0", "approve": "t-1"})
    ]
    # Rosa is an auditor and Igor an integrator: they do no tasks.
    assert [each.person for each in duty.could] == ["admin", "ana", "luis"]
    await grants.grant(hub, ROOT, "person:ana", ["work"], "form:approve", only=True)
    (duty,) = await duties.report(hub, ROSA)
    assert [(each.person, dict(each.forms)) for each in duty.could] == [
        ("admin", {"qualify-lead": "admin", "approve": "admin"}),
        ("ana", {"qualify-lead": "role", "approve": "grant"}),
    ]


async def test_the_report_is_a_page_a_table_and_json(
    hub: Hub, kept_apart: None, anonymous: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    del kept_apart
    rosa = await Browser(anonymous).log_in("rosa")
    page = (await rosa.get("/permissions/duties")).text
    assert "Two people" in page
    assert '<a href="/tasks/t-1">approve</a>' in page
    table = await rosa.get("/permissions/duties?form=csv")
    assert table.headers["content-disposition"] == 'attachment; filename="duties.csv"'
    assert "sales,qualify-lead approve,did,ana,lead:1,sales.approval/lead:1," in table.text
    assert (await program.get("/api/v1/permissions/duties")).status_code == 403
    headers = {"authorization": f"Bearer {await users.create_token(hub, await users.actor_of(hub, 'rosa'))}"}
    (duty,) = (await program.get("/api/v1/permissions/duties", headers=headers)).json()
    assert duty["did"][0]["case"] == "lead:1"
    csv = await program.get("/api/v1/permissions/duties.csv", headers=headers)
    assert csv.text == table.text


async def test_nothing_in_a_table_is_a_formula() -> None:
    did = Did("=cmd|x", "@case", "sales.x/@case", {}, utc_now())
    line = duties.as_csv([Duty("p", None, ("a", "b"), (), (did,))]).splitlines()[1]
    assert line.startswith("p,a b,did,'=cmd|x,'@case,sales.x/@case,")


def test_forms_that_are_kept_apart_have_to_be_there() -> None:
    wrong = found("policy: desk\nforms: {qualify: {priority: 10}}\napart: [{forms: [qualify, aprove]}]")
    assert len(wrong) == 1
    assert "error unknown-form: There is no form `aprove`" in wrong[0]
