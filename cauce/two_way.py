"""The two ways of a two-way sync, each as a sync of one way: how a side is read, and how it is written."""

from dataclasses import replace
from typing import Final

from cauce.sync import Back, Deletes, Side, Sync

OTHER: Final[dict[Side, Side]] = {"source": "target", "target": "source"}


def back_of(sync: Sync) -> Back:
    """Return the way back of a sync that has one."""
    if sync.back is None:
        message = f"{sync.name} has no way back"
        raise ValueError(message)
    return sync.back


def read_from(sync: Sync, side: Side) -> Sync:
    """Return a sync as it reads a side: its mapping gives the fields that both sides share."""
    if side == "source":
        return sync
    back = back_of(sync)
    return replace(sync, source=back.source, mapping=back.mapping)


def written_to(sync: Sync, side: Side) -> Sync:
    """Return a sync as it writes a side: its rows are the fields that were agreed on."""
    target = sync.target if side == "target" else back_of(sync).target
    mapping = f"$target as $id | ({target.arguments}\n)"
    name = sync.name if side == "target" else f"{sync.name}/back"
    return replace(sync, name=name, mapping=mapping, target=replace(target, looks_first=False))


def deletes_at(sync: Sync, side: Side) -> Deletes | None:
    """Return how rows are taken away from a side, because they are gone from the other."""
    return sync.deletes if side == "target" else back_of(sync).deletes


def connection_of(sync: Sync, side: Side) -> str:
    """Return the connection of a side."""
    return sync.source.call.connection if side == "source" else sync.target.connection
