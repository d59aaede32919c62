"""Where a run of a sync begins, by where the last one ended."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from activities.syncs.reading import beginning
from cauce.store.base import utc_now
from cauce.store.models import SyncState
from cauce.sync import SIDES, Feed, Sync
from cauce.two_way import read_from

JSON = Any


def start_of(sync: Sync, state: SyncState, *, full: bool) -> tuple[str, JSON]:
    """Return whether a run reads everything, and its first place."""
    if sync.back is not None:
        return _start_of_both(sync, state, full=full)
    whole = _reads_all(sync.source, state, state.cursor, asked=full)
    place = {"phase": "rows", "after": None if whole else beginning(sync.source, state.cursor)}
    return "full" if whole else "incremental", place


def _start_of_both(sync: Sync, state: SyncState, *, full: bool) -> tuple[str, JSON]:
    """Return the same for both sides, of which each has a cursor of its own."""
    cursors = state.cursor if isinstance(state.cursor, Mapping) else {}
    feeds = {side: read_from(sync, side).source for side in SIDES}
    whole = [side for side in SIDES if _reads_all(feeds[side], state, cursors.get(side), asked=full)]
    starts = {side: None if side in whole else beginning(feeds[side], cursors.get(side)) for side in SIDES}
    place = {"phase": "source", "after": starts["source"], "starts": starts, "whole": whole}
    return "full" if len(whole) == len(SIDES) else "incremental", place


def _reads_all(feed: Feed, state: SyncState, cursor: JSON, *, asked: bool) -> bool:
    since = None if state.full_at is None else utc_now() - state.full_at
    due = feed.full_s is not None and (since is None or since >= timedelta(seconds=feed.full_s))
    return asked or due or feed.cursor.by == "hash" or cursor is None
