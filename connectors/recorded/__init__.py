"""Answers what was recorded of another connection: to try processes without the system."""

import asyncio
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import Field

from cauce import settings as environment
from cauce.connector import JSON, BaseConnector, BaseSettings, Operation, Probe
from cauce.errors import AmbiguousError, CauceError, PermanentError, TransientError
from cauce.recording.fixtures import Replay, outcome, read, took_s

# Rules of `cauce connect quality` that cannot apply, each with its reason.
exempt: Final = {"size": "It answers what is in a file, whose size is limited."}


class Settings(BaseSettings):
    """Which recording, and how it is replayed."""

    recording: str = Field(
        min_length=1,
        description="Its name in `recordings` of the definitions folder, or the path of its file.",
        examples=["erp-orders"],
    )
    delays: bool = Field(default=False, description="Take as long as the system took.")


class Connector(BaseConnector[Settings]):
    """Answers a call as the recorded one with the same operation and parameters was answered."""

    async def call(self, operation: Operation, params: JSON) -> JSON:
        """Return the recorded answer, or raise what was recorded instead of one."""
        try:
            exchange = (await self._opened()).exchange(operation.name, params)
        except PermanentError as error:
            raise PermanentError(
                f"{self.name}: {error.problem}", hint=error.hint, remote_code=error.remote_code
            ) from error
        except CauceError as error:
            raise PermanentError(f"{self.name}: {error.problem}", hint=error.hint, where=error.where) from error
        if self.settings.delays:
            try:
                await asyncio.wait_for(asyncio.sleep(took_s(exchange)), operation.timeout_s)
            except TimeoutError:
                late = AmbiguousError if operation.effect == "write" else TransientError
                raise late(f"{self.name} gave no answer within {operation.timeout_s:g} s.") from None
        return outcome(exchange)

    async def check(self) -> list[Probe]:
        """Read the recording."""
        try:
            found = (await self._opened()).fixture
        except CauceError as error:
            return [Probe("read", ok=False, sentence=str(error))]
        sentence = f"{len(found.exchanges)} exchanges of {found.connection} ({found.kind}) are replayed."
        return [Probe("read", ok=True, sentence=sentence)]

    async def _opened(self) -> Replay:
        return await asyncio.to_thread(lambda: self._replay)

    @cached_property
    def _replay(self) -> Replay:
        return read(self._path()).replay()

    def _path(self) -> Path:
        given = self.settings.recording
        if given.endswith((".yaml", ".yml")):
            return Path(given).expanduser()
        return environment.load().definitions_dir / "recordings" / f"{given}.yaml"
