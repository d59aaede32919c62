import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from temporalio.service import RPCError

from cauce.errors import ForbiddenError, NotFoundError
from cauce.services import definitions, instances, schedules
from cauce.services.hub import Hub
from cauce.services.instances import Filters
from cauce.services.schedules import ScheduleView
from cauce.temporal import connect
from schemas import load_yaml
from tests.integration.services.conftest import ana, boss

problem = {"type": "https://serverlessworkflow.io/spec/1.0.0/errors/runtime", "status": 500, "title": "No"}


@pytest.fixture
async def namespace(hub: Hub) -> AsyncIterator[str]:
    """Return a namespace of this test; what it schedules is forgotten afterwards, as the server lives on."""
    name = f"n{uuid4().hex[:8]}"
    yield name
    handles = [hub.temporal.get_schedule_handle(f"{name}.p/{kind}").delete for kind in ("every", "cron")]
    for end in [*handles, hub.temporal.get_workflow_handle(f"cauce-repeat/{name}.p").terminate]:
        with contextlib.suppress(RPCError):
            await end()


async def publish(
    hub: Hub,
    namespace: str,
    *,
    version: str = "1.0.0",
    zone: str = "UTC",
    steps: Sequence[object] = (),
    needs: Sequence[str] = (),
    **schedule: object,
) -> str:
    document = {
        "document": {
            "dsl": "1.0.3",
            "namespace": namespace,
            "name": "p",
            "version": version,
            "metadata": {"cauce": {"timezone": zone, "scheduleNeeds": list(needs)}},
        },
        **({"schedule": schedule} if schedule else {}),
        "do": steps or [{"say": {"set": {"version": version}}}],
    }
    await definitions.publish(hub, boss, [load_yaml(json.dumps(document), "p.yaml")])
    return f"{namespace}.p"


async def listed(hub: Hub, title: str) -> list[ScheduleView]:
    return await schedules.list_schedules(hub, boss, title)


async def ended(hub: Hub, title: str, count: int, status: str = "completed") -> tuple[instances.Summary, ...]:
    """Wait until so many instances have ended; the last to start comes first."""
    while True:
        found = (await instances.list_instances(hub, boss, Filters(definition=title, status=status))).instances
        if len(found) >= count:
            return found
        await asyncio.sleep(0.1)


async def test_published_schedule_is_told_to_temporal_once(hub: Hub, namespace: str) -> None:
    title = await publish(hub, namespace, every="PT1H")
    assert (await listed(hub, title))[0].next_at is None
    assert await schedules.reconcile(hub) == 1
    assert await schedules.reconcile(hub, thorough=True) == 0
    (view,) = await listed(hub, title)
    assert view.next_at is not None
    assert (view.kind, view.when, view.timezone, view.paused, view.problem) == ("every", "PT1H", "UTC", False, "")
    assert timedelta() < view.next_at - datetime.now(UTC) <= timedelta(hours=1)


async def test_cron_means_the_time_zone_of_the_process(hub: Hub, namespace: str) -> None:
    title = await publish(hub, namespace, zone="America/Lima", cron="30 7 * * *")
    await schedules.reconcile(hub)
    (view,) = await listed(hub, title)
    assert view.next_at is not None
    local = view.next_at.astimezone(ZoneInfo("America/Lima"))
    assert (local.hour, local.minute, view.timezone) == (7, 30, "America/Lima")


async def test_of_day_and_weekday_either_is_enough(hub: Hub, namespace: str) -> None:
    await publish(hub, namespace, cron="0 0 13 * fri")
    await schedules.reconcile(hub)
    found = await hub.temporal.get_schedule_handle(f"{namespace}.p/cron").describe()
    due = found.info.next_action_times
    assert all(each.weekday() == 4 or each.day == 13 for each in due)
    assert any(each.day == 13 for each in due)
    assert any(each.day != 13 for each in due)


async def test_moment_that_the_clock_skips_does_not_happen_that_day(hub: Hub, namespace: str) -> None:
    await publish(hub, namespace, zone="Europe/Madrid", cron="30 2 28 3,10 *")
    await schedules.reconcile(hub)
    found = await hub.temporal.get_schedule_handle(f"{namespace}.p/cron").describe()
    due = [each.astimezone(ZoneInfo("Europe/Madrid")) for each in found.info.next_action_times]
    # The last Sunday of March is the 28th when the 28th is a Sunday.
    assert [each for each in due if each.month == 3 and each.weekday() == 6] == []
    # In October there is such a night as well: its hour comes twice and counts once.
    assert len({each.date() for each in due}) == len(due)


