"""What events make of gates; `folds` knows which is for which."""

from collections.abc import Mapping
from typing import Any, Final

from workflows.roadmap.running.journal import Event, Journal

JSON = Any
MARKS: Final = ("documents", "signed", "waived")
"""What is recorded of a gate's evidence, each by its number."""


def gate_requested(journal: Journal, event: Event) -> None:
    """Put a gate to those who decide it; what is waived stays so."""
    journal.gates[event["gate"]] = {
        "state": "requested",
        "round": event["round"],
        "by": event["by"],
        "at": event["at"],
        "documents": event["documents"],
        "evidence": event["evidence"],
        "signed": {},
        "waived": (journal.gates.get(event["gate"]) or {}).get("waived", {}),
        "answers": [],
    }


def gate_signed(journal: Journal, event: Event) -> None:
    """Note a signature."""
    journal.gates[event["gate"]]["signed"][str(event["evidence"])] = {"by": event["by"], "at": event["at"]}


def evidence_handed_in(journal: Journal, event: Event) -> None:
    """Add files to a piece of evidence."""
    files = journal.gates[event["gate"]]["documents"]
    files[str(event["evidence"])] = [*files.get(str(event["evidence"]), []), *event["documents"]]


def evidence_waived(journal: Journal, event: Event) -> None:
    """Note a waiver, and what it replaces."""
    said = {name: event[name] for name in ("by", "at", "reason", "until")}
    waived, number = journal.gates[event["gate"]]["waived"], str(event["evidence"])
    if before := waived.get(number):
        earlier = {name: before[name] for name in before if name != "before"}
        said["before"] = [*before.get("before", []), earlier]
    waived[number] = said


def gate_answered(journal: Journal, event: Event) -> None:
    """Note one approver's word."""
    said = {name: event[name] for name in ("approver", "by", "at", "approve", "reason")}
    journal.gates[event["gate"]]["answers"].append(said)


def gate_decided(journal: Journal, event: Event) -> None:
    """Close the gate, or send it back."""
    gate = journal.gates[event["gate"]]
    gate["state"], gate["evidence"] = event["outcome"], event["evidence"]
    gate["decidedAt"], gate["asksLater"] = event["at"], event.get("asksLater", False)
    if event["outcome"] == "approved":
        journal.activities[event["gate"]] = {"started": event["day"], "finished": event["day"]}


def move_evidence(gate: JSON, moves: Mapping[str, str | None]) -> None:
    """Put what is recorded of a gate's evidence where another definition has it."""
    for part in MARKS:
        marks, gate[part] = gate[part], {}
        for number, mark in marks.items():
            now = moves.get(number, number)
            if now is None:
                # Nobody asks for it any more; it stays known.
                gate.setdefault("left", []).append({"kind": part, "said": mark})
            else:
                gate[part][now] = mark
