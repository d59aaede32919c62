"""What people call groups, severities and forms, as the published definitions say."""

from collections.abc import Mapping
from typing import Any

from cauce.services.hub import Hub
from cauce.store import definitions

JSON = Any
Called = Mapping[str, Mapping[str, JSON]]


async def called(hub: Hub) -> Called:
    """Return labels by kind (`group`, `severity`, `form`) and name; of two policies that name one, the first counts."""
    found: dict[str, dict[str, JSON]] = {"group": {}, "severity": {}, "form": {}}
    async with hub.store.read() as db:
        for row in await definitions.latest(db, "policy"):
            found["group"] = {**(row.document.get("groups") or {}), **found["group"]}
            found["severity"] = {**(row.document.get("severities") or {}), **found["severity"]}
        for row in await definitions.latest(db, "form"):
            found["form"][row.name] = row.document.get("title")
    return found
