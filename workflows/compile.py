"""Turns a published bundle into the process that the interpreter runs; every expression is compiled here, once."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from cauce.contract import JSON
from cauce.errors import DefinitionError
from workflows import model
from workflows.compile_calls import Calls
from workflows.compile_clocks import clocks_of
from workflows.compile_events import Events
from workflows.compile_extensions import compiled, extending
from workflows.compile_run import compile_run
from workflows.compile_values import Place, escape
from workflows.durations import calendar_of


@lru_cache(maxsize=256)
def process_of(bundle_text: bytes) -> model.Process:
    """Compile a bundle from its JSON text; the same text is compiled once in a worker."""
    return compile_bundle(json.loads(bundle_text))


def compile_bundle(bundle: Mapping[str, JSON]) -> model.Process:
    """Compile a published bundle."""
    return _Compiler(bundle).process()


class _Compiler(Calls, Events):
    """Compiles one bundle."""

    def process(self) -> model.Process:
        document, operations = self.document, self.bundle.get("operations") or {}
        root = Place("")
        self.extensions = tuple(compiled(self.use, self.tasks, self.optional))
        given, output = document.get("input") or {}, document.get("output") or {}
        return model.Process(
            namespace=self.bundle["namespace"],
            name=self.bundle["name"],
            version=self.bundle["version"],
            document=document,
            forms=self.bundle.get("forms") or {},
            body=self.tasks(document["do"], root.below("do")),
            input_schema=self.schema(given, root),
            input_from=self.transform(given.get("from"), root),
            output_schema=self.schema(output, root),
            output_as=self.transform(output.get("as"), root),
            timeout=self.timeout(document.get("timeout"), root),
            secrets=self.secrets,
            effects={name: each["effect"] for name, each in operations.items()},
            timeouts_s={name: float(each["timeout_s"]) for name, each in operations.items()},
            waits_s=_waits_s(operations),
            outputs={name: each.get("output") for name, each in operations.items()},
            clocks=clocks_of(self.bundle),
            listens=self.listens,  # known when the body is compiled
        )

    def tasks(self, items: list[Mapping[str, JSON]], place: Place) -> model.TaskList:
        compiled = []
        for index, item in enumerate(items):
            (name, definition), *_ = item.items()
            compiled.append(self.task(name, definition, place.below(str(index), escape(name))))
        return model.TaskList(tuple(compiled), {task.common.name: i for i, task in enumerate(compiled)})

    def task(self, name: str, definition: Mapping[str, JSON], place: Place) -> model.Task:
        common = self.common(name, definition, place)
        for keyword, compile_ in _KEYWORDS.items():
            if keyword in definition:
                return compile_(self, common, definition, place)
        raise DefinitionError("A task needs a keyword such as `call`, `do` or `set`.", where=place.pointer)

    def common(self, name: str, definition: Mapping[str, JSON], place: Place) -> model.Common:
        given, output, export = (definition.get(key) or {} for key in ("input", "output", "export"))
        return model.Common(
            name=name,
            reference=place.pointer,
            definition=definition,
            condition=self.optional(definition.get("if"), place),
            input_schema=self.schema(given, place),
            input_from=self.transform(given.get("from"), place),
            output_schema=self.schema(output, place),
            output_as=self.transform(output.get("as"), place),
            export_schema=self.schema(export, place),
            export_as=self.transform(export.get("as"), place),
            timeout=self.timeout(definition.get("timeout"), place),
            calendar=self.calendar(calendar_of(definition)),
            then=definition.get("then"),
            extensions=extending(self.extensions, definition),
        )

    def do(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        return model.DoTask(common, self.tasks(definition["do"], place.below("do")))

    def set(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        return model.SetTask(common, self.template(definition["set"], place))

    def switch(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        cases = []
        for item in definition["switch"]:
            (name, case), *_ = item.items()
            cases.append(model.Case(name, self.optional(case.get("when"), place), case.get("then", "continue")))
        return model.SwitchTask(common, tuple(cases))

    def for_(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        loop = definition["for"]
        each, at = loop.get("each", "item"), loop.get("at", "index")
        body = self.tasks(definition["do"], place.below("do", more=(each, at)))
        condition = self.optional(definition.get("while"), place, each, at)
        return model.ForTask(common, each, at, self.expression(loop["in"], place), condition, body)

    def fork(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        fork = definition["fork"]
        branches = self.tasks(fork["branches"], place.below("fork", "branches")).tasks
        return model.ForkTask(common, branches, bool(fork.get("compete", False)))

    def try_(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        catch = definition["catch"]
        variable = catch.get("as", "error")
        inside = Place(place.pointer, place.variables | {variable})
        pattern = (catch.get("errors") or {}).get("with")
        return model.TryTask(
            common,
            self.tasks(definition["try"], place.below("try")),
            model.Catch(
                filter=None if pattern is None else self.template(pattern, inside),
                variable=variable,
                when=self.optional(catch.get("when"), inside),
                except_when=self.optional(catch.get("exceptWhen"), inside),
                retry=self.retry(catch.get("retry"), inside),
                body=self.tasks(catch["do"], inside.below("catch", "do")) if catch.get("do") else None,
                then=catch.get("then"),
            ),
        )

    def raise_(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        error = definition["raise"]["error"]
        if isinstance(error, str) and not error.lstrip().startswith("${"):
            error = self.named("errors", error, place)
        return model.RaiseTask(common, self.template(error, place))

    def wait(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        return model.WaitTask(common, self.needed(definition["wait"], place))

    def run(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        return compile_run(self, common, definition["run"], place)


_Compile = Callable[[_Compiler, model.Common, Mapping[str, JSON], Place], model.Task]

# `for` has a `do` beside it and `try` a `catch`, so the order matters.
_KEYWORDS: Final[Mapping[str, _Compile]] = {
    "for": _Compiler.for_,
    "try": _Compiler.try_,
    "call": _Compiler.call,
    "do": _Compiler.do,
    "set": _Compiler.set,
    "switch": _Compiler.switch,
    "fork": _Compiler.fork,
    "raise": _Compiler.raise_,
    "wait": _Compiler.wait,
    "run": _Compiler.run,
    "emit": _Compiler.emit,
    "listen": _Compiler.listen,
}


def _waits_s(operations: Mapping[str, Mapping[str, JSON]]) -> dict[str, float]:
    """Return how long calls may wait, by the operation and the connection that carries it out."""
    waits = {}
    for name, pinned in operations.items():
        operation, _, connection = name.partition("@")
        if "wait_s" in pinned:
            waits[f"{operation}@{pinned.get('connection', connection)}"] = float(pinned["wait_s"])
    return waits
