"""What every connector kind owes, as tests that a kind inherits: `class TestShout(ConnectorContract): kind = "shout"`.

They are plain classes and functions for any runner that collects `Test…` classes, and need nothing but Cauce.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, TypeVar
from unittest import SkipTest

from pydantic import SecretStr

from cauce import registry
from cauce.connection import Connection
from cauce.connector import JSON, BaseConnector, BaseSettings, Effect, Operation
from cauce.errors import AmbiguousError, CauceError, RemoteError, TransientError
from cauce.http import close_sessions
from cauce.testing.bad_servers import BadServer, endless, silent

T = TypeVar("T")
_patience_s = 30.0
_deadline_s = 0.3


class ConnectorContract:
    """The tests of a kind; a class that inherits them says what they need to know of it."""

    kind: ClassVar[str]
    # Settings that are complete and lead to nobody; what is not here is taken from `examples` of the fields.
    settings: ClassVar[Mapping[str, JSON]] = {}
    calls: ClassVar[str] = "try"
    params: ClassVar[JSON] = {}
    # Whether a call is answered although nobody is there, because the kind calls nobody.
    answers: ClassVar[bool] = False
    # Whether nobody can be called at all, because the kind is called by others.
    receives: ClassVar[bool] = False

    def at(self, port: int) -> Mapping[str, JSON] | None:
        """Return settings that lead to a server on this port of 127.0.0.1, with a small limit of the answer's size.

        None, as here, leaves the tests out that need a server which misbehaves.
        """
        del port
        return None

    def test_it_exports_settings_and_connector(self) -> None:
        """The module has both, and both say what they are for."""
        module = registry.load(self.kind)
        _expect(issubclass(module.Settings, BaseSettings), "`Settings` is not a subclass of BaseSettings.")
        _expect(issubclass(module.Connector, BaseConnector), "`Connector` is not a subclass of BaseConnector.")
        for exported in (module.Settings, module.Connector):
            _expect(bool(exported.__doc__), f"{exported.__name__} has no docstring.")

    def test_settings_have_a_schema_that_takes_references(self) -> None:
        """The form and the editor know every setting, and each may be a secret or a value of the environment."""
        schema = registry.settings_schema(self.kind)
        json.dumps(schema)
        for name, body in schema.get("properties", {}).items():
            takes = {"$ref": "#/$defs/cauceReference"} in body["anyOf"]
            _expect(takes, f"The schema of the setting {name} takes no reference.")

    def test_unknown_settings_are_refused(self) -> None:
        """A misspelt setting is an error that names it and does not show its value."""
        try:
            self._open({"no_such_thing": "s3cret"})
        except CauceError as error:
            _expect("settings.no_such_thing" in str(error), f"The error does not say which setting: {error}")
            _expect("s3cret" not in str(error), "The error shows the value of the setting.")
        else:
            raise AssertionError("A setting that does not exist was taken.")

    def test_a_call_to_nobody_is_a_remote_error(self) -> None:
        """With settings that lead to nobody, a call raises one of the four classes and nothing else."""

        async def work(connector: BaseConnector[BaseSettings]) -> None:
            if self.answers:
                json.dumps(await connector.call(self._operation(10.0), self.params))
                return
            _is_a_sentence((await self._failure(connector, 10.0)).problem)

        self._with({}, work)

    def test_a_check_stops_at_the_first_failure(self) -> None:
        """The connection test never raises; only its last stage may have failed."""

        async def work(connector: BaseConnector[BaseSettings]) -> None:
            probes = await connector.check()
            _expect(bool(probes), "check() says nothing.")
            _expect(all(probe.ok for probe in probes[:-1]), "check() goes on after a stage that failed.")
            _expect(self.answers or self.receives or not probes[-1].ok, "check() is content although nobody is there.")
            for probe in probes:
                _is_a_sentence(probe.sentence)

        self._with({}, work)

    def test_closing_twice_does_no_harm(self) -> None:
        """`close` may come at any time, and again."""

        async def work(connector: BaseConnector[BaseSettings]) -> None:
            await connector.close()
            await connector.close()

        self._with({}, work)

    def test_a_silent_system_is_left_at_the_deadline(self) -> None:
        """A call ends at its deadline: transient when it reads; ambiguous when it writes and may have been sent."""
        with silent() as server:

            async def work(connector: BaseConnector[BaseSettings]) -> None:
                reading = await self._failure(connector, _deadline_s)
                _expect(isinstance(reading, TransientError), f"A read without an answer is {_class(reading)}.")
                writing = await self._failure(connector, _deadline_s, "write")
                told = isinstance(writing, TransientError | AmbiguousError)
                _expect(told, f"A write without an answer is {_class(writing)}.")

            self._with(self._settings_at(server), work)

    def test_an_endless_answer_is_cut_off(self) -> None:
        """An answer that does not end is an error long before it fills the memory."""
        with endless() as server:

            async def work(connector: BaseConnector[BaseSettings]) -> None:
                await self._failure(connector, 20.0)
                _expect(not server.exhausted, "The whole answer was read; stop at the largest size that is allowed.")

            self._with(self._settings_at(server), work)

    def _settings_at(self, server: BadServer) -> Mapping[str, JSON]:
        settings = self.at(server.port)
        if settings is None:
            raise SkipTest(f"`at` does not say how {self.kind} is led to a server")
        return settings

    def _operation(self, timeout_s: float, effect: Effect = "read") -> Operation:
        return Operation("try", self.calls, effect, timeout_s=timeout_s)

    def _open(self, more: Mapping[str, JSON]) -> BaseConnector[BaseSettings]:
        settings = {**_examples(registry.load(self.kind).Settings), **self.settings, **more}
        return registry.open_connection(Connection("somewhere", self.kind, settings=settings), _Nothing())

    def _with(self, more: Mapping[str, JSON], work: Callable[[BaseConnector[BaseSettings]], Awaitable[None]]) -> None:
        """Run `work` with a connector in an event loop of its own, whatever loop the tests run in."""

        async def run() -> None:
            try:
                async with asyncio.timeout(_patience_s), self._open(more) as connector:
                    await work(connector)
            except TimeoutError:
                raise AssertionError(f"It did not end within {_patience_s:g} s.") from None
            finally:
                await close_sessions()

        with ThreadPoolExecutor(1) as threads:
            threads.submit(asyncio.run, run()).result()

    async def _failure(
        self, connector: BaseConnector[BaseSettings], timeout_s: float, effect: Effect = "read"
    ) -> RemoteError:
        try:
            answer = await connector.call(self._operation(timeout_s, effect), self.params)
        except RemoteError as error:
            return error
        raise AssertionError(f"The call was answered: {answer!r:.100}")


class _Nothing:
    """Has no secret and no setting; nothing here refers to any."""

    def secret(self, name: str) -> str:
        """Refuse."""
        raise AssertionError(f"The secret {name} was asked for.")

    def setting(self, name: str) -> JSON:
        """Refuse."""
        raise AssertionError(f"The setting {name} was asked for.")


def _examples(settings: type[BaseSettings]) -> dict[str, Any]:
    """Return the first example of each field that needs a value; a secret needs none."""
    found = {}
    for name, field in settings.model_fields.items():
        if field.is_required() and field.annotation is SecretStr:
            found[name] = "not-a-secret"
        elif field.is_required() and field.examples:
            found[name] = field.examples[0]
    return found


def _is_a_sentence(text: str) -> None:
    _expect(text.rstrip().endswith((".", "?", ")", ";")), f"This is not a sentence: {text!r:.200}")


def _class(error: RemoteError) -> str:
    return f"{type(error).__name__}: {error.problem}"


def _expect(held: bool, otherwise: str) -> None:  # noqa: FBT001 - what an assertion takes
    # Not `assert`: outside of a test's own file a runner would not say more than "assert False".
    if not held:
        raise AssertionError(otherwise)
