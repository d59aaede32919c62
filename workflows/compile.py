"""Turns a published bundle into the process that the interpreter runs; every expression is compiled here, once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
import json

from cauce.contract import JSON
from cauce.errors import DefinitionError
from cauce.expressions import Expression, compile_expression
from cauce.expressions.templates import Template, compile_template, strip_delimiters
from workflows import model
from workflows.durations import Duration
from workflows.names import STANDARD

_CATALOG = ("human-task", "decision", "enter-stage", "compensate")


@lru_cache(maxsize=256)
def process_of(bundle_text: bytes) -> model.Process:
    """Compile a bundle from its JSON text; the same text is compiled once in a worker."""
    return compile_bundle(json.loads(bundle_text))


def compile_bundle(bundle: Mapping[str, JSON]) -> model.Process:
    """Compile a published bundle."""
    return _Compiler(bundle).process()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a task is: its list's pointer, and the loop and error variables it can see."""

    pointer: str
    variables: frozenset[str] = frozenset()

    def below(self, *steps: str, more: Iterable[str] = ()) -> "_Place":
        return _Place("/".join([self.pointer, *steps]), self.variables | frozenset(more))


class _Compiler:
    """Compiles one bundle; holds what its tasks refer to by name."""

    def __init__(self, bundle: Mapping[str, JSON]) -> None:
        self.bundle = bundle
        self.document = bundle["document"]
        self.use: Mapping[str, JSON] = self.document.get("use") or {}
        self.secrets = tuple(self.use.get("secrets") or ())

    def process(self) -> model.Process:
        document, operations = self.document, self.bundle.get("operations") or {}
        root = _Place("")
        given, output = document.get("input") or {}, document.get("output") or {}
        return model.Process(
            namespace=self.bundle["namespace"],
            name=self.bundle["name"],
            version=self.bundle["version"],
            document=document,
            body=self.tasks(document["do"], root.below("do")),
            input_schema=given.get("schema"),
            input_from=self.transform(given.get("from"), root),
            output_schema=output.get("schema"),
            output_as=self.transform(output.get("as"), root),
            timeout=self.timeout(document.get("timeout"), root),
            secrets=self.secrets,
            effects={name: each["effect"] for name, each in operations.items()},
            timeouts_s={name: float(each["timeout_s"]) for name, each in operations.items()},
        )

    # Values ---------------------------------------------------------------------------------------------------------

    def expression(self, text: str, place: _Place, *more: str) -> Expression:
        return compile_expression(strip_delimiters(text), variables=STANDARD | place.variables | frozenset(more))

    def optional(self, text: str | None, place: _Place, *more: str) -> Expression | None:
        return None if text is None else self.expression(text, place, *more)

    def template(self, value: JSON, place: _Place) -> Template:
        return compile_template(value, variables=STANDARD | place.variables)

    def transform(self, value: JSON, place: _Place) -> model.Value | None:
        """Compile a `from` or `as`: text is an expression with or without `${ }`, anything else a template."""
        if value is None:
            return None
        return self.expression(value, place) if isinstance(value, str) else self.template(value, place)

    def duration(self, value: JSON, place: _Place) -> Duration | None:
        if value is None:
            return None
        if isinstance(value, str) and value.lstrip().startswith("${"):
            return Duration(expression=self.expression(value, place))
        return Duration(value=value)

    def needed(self, value: JSON, place: _Place) -> Duration:
        duration = self.duration(value, place)
        if duration is None:
            raise DefinitionError("A duration is missing.", where=place.pointer)
        return duration

    def timeout(self, value: JSON, place: _Place) -> Duration | None:
        if value is None:
            return None
        named = self.use.get("timeouts") or {}
        return self.duration((named[value] if isinstance(value, str) else value)["after"], place)

    # Tasks ----------------------------------------------------------------------------------------------------------

    def tasks(self, items: list[Mapping[str, JSON]], place: _Place) -> model.TaskList:
        compiled = []
        for index, item in enumerate(items):
            (name, definition), *_ = item.items()
            compiled.append(self.task(name, definition, place.below(str(index), _escape(name))))
        return model.TaskList(tuple(compiled), {task.common.name: i for i, task in enumerate(compiled)})

    def task(self, name: str, definition: Mapping[str, JSON], place: _Place) -> model.Task:
        common = self.common(name, definition, place)
        for keyword in _KEYWORDS:
            if keyword in definition:
                return _KEYWORDS[keyword](self, common, definition, place)
        raise DefinitionError("A task needs a keyword such as `call`, `do` or `set`.", where=place.pointer)

    def common(self, name: str, definition: Mapping[str, JSON], place: _Place) -> model.Common:
        given, output, export = (definition.get(key) or {} for key in ("input", "output", "export"))
        return model.Common(
            name=name,
            reference=place.pointer,
            definition=definition,
            condition=self.optional(definition.get("if"), place),
            input_schema=given.get("schema"),
            input_from=self.transform(given.get("from"), place),
            output_schema=output.get("schema"),
            output_as=self.transform(output.get("as"), place),
            export_schema=export.get("schema"),
            export_as=self.transform(export.get("as"), place),
            timeout=self.timeout(definition.get("timeout"), place),
            then=definition.get("then"),
        )

    def do(self, common: model.Common, definition: Mapping[str, JSON], place: _Place) -> model.Task:
        return model.DoTask(common, self.tasks(definition["do"], place.below("do")))

    def set(self, common: model.Common, definition: Mapping[str, JSON], place: _Place) -> model.Task:
        return model.SetTask(common, self.template(definition["set"], place))

    def switch(self, common: model.Common, definition: Mapping[str, JSON], place: _Place) -> model.Task:
        cases = []
        for item in definition["switch"]:
            (name, case), *_ = item.items()
            cases.append(model.Case(name, self.optional(case.get("when"), place), case.get("then", "continue")))
        return model.SwitchTask(common, tuple(cases))

    def for_(self, common: model.Common, definition: Mapping[str, JSON], place: _Place) -> model.Task:
        loop = definition["for"]
        each, at = loop.get("each", "item"), loop.get("at", "index")
        body = self.tasks(definition["do"], place.below("do", more=(each, at)))
        condition = self.optional(definition.get("while"), place, each, at)
        return model.ForTask(common, each, at, self.expression(loop["in"], place), condition, body)

    def fork(self, common: model.Common, definition: Mapping[str, JSON], place: _Place) -> model.Task:
        fork = definition["fork"]
        branches = self.tasks(fork["branches"], place.below("fork", "branches")).tasks
        return model.ForkTask(common, branches, bool(fork.get("compete", False)))

    def try_(self, common: model.Common, definition: Mapping[str, JSON], place: _Place) -> model.Task:
        catch = definition["catch"]
        variable = catch.get("as", "error")
        inside = replace(place, variables=place.variables | {variable})
        return model.TryTask(
            common,
            self.tasks(definition["try"], place.below("try")),
            model.Catch(
                filter=(catch.get("errors") or {}).get("with"),
                variable=variable,
                when=self.optional(catch.get("when"), inside),
                except_when=self.optional(catch.get("exceptWhen"), inside),
                retry=self.retry(catch.get("retry"), inside),
                body=self.tasks(catch["do"], inside.below("catch", "do")) if catch.get("do") else None,
            ),
        )

    def retry(self, value: JSON, place: _Place) -> model.Retry | None:
        if value is None:
            return None
        policy = (self.use.get("retries") or {})[value] if isinstance(value, str) else value
        limit, attempt = policy.get("limit") or {}, (policy.get("limit") or {}).get("attempt") or {}
        backoff = policy.get("backoff") or {}
        kind = next((each for each in ("exponential", "linear") if each in backoff), "constant")
        parameters = backoff.get(kind) or {}
        jitter = policy.get("jitter")
        return model.Retry(
            when=self.optional(policy.get("when"), place),
            except_when=self.optional(policy.get("exceptWhen"), place),
            delay=self.duration(policy.get("delay"), place),
            backoff=kind,
            factor=float(parameters.get("factor", 2)),
            increment=self.duration(parameters.get("increment"), place),
            cap=self.duration(parameters.get("maxDelay"), place),
            count=attempt.get("count"),
            attempt_duration=self.duration(attempt.get("duration"), place),
            duration=self.duration(limit.get("duration"), place),
            jitter=(self.needed(jitter["from"], place), self.needed(jitter["to"], place)) if jitter else None,
            # A back-off without parameters is ours to fill in: factor 2, at most 5 minutes, jitter of 20 %.
            default_jitter=kind != "constant" and not jitter,
        )

    def raise_(self, common: model.Common, definition: Mapping[str, JSON], place: _Place) -> model.Task:
        error = definition["raise"]["error"]
        if isinstance(error, str) and not error.lstrip().startswith("${"):
            error = (self.use.get("errors") or {})[error]
        return model.RaiseTask(common, self.template(error, place))

    def wait(self, common: model.Common, definition: Mapping[str, JSON], place: _Place) -> model.Task:
        return model.WaitTask(common, self.needed(definition["wait"], place))

    def run(self, common: model.Common, definition: Mapping[str, JSON], place: _Place) -> model.Task:
        run = definition["run"]
        child = run["workflow"]
        return model.RunProcessTask(
            common,
            child["namespace"],
            child["name"],
            str(child["version"]),
            self.template(child.get("input"), place),
            wait=bool(run.get("await", True)),
        )

    # Calls ----------------------------------------------------------------------------------------------------------

    def call(self, common: model.Common, definition: Mapping[str, JSON], place: _Place) -> model.Task:
        name, given = definition["call"], definition.get("with")
        functions = self.use.get("functions") or {}
        if name == "http":
            return model.HttpTask(common, self.template(self._authenticated(given), place), self.secrets)
        if name in functions:
            body = self.task(name, functions[name], replace(place, variables=frozenset()))
            body = replace(body, common=replace(body.common, name=common.name, reference=common.reference))
            return model.FunctionTask(common, self.template(given, place), body)
        short = name.partition(":")[0]
        if short in _CATALOG and (short == name or name.endswith("@default")):
            return _CALLS[short](self, common, given or {}, place)
        return self.operation(common, definition, place)

    def operation(self, common: model.Common, definition: Mapping[str, JSON], place: _Place) -> model.Task:
        name = definition["call"]
        pinned = self.bundle["operations"][name]
        operation, _, connection = name.partition("@")
        undo = ((definition.get("metadata") or {}).get("cauce") or {}).get("compensate")
        compensation = None
        if undo is not None:
            undo_operation, _, undo_connection = undo["call"].partition("@")
            arguments = self.template(undo.get("with") or {}, place)
            compensation = model.Compensation(undo_operation, undo_connection, arguments)
        return model.OperationTask(
            common,
            operation,
            connection,
            self.template(definition.get("with") or {}, place),
            effect=pinned["effect"],
            timeout_s=float(pinned["timeout_s"]),
            compensation=compensation,
        )

    def human(self, common: model.Common, given: Mapping[str, JSON], place: _Place) -> model.Task:
        form = given["form"]
        after = (given.get("due") or {}).get("after")
        return model.HumanTaskCall(
            common, form, self.bundle["forms"][form], self.template(given, place), self.duration(after, place)
        )

    def decision(self, common: model.Common, given: Mapping[str, JSON], place: _Place) -> model.Task:
        table = self.bundle["decisions"][given["table"]]
        inner = _Place(place.pointer, place.variables)
        return model.DecisionTask(
            common,
            given["table"],
            self.template(given.get("data", "${ . }"), place),
            {name: self.expression(text, inner) for name, text in (table.get("inputs") or {}).items()},
            tuple(
                model.Rule(rule["id"], self.optional(rule.get("when"), inner), self.template(rule["then"], inner))
                for rule in table["rules"]
            ),
            table.get("hit", "first"),
        )

    def stage(self, common: model.Common, given: Mapping[str, JSON], place: _Place) -> model.Task:
        catalogue = self.bundle["stages"][given["stages"]]
        return model.StageTask(common, self.template(given, place), {each["id"]: each for each in catalogue["list"]})

    def compensate(self, common: model.Common, given: Mapping[str, JSON], place: _Place) -> model.Task:
        del given, place
        return model.CompensateTask(common)

    def _authenticated(self, given: Mapping[str, JSON]) -> Mapping[str, JSON]:
        """Put a named authentication where the endpoint refers to it."""
        endpoint = given.get("endpoint")
        if not isinstance(endpoint, Mapping):
            return given
        used = (endpoint.get("authentication") or {}).get("use") if endpoint.get("authentication") else None
        if used is None:
            return given
        named = (self.use.get("authentications") or {})[used]
        return {**given, "endpoint": {**endpoint, "authentication": named}}


def _escape(name: str) -> str:
    """Write a name as a step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


_Compile = Callable[[_Compiler, model.Common, Mapping[str, JSON], _Place], model.Task]

# `for` has a `do` beside it and `try` a `catch`, so the order matters.
_KEYWORDS: Mapping[str, _Compile] = {
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
}
_CALLS: Mapping[str, _Compile] = {
    "human-task": _Compiler.human,
    "decision": _Compiler.decision,
    "enter-stage": _Compiler.stage,
    "compensate": _Compiler.compensate,
}
