"""The connector: settings, the life of a call, and the connection test."""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from time import perf_counter
from typing import Any, Final

from pydantic import Field, SecretStr, model_validator

from cauce.connector import JSON, BaseConnector, BaseSettings, Operation, Probe
from cauce.errors import AmbiguousError, PermanentError, RemoteError, TransientError
from cauce.probes import reach
from cauce.recording import tape
from connectors.odbc.binding import step_of
from connectors.odbc.failures import explain
from connectors.odbc.pool import Pool
from connectors.odbc.profiles import dialect_of, profiles
from connectors.odbc.statement import Statement, compile_statement, compile_statements, procedure_verbs
from connectors.odbc.worker import DeadlineError, Reply, WorkerGoneError

_plain_verbs: Final = {"insert", "update", "delete", "merge", "with", "replace"}
_crashes: Final = {"SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL"}
_crash_hint: Final = "The database's driver crashed; when it happens again, another version of the driver may help."
_largest_batch: Final = 50_000
Statements = tuple[Statement, ...]
_own_keys: Final = {"driver", "uid", "pwd", "password", "user", "username"}


class Settings(BaseSettings):
    """Which database, and how to log in."""

    driver: str = Field("", description="sqlite, postgresql, mariadb, freetds, or the path of a driver's file.")
    dsn: str = Field("", description="A data source of odbc.ini, instead of a driver.")
    server: str = Field("", description="The database server's name or address.")
    port: int | None = Field(None, ge=1, le=65535, description="Its port, when it is not the usual one.")
    database: str = Field("", description="The database's name; for sqlite the path of its file.")
    username: str = Field("", description="The name to log in with.")
    password: SecretStr | None = Field(None, description="The password to log in with.")
    options: dict[str, str | int | bool] = Field(
        default_factory=dict, description="More keys of the connection string, as the driver's manual names them."
    )
    max_rows: int = Field(10_000, ge=1, description="The most rows that one statement may give.")
    max_memory: int = Field(
        1024, ge=64, description="Megabytes that a call may take; some drivers hold the whole result of a read."
    )
    timeout: timedelta = Field(timedelta(seconds=30), gt=timedelta(0), description="Limit of one call, as PT30S.")
    connect_timeout: timedelta = Field(timedelta(seconds=10), gt=timedelta(0), description="Limit of connecting.")
    max_age: timedelta = Field(
        timedelta(minutes=30), gt=timedelta(0), description="Age at which a connection is renewed."
    )

    @model_validator(mode="after")
    def _one_way(self) -> "Settings":
        if bool(self.driver) == bool(self.dsn):
            message = "give either driver or dsn"
            raise ValueError(message)
        if any(key.lower() in _own_keys for key in self.options):
            message = "driver, username and password have settings of their own, outside options"
            raise ValueError(message)
        return self


