"""Compiles `emit` and `listen`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

from cauce.contract import JSON
from cauce.event_filters import Filter
from workflows import model
from workflows.compile_values import Place, Values
from workflows.names import STANDARD

# Without any filter a strategy takes every event.
_EVERYTHING: Final[list[Mapping[str, JSON]]] = [{"with": {}}]


class Events(Values, ABC):
    """Compiles the tasks that have to do with events; `listens` says whether there was one that waits for some."""

    listens = False

    @abstractmethod
    def tasks(self, items: list[Mapping[str, JSON]], place: Place) -> model.TaskList:
        """Compile a list of tasks."""

    def emit(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        """Compile `emit`."""
        return model.EmitTask(common, self.template(definition["emit"]["event"]["with"], place))

    def listen(self, common: model.Common, definition: Mapping[str, JSON], place: Place) -> model.Task:
        """Compile `listen`."""
        self.listens = True
        listen, to = definition["listen"], definition["listen"]["to"]
        until = to.get("until")
        return model.ListenTask(
            common,
            strategy(to, place),
            until=self.expression(until, place) if isinstance(until, str) else None,
            until_events=strategy(until, place) if isinstance(until, Mapping) else None,
            read=listen.get("read", "data"),
            foreach=self.foreach(definition.get("foreach"), place),
        )

    def foreach(self, definition: JSON, place: Place) -> model.Foreach | None:
        """Compile what is done with each event or message."""
        if definition is None:
            return None
        item, at = definition.get("item", "item"), definition.get("at", "index")
        inside = place.below("foreach", more=(item, at))
        output, export = definition.get("output") or {}, definition.get("export") or {}
        return model.Foreach(
            item,
            at,
            body=self.tasks(definition["do"], inside.below("do")) if definition.get("do") else None,
            output_schema=output.get("schema"),
            output_as=self.transform(output.get("as"), inside),
            export_schema=export.get("schema"),
            export_as=self.transform(export.get("as"), inside),
        )


def strategy(definition: Mapping[str, JSON], place: Place) -> model.Strategy:
    """Compile an event consumption strategy, without its `until`."""
    kind = next(each for each in model.STRATEGIES if each in definition)
    filters = [definition["one"]] if kind == "one" else definition[kind]
    if kind == "any" and not filters:
        filters = _EVERYTHING
    variables = STANDARD | place.variables
    return model.Strategy(kind, tuple(Filter(each, variables) for each in filters))
