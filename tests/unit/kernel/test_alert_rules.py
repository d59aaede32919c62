from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cauce.alert_rules import Course, judge, rule_of, threshold
from cauce.errors import DefinitionError
from cauce.figures import Figures

JSON = Any
now = datetime(2026, 11, 22, 10, 30, 20, tzinfo=UTC)
FAILS = {"alert": "fails", "title": "Fails", "metric": "error-rate", "above": "50%", "window": "PT5M", "atLeast": 3}


def minute(ago: int, calls: int = 0, failed: int = 0, **more: Any) -> tuple[datetime, Figures]:
    at = (now - timedelta(minutes=ago)).replace(second=0)
    return at, Figures(**{"calls": calls, "failed": failed, "items": calls, **more})


def verdict(document: JSON, *minutes: tuple[datetime, Figures], done_at: datetime | None = None) -> tuple[str, Any]:
    return judge(rule_of({"alert": "a", "title": "A", **document}), Course(minutes, done_at), now)


@pytest.mark.parametrize(
    ("metric", "given", "number"),
    [
        ("error-rate", "20%", 0.2),
        ("error-rate", " 20 %"[1:], 0.2),
        ("reject-rate", 0.05, 0.05),
        ("reject-rate", 5, None),
        ("error-rate", "PT5S", None),
        ("error-rate", "many%", None),
        ("latency", "PT1.5S", 1.5),
        ("freshness", "P1D", 86_400),
        ("lag", 5, None),
        ("lag", "20%", None),
        ("throughput", 12, 12),
        ("throughput", "12", None),
        ("throughput", True, None),
    ],
)
def test_thresholds_are_of_the_measure_of_their_metric(metric: str, given: JSON, number: float | None) -> None:
    assert threshold(metric, given) == number


def test_a_threshold_of_another_measure_is_refused() -> None:
    with pytest.raises(DefinitionError, match="no threshold that its metric can reach"):
        rule_of({**FAILS, "above": "PT5S"})


def test_few_calls_raise_nothing_and_end_nothing() -> None:
    assert verdict(FAILS, minute(1, 2, 2)) == ("keep", 1.0)
    assert verdict(FAILS) == ("keep", None)
    assert verdict(FAILS, minute(1, 1, 0)) == ("over", 0.0)


def test_what_is_older_than_the_window_does_not_count() -> None:
    assert verdict(FAILS, minute(0, 3, 3)) == ("raise", 1.0)
    assert verdict(FAILS, minute(4, 3, 3)) == ("raise", 1.0)
    assert verdict(FAILS, minute(5, 3, 3), minute(1, 3, 1)) == ("over", 1 / 3)
    assert verdict(FAILS, minute(1, 10, 5)) == ("over", 0.5)


def test_it_has_to_last_before_it_is_raised_and_before_it_is_over() -> None:
    lasting = {**FAILS, "window": "PT1M", "for": "PT2M", "atLeast": 1}
    assert verdict(lasting, minute(0, 1, 1)) == ("keep", 1.0)
    assert verdict(lasting, *(minute(ago, 1, 1) for ago in range(3))) == ("raise", 1.0)
    assert verdict(lasting, minute(2, 1, 1), minute(1, 1, 0), minute(0, 1, 0)) == ("keep", 0.0)
    assert verdict(lasting, *(minute(ago, 1, 0) for ago in range(3))) == ("over", 0.0)


def test_every_metric_is_measured() -> None:
    slow = minute(1, 4, slowest_ms=900.0, lag_ms=70_000.0, rejected=1, timed=[0] * 7 + [4] + [0] * 5)
    assert verdict({"metric": "latency", "above": "PT0.5S"}, slow)[0] == "raise"
    assert verdict({"metric": "latency", "above": "PT1S"}, slow)[0] == "over"
    assert verdict({"metric": "lag", "above": "PT1M"}, slow) == ("raise", 70.0)
    assert verdict({"metric": "reject-rate", "above": "20%"}, slow) == ("raise", 0.25)
    assert verdict({"metric": "throughput", "below": 1, "window": "PT4M"}, slow) == ("over", 1.0)
    assert verdict({"metric": "throughput", "below": 1}, minute(9, 4)) == ("raise", 0.0)
    silent = {"metric": "freshness", "above": "PT1H"}
    assert verdict(silent, done_at=now - timedelta(hours=2)) == ("raise", 7_200.0)
    assert verdict({**silent, "for": "PT1H"}, done_at=now - timedelta(minutes=90))[0] == "keep"
    assert verdict({**silent, "for": "PT10M"}, done_at=now - timedelta(minutes=2))[0] == "over"
    assert verdict(silent) == ("keep", None)


def test_a_rule_watches_what_its_patterns_name() -> None:
    rule = rule_of({**FAILS, "connections": ["erp*"], "operations": ["create-*"]})
    assert rule.watches("connection", "erp-2", "create-order")
    assert not rule.watches("connection", "erp-2", "find-order")
    assert not rule.watches("sync", "erp-2", "create-order")
    syncs = rule_of({**FAILS, "syncs": ["*"]})
    assert syncs.watches("sync", "customers", "")
    assert not syncs.watches("connection", "erp", "")
