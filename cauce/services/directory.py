"""What a company's directory keeps here over SCIM: people, who get accounts without a password, and their groups.

The directory owns what it made and nothing else: local accounts are neither seen nor changed. Roles come from groups,
as they do at a login with OpenID. What is deleted there is closed here: the name stays in the trail.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cauce.errors import ConflictError, InputError, NotFoundError
from cauce.services.access.leaving import let_go
from cauce.services.hub import Actor, Hub, Scope, roles
from cauce.store import audit, directory, notifications, users
from cauce.store.base import utc_now
from cauce.store.models import DirectoryGroup, DirectoryUser, User
from cauce.store.session import Db

JSON = Any
keeper: Scope = "scim"
longest_name = 100


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the directory keeps; `groups` are those of the directory, from id to name.

    Who is neither said to be active nor not stays what they are.
    """

    user_name: str
    external_id: str | None = None
    full_name: str = ""
    locale: str = "en"
    active: bool | None = True
    email: str = ""
    data: Mapping[str, JSON] = field(default_factory=dict)
    id: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def version(self) -> str:
        """What changes with it."""
        said = (self.user_name, self.external_id, self.full_name, self.locale, self.active, self.data)
        return _digest(said, self.groups)


@dataclass(frozen=True, slots=True)
class Group:
    """A group that the directory keeps; `members` are its people, from id to name."""

    name: str
    external_id: str | None = None
    members: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def version(self) -> str:
        """What changes with it."""
        return _digest((self.name, self.external_id), self.members)


async def list_people(
    hub: Hub, actor: Actor, *, user_name: str | None = None, external_id: str | None = None
) -> list[Person]:
    """Return the directory's people; only who is called that, if given."""
    _require(actor)
    async with hub.store.read() as db:
        known = {row.name: row.id for row in await directory.groups(db)}
        found = await directory.people(db, user_name=user_name, external_id=external_id)
    return [_person(row, account, known) for row, account in found]


async def find_person(hub: Hub, actor: Actor, person_id: str) -> Person:
    """Return one of the directory's people."""
    _require(actor)
    async with hub.store.read() as db:
        return _person(*await _known(db, person_id), await _group_ids(db))


async def add_person(hub: Hub, actor: Actor, given: Person) -> Person:
    """Make an account for somebody, without a password; one that OpenID made before is taken over."""
    _require(actor)
    name = _checked(given.user_name)
    person_id = str(uuid.uuid4())
    async with hub.store.transaction() as db:
        if await directory.people(db, user_name=name):
            raise _taken(name)
        if not await users.add(db, name, password_hash="", roles=(), full_name=given.full_name, locale=given.locale):
            account = await users.find(db, name)
            if account is None or account.password_hash or await directory.of_account(db, name):
                raise _taken(name)
        row = DirectoryUser(id=person_id, user=name, user_name=name, user_name_key=name.casefold())
        db.add(row)
        account = await users.find(db, name)
        if account is None:
            raise _taken(name)
        said = await _write(db, actor, row, account, given)
        await audit.append(db, actor.name, "directory.add", name, said)
    return await find_person(hub, actor, person_id)


async def change_person(
    hub: Hub, actor: Actor, person_id: str, given: Person, *, expected: str | None = None
) -> Person | None:
    """Replace what the directory says of somebody; who is not active any more is out at once.

    None when they are not of the version that is expected.
    """
    _require(actor)
    name = _checked(given.user_name)
    async with hub.store.transaction() as db:
        row, account = await _known(db, person_id, lock=True)
        if expected and _person(row, account, await _group_ids(db)).version != expected:
            return None
        if any(other.id != person_id for other, _ in await directory.people(db, user_name=name)):
            raise _taken(name)
        row.user_name, row.user_name_key = name, name.casefold()
        said = await _write(db, actor, row, account, given)
        await audit.append(db, actor.name, "directory.change", account.name, said)
    return await find_person(hub, actor, person_id)


async def remove_person(hub: Hub, actor: Actor, person_id: str) -> None:
    """Close the account of somebody whom the directory does not keep any more.

    It may nothing then, and its tokens end: should the name come back, that is no way to what it could do before.
    """
    _require(actor)
    async with hub.store.transaction() as db:
        row, account = await _known(db, person_id, lock=True)
        before = users.rights(account)
        directory.part(account, await _group_ids(db))
        account.roles, account.active = [], False
        await db.delete(row)
        for token in await users.tokens_of(db, account.name):
            await users.end_token(db, account.name, token.token_sha256)
        await let_go(db, actor.name, account.name)
        await audit.append(db, actor.name, "directory.remove", account.name, users.changed_rights(before, account))


async def list_groups(hub: Hub, actor: Actor, *, name: str | None = None) -> list[Group]:
    """Return the directory's groups; only the one of a name, if given."""
    _require(actor)
    async with hub.store.read() as db:
        members = await directory.people(db)
        return [_group(row, members) for row in await directory.groups(db, name=name)]


async def find_group(hub: Hub, actor: Actor, group_id: str) -> Group:
    """Return one of the directory's groups."""
    _require(actor)
    async with hub.store.read() as db:
        return _group(await _known_group(db, group_id), await directory.people(db))


async def add_group(hub: Hub, actor: Actor, given: Group) -> Group:
    """Make a group, with its members."""
    _require(actor)
    group_id = str(uuid.uuid4())
    async with hub.store.transaction() as db:
        await _check_group(db, given, group_id)
        row = DirectoryGroup(id=group_id, name=given.name, external_id=given.external_id)
        db.add(row)
        await _seat(hub, db, actor, row, given.members)
        await audit.append(db, actor.name, "directory.group-add", given.name, {"members": len(given.members)})
    return await find_group(hub, actor, group_id)


