"""Spans for OpenTelemetry, where they are asked for; OpenTelemetry's own code is loaded only then.

Nothing else in Cauce knows OpenTelemetry. Traces travel without it (`cauce.correlation`), so logs and other systems
see the same ids whether spans are exported or not.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal

from cauce import correlation
from cauce.correlation import Correlation, Trace
from cauce.settings import Settings

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attributes = Mapping[str, str | int | float]
_EXPORT_S: Final = 5.0
_ours: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class Span:
    """One piece of work; what is noted on it is exported with it, or forgotten where nothing is exported."""

    def __init__(self, trace: Trace, told: Any = None) -> None:  # noqa: ANN401 - a span of OpenTelemetry
        self.trace = trace
        self._told = told

    def note(self, attributes: Attributes) -> None:
        """Add to what is known of it."""
        if self._told is not None:
            self._told.set_attributes(attributes)

    def rename(self, name: str) -> None:
        """Give it the name that is known only now."""
        if self._told is not None:
            self._told.update_name(name)

    def fail(self, code: str) -> None:
        """Note that it went wrong, by the code of the error; its text may hold what is nobody else's business."""
        if self._told is not None:
            from opentelemetry.trace import StatusCode  # noqa: PLC0415 - loaded already

            self._told.set_attribute("error.type", code)
            self._told.set_status(StatusCode.ERROR)


class _Exporting:
    """What makes and sends spans, while they are asked for."""

    def __init__(self) -> None:
        self.tracer: Any = None
        self.provider: Any = None


_exporting: Final = _Exporting()


def wanted(settings: Settings, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether spans are to be exported: by our setting, or by the standard variables."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return bool(settings.otlp_endpoint or any(environment.get(name) for name in _ours))


def set_up(settings: Settings, service: str) -> None:
    """Export spans from now on, if that is wanted; `service` is their name unless OTEL_SERVICE_NAME says another."""
    if not wanted(settings):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - only here
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - only here
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - only here
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - only here

    endpoint = f"{settings.otlp_endpoint.rstrip('/')}/v1/traces" if settings.otlp_endpoint else None
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": service}
    provider = TracerProvider(resource=Resource.create({**named}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=_EXPORT_S)))
    _exporting.provider, _exporting.tracer = provider, provider.get_tracer("cauce")


def shut_down() -> None:
    """Send what is left, and export nothing more."""
    provider, _exporting.provider, _exporting.tracer = _exporting.provider, None, None
    if provider is not None:
        provider.shutdown()


def exporting() -> bool:
    """Tell whether spans are exported."""
    return _exporting.tracer is not None


@contextmanager
def span(name: str, kind: Kind, about: Correlation | None, attributes: Attributes | None = None) -> Iterator[Span]:
    """Do a piece of work: what happens in the block belongs to `about`, one place further down its trace.

    Without a trace to go on from, one begins where spans are exported; else the block belongs to nothing.
    """
    if _exporting.tracer is None:
        if about is None:
            yield _NO_SPAN
            return
        place = about.trace.next()
        with correlation.within(about.at(place)):
            yield Span(place)
        return
    with _exported(name, kind, about, attributes or {}) as made:
        yield made


@contextmanager
def _exported(name: str, kind: Kind, about: Correlation | None, attributes: Attributes) -> Iterator[Span]:
    from opentelemetry import trace as api  # noqa: PLC0415 - loaded already
    from opentelemetry.context import Context  # noqa: PLC0415 - loaded already

    parent = Context() if about is None else api.set_span_in_context(api.NonRecordingSpan(_context(about.trace)))
    own = {f"cauce.{key}": value for key, value in (about.fields if about else {}).items() if key != "trace"}
    with _exporting.tracer.start_as_current_span(
        name,
        context=parent,
        kind=api.SpanKind[kind.upper()],
        attributes={**own, **attributes},
        record_exception=False,
        set_status_on_exception=False,
    ) as told:
        made = told.get_span_context()
        place = Trace(f"{made.trace_id:032x}", f"{made.span_id:016x}", f"{int(made.trace_flags):02x}")
        with correlation.within(about.at(place) if about else Correlation(place)):
            done = Span(place, told)
            try:
                yield done
            except Exception as error:
                done.fail(getattr(error, "code", type(error).__name__))
                raise


def _context(trace: Trace) -> Any:  # noqa: ANN401 - a context of OpenTelemetry
    from opentelemetry.trace import SpanContext, TraceFlags  # noqa: PLC0415 - loaded already

    flags = TraceFlags(int(trace.flags, 16))
    return SpanContext(int(trace.trace_id, 16), int(trace.span_id, 16), is_remote=True, trace_flags=flags)


_NO_SPAN: Final = Span(Trace("0" * 32, "0" * 16))
