"""Figures in the text format of Prometheus: the store's, so that it does not matter which process is asked."""

from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from cauce.figures import BOUNDS, Figures
from cauce.services.hub import Hub
from cauce.store import alerts, measures
from cauce.store.models import Alert, Measure

media_type: Final = CONTENT_TYPE_PLAIN_0_0_4
_LABELS: Final = ("subject", "name", "operation")


async def text(hub: Hub) -> bytes:
    """Return all figures since they began, and the alerts that are raised."""
    async with hub.store.read() as db:
        totals = await measures.figures(db, "total")
        raised = await alerts.raised(db)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(totals, raised))
    return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, totals: Sequence[tuple[Measure, Figures]], raised: Sequence[Alert]) -> None:
        self.totals = totals
        self.raised = raised

    def collect(self) -> Iterator[Metric]:
        """Give out the metrics."""
        yield from (self._counter(name, about) for name, about in _COUNTERS.items())
        yield self._durations()
        done = GaugeMetricFamily(
            "cauce_last_success_timestamp_seconds", "When something last came through.", labels=_LABELS
        )
        for row, figures in self.totals:
            if figures.done_at is not None:
                done.add_metric((row.subject, row.name, row.operation), figures.done_at.timestamp())
        yield done
        alerting = GaugeMetricFamily(
            "cauce_alert_raised", "1 while an alert is raised.", labels=("subject", "name", "severity")
        )
        for alert in self.raised:
            alerting.add_metric((alert.subject, alert.name, alert.severity), 1)
        yield alerting

    def _counter(self, name: str, about: str) -> Metric:
        counter = CounterMetricFamily(f"cauce_{name}", about, labels=_LABELS)
        for row, figures in self.totals:
            counter.add_metric((row.subject, row.name, row.operation), getattr(figures, name))
        return counter

    def _durations(self) -> Metric:
        histogram = HistogramMetricFamily("cauce_call_duration_seconds", "How long calls took.", labels=_LABELS)
        for row, figures in self.totals:
            passed, buckets = 0, []
            for bound, count in zip((*BOUNDS, None), figures.timed, strict=True):
                passed += count
                buckets.append(("+Inf" if bound is None else repr(bound / 1_000), float(passed)))
            histogram.add_metric((row.subject, row.name, row.operation), buckets, figures.busy_ms / 1_000)
        return histogram


_COUNTERS: Final = {
    "calls": "Calls of an operation, or runs of a sync.",
    "failed": "Those without an answer, or with one that says to come again.",
    "rejected": "What was refused: calls, or rows of a sync.",
    "items": "What was asked for: calls, or rows of a sync.",
}
