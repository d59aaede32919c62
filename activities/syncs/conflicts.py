"""What both sides have changed: decided by a rule, or by a person in the inbox who sees both sides and the ancestor."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from activities.syncs.merging import Decide, Fields, Plan, equal
from cauce.contract import HumanTask, sync_id
from cauce.store import tasks
from cauce.store.models import PairedRow
from cauce.store.session import Db
from cauce.sync import SIDES, Gone, Side, Sync
from cauce.two_way import OTHER, connection_of

JSON = Any
form_name: Final = "sync-conflict"
_LONGEST_VALUE: Final = 200
_EMPTY: Final = {"en": "(nothing)", "es": "(nada)"}


def decider(sync: Sync, line: PairedRow, rows: Mapping[Side, Fields | None]) -> Decide:
    """Return what decides about fields that both sides have changed: the sync's rules, and what a person answered."""

    def decide(name: str) -> Side | None:
        rule = sync.conflicts.rule(name)
        if rule in SIDES:
            return rule
        if rule == "newest":
            newest = _newest(line.source_at, line.target_at)
            if newest is not None:
                return newest
        return _answered(line.decision, name, rows)

    return decide


def gone_rule(sync: Sync, line: PairedRow, rows: Mapping[Side, Fields | None]) -> Gone:
    """Return what becomes of a row that one side has deleted and the other changed."""
    answer, shown = (line.decision or {}).get("answer", {}), (line.decision or {}).get("shown", {})
    if sync.conflicts.gone == "person" and "row" in shown and equal(shown["row"], rows["source"] or rows["target"]):
        return "keep" if answer.get("row") == "keep" else "delete"
    return sync.conflicts.gone


async def ask(db: Db, sync: Sync, line: PairedRow, plan: Plan, version: str) -> str:
    """Put the question into the inbox, or bring the one that is there up to date; return which it is."""
    known = await tasks.find_task(db, line.task) if line.task else None
    if known is not None and known.closed_at is None:
        if equal(known.data, _data(line, plan)):
            return known.id
        if known.claimed_by is not None:
            # Who has it open would answer another question than the one that they see.
            await tasks.close(db, known.id, "cancelled")
            known = None
    else:
        known = None
    task_id = known.id if known is not None else str(uuid4())
    await tasks.add_task(db, _task(task_id, sync, line, plan, version))
    return task_id


async def withdraw(db: Db, line: PairedRow) -> None:
    """Take the question out of the inbox, for it is answered or there is no conflict any more."""
    if line.task is not None:
        await tasks.close(db, line.task, "cancelled")
        line.task = None


def _task(task_id: str, sync: Sync, line: PairedRow, plan: Plan, version: str) -> HumanTask:
    key = line.match or line.source_id or line.target_id or ""
    title = {"en": f"Which one is right? {key}", "es": f"¿Cuál vale? {key}"}
    schema = _choice_of_row(sync, plan) if plan.doubt else _choice_of_fields(sync, plan)
    form = {
        "form": form_name,
        "title": title,
        "schema": schema,
        "ui": {"widgets": dict.fromkeys(schema["properties"], "radio"), "order": schema["required"]},
        "context": _context(plan, line),
    }
    return HumanTask(
        id=task_id,
        instance=sync_id(sync.name),
        definition=sync.name,
        version=version,
        name="decide",
        reference=str(line.id),
        form=form_name,
        title=title,
        form_document=form,
        data=_data(line, plan),
        group=sync.conflicts.group,
        user=sync.conflicts.user,
        priority=sync.conflicts.priority,
        business_key=key,
    )


def _data(line: PairedRow, plan: Plan) -> JSON:
    """Return what somebody decides about: both sides of each field and the ancestor, or the row that is left."""
    ids = {"source": line.source_id, "target": line.target_id}
    if plan.doubt:
        return {"ids": ids, "row": plan.source or plan.target, "agreed": line.agreed}
    here, there, agreed = plan.source or {}, plan.target or {}, plan.agreed or {}
    fields = {
        name: {"source": here.get(name), "target": there.get(name), "agreed": agreed.get(name)}
        for name in plan.conflicts
    }
    return {"ids": ids, "fields": fields}


def _choice_of_fields(sync: Sync, plan: Plan) -> dict[str, JSON]:
    properties = {
        name: {
            "title": name,
            "oneOf": [
                {"const": side, "title": _told(connection_of(sync, side), (plan.side(side) or {}).get(name))}
                for side in SIDES
            ],
        }
        for name in plan.conflicts
    }
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def _choice_of_row(sync: Sync, plan: Plan) -> dict[str, JSON]:
    without: Side = "source" if plan.source is None else "target"
    lost, kept = connection_of(sync, without), connection_of(sync, OTHER[without])
    keep = {"en": f"Keep it, as {kept} has changed it", "es": f"Conservarla, como la ha cambiado {kept}"}
    away = {"en": f"Delete it, as {lost} did", "es": f"Borrarla, como hizo {lost}"}
    options = [{"const": "keep", "title": keep}, {"const": "delete", "title": away}]
    title = {"en": "The row", "es": "La fila"}
    properties = {"row": {"title": title, "oneOf": options}}
    return {"type": "object", "required": ["row"], "additionalProperties": False, "properties": properties}


def _context(plan: Plan, line: PairedRow) -> list[JSON]:
    """Return what is shown beside the question: the ids, and what was agreed on."""
    ids = {"title": {"en": "Row", "es": "Fila"}, "value": '[.ids[] | select(. != null)] | join(" = ")'}
    if plan.doubt:
        shown = [*(plan.source or plan.target or {})]
        there = [{"title": name, "value": f".row[{json.dumps(name)}]"} for name in shown]
        was = [
            {"title": {"en": f"{name}, before", "es": f"{name}, antes"}, "value": f".agreed[{json.dumps(name)}]"}
            for name in shown
            if not equal((plan.source or plan.target or {}).get(name), (line.agreed or {}).get(name))
        ]
        return [ids, *there, *was]
    before = [
        {
            "title": {"en": f"{name}, before", "es": f"{name}, antes"},
            "value": f".fields[{json.dumps(name)}].agreed",
        }
        for name in plan.conflicts
    ]
    return [ids, *before]


def _told(system: str, value: JSON) -> JSON:
    """Return in words what a system has."""
    if value in (None, ""):
        return {language: f"{system}: {nothing}" for language, nothing in _EMPTY.items()}
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{system}: {text[:_LONGEST_VALUE]}"


def _answered(decision: JSON, name: str, rows: Mapping[Side, Fields | None]) -> Side | None:
    """Return what a person answered about a field, if both sides still have what that person saw."""
    shown = ((decision or {}).get("shown") or {}).get("fields", {}).get(name)
    answer = ((decision or {}).get("answer") or {}).get(name)
    if shown is None or answer not in SIDES:
        return None
    same = all(equal(shown[side], (rows[side] or {}).get(name)) for side in SIDES)
    return answer if same else None


def _newest(source: JSON, target: JSON) -> Side | None:
    """Return which side was changed last; None when that cannot be told."""
    one, other = _moment(source), _moment(target)
    if one is None or other is None or one == other:
        return None
    return "source" if one > other else "target"


def _moment(value: JSON) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
