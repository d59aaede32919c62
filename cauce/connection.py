"""A connection as its file declares it, and what the errors of its operations mean.

The registry opens connectors from it, activities call its operations, and `classify` turns the code a system gave into
the error class that the connection's file declares for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cauce.connector import JSON, Effect, Operation
from cauce.contract import CALL_WAIT_S
from cauce.errors import (
    AmbiguousError,
    BusinessError,
    ConsentError,
    DefinitionError,
    NotFoundError,
    PermanentError,
    RemoteError,
    TransientError,
)
from cauce.receiving import Emitted, Fixed, Reception, Started
from schemas import durations, naming

default_timeout_s: Final = 30.0
error_classes: Final[Mapping[str, type[RemoteError]]] = {
    "transient": TransientError,
    "permanent": PermanentError,
    "business": BusinessError,
    "ambiguous": AmbiguousError,
    "consent": ConsentError,
}
_effects: Final[Mapping[str, Effect]] = {"read": "read", "write": "write"}
_rate_units: Final = {"s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard the system behind a connection may be pressed."""

    rate_per_s: float | None = None
    concurrency: int = 4
    breaker_failures: int = 5
    breaker_reset_s: float = 30.0
    wait_s: float = CALL_WAIT_S
    retries_percent: float = 20.0
    retries_least: int = 10
    retries_window_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection: its kind, its settings with references still unresolved, its limits and its operations."""

    name: str
    kind: str
    title: JSON = None
    settings: Mapping[str, JSON] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    operations: Mapping[str, Operation] = field(default_factory=dict)
    receives: Mapping[str, Reception] = field(default_factory=dict)
    record: Mapping[str, JSON] = field(default_factory=dict)

    def operation(self, name: str) -> Operation:
        """Return the operation of this name."""
        try:
            return self.operations[name]
        except KeyError:
            raise NotFoundError(
                f"Connection {self.name} has no operation {name!r}.", hint=did_you_mean(name, self.operations)
            ) from None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the closest of the known names, or all of them when none is close."""
    names = sorted(known)
    meant = naming.did_you_mean(name, names)
    if meant:
        return f"Did you mean {meant!r}?"
    return naming.listing(names) or "There are none yet."


def seconds(duration: JSON, where: str = "") -> float:
    """Return the seconds of an ISO 8601 duration such as `PT20S`."""
    found = durations.seconds(duration) if isinstance(duration, str) else None
    if not found:
        raise DefinitionError(
            "This is not a duration that a limit can have.",
            hint="Write it as ISO 8601 without years or months, for example PT20S or PT1M30S.",
            where=where,
        )
    return found


def parse(document: Mapping[str, JSON], file: str = "") -> Connection:
    """Return the connection that a (schema-valid) connection document declares."""
    name = str(document["connection"])
    where = f"{file or 'connection ' + name}"
    settings = document.get("settings") or {}
    timeout = settings.get("timeout") if isinstance(settings, Mapping) else None
    timeout_s = seconds(timeout, f"{where}: settings.timeout") if isinstance(timeout, str) else default_timeout_s
    operations = {
        op: _operation(op, body, timeout_s, f"{where}: operations.{op}")
        for op, body in (document.get("operations") or {}).items()
    }
    for operation in operations.values():
        _check_find(operation, operations, f"{where}: operations.{operation.name}.idempotency.find")
    return Connection(
        name=name,
        kind=str(document["kind"]),
        title=document.get("title"),
        settings=settings,
        limits=_limits(document.get("limits") or {}, f"{where}: limits"),
        operations=operations,
        receives={
            each: _reception(each, body, f"{where}: receives.{each}")
            for each, body in (document.get("receives") or {}).items()
        },
        record=document.get("record") or {},
    )


def classify(error: RemoteError, operation: Operation) -> RemoteError:
    """Return the error as the class that the operation declares for its code; unchanged when it declares none."""
    declared = operation.errors.get(error.remote_code) if error.remote_code else None
    wanted = error_classes.get(declared) if declared else None
    if wanted is None or type(error) is wanted:
        return error
    mapped = wanted(
        error.problem, hint=error.hint, where=error.where, remote_code=error.remote_code, detail=error.detail
    )
    mapped.__cause__ = error
    return mapped


