"""What a process tells the roadmap whose activity it does, when it has ended."""

from collections.abc import Iterator, Mapping
from typing import Final

from cauce.contract import JSON
from cauce.roadmaps import ProcessEnded, is_roadmap
from workflows.instance import Instance

_MOST_FILES: Final = 50
_MOST_TEXT: Final = 500


def told_to(instance: Instance) -> str:
    """Return the roadmap that runs an instance; empty when none does, or another process runs it for it."""
    nearest = instance.journal.ancestors[-1:]
    return nearest[0] if nearest and is_roadmap(nearest[0]) else ""


def end_of(instance: Instance, output: JSON, problem: Mapping[str, JSON] | None, *, cancelled: bool) -> ProcessEnded:
    """Return how an instance ended: with an output, with a problem, or cancelled."""
    journal = instance.journal
    by = sorted(set(journal.doers(list(journal.performers))))
    identity = instance.runtime.instance_id
    if cancelled:
        return ProcessEnded(identity, "cancelled", by=by)
    if problem is not None:
        reason = str(problem.get("detail") or problem.get("title") or "")
        return ProcessEnded(identity, "faulted", reason=reason[:_MOST_TEXT], by=by)
    said = output if isinstance(output, Mapping) else {}
    passed = said.get("passed")
    return ProcessEnded(
        identity,
        "completed",
        passed=passed if isinstance(passed, bool) else None,
        outcome=_text(said.get("outcome")),
        reason=_text(said.get("reason")),
        by=by,
        documents=[file for _, file in zip(range(_MOST_FILES), _files(output), strict=False)],
    )


def _text(value: JSON) -> str:
    return value[:_MOST_TEXT] if isinstance(value, str) else ""


def _files(value: JSON) -> Iterator[JSON]:
    """Yield the files that people attached, wherever an output names them."""
    if isinstance(value, Mapping):
        if isinstance(value.get("sha256"), str) and isinstance(value.get("name"), str):
            yield dict(value)
        else:
            for each in value.values():
                yield from _files(each)
    elif isinstance(value, list):
        for each in value:
            yield from _files(each)
