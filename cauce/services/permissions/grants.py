"""Granting and taking back; only administrators do, and the trail says so."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, get_args

from cauce.errors import ConflictError, InputError, NotFoundError
from cauce.permissions import ACTS, PLACES, WHO, Grant, Place, Who
from cauce.services.hub import Actor, Hub, Role, roles
from cauce.store import audit, definitions, permissions, users
from cauce.store.session import Db
from schemas import did_you_mean

readers: tuple[Role, ...] = ("manager", "auditor")
MOST_GRANTS: Final = 1_000
_LONGEST: Final = 200
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant, and whether anything is published that it speaks of."""

    grant: Grant
    known: bool


async def list_grants(hub: Hub, actor: Actor) -> list[GrantView]:
    """Return everything that is granted, the oldest first."""
    actor.require("see what is granted", *readers)
    async with hub.store.read() as db:
        known = await _known(db)
        return [GrantView(each, _is_known(each, known)) for each in await permissions.grants(db)]


async def grant(
    hub: Hub, actor: Actor, who: str, acts: Sequence[str], on: str, *, only: bool = False, note: str = ""
) -> GrantView:
    """Give a person, group or role acts at a place, instead of those they were given there before.

    `who` is `person:ana`, `group:sales` or `role:operator`; `on` is `*`, `namespace:sales`, `form:qualify-lead` or
    `process:sales.lead-to-order`.
    """
    actor.require("grant anything")
    kind, name = who_of(who)
    place, of = place_of(on)
    made = Grant(kind, name, _acts(acts), place, of, only, note=note.strip(), by=actor.name)
    if len(note) > _LONGEST:
        raise InputError(f"A note has at most {_LONGEST} characters.", hint="Say it in fewer words.", where="note")
    async with hub.store.transaction() as db:
        await _check_name(db, kind, name)
        before = await permissions.grants(db)
        if len(before) >= MOST_GRANTS:
            raise ConflictError(f"There are {MOST_GRANTS:,} grants already.", hint="Grant to groups, not to persons.")
        kept = await permissions.put(db, made)
        await audit.append(db, actor.name, "permission.grant", str(kept), {"id": kept.id, "note": kept.note})
        return GrantView(kept, _is_known(kept, await _known(db)))


async def revoke(hub: Hub, actor: Actor, id_: int) -> Grant:
    """Take a grant back."""
    actor.require("take grants back")
    async with hub.store.transaction() as db:
        found = await permissions.find(db, id_) if 0 < id_ < 2**31 else None
        if found is None:
            raise NotFoundError(f"There is no grant {id_}.", hint="`cauce permissions list` shows those there are.")
        await permissions.remove(db, id_)
        await audit.append(db, actor.name, "permission.revoke", str(found), {"id": id_})
    return found


def who_of(text: str) -> tuple[Who, str]:
    """Read `person:ana`, `group:sales` or `role:operator`."""
    kind, colon, name = text.strip().partition(":")
    if not colon or not name or kind not in WHO or len(name) > _LONGEST:
        raise InputError(
            f"'{text[:_LONGEST]}' says nobody.", hint="Write person:NAME, group:NAME or role:NAME.", where="who"
        )
    return next(each for each in get_args(Who) if each == kind), name.strip()


def place_of(text: str) -> tuple[Place, str]:
    """Read `*`, `namespace:sales`, `process:sales.lead-to-order` or `form:qualify-lead`."""
    kind, _, name = text.strip().partition(":")
    if kind == "*" and not name:
        return "all", "*"
    hint = "Write *, namespace:NAME, process:NAMESPACE.NAME or form:NAME."
    if kind not in PLACES or kind == "all" or len(name) > _LONGEST or not _NAME.fullmatch(name):
        raise InputError(f"'{text[:_LONGEST]}' is no place for a grant.", hint=hint, where="on")
    if kind == "process" and "." not in name:
        raise InputError(f"The process '{name}' lacks its namespace.", hint=hint, where="on")
    return next(each for each in get_args(Place) if each == kind), name


def _acts(given: Sequence[str]) -> frozenset[str]:
    wanted = frozenset(each.strip() for each in given if each.strip())
    if unknown := sorted(wanted - set(ACTS)):
        meant = did_you_mean(unknown[0], ACTS)
        hint = f"Did you mean {meant}?" if meant else f"There are {', '.join(ACTS)}."
        raise InputError(f"There is no act '{unknown[0][:_LONGEST]}'.", hint=hint, where="acts")
    if not wanted:
        raise InputError("A grant gives at least one act.", hint=f"There are {', '.join(ACTS)}.", where="acts")
    return wanted


async def _check_name(db: Db, kind: Who, name: str) -> None:
    """Refuse a person or role that does not exist; groups are what accounts and definitions call so."""
    known = [each.name for each in await users.list_all(db)] if kind == "person" else list(roles)
    if kind == "group" or name in known:
        return
    meant = did_you_mean(name, known)
    hint = f"Did you mean {meant}?" if meant else "`cauce users list` shows the accounts."
    raise InputError(f"There is no {kind} '{name}'.", hint=hint, where="who")


async def _known(db: Db) -> frozenset[tuple[str, str]]:
    rows = await definitions.latest(db)
    found = {("form", row.name) for row in rows if row.kind == "form"}
    for row in (each for each in rows if each.kind == "process"):
        found |= {("namespace", row.namespace), ("process", f"{row.namespace}.{row.name}")}
        found |= {("form", name) for name in ((row.bundle or {}).get("forms") or {})}
    return frozenset(found)


def _is_known(grant: Grant, known: frozenset[tuple[str, str]]) -> bool:
    return grant.place == "all" or (grant.place, grant.of) in known
