"""The values of a definition: expressions, templates, durations, retry policies, and where they stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from cauce.contract import JSON
from cauce.errors import DefinitionError
from cauce.expressions import Expression, compile_expression
from cauce.expressions.templates import Template, compile_template, strip_delimiters
from workflows import model
from workflows.durations import Duration
from workflows.names import STANDARD
from workflows.working_time import WorkingTime

_BACKOFFS: Final[tuple[Literal["linear", "exponential"], ...]] = ("exponential", "linear")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task is: its pointer, and the loop and error variables it can see."""

    pointer: str
    variables: frozenset[str] = frozenset()

    def below(self, *steps: str, more: Iterable[str] = ()) -> "Place":
        """Return the place some steps further down, where `more` variables can be seen."""
        return Place("/".join([self.pointer, *steps]), self.variables | frozenset(more))


def escape(name: str) -> str:
    """Write a name as a step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


class Values:
    """Compiles the values of one bundle; holds what they refer to by name."""

    def __init__(self, bundle: Mapping[str, JSON]) -> None:
        self.bundle = bundle
        self.document: Mapping[str, JSON] = bundle["document"]
        self.use: Mapping[str, JSON] = self.document.get("use") or {}
        self.secrets = tuple(self.use.get("secrets") or ())
        # Whether any text may be an expression where a value stands.
        self.loose = (self.document.get("evaluate") or {}).get("mode") == "loose"
        # Those that the task being compiled may have; tasks of extensions have none.
        self.extensions: tuple[model.Extension, ...] = ()

    def named(self, section: str, name: str, place: Place) -> JSON:
        """Return what `use` defines under a name."""
        found = (self.use.get(section) or {}).get(name)
        if found is None:
            raise DefinitionError(f"There is no `{name}` under `use.{section}`.", where=place.pointer)
        return found

    def expression(self, text: str, place: Place, *more: str) -> Expression:
        """Compile an expression, in or without its `${ }`."""
        return compile_expression(strip_delimiters(text), variables=STANDARD | place.variables | frozenset(more))

    def optional(self, text: str | None, place: Place, *more: str) -> Expression | None:
        """Compile an expression that need not be there."""
        return None if text is None else self.expression(text, place, *more)

    def template(self, value: JSON, place: Place) -> Template:
        """Compile a value whose strings may hold expressions."""
        return compile_template(value, variables=STANDARD | place.variables, loose=self.loose)

    def transform(self, value: JSON, place: Place) -> model.Value | None:
        """Compile a `from` or `as`: text is an expression with or without `${ }`, anything else a template."""
        if value is None:
            return None
        return self.expression(value, place) if isinstance(value, str) else self.template(value, place)

    def schema(self, holder: Mapping[str, JSON], place: Place) -> JSON:
        """Return the schema of an input, output or export; one at an address as it was pinned."""
        schema = holder.get("schema")
        if not isinstance(schema, Mapping) or "resource" not in schema:
            return schema
        return {"format": schema.get("format", "json"), "document": self.fetched(schema["resource"], "schema", place)}

    def fetched(self, resource: Mapping[str, JSON], what: str, place: Place) -> JSON:
        """Return what was fetched from an address when the process was published."""
        endpoint = resource["endpoint"]
        uri = endpoint["uri"] if isinstance(endpoint, Mapping) else endpoint
        found = (self.bundle.get("resources") or {}).get(uri)
        if found is None:
            raise DefinitionError(f"The {what} at this address was not published.", where=place.pointer)
        return found["content"]

    def duration(self, value: JSON, place: Place) -> Duration | None:
        """Compile a duration that need not be there."""
        return None if value is None else self.needed(value, place)

    def needed(self, value: JSON, place: Place) -> Duration:
        """Compile a duration."""
        if isinstance(value, str) and value.lstrip().startswith("${"):
            return Duration(expression=self.expression(value, place))
        return Duration(value=value)

    def timeout(self, value: JSON, place: Place) -> Duration | None:
        """Compile a time limit, written out or named."""
        if value is None:
            return None
        policy = self.named("timeouts", value, place) if isinstance(value, str) else value
        return self.needed(policy["after"], place)

    def calendar(self, name: str | None) -> WorkingTime | None:
        """Return the calendar with a name as it was pinned."""
        return None if name is None else WorkingTime.of(self.bundle["calendars"][name])

    def retry(self, value: JSON, place: Place) -> model.Retry | None:
        """Compile a retry policy, written out or named."""
        if value is None:
            return None
        policy = self.named("retries", value, place) if isinstance(value, str) else value
        limit, backoff, jitter = policy.get("limit") or {}, policy.get("backoff") or {}, policy.get("jitter")
        attempt = limit.get("attempt") or {}
        kind = next((each for each in _BACKOFFS if each in backoff), None)
        parameters = (backoff.get(kind) if kind else None) or {}
        return model.Retry(
            when=self.optional(policy.get("when"), place),
            except_when=self.optional(policy.get("exceptWhen"), place),
            delay=self.duration(policy.get("delay"), place),
            backoff=kind or "constant",
            factor=float(parameters.get("factor", 2)),
            increment=self.duration(parameters.get("increment"), place),
            cap=self.duration(parameters.get("maxDelay"), place),
            count=attempt.get("count"),
            attempt_duration=self.duration(attempt.get("duration"), place),
            duration=self.duration(limit.get("duration"), place),
            jitter=(self.needed(jitter["from"], place), self.needed(jitter["to"], place)) if jitter else None,
            # A back-off without parameters is ours to fill in: factor 2, at most 5 minutes, jitter of 20 %.
            default_jitter=kind is not None and not jitter,
        )
