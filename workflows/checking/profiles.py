"""Checks profiles: which connection stands behind a name in one environment."""

from collections.abc import Mapping
from typing import Any

from schemas import guess, listing
from schemas.source import step
from workflows.checking.known import World
from workflows.checking.report import Report

JSON = Any


def check_profile(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check that the connections of a profile are there and implement what is asked of them."""
    for logical, binding in document["connections"].items():
        place = f"/connections{step(logical)}"
        wanted = binding.get("capabilities") or ()
        for index, name in enumerate(wanted):
            if name not in world.capabilities:
                problem = f"There is no capability `{name}`{guess(name, world.capabilities)}"
                hint = listing(world.capabilities)
                report.value("unknown-capability", f"{place}/capabilities/{index}", problem, hint)
        connection = binding.get("connection")
        if connection is None:
            continue
        if connection not in world.implements:
            problem = f"There is no connection `{connection}`{guess(connection, world.implements)}"
            hint = listing(world.implements) or "Write it, or check it together with this file."
            report.value("unknown-connection", f"{place}/connection", problem, hint)
            continue
        for index, name in enumerate(wanted):
            _check_wanted(report, f"{place}/capabilities/{index}", name, binding, world)


def absence(profile: Mapping[str, JSON] | None, connection: str) -> str | None:
    """Return why there is no such connection in a profile; None when the profile does not say that."""
    said = (profile["connections"].get(connection) or {}).get("absent") if profile else None
    return said.get("en") or next(iter(said.values())) if isinstance(said, Mapping) else said


def _check_wanted(report: Report, pointer: str, name: str, binding: Mapping[str, JSON], world: World) -> None:
    connection = binding["connection"]
    if name not in world.capabilities:
        return
    if name not in world.implements[connection]:
        problem = f"`{connection}` does not say that it implements `{name}`."
        report.value("profile", pointer, problem, f"Add `{name}` to its `implements`, or bind another connection.")
    elif binding.get("certified") and world.certified is not None and name not in world.certified.get(connection, ()):
        problem = f"`{connection}` is not certified for `{name}` as it is published now."
        report.value("profile", pointer, problem, f"Certify it: cauce connect certify {connection}.")
