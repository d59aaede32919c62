"""Who plans a roadmap, and who decides on it as a whole; a definition need not say so."""

from collections.abc import Mapping
from typing import Any

JSON = Any


def planner(document: Mapping[str, JSON]) -> str:
    """Return the owner who plans: who decides on the smallest changes, or does the last work."""
    rows = document.get("changes") or []
    if "project-manager" in document["owners"]:
        return "project-manager"
    return str(rows[0]["decides"] if rows else document["phases"][-1]["activities"][-1]["owner"])


def sponsor(document: Mapping[str, JSON]) -> str:
    """Return the owner who decides whether it goes on: the sponsor, or the first who decides at its last gate."""
    if "sponsor" in document["owners"]:
        return "sponsor"
    return str(document["phases"][-1]["gate"]["approvers"][0])


def whose(document: Mapping[str, JSON], owner: str) -> dict[str, str]:
    """Return the group or the person behind an owner; the owner's own name is a group where neither is given."""
    said = document["owners"].get(owner) or {}
    if "user" in said and "group" not in said:
        return {"user": said["user"]}
    return {"group": said.get("group", owner)}
