"""`cauce connections`: looks at connections and says in one sentence what is wrong with one."""

import asyncio
from typing import Annotated, Any

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.connector import Probe
from cauce.errors import PermanentError
from cauce.services import connections, inbound, limits, monitor, sinks
from cauce.services.connection_detail import ConnectionDetail, detail
from cauce.services.hub import Actor, Hub

app = typer.Typer(no_args_is_help=True)
_words = {"certified": "certified", "failed": "failed", "outdated": "changed since", "never": "not certified"}


@app.command("list")
def list_(*, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """List the published connections and their operations."""
    found = session.run(connections.list_connections, data_dir=data_dir)
    if as_json:
        output.document({"connections": found})
        return
    rows = [
        (
            one.name,
            one.kind,
            one.version,
            circuit(one.limits),
            ", ".join(f"{each.name} ({each.effect})" for each in one.operations),
            ", ".join(f"{each.capability} ({_words[each.state]})" for each in one.implements),
        )
        for one in found
    ]
    head = ("name", "kind", "version", "circuit", "operations", "capabilities")
    output.table("Connections", head, rows, empty="No connection is published.")


@app.command("show")
def show(name: str, *, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Show how a connection stands with its limits: circuit, places, repetitions, and who serves its queue."""

    async def work(hub: Hub, actor: Actor) -> tuple[ConnectionDetail, int | None]:
        return await detail(hub, actor, name), await limits.serving(hub, name)

    found, serving = session.run(work, data_dir=data_dir)
    one = found.view.limits
    if as_json:
        output.document({"connection": found.view, "serving": serving})
        return
    rows = [
        ("circuit", circuit(one)),
        ("last problem", one.problem),
        ("calls at a time", f"{one.places} of {one.concurrency} held by {one.workers} workers"),
        ("rate", "no limit" if one.rate_per_s is None else f"{one.rate_per_s:g}/s"),
        ("lately", f"{one.calls} calls, {one.retries} of them repetitions"),
        ("workers that serve its queue", "Temporal does not say" if serving is None else str(serving)),
    ]
    output.table(name, ("", ""), rows, empty="")


@app.command("test")
def probe(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="The connections; all otherwise.")] = None,
    *,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Test connections stage by stage, without writing anything; the exit code is 1 when one does not work."""

    async def work(hub: Hub, actor: Actor) -> dict[str, list[Probe]]:
        wanted = names or [one.name for one in await connections.list_connections(hub, actor)]
        found = await asyncio.gather(*(connections.test(hub, actor, name) for name in wanted))
        return dict(zip(wanted, found, strict=True))

    tested = session.run(work, data_dir=data_dir)
    if as_json:
        output.document({"connections": [_as_data(name, probes) for name, probes in tested.items()]})
    else:
        rows = [
            (name, probe.stage, "ok" if probe.ok else "NO", f"{probe.milliseconds:.0f} ms", probe.sentence)
            for name, probes in tested.items()
            for probe in probes
        ]
        output.table("Connections", ("name", "stage", "", "took", ""), rows, empty="No connection is published.")
    if not all(probe.ok for probes in tested.values() for probe in probes):
        raise typer.Exit(PermanentError.exit_code)


@app.command("events")
def events(*, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Show which connections events are sent to, how many wait, what keeps them, and what was refused."""
    found = session.run(sinks.list_sinks, data_dir=data_dir)
    if as_json:
        output.document({"connections": found})
        return
    rows = [
        (one.connection, ", ".join(one.types), str(one.waiting), str(one.refused), one.problem or _last(one))
        for one in found
    ]
    head = ("connection", "types", "waiting", "refused", "")
    output.table("Events going out", head, rows, empty="No connection takes events.")


@app.command("received")
def received(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The connection; all otherwise.")] = None,
    *,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Show under which addresses systems outside send to connections, and what came lately."""

    async def work(hub: Hub, actor: Actor) -> list[inbound.ReceiverView]:
        return await inbound.list_receivers(hub, actor, name)

    found = session.run(work, data_dir=data_dir)
    if as_json:
        output.document({"connections": found})
        return
    rows = [(one.connection, one.kind, one.address, ", ".join(one.receives)) for one in found]
    head = ("connection", "kind", "address", "receives")
    output.table("Receiving", head, rows, empty="No connection receives anything.")
    came = [
        (one.connection, f"{each.last_at:%Y-%m-%d %H:%M:%S}", each.state, str(each.count), each.id, _became(each))
        for one in found
        for each in one.lately
    ]
    output.table("Deliveries", ("connection", "last", "", "times", "id", ""), came, empty="Nothing has come yet.")


def _became(one: inbound.DeliveryView) -> str:
    return one.problem or one.instance or (f"event {one.event}" if one.event is not None else "")


def circuit(one: limits.LimitsView) -> str:
    """Say in words what happens to calls."""
    match one.circuit:
        case "closed":
            return f"closed, {one.failures} failed last" if one.failures else "closed"
        case "open":
            return f"open until {one.open_until:%H:%M:%S} UTC, {one.failures} failed"
        case "half-open":
            return f"to be tried, {one.failures} failed"


def _last(one: sinks.SinkView) -> str:
    return f"refused: {one.lately[0].problem}" if one.lately else ""


def _as_data(name: str, probes: list[Probe]) -> dict[str, Any]:
    failed = next((probe.sentence for probe in probes if not probe.ok), None)
    return {"name": name, "ok": failed is None, "problem": failed, "probes": probes}


@app.command("stats")
def stats(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The connection; all otherwise.")] = None,
    *,
    window: Annotated[str, typer.Option(metavar="15m|1h|24h|7d", help="Up to now, how much is added up.")] = "1h",
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Show throughput, errors, refusals, durations, waiting and the last success of every operation, and of syncs."""

    async def work(hub: Hub, actor: Actor) -> list[monitor.Line]:
        return await monitor.lines(hub, actor, window, name)

    found = session.run(work, data_dir=data_dir)
    if as_json:
        output.document({"figures": found})
        return
    rows = [
        (
            f"{one.operation}@{one.name}" if one.operation else one.name,
            one.calls,
            f"{one.per_minute:.1f}/min",
            _share(one.error_rate),
            _share(one.reject_rate),
            _milliseconds(one.p50_ms),
            _milliseconds(one.p95_ms),
            _milliseconds(one.lag_ms if one.calls else None),
            one.done_at.isoformat(timespec="seconds") if one.done_at else "never",
        )
        for one in found
    ]
    head = ("operation", "calls", "items", "errors", "refused", "median", "95 %", "waited", "last success")
    output.table(f"The last {window}", head, rows, empty="No connection is published, and none was called.")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} ms"
