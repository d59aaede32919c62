from uuid import uuid4

import pytest

from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.services import definitions, start_forms
from cauce.services.hub import Hub
from schemas import load_yaml
from tests.integration.services.conftest import ana, auditor, boss

FORM = "form: report\ntitle: Report\nschema: {type: object, required: [what], properties: {what: {type: string}}}"
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
    assert await start_forms.begin(hub, ana, one.process, {"what": "It broke"}, "k-1") == f"{name}.report/k-1"
    await hub.temporal.get_workflow_handle(f"{name}.report/k-1").terminate()
    # What is sent twice is one, also when that has ended by then.
    with pytest.raises(ConflictError):
        await start_forms.begin(hub, ana, one.process, {"what": "It broke"}, "k-1")
    assert await start_forms.list_beginnings(hub, auditor) == []
    with pytest.raises((NotFoundError, ForbiddenError)):
        await start_forms.begin(hub, auditor, one.process, {"what": "It broke"}, "k-2")
