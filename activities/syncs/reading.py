"""Reads the next rows of a source, and says from where to go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from activities.connections import Opened
from activities.syncs.calls import carry_out
from cauce.errors import AmbiguousError, PermanentError, TransientError
from cauce.expressions import compile_expression
from cauce.sync import SOURCE_VARIABLES, Feed

JSON = Any


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, the place behind them, and whether there are no more."""

    rows: Sequence[JSON]
    after: JSON
    last: bool


async def read_page(opened: Opened, feed: Feed, after: JSON, limit: int) -> Page:
    """Read the rows behind a place."""
    arguments = compile_expression(feed.arguments, variables=SOURCE_VARIABLES)
    params = arguments.first(None, {"after": after, "limit": limit})
    operation = opened.connection.operation(feed.call.operation)
    try:
        answer = await carry_out(opened, operation, params)
    except AmbiguousError as error:
        # Nothing is changed by reading twice.
        raise TransientError(error.problem, hint=error.hint, remote_code=error.remote_code) from error
    rows = compile_expression(feed.rows).first(answer, {})
    if not isinstance(rows, list):
        raise PermanentError(
            f"{feed.call} did not answer with a list of rows.", hint="Say with `rows` where in its answer they are."
        )
    if len(rows) > limit:
        raise PermanentError(
            f"{feed.call} gave {len(rows):,} rows when it was asked for {limit:,}.",
            hint="Let it use `$limit`, or raise `batch`.",
        )
    following = _following(feed, rows, answer)
    # A log that has nothing new names no place, or the one that it was asked for.
    at_end = not rows or following in (None, after)
    last = at_end if feed.cursor.by == "position" else len(rows) < limit
    if not last and following == after:
        raise PermanentError(
            f"{feed.call} gave the same rows again.", hint="It has to read the rows behind `$after`, in their order."
        )
    return Page(rows, after if following is None else following, last)


def beginning(feed: Feed, cursor: JSON) -> JSON:
    """Return where a run begins that goes on from a cursor: some time before it, where that is a time."""
    if feed.cursor.by != "time" or cursor is None or not feed.cursor.overlap_s:
        return cursor
    return {"value": _earlier(cursor["value"], feed.cursor.overlap_s), "key": ""}


def _following(feed: Feed, rows: Sequence[JSON], answer: JSON) -> JSON:
    if feed.cursor.by == "position":
        return compile_expression(feed.cursor.value).first(answer, {})
    if not rows:
        return None
    key = compile_expression(feed.key).first(rows[-1], {})
    if feed.cursor.by == "hash":
        return key
    value = compile_expression(feed.cursor.value).first(rows[-1], {})
    if value is None:
        raise PermanentError(
            f"A row of {feed.call} has no {feed.cursor.by} to go on from.",
            hint=f"`cursor.value` is {feed.cursor.value}; leave rows without it out, or read by hash.",
        )
    return value if feed.cursor.by == "id" else {"value": value, "key": key}


def _earlier(value: JSON, seconds: float) -> JSON:
    """Return a time some seconds earlier, written as it was."""
    if isinstance(value, int | float):
        return value - seconds
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise PermanentError(
            "The time of a row is neither a number of seconds nor written as ISO 8601.",
            hint="Let the operation's `response` write it so, or set `overlap: PT0S`.",
        ) from None
    earlier = (moment - timedelta(seconds=seconds)).isoformat(sep=value[10] if len(value) > len("2026-01-01") else "T")
    return earlier.replace("+00:00", "Z") if value.endswith("Z") else earlier
