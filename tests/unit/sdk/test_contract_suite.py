"""The tests that every kind inherits find what they are there to find; tried on kinds of another package."""

import textwrap
from collections.abc import Mapping
from typing import Any

import pytest

from cauce.testing.connectors import ConnectorContract
from tests.unit.sdk.conftest import Install

# A kind that does everything right: one request over a socket, at most so many bytes, in time.
SOURCE = textwrap.dedent(
    '''
    import asyncio
    from pydantic import Field, SecretStr
    from cauce.connector import BaseConnector, BaseSettings, Probe
    from cauce.errors import AmbiguousError, PermanentError, TransientError

    class Settings(BaseSettings):
        """Where it is."""

        port: int = Field(examples=[1])
        token: SecretStr
        max_bytes: int = 1000

    class Connector(BaseConnector[Settings]):
        """Says hello."""

        async def call(self, operation, params):
            late = AmbiguousError if operation.effect == "write" else TransientError
            try:
                async with asyncio.timeout(operation.timeout_s):
                    return await self.hello()
            except TimeoutError:
                raise late("No answer in time.") from None
            except OSError:
                raise TransientError("Nobody is there.") from None

        async def hello(self):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.settings.port)
            writer.write(b"hello")
            size = 0
            try:
                while piece := await reader.read(65536):
                    size += len(piece)
                    if size > self.settings.max_bytes:
                        raise PermanentError("The answer is too large.")
            finally:
                writer.close()
            raise PermanentError("That was all.")

        async def check(self):
            return [Probe("tcp", ok=False, sentence="Nobody is there.")]
    '''
)


class Contract(ConnectorContract):
    kind = "hello"

    def at(self, port: int) -> Mapping[str, Any]:
        return {"port": port}


OWED = [name for name in dir(ConnectorContract) if name.startswith("test_")]


def test_a_good_kind_passes_all(install: Install) -> None:
    install("hello", SOURCE, "")
    for name in OWED:
        getattr(Contract(), name)()


@pytest.mark.parametrize(
    ("owed", "said", "old", "new"),
    [
        ("it_exports_settings_and_connector", "no docstring", '"""Says hello."""', "pass"),
        ("unknown_settings_are_refused", "was taken", "class Settings(BaseSettings)", "class Settings(Loose)"),
        ("a_call_to_nobody_is_a_remote_error", "was answered: None", "raise TransientError", "return;raise Transient"),
        ("a_check_stops_at_the_first_failure", "although nobody is there", "ok=False", "ok=True"),
        ("a_check_stops_at_the_first_failure", "says nothing", "return [Probe", "return [] and [Probe"),
        ("a_check_stops_at_the_first_failure", "not a sentence", 'there.")]', 'there")]'),
        ("a_silent_system_is_left_at_the_deadline", "A read without", "else TransientError", "else AmbiguousError"),
        (
            "an_endless_answer_is_cut_off",
            "The whole answer was read",
            "max_bytes: int = 1000",
            "max_bytes: int = 10**9",
        ),
    ],
)
def test_a_bad_kind_is_found(install: Install, owed: str, said: str, old: str, new: str) -> None:
    loose = "class Loose(BaseSettings, extra='allow'):\n    pass\n\nclass Settings"
    assert old in SOURCE
    install("hello", SOURCE.replace(old, new).replace("class Settings", loose, 1), "")
    with pytest.raises(AssertionError, match=said):
        getattr(Contract(), f"test_{owed}")()


def test_errors_of_another_class_pass_through(install: Install) -> None:
    install("hello", SOURCE.replace("except OSError", "except ValueError"), "")
    with pytest.raises(ConnectionRefusedError):
        Contract().test_a_call_to_nobody_is_a_remote_error()
