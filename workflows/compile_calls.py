"""Calls: `http`, functions of the document, functions of the default catalog, operations of connections."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from cauce.contract import JSON
from cauce.errors import DefinitionError
from cauce.expressions.templates import compile_template
from workflows import approvals, model
from workflows.assigning import split
from workflows.compile_login import scheme_of
from workflows.compile_protocols import PROTOCOLS, Protocols
from workflows.compile_values import Place, escape
from workflows.names import STANDARD
from workflows.notifying import operations_of
from workflows.working_time import WorkingTime


class Calls(Protocols, ABC):
    """Compiles calls."""

    def __init__(self, bundle: Mapping[str, JSON]) -> None:
        super().__init__(bundle)
        self._inside: list[str] = []
        self._functions: Mapping[str, JSON] = bundle.get("functions") or {}
        self._names: Mapping[str, str] = bundle.get("calls") or {}

    @abstractmethod
    def task(self, name: str, definition: Mapping[str, JSON], place: Place) -> model.Task:
        """Compile any task."""

    def call(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        """Compile a call of whatever its name stands for."""
        name, given = definition["call"], definition.get("with")
        if name == "http":
            return self._http(common, given or {}, place)
        if name == "openapi":
            return self._openapi(common, given or {}, place)
        if name in PROTOCOLS:
            return self.protocol(common, name, given or {}, place)
        if name in (self.use.get("functions") or {}) or self._names.get(name, name) in self._functions:
            return self._function(common, name, given, place)
        short, _, rest = name.partition(":")
        if short in _CATALOG and (not rest or rest.endswith("@default")):
            return _CATALOG[short](self, common, given or {}, place)
        return self._operation(common, definition, place)

    def _function(self, common: model.Common, name: str, given: JSON, place: Place) -> model.Task:
        if name not in (self.use.get("functions") or {}):
            return self._from_outside(common, self._names.get(name, name), given, place)
        definition = self.named("functions", name, place)
        body = self._body(common, f"use.functions.{name}", definition, f"/use/functions/{escape(name)}", place)
        return model.FunctionTask(common, self.template(given, place), body)

    def _from_outside(self, common: model.Common, key: str, given: JSON, place: Place) -> model.Task:
        """Compile a function from outside: it knows nothing of what the process has under `use`."""
        arguments, pinned = self.template(given, place), self._functions[key]
        around = (self.use, self.secrets, self.loose, self._names)
        # What others wrote and keep gets no secrets; what was published here may use those that the process declares.
        self.use, self.loose, self._names = {}, False, pinned["calls"]
        trusted = pinned["from"] == "default"
        self.secrets = self.secrets if trusted else ()
        try:
            body = self._body(common, key, pinned["task"], f"/use/functions/{escape(key)}", place)
        finally:
            self.use, self.secrets, self.loose, self._names = around
        return model.FunctionTask(common, arguments, body, secrets=trusted)

    def _body(
        self, common: model.Common, key: str, definition: Mapping[str, JSON], pointer: str, place: Place
    ) -> model.Task:
        if key in self._inside:
            raise DefinitionError(f"The function `{key}` calls itself.", where=place.pointer)
        self._inside.append(key)
        body = self.task(common.name, definition, Place(pointer))
        self._inside.pop()
        # What goes wrong in the function itself went wrong in the call; the tasks inside it have their own place.
        return replace(body, common=replace(body.common, reference=common.reference))

    def _http(self, common: model.Common, given: Mapping[str, JSON], place: Place) -> model.Task:
        to = self.endpoint(given.get("endpoint"), place)
        scheme = scheme_of(to.get("authentication")) if isinstance(to, Mapping) else ""
        return model.HttpTask(common, self.template({**given, "endpoint": to}, place), self.secrets, scheme)

    def _openapi(self, common: model.Common, given: Mapping[str, JSON], place: Place) -> model.Task:
        operation = (self.pinned(given["document"], place).get("operations") or {}).get(given["operationId"])
        if operation is None:
            raise DefinitionError("The operation was not published with the process.", where=place.pointer)
        policy = self.policy(given.get("authentication"), place)
        fixed = ("document", "operationId", "authentication")
        arguments = {key: value for key, value in given.items() if key not in fixed}
        template = self.template({**arguments, **({"authentication": policy} if policy else {})}, place)
        return model.OpenApiTask(common, operation, template, self.secrets, scheme_of(policy))

    def _operation(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        name = definition["call"]
        pinned = (self.bundle.get("operations") or {}).get(name)
        if pinned is None:
            raise DefinitionError(f"`{name}` is nothing that can be called.", where=place.pointer)
        operation, connection = self._carried_out_by(name)
        ours = (definition.get("metadata") or {}).get("cauce") or {}
        undo, by_hand = ours.get("compensate"), ours.get("fallback")
        compensation = None
        if undo is not None:
            arguments = self.template(undo.get("with") or {}, place)
            compensation = model.Compensation(*self._carried_out_by(undo["call"]), arguments)
        return model.OperationTask(
            common,
            operation,
            connection,
            self.template(definition.get("with") or {}, place),
            effect=pinned["effect"],
            timeout_s=float(pinned["timeout_s"]),
            compensation=compensation,
            fallback=None if by_hand is None else self._fallback(by_hand, place),
        )

    def _carried_out_by(self, name: str) -> tuple[str, str]:
        """Return the operation, and the connection that stood behind its name when the process was published."""
        operation, _, connection = name.partition("@")
        pinned = (self.bundle.get("operations") or {}).get(name) or {}
        return operation, pinned.get("connection", connection)

    def _fallback(self, given: Mapping[str, JSON], place: Place) -> model.Fallback:
        told = {key: given[key] for key in ("group", "user", "title", "data") if key in given}
        after, due = (self.duration(given.get(key), place) for key in ("after", "due"))
        form = given["form"]
        return model.Fallback(form, self.bundle["forms"][form], self.template(told, place), after, due)

    def human(self, common: model.Common, given: Mapping[str, JSON], place: Place) -> model.Task:
        """Compile a human task."""
        form, due = given["form"], given.get("due")
        after = due.get("after") if isinstance(due, Mapping) else None
        assign, wheres = split(given.get("assign"))
        counted, approves = approvals.split(given.get("approvals"))
        calendars = {key: self._calendar(given.get(key)) for key in ("followUp", "expires")}
        return model.HumanTaskCall(
            common,
            form,
            self.bundle["forms"][form],
            self.template({**given, "assign": assign, **({"approvals": counted} if counted else {})}, place),
            self.duration(after, place),
            self._calendar(due),
            wheres,
            {key: calendar for key, calendar in calendars.items() if calendar},
            approves,
        )

    def _calendar(self, due: JSON) -> WorkingTime | None:
        return self.calendar(due.get("calendar")) if isinstance(due, Mapping) else None

    def decision(self, common: model.Common, given: Mapping[str, JSON], place: Place) -> model.Task:
        """Compile a look into a decision table."""
        table = self.bundle["decisions"][given["table"]]
        # A table is a definition of its own: it sees its data, not the loops around the call.
        inner = Place(place.pointer)
        return model.DecisionTask(
            common,
            given["table"],
            self.template(given.get("data", "${ . }"), place),
            {name: self.expression(text, inner) for name, text in (table.get("inputs") or {}).items()},
            tuple(
                model.Rule(
                    rule["id"],
                    self.optional(rule.get("when"), inner),
                    compile_template(rule["then"], variables=STANDARD),
                )
                for rule in table["rules"]
            ),
            table.get("hit", "first"),
        )

    def stage(self, common: model.Common, given: Mapping[str, JSON], place: Place) -> model.Task:
        """Compile the entry into a stage."""
        catalogue = self.bundle["stages"][given["stages"]]
        return model.StageTask(common, self.template(given, place), {each["id"]: each for each in catalogue["list"]})

    def clock(self, common: model.Common, given: Mapping[str, JSON], place: Place) -> model.Task:
        """Compile what is done to a clock."""
        return model.ClockTask(common, given["clock"], given["action"], self.template(given, place))

    def render(self, common: model.Common, given: Mapping[str, JSON], place: Place) -> model.Task:
        """Compile the making of a message."""
        document = self.bundle["templates"][given["template"]]
        return model.RenderTask(common, document, self.template(given, place))

    def notify(self, common: model.Common, given: Mapping[str, JSON], place: Place) -> model.Task:
        """Compile the telling of people."""
        document = self.bundle["templates"][given["template"]] if "template" in given else None
        found = operations_of("notify", given)
        mail = model.Mail(*self._carried_out_by(found[0]), self._timeout(found[0])) if found else None
        return model.NotifyTask(common, document, self.template(given, place), mail)

    def _timeout(self, name: str) -> float:
        return float(((self.bundle.get("operations") or {}).get(name) or {}).get("timeout_s", 30.0))

    def compensate(self, common: model.Common, _given: Mapping[str, JSON], _place: Place) -> model.Task:
        """Compile the undoing of what was done."""
        return model.CompensateTask(common)


_Compile = Callable[[Calls, model.Common, Mapping[str, JSON], Place], model.Task]
_CATALOG: Final[Mapping[str, _Compile]] = {
    "human-task": Calls.human,
    "decision": Calls.decision,
    "enter-stage": Calls.stage,
    "clock": Calls.clock,
    "render": Calls.render,
    "notify": Calls.notify,
    "compensate": Calls.compensate,
}
