from datetime import UTC, datetime, timedelta

import pytest

from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.metering import Meter
from cauce.services import alerting, exposition
from cauce.services.alerting import AlertView
from cauce.services.hub import Actor, Hub
from cauce.store import alerts, events, measures
from tests.integration.services.conftest import ana, auditor, boss, publish

olga = Actor("olga", frozenset({"operator"}))
begin = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
FAILS = """
alert: fails
title: {en: Does not answer, es: No responde}
metric: error-rate
above: 50%
severity: critical
"""
SLOW = """
alert: slow
title: Slow
metric: latency
above: PT1S
group: operation
"""
CONNECTION = """
connection: erp
kind: echo
operations: {find: {calls: find, effect: read}, create: {calls: create, effect: read}}
"""


async def happened(hub: Hub, at: datetime, *operations: str, failed: bool, took_ms: float = 10.0) -> None:
    meter = Meter(clock=at.timestamp)
    for operation in operations:
        meter.note("connection", "erp", operation, "failed" if failed else "done", took_ms=took_ms)
    async with hub.store.transaction() as db:
        await measures.add(db, meter.take())


async def listed(hub: Hub) -> list[AlertView]:
    return await alerting.list_alerts(hub, auditor)


async def told(hub: Hub) -> list[tuple[str, str]]:
    async with hub.store.read() as db:
        return [(row.type, row.subject or "") for row in reversed(await events.page(db))]


async def test_a_dead_system_is_one_alert_from_its_first_failure_to_its_first_success(hub: Hub) -> None:
    await publish(hub, CONNECTION, FAILS, SLOW)
    await happened(hub, begin, "find", "create", failed=True, took_ms=5_000.0)
    assert await alerting.evaluate(hub, begin + timedelta(seconds=20)) == 1
    assert await alerting.evaluate(hub, begin + timedelta(seconds=21)) == 0  # another process has just looked
    assert await alerting.evaluate(hub, begin + timedelta(seconds=40)) == 0
    (alert,) = await listed(hub)
    assert (alert.name, alert.state, alert.severity) == ("erp", "raised", "critical")
    assert [(each["rule"], each["operation"]) for each in alert.causes] == [
        ("fails", ""),
        ("slow", "create"),
        ("slow", "find"),
    ]
    assert (
        'cauce_alert_raised{name="erp",severity="critical",subject="connection"} 1.0'
        in (await exposition.text(hub)).decode()
    )
    # Nobody calls for half an hour: that tells nothing.
    assert await alerting.evaluate(hub, begin + timedelta(minutes=30)) == 0
    later = begin + timedelta(minutes=31)
    await happened(hub, later, "find", failed=False)
    assert await alerting.evaluate(hub, later + timedelta(seconds=5)) == 1
    (alert,) = await listed(hub)
    assert [(each["rule"], each["operation"]) for each in alert.causes] == [("slow", "create")]
    assert (alert.state, alert.severity) == ("raised", "warning")
    await happened(hub, later, "create", failed=False)
    assert await alerting.evaluate(hub, later + timedelta(seconds=30)) == 1
    (alert,) = await listed(hub)
    assert (alert.state, alert.resolved_at) == ("resolved", later + timedelta(seconds=30))
    assert await told(hub) == [("dev.cauce.alert.raised.v1", "erp"), ("dev.cauce.alert.resolved.v1", "erp")]
    async with hub.store.transaction() as db:
        await alerts.forget(db, later + timedelta(days=100))
    assert await listed(hub) == []


async def test_somebody_takes_an_alert_on_with_their_name(hub: Hub) -> None:
    await publish(hub, CONNECTION, FAILS)
    await happened(hub, begin, "find", failed=True)
    await alerting.evaluate(hub, begin)
    (alert,) = await listed(hub)
    with pytest.raises(ForbiddenError):
        await alerting.acknowledge(hub, ana, alert.id)
    with pytest.raises(InputError):
        await alerting.acknowledge(hub, olga, alert.id, "x" * 501)
    with pytest.raises(NotFoundError):
        await alerting.acknowledge(hub, olga, alert.id + 1)
    taken = await alerting.acknowledge(hub, olga, alert.id, " I call them. ")
    assert (taken.acknowledged_by, taken.note) == ("olga", "I call them.")
    with pytest.raises(ConflictError, match="olga has taken on"):
        await alerting.acknowledge(hub, boss, alert.id)


async def test_what_nobody_watches_any_more_is_over(hub: Hub) -> None:
    await publish(hub, CONNECTION, FAILS)
    await happened(hub, begin, "find", failed=True)
    await alerting.evaluate(hub, begin)
    await publish(hub, FAILS.replace("metric", "connections: ['other-*']\nmetric"))
    assert await alerting.evaluate(hub, begin + timedelta(minutes=1)) == 1
    assert [each.state for each in await listed(hub)] == ["resolved"]
