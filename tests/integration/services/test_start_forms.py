from datetime import timedelta
from uuid import uuid4

import pytest

from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.services import definitions, start_drafts, start_forms
from cauce.services.attachments import File
from cauce.services.hub import Hub
from cauce.store import drafts, unused_files
from cauce.store.base import utc_now
from schemas import load_yaml
from tests.integration.services.conftest import ana, auditor, boss

FORM = """
form: report
title: Report
schema:
  type: object
  required: [what]
  properties: {what: {type: string}, paper: {type: object, format: attachment}}
"""
PROCESS = """
document: {dsl: '1.0.3', namespace: NAME, name: report, version: 1.0.0, metadata: {cauce: {startForm: report}}}
do: [{note: {set: {x: 1}}}]
"""


async def test_who_may_start_a_process_does_so_once_with_its_form(hub: Hub) -> None:
    name = f"n{uuid4().hex[:8]}"
    sources = [load_yaml(FORM, "report.yaml"), load_yaml(PROCESS.replace("NAME", name), "process.yaml")]
    await definitions.publish(hub, boss, sources)
    (one,) = [each for each in await start_forms.list_beginnings(hub, ana) if each.process == f"{name}.report"]
    assert one.form["title"] == "Report"
    with pytest.raises(InputError) as caught:
        await start_forms.begin(hub, ana, one.process, {}, "k-1")
    assert [each["pointer"] for each in caught.value.errors] == ["/what"]
    kept = [
        await start_forms.attach(
            hub, ana, one, "k-1", "/paper", File(f"{number}.pdf", "", f"%PDF-{number}{name}".encode())
        )
        for number in (1, 2, 3)
    ]
    await start_drafts.save(hub, ana, one, "k-1", {"what": "It b", "paper": kept[2]})
    later = utc_now() + timedelta(days=1)
    async with hub.store.transaction() as db:
        assert (await unused_files.sweep(db, later, 0, 50))[0] == 2
    await start_drafts.save(hub, ana, one, "k-2", {"what": "Another", "paper": kept[2]})
    given = {"what": "It broke", "paper": {"sha256": kept[2]["sha256"], "name": "lies.exe"}}
    assert await start_forms.begin(hub, ana, one.process, given, "k-1") == f"{name}.report/k-1"
    async with hub.store.transaction() as db:
        assert (await unused_files.sweep(db, later, 0, 50))[0] == 0
        draft = await drafts.find_start(db, one.process, "ana")
        assert (draft and draft.key) == "k-2"
        await drafts.drop_start(db, one.process, "ana")
        assert (await unused_files.sweep(db, later, 0, 50))[0] == 0
    description = await hub.temporal.get_workflow_handle(f"{name}.report/k-1").fetch_history()
    assert "lies.exe" not in str(description)
    assert "3.pdf" in str(description)
    await hub.temporal.get_workflow_handle(f"{name}.report/k-1").terminate()
    # What is sent twice is one, also when that has ended by then.
    with pytest.raises(ConflictError):
        await start_forms.begin(hub, ana, one.process, {"what": "It broke"}, "k-1")
    assert await start_forms.list_beginnings(hub, auditor) == []
    with pytest.raises((NotFoundError, ForbiddenError)):
        await start_forms.begin(hub, auditor, one.process, {"what": "It broke"}, "k-2")