class Connector(BaseConnector[Settings]):
    """Runs SQL statements; an operation's `calls` is one statement with `:name` (or `?`) for its parameters."""

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(name, settings)
        self.dialect = dialect_of(settings.driver)
        self._pool = Pool(_opening(settings, self.dialect), settings.max_age.total_seconds())

    async def call(self, operation: Operation, params: JSON) -> JSON:
        """Run the statements; a recording gets them with their parameters, and what they gave."""
        running = tape.current()
        if running is None:
            return await self._run(operation, params)
        started, given = perf_counter(), None
        try:
            answer = await self._run(operation, params)
            given = answer if isinstance(answer, dict) else {"rows": answer}
        finally:
            running.note({"statement": operation.calls, "parameters": params}, given, started)
        return answer

    async def _run(self, operation: Operation, params: JSON) -> JSON:
        """Run the statements in one transaction and answer what they gave.

        A read answers its rows, a write `{rows: n}`, and `returning` when it gives rows. A procedure answers
        `{rows, results, out}`: all its results and its output parameters.
        """
        where = f"{operation.name}@{self.name}"
        several = operation.effect == "write"
        statements = (compile_statements if several else _only)(operation.calls, self.dialect, f"{where}: calls")
        most = self.settings.max_rows
        steps = [step_of(statement, params, f"{where}: params", most) for statement in statements]
        reply = await self._ask(self._request(operation, steps), statements, operation)
        counts = reply.last["rows"]
        if any(statement.verb in procedure_verbs for statement in statements):
            results = [result.rows for result in reply.results]
            return {"rows": sum(counts), "results": results, "out": reply.last["out"]}
        if operation.effect == "read":
            return reply.results[-1].rows if reply.results else []
        answer: dict[str, JSON] = {"rows": sum(counts)}
        if len(statements) > 1:
            answer["each"] = counts
        return answer | ({"returning": reply.results[-1].rows} if reply.results else {})

    async def batches(self, operation: Operation, params: JSON, size: int) -> AsyncGenerator[list[JSON], None]:
        """Read with one statement in one transaction, batch by batch; `max_rows` is no limit here.

        The operation's timeout is that of each batch. The worker process sends only as fast as batches are taken;
        whether it holds the whole result is the driver's affair (PostgreSQL's does not).
        """
        where = f"{operation.name}@{self.name}"
        if operation.effect != "read":
            raise PermanentError("Only a read can be taken in batches.", hint="Say effect: read.", where=where)
        statements = _only(operation.calls, self.dialect, f"{where}: calls")
        steps = [step_of(statement, params, f"{where}: params", self.settings.max_rows) for statement in statements]
        deadline = asyncio.get_running_loop().time() + operation.timeout_s
        try:
            async with self._pool.worker("read", deadline) as (worker, opened):
                self._raise_failure(opened.last, writes=False, stage="connect")
                request = self._request(operation, steps) | {"batch": max(1, min(size, _largest_batch))}
                async with aclosing(worker.stream(request, operation.timeout_s)) as rows:
                    async for batch in rows:
                        yield batch
                self._raise_failure(worker.ended, writes=False, stage="")
        except DeadlineError as cause:
            raise self._late(cause, statements, operation) from cause
        except WorkerGoneError as cause:
            raise self._gone(cause, statements, operation, asked=True) from cause

    async def check(self) -> list[Probe]:
        """Resolve and connect (for a server), then find the driver, log in and read."""
        probes: list[Probe] = []
        port = self.settings.port or profiles[self.dialect].port
        if self.settings.server and port:
            probes = await reach(self.settings.server, port)
            if not probes[-1].ok:
                return probes
        if self.dialect == "sqlite" and self.settings.database and not os.path.isfile(self.settings.database):  # noqa: ASYNC240, PTH113 - one look
            sentence = f"There is no database file at {self.settings.database}; correct settings.database."
            return [Probe("login", ok=False, sentence=sentence)]
        started = perf_counter()
        try:
            await self.call(Operation("check", profiles[self.dialect].ping, "read", timeout_s=15.0), None)
        except RemoteError as error:
            return [*probes, Probe(_stage(error), ok=False, sentence=str(error), milliseconds=_since(started))]
        return [
            *probes,
            Probe("login", ok=True, sentence="The driver is there and the login is accepted."),
            Probe("read", ok=True, sentence="The database answers a query.", milliseconds=_since(started)),
        ]

    async def close(self) -> None:
        """End the worker processes."""
        await self._pool.close()

    async def catalog(self, timeout_s: float) -> Mapping[str, JSON]:
        """Return the tables and views that the login sees, with columns and keys, and the names of those left out."""
        operation = Operation("catalog", "", "read", timeout_s=timeout_s)
        reply = await self._ask({"do": "catalog"}, (), operation)
        return {"tables": reply.last["tables"], "more": reply.last["more"]}

    async def browse(self, place: str, rows: int, timeout_s: float) -> Mapping[str, JSON]:
        """Return what the catalogue tells of a place; see `connectors.odbc.browsing`."""
        operation = Operation("browse", "", "read", timeout_s=timeout_s)
        return (await self._ask({"do": "browse", "place": place, "rows": rows}, (), operation)).last

    def _request(self, operation: Operation, steps: list[dict[str, Any]]) -> dict[str, JSON]:
        return {
            "do": operation.effect,
            "steps": steps,
            "max_rows": self.settings.max_rows,
            "timeout_s": operation.timeout_s,
            "batch": None,
        }

    async def _ask(self, request: Mapping[str, JSON], statements: Statements, operation: Operation) -> Reply:
        deadline = asyncio.get_running_loop().time() + operation.timeout_s
        writes = operation.effect == "write"
        asked = False
        try:
            async with self._pool.worker(operation.effect, deadline) as (worker, opened):
                self._raise_failure(opened.last, writes=writes, stage="connect")
                asked = True
                reply = await worker.ask(request, deadline)
                self._raise_failure(reply.last, writes=writes, stage="")
                return reply
        except DeadlineError as cause:
            raise self._late(cause, statements, operation) from cause
        except WorkerGoneError as cause:
            raise self._gone(cause, statements, operation, asked=asked) from cause

    def _raise_failure(self, last: Mapping[str, Any], *, writes: bool, stage: str) -> None:
        if last["is"] == "failed":
            raise explain(
                {**last, "stage": stage or last["stage"]}, name=self.name, dialect=self.dialect, writes=writes
            )
        if last["is"] == "refused":
            raise PermanentError(f"{self.name}: {last['problem']}", hint=last.get("hint", ""), remote_code="refused")

    def _late(self, cause: DeadlineError, statements: Statements, operation: Operation) -> RemoteError:
        # What is not a plain change (a procedure, DDL) may commit by itself, whatever our transaction says.
        may_commit = cause.started and _may_commit(statements)
        if operation.effect == "write" and (cause.committing or may_commit):
            return AmbiguousError(
                f"{self.name} gave no answer within {operation.timeout_s:g} s; it may or may not have done the work.",
                remote_code="timeout",
            )
        what = "answer" if cause.started else "connection"
        return TransientError(
            f"{self.name} gave no {what} within {operation.timeout_s:g} s; it was stopped, and nothing was done.",
            hint="Raise the operation's timeout if the statement needs longer.",
            remote_code="timeout",
        )

    def _gone(
        self, cause: WorkerGoneError, statements: Statements, operation: Operation, *, asked: bool
    ) -> RemoteError:
        problem = f"{self.name}: the worker process with the database connection ended before it answered"
        if cause.signal_name:
            problem += f" ({cause.signal_name})"
        hint = _crash_hint if cause.signal_name in _crashes else ""
        may_be_done = cause.committing or (asked and _may_commit(statements))
        if operation.effect == "write" and may_be_done:
            sentence = f"{problem}; the work may or may not be done."
            return AmbiguousError(sentence, hint=hint, remote_code="worker-gone")
        return TransientError(f"{problem}; nothing was done.", hint=hint, remote_code="worker-gone")


