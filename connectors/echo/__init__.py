"""Answers what it was given: the smallest connector, for examples and tests."""

import asyncio
from typing import Final

from pydantic import Field

from cauce.connector import JSON, BaseConnector, BaseSettings, Operation, Probe
from cauce.errors import AmbiguousError, BusinessError, PermanentError, TransientError

_failures = {
    "transient": TransientError,
    "ambiguous": AmbiguousError,
    "business": BusinessError,
    "permanent": PermanentError,
}
# Rules of `cauce connect quality` that cannot apply, each with its reason.
exempt: Final = {
    "size": "It answers what it was given, which is limited already.",
    "check": "Nothing can be wrong with it.",
}


class Settings(BaseSettings):
    """What is said around the answer."""

    greeting: str = Field("", description="Added to every answer as `greeting`, when not empty.")


class Connector(BaseConnector[Settings]):
    """Answers every operation with its own parameters.

    Two parameters do something: `delay` waits so many seconds, `fail` names the class of error to raise (`code` is
    its remote code).
    """

    async def call(self, operation: Operation, params: JSON) -> JSON:
        """Return the parameters, after the delay and the failure they ask for."""
        asked = params if isinstance(params, dict) else {}
        try:
            await asyncio.wait_for(asyncio.sleep(asked.get("delay") or 0), operation.timeout_s)
        except TimeoutError:
            error = AmbiguousError if operation.effect == "write" else TransientError
            raise error(f"{self.name} gave no answer within {operation.timeout_s:g} s.") from None
        if kind := _failures.get(asked.get("fail", "")):
            raise kind(f"{self.name} failed as it was asked to.", remote_code=str(asked.get("code", "")))
        if self.settings.greeting and isinstance(params, dict):
            return {**params, "greeting": self.settings.greeting}
        return params

    async def check(self) -> list[Probe]:
        """Say that it answers; nothing can be wrong with it."""
        return [Probe("read", ok=True, sentence=f"{self.name} answers what it is given.")]
