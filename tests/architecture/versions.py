"""What each version of the processes that come with Cauce consists of; `make versions` writes it down.

A version that is published never changes, because instances run on it, and keeps the forms, tables, stages, clocks and
templates that it was published with. So a hub that has a version refuses another document under the same number, and
does not take up a form that changed: whoever changes one of them raises the version.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cauce.services import definitions
from schemas import kind_of
from tests.architecture.sources import ROOT
from workflows.bundle import resolve
from workflows.checking.known import OperationContract

LOCK: Final = Path(__file__).with_name("versions.json")
_PINNED: Final = {
    "forms": "form",
    "decisions": "decision",
    "stages": "stages",
    "clocks": "clock",
    "templates": "template",
}
_ADVICE: Final = "Raise `document.version` in it, say in CHANGELOG.md what changed, and run `make versions`."

# For each process its version, and the hash of its document and of each definition that it takes with it.
Versions = Mapping[str, Mapping[str, Any]]


def shipped(folder: Path = ROOT / "definitions") -> Versions:
    """Return what the processes of a folder consist of."""
    sources, findings = definitions.load([folder])
    assert not findings, findings
    known: dict[str, dict[str, Any]] = {section: {} for section in _PINNED}
    for source in sources:
        for section, kind in _PINNED.items():
            if kind_of(source.data) == kind:
                known[section][source.data[kind]] = source.data
    processes = [source.data for source in sources if kind_of(source.data) == "process"]
    found = {f"{each['document']['namespace']}.{each['document']['name']}": _parts(each, known) for each in processes}
    return dict(sorted(found.items()))


def problems(recorded: Versions, now: Versions) -> Iterator[str]:
    """Return a sentence for every process that is not as it was recorded, and what is to be done about it."""
    for name in sorted({*recorded, *now}):
        before, after = recorded.get(name), now.get(name)
        if before == after:
            continue
        if before is None or after is None:
            yield f"{name} is {'new' if after else 'gone'}: run `make versions`."
        elif before["version"] == after["version"]:
            parts = sorted({*before["parts"], *after["parts"]})
            changed = ", ".join(each for each in parts if before["parts"].get(each) != after["parts"].get(each))
            yield f"{name} has changed, and is version {after['version']} still ({changed}). {_ADVICE}"
        else:
            yield f"{name} is version {after['version']} now, {before['version']} is recorded: run `make versions`."


class _AnyOperation(dict[str, OperationContract]):
    """Operations of every name: what connections do is bound where a hub runs, and is no part of what is shipped."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> OperationContract:
        return OperationContract("read")


def _parts(document: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    bundle = resolve(
        document,
        operations=_AnyOperation(),
        forms=known["forms"],
        decisions=known["decisions"],
        stages=known["stages"],
        clocks=known["clocks"],
        templates=known["templates"],
    )
    # As they are written: a form of a bundle also has the names that the process marks as personal.
    named = {
        f"{kind} {name}": known[section][name] for section, kind in _PINNED.items() for name in bundle.get(section, {})
    }
    parts = {"document": document, **dict(sorted(named.items()))}
    return {"version": document["document"]["version"], "parts": {key: _digest(each) for key, each in parts.items()}}


def _digest(document: Any) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def main() -> int:
    """Write down what is there now; what changed without a new version is refused."""
    recorded, now = json.loads(LOCK.read_text(encoding="utf-8")) if LOCK.exists() else {}, shipped()
    forgotten = [each for each in problems(recorded, now) if "still" in each]
    if forgotten:
        sys.stderr.write("\n".join(forgotten) + "\n")
        return 1
    LOCK.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
