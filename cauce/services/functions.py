"""Fetches the functions from outside that a process calls, when it is published, and those that they call."""

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cauce.errors import CauceError, RemoteError
from cauce.services import resources
from cauce.services.hub import Hub
from cauce.services.resources import TOTAL_S, Pinning
from schemas import Source, load_yaml
from workflows.bundle import Function, Outside
from workflows.checking import World
from workflows.checking.catalogs import Callee, callee
from workflows.checking.check import check_task_of_function
from workflows.checking.functions import Graph
from workflows.checking.references import Reference
from workflows.checking.walk import all_tasks, inner_tasks

JSON = Any
MOST: Final = 50
_GONE: Final = "404"


async def pin(hub: Hub, source: Source, world: World) -> Pinning:
    """Fetch all that a (checked) process names by its address, and the functions from outside that it calls."""
    pinning = await resources.pin(hub, source)
    search = _Search(pinning, source, world)
    try:
        async with asyncio.timeout(TOTAL_S):
            await search.run()
    except TimeoutError:
        problem = f"Fetching the functions that the process calls took more than {TOTAL_S:.0f} seconds."
        pinning.refuse(source, "/document", problem, "Try again later.")
    pinning.functions = Outside(search.found, search.plain)
    return pinning


@dataclass(slots=True)
class _Search:
    pinning: Pinning
    source: Source
    world: World
    found: dict[str, Function] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)

    async def run(self) -> None:
        """Find one function after the other; what cannot be had or used is among the findings of the pinning."""
        document = self.pinning.document
        use: Mapping[str, JSON] = document.get("use") or {}
        own, catalogs = use.get("functions") or {}, use.get("catalogs") or {}
        # Of each call the place in the document that brought it in, and the functions that have a plain name there.
        waiting = deque((f"{pointer}/call", task, own) for pointer, _, task in all_tasks(document))
        while waiting:
            place, task, local = waiting.popleft()
            name = task.get("call") if isinstance(task, dict) else None
            wanted = callee(name, local, catalogs, self.world.functions) if isinstance(name, str) else None
            if wanted is None:
                continue
            if not {":", "@"} & set(str(name)):
                self.plain[str(name)] = wanted.key
            if wanted.key not in self.found and await self._take(wanted, place, catalogs):
                inner = inner_tasks(self.found[wanted.key].task, "", wanted.key)
                waiting.extend((place, each, {}) for _, _, each in inner)
        graph = Graph(own, catalogs, self.world.functions, {key: each.task for key, each in self.found.items()})
        for problem in graph.problems({"": {key: value for key, value in document.items() if key != "use"}}):
            self.pinning.refuse(self.source, "/do", problem, "Call another function.")

    async def _take(self, wanted: Callee, place: str, catalogs: Mapping[str, JSON]) -> bool:
        """Add a function when it can be had and used; tell whether it was."""
        if len(self.found) >= MOST:
            self.pinning.refuse(self.source, place, f"A process may call at most {MOST} functions from outside.")
            return False
        try:
            function = await self._function(wanted)
        except CauceError as error:
            problem = f"The function cannot be fetched: {error.problem[:1].lower()}{error.problem[1:]}"
            self.pinning.refuse(self.source, place, problem, error.hint)
            return False
        as_definition = {"function": "fetched", "version": "1.0.0", "task": function.task}
        try:
            written = load_yaml(json.dumps(as_definition), wanted.key)
            wrong = check_task_of_function(written, self.world, catalogs)
        except CauceError as error:
            self.pinning.refuse(self.source, place, f"The function cannot be used: {error.problem}", error.hint)
            return False
        for finding in wrong[:1]:
            at = finding.pointer.removeprefix("/task") or "/"
            problem = f"The function cannot be used, at {at}: {finding.problem}"
            self.pinning.refuse(self.source, place, problem, finding.hint)
        await self._pin_inner(function, place)
        self.found[wanted.key] = function
        return not wrong

    async def _pin_inner(self, function: Function, place: str) -> None:
        """Fetch what the function itself names by its address."""
        head = {"dsl": "1.0.3", "namespace": "functions", "name": "fetched", "version": "1.0.0"}
        text = json.dumps({"document": head, "do": [{"function": function.task}]})
        within = await resources.pin(self.pinning.hub, load_yaml(text, function.origin))
        self.pinning.pins |= within.pins
        for finding in within.findings[:1]:
            self.pinning.refuse(self.source, place, f"The function cannot be used: {finding.problem}", finding.hint)

    async def _function(self, wanted: Callee) -> Function:
        if wanted.task is not None:
            text = json.dumps(wanted.task, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            return Function(wanted.task, hashlib.sha256(text.encode()).hexdigest(), "default")
        *others, last = wanted.uris
        for uri in others:
            try:
                return await self._fetched(uri, wanted)
            except RemoteError as error:
                if error.remote_code != _GONE:
                    raise
        return await self._fetched(last, wanted)

    async def _fetched(self, uri: str, wanted: Callee) -> Function:
        task = await self.pinning.data(Reference("", uri, wanted.authentication))
        # It is in the bundle as a function; there it need not be twice.
        pinned = self.pinning.pins.pop(uri)
        return Function(task, pinned["digest"], uri)
