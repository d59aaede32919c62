"""docs/webhooks.md is followed literally, over HTTP."""

import asyncio
import json
import os
import re
import shutil
from pathlib import Path

import pytest

from cauce.services import definitions, events
from cauce.services.hub import Hub
from schemas import load_yaml
from tests.integration.services.conftest import boss
from tests.integration.services.web import served

PAGE = Path(__file__).parents[3] / "docs" / "webhooks.md"
BLOCKS = dict(re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL))


@pytest.fixture
def store_url(tmp_path: Path, migrated: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated, tmp_path / 'inbound.db')}"


async def shell(script: str, directory: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", script, cwd=directory, stdout=asyncio.subprocess.PIPE, env=os.environ
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def test_the_page_works_as_it_says(hub: Hub, tmp_path: Path) -> None:
    await definitions.publish(hub, boss, [load_yaml(BLOCKS[name], name) for name in ("shop.yaml", "desk.yaml")])
    folder = hub.settings.data_dir / "secrets"
    async with served(hub) as address:
        make, script = (
            each.replace(".cauce/secrets", str(folder)).replace("http://127.0.0.1:8080", address)
            for each in (BLOCKS["publish.sh"].partition("cauce check")[0], BLOCKS["send.sh"])
        )
        first = json.loads(await shell(make + script, tmp_path))
        again = json.loads(await shell(script, tmp_path))
        stranger = json.loads(await shell(script.replace("v1,$", "v1,x$"), tmp_path))
    assert first == {"state": "accepted", "event": "msg_1", "instances": []}
    assert again == first | {"state": "repeated"}
    assert stranger["code"] == "unauthenticated"
    (event,) = (await events.list_events(hub, boss, source="/in/shop")).events
    assert event.event["subject"] == "order-2041"
    assert event.event["data"] == {"number": 2041, "total": 120.5}
