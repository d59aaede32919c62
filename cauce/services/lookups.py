"""Asks connections for what stands in and beside forms: quickly or not at all, and then with what was known last."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from activities.connections import Connections
from cauce import profiles
from cauce.depth import check_depth
from cauce.errors import BusinessError, CauceError, NotFoundError, PermanentError, TransientError
from cauce.expressions import compile_expression, compile_template
from cauce.form_rules import BUDGET
from cauce.services.hub import Hub
from cauce.store import definitions, lookups
from cauce.store.base import utc_now
from schemas import validate_data

JSON = Any
_FRESH: Final = timedelta(seconds=20)
_WAIT_S: Final = 4.0
_PATIENCE_S: Final = 1.0
_LARGEST: Final = 200_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up gave: `problem` says why it is not what the system says now, and `at` since when it is known."""

    answer: JSON = None
    at: datetime | None = None
    problem: str = ""


async def ask(hub: Hub, call: str, params: JSON) -> Found:
    """Ask `operation@connection`; what it said last comes back when it does not answer within a few seconds."""
    key = lookups.key_of(call, params)
    async with hub.store.read() as db:
        row = await lookups.last(db, key)
    if row is not None and utc_now() - row.at < _FRESH:
        return Found(row.answer, row.at)
    try:
        async with asyncio.timeout(_WAIT_S):
            answer = await _asked(hub, call, params)
    except (CauceError, TimeoutError) as error:
        # The words of a system that is down are for who runs it; what it refuses concerns who asks.
        problem = error.problem if isinstance(error, BusinessError | NotFoundError) else "It is not available now."
        return Found(problem=problem) if row is None else Found(row.answer, row.at, problem)
    async with hub.store.transaction() as db:
        await lookups.keep(db, key, call, answer)
    return Found(answer, utc_now())


def params_of(given: JSON, data: JSON, variables: Mapping[str, JSON]) -> JSON:
    """Return the arguments of a look-up; None when they cannot be made from what is there so far."""
    try:
        return compile_template(given or {}, tuple(variables)).render(data, variables, BUDGET)
    except CauceError:
        return None


async def _asked(hub: Hub, call: str, params: JSON) -> JSON:
    name, _, logical = call.partition("@")
    connection = await _bound(hub, logical)
    async with _connections(hub) as connections:
        opened = await connections.open(connection)
        operation = opened.connection.operation(name)
        if operation.effect != "read":
            raise PermanentError(f"{call} is a write; looking something up must not change anything.")
        if operation.input is not None:
            validate_data(operation.input, params, where=call)
        request = compile_expression(operation.request).first(params)
        raw = await opened.call(operation, params, request, patience_s=_PATIENCE_S)
        answer = compile_expression(operation.response).first(raw)
    check_depth(answer, call)
    if len(json.dumps(answer, default=str)) > _LARGEST:
        raise TransientError(f"{call} answers with too much to be shown.")
    return answer


async def _bound(hub: Hub, logical: str) -> str:
    """Return the connection that stands behind a name here."""
    if not hub.settings.profile:
        return logical
    async with hub.store.read() as db:
        published = {row.name: row.document for row in await definitions.latest(db, "profile")}
    binding = (profiles.chosen(hub.settings.profile, published=published) or {}).get("connections", {}).get(logical, {})
    if "absent" in binding:
        raise NotFoundError(f"There is no {logical} here.")
    return str(binding.get("connection", logical))


@asynccontextmanager
async def _connections(hub: Hub) -> AsyncIterator[Connections]:
    if hub.connections is not None:
        yield hub.connections
        return
    connections = Connections(hub.store, hub.resolver)
    try:
        yield connections
    finally:
        await connections.close()
