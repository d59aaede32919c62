"""A connection's file between importing and publishing: what is in it, which operations are wanted, what is wrong.

The file is its own state: what a page shows is read from its text, and what a person chooses is written into it.
"""

import asyncio
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cauce.errors import CauceError, DefinitionError, ExpressionError, Finding, InputError
from cauce.expressions import compile_expression
from cauce.services.definitions import Published, publish
from cauce.services.hub import Actor, Hub
from cauce.services.import_offers import require
from cauce.services.known import known
from cauce.services.mapping.examples import example
from cauce.store import definitions
from schemas import Limits, Source, findings_of, kind_of, load_yaml
from schemas.source import step
from workflows.checking import check

JSON = Any
_effect: Final = re.compile(r"^(\s+effect:\s*)(read|write)\b")
_counted: Final = re.compile(r"^# \d+ of (\d+) operations that are declared there\.$", re.MULTILINE)
_longest_sample: Final = 5_000


@dataclass(frozen=True, slots=True)
class DraftOperation:
    """An operation of the file, with an example of what it takes and of what that becomes on its way out."""

    name: str
    title: JSON
    calls: str
    effect: str
    input: JSON
    output: JSON
    sample: str
    request: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A connection's file: its operations, what is wrong, and the version that is published already, if one is."""

    name: str
    text: str
    operations: tuple[DraftOperation, ...]
    findings: tuple[Finding, ...]
    published: str = ""

    @property
    def good(self) -> bool:
        """Whether it could be published."""
        return all(each.severity != "error" for each in self.findings)


async def draft(hub: Hub, actor: Actor, text: str) -> Draft:
    """Return what a file is, and what is wrong with it.

    Raises:
        InputError: It is no connection at all.
    """
    require(actor)
    source, findings = await asyncio.to_thread(_loaded, text, hub.settings.max_definition_bytes)
    if source is None:
        return Draft("", text, (), tuple(findings))
    there = await known(hub, [source])
    findings = await asyncio.to_thread(check, [source], there)
    name = str(source.data["connection"])
    async with hub.store.read() as db:
        row = await definitions.find(db, "connection", "", name)
    operations = source.data.get("operations")
    found = await asyncio.to_thread(_operations, operations if isinstance(operations, dict) else {})
    return Draft(name, text, found, tuple(findings), row.version if row else "")


def samples(text: str) -> dict[str, JSON]:
    """Return a made-up example for each operation of a connection's file: `with`, and the `request` that it becomes."""
    operations = load_yaml(text, "connection.yaml").data["operations"]
    given = {name: example(each.get("input")) for name, each in operations.items()}
    return {
        name: {"with": sample, "request": _sent(operations[name].get("request"), sample)}
        for name, sample in given.items()
    }


async def choose(hub: Hub, actor: Actor, text: str, wanted: Collection[str], effects: Mapping[str, str]) -> str:
    """Return the file with only the operations that are wanted, with the effects that a person gave them.

    Raises:
        InputError: None is wanted.
    """
    require(actor)
    source, findings = await asyncio.to_thread(_loaded, text, hub.settings.max_definition_bytes)
    if source is None:
        raise DefinitionError.of("Nothing was chosen", findings)
    names = list(source.data.get("operations") or {})
    if not set(names) & set(wanted):
        raise InputError("No operation is chosen.", hint="Choose at least one.")
    return _chosen(source, names, wanted, effects)


async def publish_draft(hub: Hub, actor: Actor, text: str) -> Published:
    """Publish the file.

    Raises:
        DefinitionError: Something is wrong with it.
    """
    require(actor)
    source, findings = await asyncio.to_thread(_loaded, text, hub.settings.max_definition_bytes)
    if source is None:
        raise DefinitionError.of("Nothing was published", findings)
    return (await publish(hub, actor, [source]))[0]


def _loaded(text: str, most: int) -> tuple[Source | None, list[Finding]]:
    plain = text.replace("\r\n", "\n")
    try:
        source = load_yaml(plain, "connection.yaml", Limits(bytes=most))
    except CauceError as error:
        return None, list(findings_of(error, "connection.yaml"))
    if kind_of(source.data) != "connection" or not isinstance(source.data["connection"], str):
        raise InputError("This is not the file of a connection.", hint="It begins with `connection: NAME`.")
    return source, []


def _operations(operations: Mapping[str, JSON]) -> tuple[DraftOperation, ...]:
    found = []
    for name, each in operations.items():
        if not isinstance(each, dict):
            continue
        sample = example(each.get("input"))
        found.append(
            DraftOperation(
                name,
                each.get("title"),
                str(each.get("calls", "")),
                str(each.get("effect", "")),
                each.get("input"),
                each.get("output"),
                _shown(sample),
                _shown(_sent(each.get("request"), sample)),
            )
        )
    return tuple(found)


def _sent(request: JSON, sample: JSON) -> JSON:
    if not isinstance(request, str):
        return sample
    try:
        return compile_expression(request).first(sample, {})
    except ExpressionError:
        return None


def _shown(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)[:_longest_sample] if value is not None else ""


def _chosen(source: Source, names: list[str], wanted: Collection[str], effects: Mapping[str, str]) -> str:
    """Return the text without the operations that are not wanted; all else, comments too, stays as it is."""
    lines = source.text.split("\n")
    starts = {name: source.place(f"/operations{step(name)}").line - 1 for name in names}
    ends = dict(zip(names, [*list(starts.values())[1:], _end(source, lines, starts)], strict=True))
    indent = source.place(f"/operations{step(names[0])}").column - 1
    keep = [True] * len(lines)
    for name in names:
        if name not in wanted:
            keep[starts[name] : ends[name]] = [False] * (ends[name] - starts[name])
    for name in names:
        # The comments right above an operation are about it, and not about the one before.
        above = starts[name] - 1
        while above >= 0 and re.match(rf" {{{indent}}}#", lines[above]):
            keep[above] = name in wanted
            above -= 1
    for name in names:
        if effects.get(name) in {"read", "write"}:
            for at in range(starts[name], ends[name]):
                lines[at] = _effect.sub(rf"\g<1>{effects[name]}", lines[at])
    text = "\n".join(line for line, kept in zip(lines, keep, strict=True) if kept)
    count = len(set(names) & set(wanted))
    return _counted.sub(lambda found: f"# {count} of {found[1]} operations that are declared there.", text)


def _end(source: Source, lines: list[str], starts: Mapping[str, int]) -> int:
    """Return the line behind the last operation: where the next key of the file stands, or the file ends."""
    last = max(starts.values())
    after = [source.place(step(str(key))).line - 1 for key in source.data]
    return min([each for each in after if each > last], default=len(lines))
