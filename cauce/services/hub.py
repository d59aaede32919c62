"""What every use case needs: the open hub, and who is asking."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, get_args

from temporalio.client import Client

from activities.connections import Connections
from cauce.absence import Share
from cauce.contract import TASK_QUEUE
from cauce.errors import ForbiddenError
from cauce.permissions import Act, Decision, Grant, Sight, Thing, decide, may_anywhere
from cauce.secrets import Resolver
from cauce.settings import Settings
from cauce.store.session import Store
from cauce.temporal import connect

Role = Literal["designer", "integrator", "manager", "staff", "operator", "auditor", "admin"]
roles: tuple[Role, ...] = get_args(Role)
# What a token can be limited to: roles, and what is no role of people.
Scope = Literal[Role, "scim"]
scopes: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a person or program with roles (what they may do) and groups (whose tasks they share).

    `stands_in` is what they hold today for people who are away. `grants` are all that this installation knows, also
    those of others: what is granted to others only is closed. Who is `limited` has by grants no more than by roles.
    """

    name: str
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    locale: str = "en"
    stands_in: tuple[Share, ...] = ()
    grants: tuple[Grant, ...] = field(default=(), repr=False)
    limited: bool = False

    def holds(self, person: str | None, group: str | None, form: str) -> bool:
        """Tell whether they hold somebody's task of a group, with a form, because that person is away."""
        return any(
            share.holds(person, group, form) and (not share.of_group or group in self.groups)
            for share in self.stands_in
        )

    @property
    def sight(self) -> Sight:
        """What leaves out of lists what is closed to them."""
        return Sight(self, self.grants)

    def may(self, *wanted: Scope) -> bool:
        """Return whether the actor has one of the roles; an admin has them all."""
        return "admin" in self.roles or not self.roles.isdisjoint(wanted)

    def require(self, what: str, *wanted: Scope) -> None:
        """Raise ForbiddenError unless the actor has one of the roles; `what` completes "may not …"."""
        if not self.may(*wanted):
            raise ForbiddenError(
                f"'{self.name}' may not {what}.",
                hint=f"It takes one of the roles {', '.join([*wanted, 'admin'])}; an admin gives them.",
            )

    def decide(self, act: Act, thing: Thing, *wanted: Role) -> Decision:
        """Return whether the actor may do something to a thing, and why; `wanted` are the roles that give it."""
        return decide(self, act, thing, self.grants, wanted or None)

    def require_on(self, what: str, act: Act, thing: Thing, *wanted: Role) -> None:
        """Raise ForbiddenError unless the actor may do something to a thing that they see."""
        decision = self.decide(act, thing, *wanted)
        if decision.closed:
            hint = "A grant closes this to all but those whom it names; ask an admin."
            raise ForbiddenError(f"'{self.name}' may not {what}.", hint=hint)
        if not decision.allowed:
            self.require(what, *wanted)

    def require_somewhere(self, what: str, act: Act, *wanted: Role) -> None:
        """Raise ForbiddenError unless the actor may do something at least to some things."""
        if not may_anywhere(self, act, self.grants, wanted):
            self.require(what, *wanted)


@dataclass(frozen=True, slots=True)
class Hub:
    """Everything a use case works with; one object serves a whole process.

    `connections` are those that are held open for look-ups, where many are made.
    """

    settings: Settings
    store: Store
    temporal: Client
    task_queue: str = TASK_QUEUE
    connections: Connections | None = None

    @property
    def resolver(self) -> Resolver:
        """What resolves the secrets and settings that definitions refer to."""
        return _resolver(self.settings)


@asynccontextmanager
async def open_hub(settings: Settings) -> AsyncIterator[Hub]:
    """Open a hub; Temporal is connected to at first use, so that the inbox works while it is down."""
    async with Store(settings.store_url) as store:
        client = await connect(
            settings.temporal_address,
            store,
            namespace=settings.temporal_namespace,
            limit_bytes=settings.max_payload_bytes,
            lazy=True,
        )
        connections = Connections(store, _resolver(settings))
        try:
            yield Hub(settings, store, client, connections=connections)
        finally:
            await connections.close()


def _resolver(settings: Settings) -> Resolver:
    return Resolver(settings.secrets_dir, settings.data_dir / "settings.json")
