"""Profiles: bound when a process is published, and told what is missing."""

from dataclasses import replace

import httpx
import pytest

from cauce.errors import DefinitionError, NotFoundError
from cauce.services import definitions, profiles
from cauce.services.hub import Actor, Hub
from schemas import load_yaml

boss = Actor("boss", frozenset({"admin"}))
here = """\
profile: here
title: Here
connections:
  shop: {connection: erp}
  wms: {absent: {en: The warehouse is asked.}}
"""
process = """\
document: {dsl: '1.0.3', namespace: t, name: f, version: 1.0.0}
do:
  - ask: {call: find-order@shop, with: {}}
"""


async def published(hub: Hub, text: str) -> None:
    await definitions.publish(hub, boss, [load_yaml(text, "f.yaml")])


def under(hub: Hub, profile: str) -> Hub:
    return replace(hub, settings=hub.settings.model_copy(update={"profile": profile}))


async def test_a_process_is_published_with_the_connections_of_the_profile_that_holds(hub: Hub) -> None:
    await published(hub, here)
    with pytest.raises(DefinitionError, match="no connection `shop`"):
        await published(hub, process)
    await published(under(hub, "here"), process)
    bundle = (await definitions.definition(hub, "t.f")).bundle
    assert bundle["operations"]["find-order@shop"]["connection"] == "erp"
    with pytest.raises(DefinitionError, match="no `wms` in the profile `here`: The warehouse is asked"):
        await published(under(hub, "here"), process.replace("name: f", "name: g").replace("@shop", "@wms"))
    with pytest.raises(NotFoundError, match="did you mean `here`"):
        await published(under(hub, "her"), process)


async def test_a_profile_says_what_published_processes_would_miss(hub: Hub, program: httpx.AsyncClient) -> None:
    await published(hub, here)
    await published(under(hub, "here"), process)
    listed = {each["name"]: each for each in (await program.get("/api/v1/profiles")).json()["items"]}
    assert set(listed) == {"accounting-only", "credit-notes-in-erp", "full-erp", "here"}
    assert listed["full-erp"]["bindings"][1]["missing"] == ["There is no connection `scm`."]
    assert (listed["here"]["version"], listed["here"]["active"], listed["full-erp"]["version"]) == ("1", False, "")
    other = here.replace("profile: here", "profile: other").replace("connection: erp", "absent: No shop")
    await published(hub, other)
    one = (await program.get("/api/v1/profiles/other")).json()
    assert "There is no `shop` in the profile `other`: No shop." in [each["problem"] for each in one["missing"]]
    assert (await program.get("/api/v1/profiles/othe")).status_code == 404
    assert (await profiles.profile(under(hub, "here"), boss, "here")).active
