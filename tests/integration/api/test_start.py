from pathlib import Path

from cauce.services import definitions
from cauce.services.hub import Actor, Hub
from schemas import load_file, load_yaml
from tests.integration.api.conftest import Browser

FORM = Path(__file__).resolve().parents[3] / "definitions" / "forms" / "new-complaint.yaml"
PROCESS = """
document:
  {dsl: '1.0.3', namespace: service, name: intake, version: 1.0.0, metadata: {cauce: {startForm: new-complaint}}}
do: [{note: {set: {x: 1}}}]
"""
GIVEN = {"/channel": "phone", "/name": "Eva <b>Ruiz</b>", "/wanted": "Otra", "/language": "es", "key": "k-1"}


async def test_a_complaint_is_registered_on_a_page_and_what_is_wrong_stands_beside_it(ana: Browser, hub: Hub) -> None:
    assert "Nothing to start" in (await ana.get("/start")).text
    boss = Actor("boss", frozenset({"admin"}))
    await definitions.publish(hub, boss, [load_file(FORM), load_yaml(PROCESS, "intake.yaml")])
    assert 'href="/start/service.intake"' in (await ana.get("/start")).text
    page = "/start/service.intake"
    assert 'name="key" value="' in (await ana.get(page)).text
    wrong = await ana.post(page, GIVEN, page=page)
    assert (wrong.status_code, "1 thing to mend" in wrong.text) == (422, True)
    assert "Eva &lt;b&gt;Ruiz" in wrong.text
    # Nobody answers at Temporal's address here: nothing that was typed is lost over it.
    away = await ana.post(page, {**GIVEN, "/description": "Roto"}, page=page)
    assert (away.status_code, 'value="k-1"' in away.text, "Roto" in away.text) == (503, True, True)
    assert (await ana.get("/start/service.other")).status_code == 404
