"""From rows of the source to what is to be written: keys, mapping, and the digest that tells a change."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from activities.syncs.columns import Columns, shaped
from cauce.errors import CauceError, ExpressionError, InputError
from cauce.expressions import Expression, compile_expression
from cauce.sync import MAPPING_VARIABLES, Sync

JSON = Any
_no_target: Final[Mapping[str, JSON]] = {"target": None}


class Row(NamedTuple):
    """A row of the source that is wanted in the target, or cannot be mapped (`error`)."""

    key: str
    source: JSON
    mapped: JSON
    digest: str
    error: CauceError | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of a batch, one for each key, how many were read, and the shape of the source."""

    rows: Mapping[str, Row]
    read: int
    columns: Columns


def prepare(sync: Sync, given: Sequence[JSON], known: Columns | None) -> Batch:
    """Map a batch of rows; of two with the same key the later one counts."""
    objects = [each if isinstance(each, Mapping) else {"value": each} for each in given]
    shape = shaped(objects, known, sync.columns)
    key = compile_expression(sync.source.key)
    mapping = compile_expression(sync.mapping, variables=MAPPING_VARIABLES)
    rows: dict[str, Row] = {}
    for source, fitting in zip(given, shape.rows, strict=True):
        row = _refused(key, source, fitting) if isinstance(fitting, InputError) else _row(key, mapping, source, fitting)
        rows.pop(row.key, None)
        rows[row.key] = row
    return Batch(rows, len(given), shape.columns)


def mapped_for(sync: Sync, row: Row, target: str) -> JSON:
    """Return a row as the target takes it that knows it under an id."""
    mapping = compile_expression(sync.mapping, variables=MAPPING_VARIABLES)
    if not target or "target" not in mapping.reads.variables:
        return row.mapped
    return mapping.first(row.source, {"target": target})


def key_of(sync: Sync, source: JSON) -> str:
    """Return what tells a row from all others.

    Raises:
        InputError: The row has no such thing.
    """
    return _key(compile_expression(sync.source.key), source)


def digest_of(value: JSON) -> str:
    """Return what tells one value from another."""
    try:
        content = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # a number of more than 64 bits, or half a letter
        content = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(content).hexdigest()


def _row(key_of_row: Expression, mapping: Expression, source: JSON, fitting: JSON) -> Row:
    try:
        key = _key(key_of_row, source)
    except (ExpressionError, InputError) as error:
        return _keyless(source, error)
    try:
        mapped = mapping.first(fitting, _no_target)
    except ExpressionError as error:
        return Row(key, source, None, "", error)
    return Row(key, fitting, mapped, "" if mapped is None else digest_of(mapped))


def _refused(key_of_row: Expression, source: JSON, error: InputError) -> Row:
    try:
        return Row(_key(key_of_row, source), source, None, "", error)
    except (ExpressionError, InputError):
        return _keyless(source, error)


def _key(expression: Expression, source: JSON) -> str:
    value = expression.first(source)
    if type(value) is int:
        return str(value)
    if value in (None, "") or isinstance(value, Mapping | list):
        raise InputError("The row has no key.", hint=f"The key of the sync is {expression.text}.")
    return value if isinstance(value, str) else json.dumps(value)


def _keyless(source: JSON, error: CauceError) -> Row:
    """Return a row that nobody can tell from others, under its content."""
    return Row(f"without-key:{digest_of(source)[:16]}", source, None, "", error)
