"""What is published, as far as definitions may refer to it: for checking and for binding them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cauce import connection as connections
from cauce import profiles, registry
from cauce.capabilities import shipped
from cauce.services.certification import implemented
from cauce.services.hub import Hub
from cauce.store import definitions
from cauce.store.models import Definition
from schemas import Source
from workflows.checking import Known, OperationContract

JSON = Any


async def known(hub: Hub, written: Sequence[Source] = ()) -> Known:
    """Return what is published, as far as definitions may refer to it; a profile that is written goes before it."""
    async with hub.store.read() as db:
        rows = await definitions.latest(db)
        functions = {
            row.name: {each.version: each.document for each in await definitions.versions(db, "function", "", row.name)}
            for row in rows
            if row.kind == "function"
        }
        abilities = await implemented(db, [row for row in rows if row.kind == "connection"])
    return Known(
        operations=contracts(rows),
        forms=documents(rows, "form"),
        decisions=documents(rows, "decision"),
        stages=documents(rows, "stages"),
        calendars=documents(rows, "calendar"),
        clocks=documents(rows, "clock"),
        processes=frozenset(full_name(row) for row in rows if row.kind == "process"),
        kinds=frozenset(registry.kinds()),
        runs=hub.settings.allow_run,
        functions=functions,
        capabilities={**shipped(), **documents(rows, "capability")},
        settings=registry.settings_schema,
        implements={name: [each.capability for each in found] for name, found in abilities.items()},
        certified={
            name: [each.capability for each in found if each.state == "certified"] for name, found in abilities.items()
        },
        profile=profiles.chosen(hub.settings.profile, written, documents(rows, "profile")),
        syncs=documents(rows, "sync"),
        policies=documents(rows, "policy"),
        templates=documents(rows, "template"),
    )


def documents(rows: Sequence[Definition], kind: str) -> dict[str, JSON]:
    """Return the documents of one kind by name."""
    return {row.name: row.document for row in rows if row.kind == kind}


def contracts(rows: Sequence[Definition]) -> Mapping[str, OperationContract]:
    """Return the contract of each operation, as `operation@connection`."""
    return contracts_of(row.document for row in rows if row.kind == "connection")


def contracts_of(documents: Iterable[JSON]) -> Mapping[str, OperationContract]:
    """Return the contract of each operation of these connections."""
    contracts = {}
    for document in documents:
        connection = connections.parse(document)
        for operation in connection.operations.values():
            contracts[f"{operation.name}@{connection.name}"] = OperationContract(
                effect=operation.effect,
                timeout_s=operation.timeout_s,
                input=operation.input,
                output=operation.output,
                wait_s=connection.limits.wait_s,
            )
    return contracts


def full_name(row: Definition) -> str:
    """Return a name as people write it: a process with its namespace."""
    return f"{row.namespace}.{row.name}" if row.namespace else row.name
