"""A fixture as those who replay it read it: exchanges by operation, and the documents of the contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cauce.errors import DefinitionError, NotFoundError
from cauce.recording.exchanges import raised
from cauce.recording.matching import Finder, Recorded, leaves
from cauce.recording.rules import plain
from schemas import did_you_mean, kind_of, load_file, validate

JSON = Any


@dataclass(frozen=True, slots=True)
class Fixture:
    """What was recorded of one connection."""

    name: str
    connection: str
    kind: str
    exchanges: tuple[Mapping[str, JSON], ...]
    documents: Mapping[str, str]
    ignored: frozenset[str]

    def replay(self) -> "Replay":
        """Return a replay of its operations, from the beginning."""
        recorded = [
            Recorded(each["operation"], leaves(each["request"]), frozenset(each.get("masked") or ()))
            for each in self.exchanges
        ]
        return Replay(self, Finder(recorded, self.ignored))


@dataclass(frozen=True, slots=True)
class Replay:
    """A fixture that is being replayed: what was answered once is not answered again while there is more."""

    fixture: Fixture
    finder: Finder

    def exchange(self, operation: str, params: JSON) -> Mapping[str, JSON]:
        """Return the exchange of such a call.

        Raises:
            PermanentError: Nothing like it was recorded; it names the nearest.
        """
        return self.fixture.exchanges[self.finder.find(operation, leaves(params))]


def took_s(exchange: Mapping[str, JSON]) -> float:
    """Return how long an exchange took, in seconds."""
    return float(exchange.get("tookMs") or 0.0) / 1000


def outcome(exchange: Mapping[str, JSON]) -> JSON:
    """Return the answer of an exchange.

    Raises:
        RemoteError: There was none; this is what went wrong instead.
    """
    if "error" in exchange:
        raise raised(exchange["error"])
    return exchange.get("response")


def read(path: Path) -> Fixture:
    """Read a fixture.

    Raises:
        NotFoundError: There is no such file; it names those beside it.
        DefinitionError: It is none.
    """
    try:
        source = load_file(path)
    except FileNotFoundError:
        beside = [each.stem for each in sorted(path.parent.glob("*.yaml"))]
        meant = did_you_mean(path.stem, beside)
        hint = f"Did you mean {meant}?" if meant else "`cauce connect export` makes one."
        raise NotFoundError(f"There is no recording {path}.", hint=hint) from None
    except OSError as error:
        raise DefinitionError(f"{path} cannot be read: {error.strerror}.", hint="Check the path.") from error
    wrong = validate("recording", source) if kind_of(source.data) == "recording" else None
    if wrong is None:
        hint = "A recording begins with `recording:`; `cauce connect export` makes one."
        raise DefinitionError("This is no recording.", hint=hint, where=str(path))
    if wrong:
        raise DefinitionError.of("The recording cannot be read", wrong)
    data = source.data
    return Fixture(
        data["recording"],
        data["connection"],
        data["kind"],
        tuple(data["exchanges"]),
        data.get("documents") or {},
        frozenset(map(plain, data.get("ignore") or ())),
    )