def _only(text: str, dialect: str, where: str) -> Statements:
    return (compile_statement(text, dialect, where),)


def _may_commit(statements: Statements) -> bool:
    return any(statement.verb not in _plain_verbs for statement in statements)


def _opening(settings: Settings, dialect: str) -> dict[str, Any]:
    """Return what a worker process is told to open; the read options are added to those of both."""
    profile = profiles[dialect]
    parts = {"DSN": settings.dsn} if settings.dsn else {}
    port = settings.port or (profile.port if settings.server else None)
    password = settings.password.get_secret_value() if settings.password else ""
    given = {"Server": settings.server, "Port": str(port or ""), "Database": settings.database}
    given |= {"UID": settings.username, "PWD": password}
    parts |= {key: value for key, value in given.items() if value}
    options = {key: _text(value) for key, value in settings.options.items()}
    own = {key.lower() for key in options}
    parts |= {key: value for key, value in profile.options.items() if key.lower() not in own}
    read_parts = {key: value for key, value in profile.read_options.items() if key.lower() not in own}
    return {
        "driver": settings.driver,
        "dialect": dialect,
        "parts": parts | options,
        "read_parts": read_parts,
        "max_memory_mb": settings.max_memory,
        "connect_timeout_s": max(1, round(settings.connect_timeout.total_seconds())),
    }


def _text(value: str | int | bool) -> str:  # noqa: FBT001 - a value, not a switch
    return str(int(value)) if isinstance(value, bool) else str(value)


def _stage(error: RemoteError) -> str:
    if error.remote_code in {"refused", "IM002", "IM003"} or "driver" in error.problem:
        return "driver"
    return "read" if error.remote_code.startswith("42") else "login"


def _since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 1)