async def change_group(
    hub: Hub, actor: Actor, group_id: str, given: Group, *, expected: str | None = None
) -> Group | None:
    """Replace what the directory says of a group; with another name it is another group to processes.

    None when it is not of the version that is expected.
    """
    _require(actor)
    async with hub.store.transaction() as db:
        row = await _known_group(db, group_id, lock=True)
        if expected and _group(row, await directory.people(db, lock=True)).version != expected:
            return None
        await _check_group(db, given, group_id)
        before = row.name
        if given.name != before:
            await _seat(hub, db, actor, row, {})
        row.name, row.external_id, row.updated_at = given.name, given.external_id, utc_now()
        await _seat(hub, db, actor, row, given.members)
        said = {"members": len(given.members), **({"before": before} if before != given.name else {})}
        await audit.append(db, actor.name, "directory.group-change", given.name, said)
    return await find_group(hub, actor, group_id)


async def remove_group(hub: Hub, actor: Actor, group_id: str) -> None:
    """Take a group away; its members keep their accounts."""
    _require(actor)
    async with hub.store.transaction() as db:
        row = await _known_group(db, group_id, lock=True)
        await _seat(hub, db, actor, row, {})
        await db.delete(row)
        await audit.append(db, actor.name, "directory.group-remove", row.name)


async def _write(db: Db, actor: Actor, row: DirectoryUser, account: User, given: Person) -> dict[str, JSON]:
    """Write what the directory says of somebody; return what of it the trail keeps."""
    # What somebody changed of it here themselves stays until the directory says something new.
    new_address = given.email and (row.data or {}).get("emails") != given.data.get("emails")
    row.external_id, row.data, row.updated_at = given.external_id, dict(given.data), utc_now()
    before, was_active = users.rights(account), account.active
    account.full_name, account.locale = given.full_name, given.locale
    account.active = was_active if given.active is None else given.active
    await db.flush()
    if new_address:
        await notifications.choose(db, account.name, email=given.email)
    if was_active and not account.active:
        await let_go(db, actor.name, account.name)
    return {"active": account.active, **users.changed_rights(before, account)}


async def _seat(hub: Hub, db: Db, actor: Actor, row: DirectoryGroup, members: Mapping[str, str]) -> None:
    """Let exactly these people be in a group, with the roles that their groups have; the trail has each of them."""
    await db.flush()
    found = await directory.people(db, lock=True)
    if unknown := sorted(set(members) - {person.id for person, _ in found}):
        raise InputError(
            f"There is no such person: {', '.join(each[:60] for each in unknown[:3])}.", hint="Add people first."
        )
    role_of = hub.settings.scim_roles or hub.settings.openid_roles
    for person, account in found:
        if (person.id in members) == (row.name in account.groups):
            continue
        before = users.rights(account)
        move = directory.join if person.id in members else directory.part
        move(account, [row.name])
        if role_of:
            account.roles = sorted({role_of[each] for each in account.groups if each in role_of} & set(roles))
        said = {"group": row.name, **users.changed_rights(before, account)}
        await audit.append(db, actor.name, "user.change", account.name, said)
    await db.flush()


async def _check_group(db: Db, given: Group, group_id: str) -> None:
    if not given.name.strip() or len(given.name) > longest_name:
        raise InputError(f"The name of a group has 1 to {longest_name} characters.")
    if any(other.id != group_id for other in await directory.groups(db, name=given.name)):
        raise _taken(given.name)


def _checked(user_name: str) -> str:
    if not user_name or len(user_name) > longest_name or any(each.isspace() for each in user_name):
        raise InputError(f"A userName has 1 to {longest_name} characters, and no spaces.")
    return user_name


def _taken(name: str) -> ConflictError:
    return ConflictError(
        f"There is '{name[:longest_name]}' already.", hint="Local accounts stay what they are; an admin can close them."
    )


async def _known(db: Db, person_id: str, *, lock: bool = False) -> tuple[DirectoryUser, User]:
    found = await directory.person(db, person_id, lock=lock)
    if found is None:
        raise NotFoundError(f"There is no person {person_id[:60]}.")
    return found


async def _known_group(db: Db, group_id: str, *, lock: bool = False) -> DirectoryGroup:
    found = await directory.group(db, group_id, lock=lock)
    if found is None:
        raise NotFoundError(f"There is no group {group_id[:60]}.")
    return found


async def _group_ids(db: Db) -> dict[str, str]:
    return {row.name: row.id for row in await directory.groups(db)}


def _person(row: DirectoryUser, account: User, known: Mapping[str, str]) -> Person:
    return Person(
        row.user_name,
        row.external_id,
        account.full_name,
        account.locale,
        account.active,
        data=row.data,
        id=row.id,
        groups={known[each]: each for each in account.groups if each in known},
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _group(row: DirectoryGroup, people: Sequence[directory.Person]) -> Group:
    members = {person.id: person.user_name for person, account in people if row.name in account.groups}
    return Group(row.name, row.external_id, members, row.id, row.created_at, row.updated_at)


def _digest(said: tuple[JSON, ...], others: Mapping[str, str]) -> str:
    content = json.dumps([said, sorted(others)], sort_keys=True, default=str)
    return f'W/"{hashlib.sha256(content.encode()).hexdigest()[:20]}"'


def _require(actor: Actor) -> None:
    actor.require("keep people and groups over SCIM", keeper)
