"""Puts recordings in the place of the connections that they are of."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cauce.errors import NotFoundError
from cauce.recording.fixtures import read
from schemas import Source, did_you_mean, kind_of


def with_recorded(sources: Sequence[Source], files: Sequence[Path]) -> list[Source]:
    """Return the definitions with the connections of these recordings answered from them; the mappings stay.

    Raises:
        NotFoundError: There is no such file, or no such connection.
    """
    answered = {read(file).connection: file.resolve() for file in files}
    known = {each.data["connection"]: each for each in sources if kind_of(each.data) == "connection"}
    for name, file in answered.items():
        if name not in known:
            meant = did_you_mean(name, known)
            hint = f"Did you mean {meant}?" if meant else "Its file has to be in the definitions folder."
            raise NotFoundError(f"There is no connection '{name}' that {file.name} could answer for.", hint=hint)
    return [_answered(each, answered) for each in sources]


def _answered(source: Source, files: dict[str, Path]) -> Source:
    file = files.get(source.data.get("connection", "")) if kind_of(source.data) == "connection" else None
    if file is None:
        return source
    recorded = {"kind": "recorded", "settings": {"recording": str(file)}, "record": {}}
    return replace(source, data={**source.data, **recorded})
