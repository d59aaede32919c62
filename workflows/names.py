"""What an expression can see: `$context`, `$input`, `$task` … made only when it asks."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from cauce.contract import JSON

if TYPE_CHECKING:
    from workflows.instance import Frame, Instance

STANDARD: Final = frozenset(
    {"context", "input", "output", "secrets", "authorization", "task", "workflow", "runtime"},
)
VERSION: Final = version("cauce")
# What there is not yet, by the standard's table, before the process has its input, and before a task has.
BEFORE_PROCESS: Final = frozenset({"context"})
BEFORE_TASK: Final = frozenset({"input", "authorization"})
_RUNTIME: Final = {"name": "cauce", "version": VERSION, "metadata": {}}


def moment(seconds: float) -> dict[str, JSON]:
    """Return the standard's date-time descriptor."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"iso8601": text, "epoch": {"seconds": int(seconds), "milliseconds": int(seconds * 1000)}}


def authorization_token(nonce: str) -> str:
    """Return the text that stands for how a call is authorized, until its activity knows."""
    return f"\u2068authorization:parameter:{nonce}\u2069"


def secret_token(name: str, nonce: str) -> str:
    """Return the text that stands for a secret until an activity puts the secret in its place.

    The nonce is known to the instance and its activities only, so data from outside cannot name a secret.
    """
    return f"\u2068secret:{name}:{nonce}\u2069"


class Names(Mapping[str, JSON]):
    """The variables at one place of one task; `hidden` are those that are not there yet."""

    __slots__ = ("_extra", "_frame", "_hidden", "_instance")

    def __init__(
        self,
        instance: "Instance",
        frame: "Frame | None" = None,
        extra: Mapping[str, JSON] | None = None,
        hidden: Collection[str] = (),
    ) -> None:
        self._instance = instance
        self._frame = frame
        self._extra = extra or {}
        self._hidden = hidden

    def __getitem__(self, name: str) -> JSON:
        if name in self._extra:
            return self._extra[name]
        if name in self._hidden:
            raise KeyError(name)
        frame = self._frame
        if frame is None:
            return self._of_process(name)
        if name in frame.variables:
            return frame.variables[name]
        return self._of_task(frame, name)

    def _of_task(self, frame: "Frame", name: str) -> JSON:
        match name:
            case "task":
                return frame.describe()
            case "input":
                return frame.input
            case "authorization":
                return self._authorization(frame)
            case _:
                return self._of_process(name)

    def _of_process(self, name: str) -> JSON:
        match name:
            case "context":
                return self._instance.journal.context
            case "workflow":
                return self._workflow()
            case "runtime":
                return _RUNTIME
            case "secrets":
                nonce = self._instance.journal.origin
                return {secret: secret_token(secret, nonce) for secret in self._instance.process.secrets}
            case "authorization":
                return None
            case _:
                raise KeyError(name)

    def _authorization(self, frame: "Frame") -> dict[str, JSON] | None:
        """Return the standard's authorization descriptor; its parameter is a reference, as secrets are."""
        scheme = getattr(frame.task, "scheme", "")
        if not scheme:
            return None
        return {"scheme": scheme, "parameter": authorization_token(self._instance.journal.origin)}

    def __iter__(self) -> Iterator[str]:
        local = self._frame.variables if self._frame is not None else {}
        return iter(dict.fromkeys([*STANDARD, *local, *self._extra]))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _workflow(self) -> dict[str, JSON]:
        journal = self._instance.journal
        return {
            "id": self._instance.runtime.instance_id,
            "definition": self._instance.process.document,
            "input": journal.input,
            "startedAt": moment(journal.started_at),
        }
