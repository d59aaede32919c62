"""What people call groups, severities, forms and what happened with a customer, as the published definitions say."""

from collections.abc import Mapping
from typing import Any, Final

from cauce.services.hub import Hub
from cauce.store import definitions

JSON = Any
# Where a policy says what people call something.
_WORDS: Final = {"group": "groups", "severity": "severities", "interaction": "interactions"}
Called = Mapping[str, Mapping[str, JSON]]


async def called(hub: Hub) -> Called:
    """Return labels by kind (`group`, `severity`, `interaction`, `form`) and name; of two policies the first counts."""
    found: dict[str, dict[str, JSON]] = {"group": {}, "severity": {}, "interaction": {}, "form": {}}
    async with hub.store.read() as db:
        for row in await definitions.latest(db, "policy"):
            for kind, words in _WORDS.items():
                found[kind] = {**(row.document.get(words) or {}), **found[kind]}
        for row in await definitions.latest(db, "form"):
            found["form"][row.name] = row.document.get("title")
    return found
