import json
import logging

import pytest

from cauce import correlation, tracing
from cauce.correlation import Correlation, Trace, of_run, read, within
from cauce.logging import JsonFormatter, RedactingFilter
from cauce.settings import load

given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_traceparent_is_read_and_written_as_it_was() -> None:
    assert str(read(given)) == given
    assert str(read(f" {given}-later ")) == given


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "nonsense",
        given.upper(),
        "ff" + given[2:],
        given.replace("b7ad6b7169203331", "0" * 16),
        given.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        given + "-" + "x" * 1_000,
        f"{given}\r\nX-Evil: 1",
    ],
)
def test_what_is_no_traceparent_is_none(text: object) -> None:
    assert read(text) is None


def test_a_run_has_a_trace_of_its_own() -> None:
    one, other = of_run("11111111-aaaa"), of_run("22222222-bbbb", sampled=True)
    assert one == of_run("11111111-aaaa")
    assert one.trace_id != other.trace_id
    assert (one.flags, other.flags) == ("00", "01")
    assert read(str(one)) == one


def test_the_instance_is_told_to_connections_only() -> None:
    trace = Trace("a" * 32, "b" * 16)
    assert correlation.headers() == {}
    with within(Correlation(trace, "sales.lead/1")):
        assert correlation.headers() == {"traceparent": str(trace)}
    with within(Correlation(trace, "sales.lead/Peña\n1", connection="erp")):
        assert correlation.headers()["X-Correlation-ID"] == "sales.lead/Pe%C3%B1a%0A1"


def test_lines_of_the_log_say_what_they_belong_to() -> None:
    record = logging.makeLogRecord({"msg": "hello", "operation": "its own"})
    with within(Correlation(Trace("a" * 32, "b" * 16), "sales.lead/1", "/do/0/order", "erp", "create-order")):
        RedactingFilter().filter(record)
    line = json.loads(JsonFormatter().format(record))
    assert {name: line[name] for name in ("instance", "task", "connection", "operation", "trace")} == {
        "instance": "sales.lead/1",
        "task": "/do/0/order",
        "connection": "erp",
        "operation": "its own",
        "trace": "a" * 32,
    }


def test_a_piece_of_work_is_one_place_further_down() -> None:
    about = Correlation(Trace("a" * 32, "b" * 16), "sales.lead/1")
    with tracing.span("work", "internal", about) as span:
        inside = correlation.current()
        assert inside is not None
        assert inside.trace == span.trace
        assert (inside.trace.trace_id, inside.instance) == ("a" * 32, "sales.lead/1")
        assert inside.trace.span_id != "b" * 16
    with tracing.span("work", "internal", None):
        assert correlation.current() is None


def test_an_event_carries_the_trace_in_which_it_came_about() -> None:
    event = {"id": "1", "source": "/a", "type": "b"}
    assert correlation.traced(event) == event
    with within(Correlation(Trace("a" * 32, "b" * 16))):
        carried = correlation.traced(event)
        assert correlation.traced({**event, "traceparent": given})["traceparent"] == given
    found = correlation.of_event(carried)
    assert found is not None
    assert found.trace == Trace("a" * 32, "b" * 16)
    assert correlation.of_event(event) is None


def test_spans_are_exported_where_somebody_asks_for_it() -> None:
    off, on = load(), load(otlp_endpoint="http://127.0.0.1:4318")
    standard = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    assert [tracing.wanted(off, {}), tracing.wanted(on, {}), tracing.wanted(off, standard)] == [False, True, True]
    assert not tracing.wanted(on, {"OTEL_SDK_DISABLED": "true"})
    assert not tracing.wanted(on, {"OTEL_TRACES_EXPORTER": "none"})