async def test_newer_version_takes_the_schedule_over_and_may_drop_it(hub: Hub, namespace: str) -> None:
    title = await publish(hub, namespace, every="PT1H")
    await schedules.reconcile(hub)
    await publish(hub, namespace, version="1.1.0", cron="0 0 * * *")
    assert await schedules.reconcile(hub) == 2
    (view,) = await listed(hub, title)
    assert (view.kind, view.version) == ("cron", "1.1.0")
    with pytest.raises(RPCError):
        await hub.temporal.get_schedule_handle(f"{title}/every").describe()
    await publish(hub, namespace, version="1.2.0")
    await schedules.reconcile(hub)
    assert await listed(hub, title) == []
    assert await schedules.reconcile(hub) == 0


async def test_retired_version_gives_way_to_the_one_before(hub: Hub, namespace: str) -> None:
    title = await publish(hub, namespace, every="PT1H")
    await publish(hub, namespace, version="2.0.0", every="PT2H")
    await definitions.set_active(hub, boss, title, "2.0.0", active=False)
    await schedules.reconcile(hub)
    assert [view.version for view in await listed(hub, title)] == ["1.0.0"]
    await definitions.set_active(hub, boss, title, "1.0.0", active=False)
    await schedules.reconcile(hub)
    assert await listed(hub, title) == []


async def test_schedule_that_temporal_lost_is_made_again(hub: Hub, namespace: str) -> None:
    title = await publish(hub, namespace, every="PT1H")
    await schedules.reconcile(hub)
    await hub.temporal.get_schedule_handle(f"{title}/every").delete()
    assert await schedules.reconcile(hub) == 0
    assert await schedules.reconcile(hub, thorough=True) == 1
    assert (await listed(hub, title))[0].next_at is not None


async def test_replicas_may_look_after_schedules_together(hub: Hub, namespace: str) -> None:
    title = await publish(hub, namespace, every="PT1H")
    await asyncio.gather(*(schedules.reconcile(hub) for _ in range(4)))
    await publish(hub, namespace, version="1.1.0", every="PT2H")
    await asyncio.gather(*(schedules.reconcile(hub, thorough=True) for _ in range(4)))
    (view,) = await listed(hub, title)
    assert (view.version, view.when, view.problem) == ("1.1.0", "PT2H", "")
    assert await schedules.reconcile(hub, thorough=True) == 0


async def test_paused_schedule_has_no_next_time_and_stays_paused_in_new_versions(hub: Hub, namespace: str) -> None:
    title = await publish(hub, namespace, every="PT1H")
    (view,) = await schedules.pause(hub, boss, title, paused=True)
    assert (view.paused, view.next_at) == (True, None)
    await publish(hub, namespace, version="1.1.0", every="PT2H")
    await schedules.reconcile(hub)
    described = await hub.temporal.get_schedule_handle(f"{title}/every").describe()
    assert described.schedule.state.paused
    (view,) = await schedules.pause(hub, boss, title, paused=False)
    assert view.next_at is not None


async def test_only_those_who_may_pause(hub: Hub) -> None:
    with pytest.raises(ForbiddenError):
        await schedules.pause(hub, ana, "n.p", paused=True)
    with pytest.raises(NotFoundError):
        await schedules.pause(hub, boss, "n.p", paused=True)


async def test_publishing_needs_no_temporal_and_the_list_says_that_it_is_away(lonely_hub: Hub, hub: Hub) -> None:
    namespace = f"n{uuid4().hex[:8]}"
    title = await publish(lonely_hub, namespace, every="PT1H")
    assert await schedules.reconcile(lonely_hub) == 0
    (view,) = await listed(lonely_hub, title)
    assert view.problem == "Temporal does not answer."
    client = await connect(hub.settings.temporal_address, lonely_hub.store)
    back = Hub(lonely_hub.settings, lonely_hub.store, client)
    assert await schedules.reconcile(back) == 1
    (view,) = await listed(back, title)
    assert view.problem == ""
    await client.get_schedule_handle(f"{title}/every").delete()


