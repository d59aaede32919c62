"""Turns what was recorded of a connection into a fixture: a file that people read, commit and replay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from cauce import connection as connections
from cauce import registry
from cauce.connection import Connection
from cauce.errors import ConflictError, RemoteError
from cauce.recording.masking import Masker
from cauce.recording.references import secrets_of
from cauce.recording.rules import rules
from cauce.services.hub import Actor, Hub
from cauce.services.recordings import connection_of
from cauce.services.yaml_text import comment, lines
from cauce.store import audit, recordings

JSON = Any
most_exchanges: Final = 1_000
# A definition file may have a little more; see schemas.reading.Limits.
largest_text: Final = 950_000
_about: Final = (
    "Recorded by Cauce and masked: {masks} values are not those of the system. Look through it before you commit it. "
    "`cauce connect replay` serves it."
)


@dataclass(frozen=True, slots=True)
class Fixture:
    """The text of a fixture, how many exchanges are in it, and how many were left out to keep it readable.

    `problem` says why the contract is not in it, when it has one that cannot be read now.
    """

    name: str
    text: str
    exchanges: int
    left_out: int
    problem: str = ""


async def export(
    hub: Hub, actor: Actor, name: str, *, recording: str = "", operations: Sequence[str] = (), most: int = 50
) -> Fixture:
    """Return the newest exchanges of a connection as a fixture, masked once more by the rules of now."""
    actor.require("export recordings", "integrator")
    row = await connection_of(hub, name)
    parsed = connections.parse(row.document)
    async with hub.store.transaction() as db:
        rows = await recordings.exchanges(db, name, operations, limit=min(most, most_exchanges))
        key = await recordings.masking_key(db)
        await audit.append(db, actor.name, "recording.export", name, {"exchanges": len(rows)})
    if not rows:
        hint = f"Switch it on with `cauce connect record {name}`, and let processes call it."
        raise ConflictError(f"Nothing was recorded of '{name}'.", hint=hint)
    masker = Masker(key, rules(parsed.record), tuple(secrets_of(parsed.settings, hub.resolver)))
    masked = [masker.exchange(each.document) for each in reversed(rows)]
    head: dict[str, JSON] = {"recording": recording or name, "connection": name, "kind": parsed.kind}
    try:
        contract = {file: masker.clean(text) for file, text in (await _contract(hub, parsed)).items()}
    except RemoteError as error:
        return replace(fixture(head, masked), problem=error.problem)
    return fixture(head | ({"documents": contract} if contract else {}), masked)


def fixture(head: Mapping[str, JSON], exchanges: Sequence[JSON]) -> Fixture:
    """Return the newest exchanges that fit into a file, as its text."""
    begin = _lines(head)
    left = largest_text - len(begin.encode())
    kept: list[JSON] = []
    for each in reversed(exchanges):
        left -= len(_lines({"exchanges": [each]}).encode())
        if left < 0:
            break
        kept.insert(0, each)
    if not kept:
        raise ConflictError(
            "What was recorded, with its contract, is larger than a file of definitions may be.",
            hint="Record less at a time (`record: {maxBytes: …}` of the connection), or fewer operations.",
        )
    masks = {mask for each in kept for mask in each.get("masked") or ()}
    about = "\n".join(comment(_about.format(masks=len(masks)), 0))
    text = f"{about}\n{begin}\n{_lines({'exchanges': kept})}\n"
    return Fixture(head["recording"], text, len(kept), len(exchanges) - len(kept))


def _lines(document: Mapping[str, JSON]) -> str:
    return "\n".join(line for name, value in document.items() for line in lines(name, value, 0))


async def _contract(hub: Hub, connection: Connection) -> Mapping[str, str]:
    async with registry.open_connection(connection, hub.resolver) as connector:
        return await connector.contract()
