"""Why somebody may do something with a process, an instance or a task, and who else may."""

from collections.abc import Mapping
from dataclasses import dataclass

from cauce.errors import NotFoundError
from cauce.permissions import ACTS, Act, Decision, Thing, decide
from cauce.services import tasks
from cauce.services.hub import Actor, Hub
from cauce.services.permissions import grants
from cauce.services.users import actors_in
from cauce.store import tasks as store_tasks
from cauce.store import users


@dataclass(frozen=True, slots=True)
class Rights:
    """What one person may do with a thing, act by act, and why; `concerned` when a task is theirs to see anyway."""

    person: str
    full_name: str
    acts: Mapping[Act, Decision]
    concerned: bool = False

    @property
    def sees(self) -> bool:
        """Whether they see it at all."""
        return self.acts["see"].allowed or (self.concerned and not self.acts["see"].closed)


async def why(hub: Hub, actor: Actor, of: str) -> Rights:
    """Return what the actor themselves may do with what `of` names; nothing is told of what they do not see."""
    found = await _rights_of(hub, actor, of, "")
    if not found.sees:
        raise _nothing(of)
    return found


async def who_may(hub: Hub, actor: Actor, of: str) -> list[Rights]:
    """Return what everybody with an active account may do with what `of` names, those who see it first."""
    actor.require("see what others may do", *grants.readers)
    await why(hub, actor, of)
    async with hub.store.read() as db:
        people = await actors_in(db)
        full_names = {row.name: row.full_name for row in await users.list_all(db)}
    found = [await _rights_of(hub, each, of, full_names.get(each.name, "")) for each in people]
    return sorted(found, key=lambda each: (not each.sees, each.person))


async def _rights_of(hub: Hub, actor: Actor, of: str, full_name: str) -> Rights:
    """Read what `of` names: a task's id, an instance's, `namespace.process`, or `form:NAME`."""
    async with hub.store.read() as db:
        row = await store_tasks.find_task(db, of)
    if row is not None:
        thing, concerned = tasks.thing_of(row), tasks.is_concerned(row, actor)
        seeing = tasks.overseers
    else:
        thing, concerned, seeing = _thing(of), False, None
    acts = {act: decide(actor, act, thing, actor.grants, seeing if act == "see" else None) for act in ACTS}
    return Rights(actor.name, full_name, acts, concerned)


def _thing(of: str) -> Thing:
    if of.startswith("form:") and len(of) > len("form:"):
        return Thing("", "", of.removeprefix("form:"))
    name = of.removeprefix("process:")
    if "." not in name.partition("/")[0]:
        raise _nothing(of)
    return Thing.of_instance(name)


def _nothing(of: str) -> NotFoundError:
    hint = "Give the id of a task or an instance, the full name of a process, or form:NAME."
    return NotFoundError(f"There is nothing called '{of[:200]}'.", hint=hint)