async def test_instance_runs_the_version_of_its_schedule_and_has_the_moment_as_key(
    hub: Hub, namespace: str, worker: None
) -> None:
    del worker
    title = await publish(hub, namespace, every="PT1S")
    (found, *_) = await ended(hub, title, 1)
    assert found.key.startswith("every-20")
    detail = await instances.instance(hub, boss, found.id)
    assert (found.version, detail.output) == ("1.0.0", {"version": "1.0.0"})


async def test_after_starts_at_once_and_then_when_the_one_before_has_closed(
    hub: Hub, namespace: str, worker: None
) -> None:
    del worker
    title = await publish(hub, namespace, after="PT1S")
    await schedules.reconcile(hub)
    second, first = (await ended(hub, title, 2))[-2:]
    assert first.key.startswith("after-20")
    assert first.closed_at is not None
    assert second.started_at - first.closed_at >= timedelta(seconds=1)
    every = (await instances.list_instances(hub, boss, Filters(status="open"))).instances
    assert [each.id for each in every if each.id.startswith("cauce-repeat")] == []


async def test_after_goes_on_after_a_fault_and_with_the_latest_version(hub: Hub, namespace: str, worker: None) -> None:
    del worker
    title = await publish(hub, namespace, steps=[{"fail": {"raise": {"error": problem}}}], after="PT1S")
    await schedules.reconcile(hub)
    await ended(hub, title, 1, "faulted")
    await publish(hub, namespace, version="1.1.0", after="P1D")
    await asyncio.gather(*(schedules.reconcile(hub, thorough=True) for _ in range(3)))
    left = timedelta()
    while left < timedelta(hours=1):
        await asyncio.sleep(0.1)
        next_at = (await listed(hub, title))[0].next_at
        left = next_at - datetime.now(UTC) if next_at else timedelta()
    assert timedelta(hours=23) < left <= timedelta(days=1)
    await publish(hub, namespace, version="1.2.0", after="PT1S")
    await schedules.reconcile(hub)
    assert (await ended(hub, title, 1))[0].version == "1.2.0"


async def test_paused_repetition_starts_nothing_and_one_that_is_not_wanted_ends(
    hub: Hub, namespace: str, worker: None
) -> None:
    del worker
    title = await publish(hub, namespace, after="PT1S")
    await schedules.pause(hub, boss, title, paused=True)
    assert (await listed(hub, title))[0].next_at is None
    await asyncio.sleep(1.5)
    assert (await instances.list_instances(hub, boss, Filters(definition=title))).instances == ()
    await schedules.pause(hub, boss, title, paused=False)
    await ended(hub, title, 1)
    await publish(hub, namespace, version="2.0.0")
    await schedules.reconcile(hub)
    assert await hub.temporal.get_workflow_handle(f"cauce-repeat/{title}").result() is None
    assert await schedules.reconcile(hub, thorough=True) == 0


async def test_repetition_that_was_terminated_is_started_again(hub: Hub, namespace: str) -> None:
    title = await publish(hub, namespace, after="PT1H")
    await schedules.reconcile(hub)
    await hub.temporal.get_workflow_handle(f"cauce-repeat/{title}").terminate()
    assert await schedules.reconcile(hub) == 0
    assert await schedules.reconcile(hub, thorough=True) == 1
    assert await schedules.reconcile(hub, thorough=True) == 0


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_what_needs_a_connection_rests_until_that_is_set_up(
    hub: Hub, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    title = await publish(hub, namespace, every="PT1H", needs=["post"])

    async def looked(*, serves: bool = True) -> tuple[str, bool, bool]:
        await schedules.reconcile(hub, serves=lambda _: serves)
        (one,) = await listed(hub, title)
        known = await hub.temporal.get_schedule_handle(f"{title}/every").describe()
        return one.problem, one.next_at is None, known.schedule.state.paused

    assert await looked(serves=False) == ("", False, False)
    assert await looked() == ("There is no connection 'post'.", True, True)
    text = "connection: post\nkind: echo\nsettings: {greeting: {setting: post-word}}\n"
    text += "operations: {say: {calls: say, effect: read}}"
    await definitions.publish(hub, boss, [load_yaml(text, "post.yaml")])
    waits = "The connection 'post' is not set up: There is no setting 'post-word'."
    assert await looked() == (waits, True, True)
    # Who does not make its calls, as an API, leaves it as it is.
    assert await looked(serves=False) == (waits, True, True)
    monkeypatch.setitem(hub.resolver.environment, "CAUCE_SETTING_POST_WORD", "hello")
    assert await looked() == ("", False, False)