def _operation(name: str, body: Mapping[str, JSON], timeout_s: float, where: str) -> Operation:
    effect = _effects.get(str(body.get("effect")))
    if effect is None:
        raise DefinitionError(
            "An operation says whether it reads or writes.", hint="Write effect: read or effect: write.", where=where
        )
    errors = body.get("errors") or {}
    for remote_code, declared in errors.items():
        if declared not in error_classes:
            raise DefinitionError(
                f"{declared!r} is not an error class.",
                hint=did_you_mean(str(declared), list(error_classes)),
                where=f"{where}.errors.{remote_code}",
            )
    idempotency = body.get("idempotency") or {}
    timeout = body.get("timeout")
    return Operation(
        name=name,
        calls=str(body["calls"]),
        effect=effect,
        timeout_s=seconds(timeout, f"{where}.timeout") if timeout else timeout_s,
        request=body.get("request") or ".",
        response=body.get("response") or ".",
        idempotency_key=idempotency.get("key"),
        find=idempotency.get("find"),
        errors=dict(errors),
        input=body.get("input"),
        output=body.get("output"),
    )


def _reception(name: str, body: Mapping[str, JSON], where: str) -> Reception:
    event, starts, answer = body.get("event"), body.get("starts"), body.get("answer")
    started = None
    if starts is not None:
        given = {key: starts[key] for key in ("input", "key", "response") if key in starts}
        if starts.get("timeout"):
            given["timeout_s"] = seconds(starts["timeout"], f"{where}.starts.timeout")
        started = Started(str(starts["process"]), **given)
    return Reception(
        name,
        when=body.get("when"),
        id=body.get("id"),
        input=body.get("input"),
        output=body.get("output"),
        event=Emitted(**event) if event is not None else None,
        starts=started,
        answer=Fixed(**answer) if answer is not None else None,
    )


def _check_find(operation: Operation, operations: Mapping[str, Operation], where: str) -> None:
    if operation.find is None:
        return
    found = operations.get(operation.find)
    if found is None:
        raise DefinitionError(
            f"There is no operation {operation.find!r} here.",
            hint=did_you_mean(operation.find, operations),
            where=where,
        )
    if found.effect != "read":
        raise DefinitionError(
            f"{operation.find!r} writes, and what finds an earlier write must only read.",
            hint="Name an operation with effect: read.",
            where=where,
        )


def _limits(limits: Mapping[str, JSON], where: str) -> Limits:
    breaker, retries = limits.get("breaker") or {}, limits.get("retries") or {}
    usual = Limits()
    return Limits(
        rate_per_s=_rate(limits["rate"], f"{where}.rate") if limits.get("rate") else None,
        concurrency=_positive(limits.get("concurrency", usual.concurrency), f"{where}.concurrency"),
        breaker_failures=_positive(breaker.get("failures", usual.breaker_failures), f"{where}.breaker.failures"),
        breaker_reset_s=(
            seconds(breaker["reset"], f"{where}.breaker.reset") if breaker.get("reset") else usual.breaker_reset_s
        ),
        retries_percent=retries.get("percent", usual.retries_percent),
        retries_least=retries.get("least", usual.retries_least),
        retries_window_s=(
            seconds(retries["window"], f"{where}.retries.window") if retries.get("window") else usual.retries_window_s
        ),
        wait_s=seconds(limits["wait"], f"{where}.wait") if limits.get("wait") else usual.wait_s,
    )


def _rate(rate: JSON, where: str) -> float:
    amount, _, unit = str(rate).partition("/")
    try:
        per_s = float(amount) / _rate_units[unit.strip()]
    except (ValueError, KeyError):
        per_s = 0.0
    if not 0 < per_s < float("inf"):
        raise DefinitionError("This is not a rate.", hint="Write it as 20/s, 100/min or 1000/h.", where=where)
    return per_s


def _positive(number: JSON, where: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise DefinitionError("This must be a whole number of at least 1.", where=where)
    return number
