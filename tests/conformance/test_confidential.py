"""Nothing confidential is left behind by a login: not in the history, not in the store, not in the outcome."""

import json
import logging
from typing import Any

import pytest
from sqlalchemy import select

from cauce.contract import Start
from cauce.services import definitions
from cauce.store.models import Blob
from schemas import load_yaml
from tests.conformance.conftest import DESIGNER, Place

JSON = Any
SECRETS = {"client": "confidential-client", "pass": "confidential-password", "whole": ""}
PROCESS = """
document: {dsl: '1.0.3', namespace: conformance, name: confidential, version: 1.0.0}
use:
  secrets: [client, pass, whole]
  authentications:
    person:
      oauth2:
        authority: BASE
        grant: password
        client: {id: hub, secret: '${ $secrets.client }'}
        username: ana
        password: '${ $secrets.pass }'
    machine: {oauth2: {use: whole}}
do:
  - read: {call: http, with: {method: get, endpoint: {uri: 'BASE/me', authentication: {use: person}}, output: response}}
  - write:
      call: http
      with: {method: post, endpoint: {uri: 'BASE/me', authentication: {use: machine}}, body: '${ $authorization }'}
  - fail: {call: http, with: {method: post, endpoint: {uri: 'BASE/echo', authentication: {use: person}}}}
"""


@pytest.mark.asyncio(loop_scope="session")
async def test_no_secret_token_or_password_is_recorded(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens: JSON = [
        {
            "body": {
                "access_token": f"confidential-token-{n}",
                "refresh_token": "confidential-renewal",
                "expires_in": 600,
            }
        }
        for n in range(2)
    ]
    echo = {"status": 400, "body": {"you sent": "Bearer confidential-token-0 confidential-password"}}
    answers: JSON = {"POST /oauth2/token": tokens, "GET /me": [{"body": {}}], "POST /me": [{"body": {}}]}
    base = place.stand_in.prepare("confidential", {**answers, "POST /echo": [echo]})
    client = {"id": "hub", "secret": "confidential-of-the-whole"}
    whole = json.dumps({"authority": base, "grant": "client_credentials", "client": client})
    for name, value in {**SECRETS, "whole": whole}.items():
        monkeypatch.setenv(f"CAUCE_SECRET_{name.upper()}", value)
    await definitions.publish(place.hub, DESIGNER, [load_yaml(PROCESS.replace("BASE", base), "c.yaml")])
    bundle = (await definitions.definition(place.hub, "conformance.confidential")).bundle
    handle, skipper = await place.bench.start(bundle, Start(input={}, trace=True))
    report = await place.bench.finish(handle, skipper, {})
    assert report.status == "faulted"
    assert report.error["remoteDetail"]["body"]["you sent"].count("••••••") == 2
    # The password, and both tokens, were sent: where they belong.
    sent = json.dumps(place.stand_in.received["confidential"])
    assert "confidential-password" in sent
    assert sent.count("Bearer confidential-token-0") == 2
    assert '"parameter": "confidential-token-1"' in sent
    events = b"".join([event.SerializeToString() async for event in handle.fetch_history_events()])
    async with place.hub.store.read() as db:
        blobs = b"".join((await db.scalars(select(Blob.content))).all())
    for recorded in (events, blobs, report.to_json().encode(), caplog.text.encode()):
        assert b"confidential-" not in recorded
