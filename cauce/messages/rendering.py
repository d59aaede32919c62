"""Makes a message of a template and its data, within limits of size, time and rounds of its loops."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal

from jinja2 import Template, UndefinedError
from jinja2.exceptions import TemplateRuntimeError

from cauce.errors import TemplateError
from cauce.messages.language import LANGUAGES, LIMITS, Environment, parse
from cauce.messages.plain import as_html, as_text
from cauce.messages.words import LANGUAGE

JSON = Any
As = Literal["text", "html", "pdf"]
longest: Final = 1_000_000
_MOST_ROUNDS: Final = 100_000
_SECONDS: Final = 5.0
_WRONG: Final = (UndefinedError, TemplateRuntimeError, TypeError, ValueError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class Message:
    """A message in one language, as text and, if its template is written so or it was asked for, as HTML."""

    language: str
    subject: str
    text: str
    html: str | None = None


@dataclass(slots=True)
class _Limits:
    """What one rendering may still use."""

    name: str
    deadline: float = field(default_factory=lambda: time.monotonic() + _SECONDS)
    rounds: int = 0
    size: int = 0

    def counted(self, values: Iterable[JSON]) -> Iterator[JSON]:
        """Give out the values of a loop, as long as it may go on."""
        for each in values:
            self.rounds += 1
            if self.rounds > _MOST_ROUNDS:
                raise self.passed(f"its loops go round more than {_MOST_ROUNDS:,} times")
            self.look()
            yield each

    def look(self) -> None:
        """Refuse to go on when the time is over."""
        if time.monotonic() > self.deadline:
            raise self.passed(f"it took more than {_SECONDS:g} s")

    def written(self, piece: str) -> str:
        """Count what was written."""
        self.size += len(piece)
        if self.size > longest:
            raise self.passed(f"it becomes longer than {longest:,} characters")
        return piece

    def passed(self, why: str) -> TemplateError:
        """Return the error of a limit that was passed."""
        return TemplateError(f"The template `{self.name}` was stopped: {why}.", hint="Give it less data.")


def language_of(document: Mapping[str, JSON], wanted: JSON) -> str:
    """Return the language in which a template is used: the one wanted, a wider one, English, or what there is."""
    body = document["body"]
    there = [each for each in LANGUAGES if isinstance(body, str) or each in body]
    short = str(wanted or "").replace("_", "-").partition("-")[0].lower()
    return short if short in there else there[0]


def render(document: Mapping[str, JSON], language: JSON, data: JSON) -> Message:
    """Return the message that a template makes of data.

    Raises:
        TemplateError: Something that it names is not in the data, or a limit was passed; it says in which line.
    """
    if not isinstance(data, Mapping):
        raise TemplateError("The data of a template is a map.", hint="Write `data: {name: …}`.")
    chosen, html = language_of(document, language), document.get("format", "text") == "html"
    limits = _Limits(document["template"])
    subject = _part(document, "subject", chosen, data, limits, html=False)
    body = _part(document, "body", chosen, data, limits, html=html)
    # A line break in a subject would begin another header.
    line = " ".join(subject.split())
    return Message(chosen, line, as_text(body), body) if html else Message(chosen, line, body)


def in_html(message: Message) -> str:
    """Return a message as HTML, whatever its template is written in."""
    return message.html if message.html is not None else as_html(message.text)


def _part(
    document: Mapping[str, JSON], part: str, language: str, data: Mapping[str, JSON], limits: _Limits, *, html: bool
) -> str:
    given = document.get(part) or document.get("title") or document["template"]
    text = given if isinstance(given, str) else given.get(language) or next(iter(given.values()))
    name = f"its {part} ({language})"
    template = _compiled(document["template"], text, name, html=html)
    context = template.new_context({**data, LANGUAGE: language, LIMITS: limits})
    try:
        return "".join(limits.written(piece) for piece in _pieces(template, context, limits))
    except _WRONG as error:
        said = "It is nested too deeply." if isinstance(error, RecursionError) else str(error)
        raise _unusable(document["template"], name, _line(template, error), said) from None


def _pieces(template: Template, context: Any, limits: _Limits) -> Iterator[str]:  # noqa: ANN401
    for piece in template.root_render_func(context):
        limits.look()
        yield piece


@lru_cache(maxsize=200)
def _compiled(owner: str, text: str, name: str, *, html: bool) -> Template:
    tree, flaws = parse(text, html=html)
    if tree is None:
        raise _unusable(owner, name, flaws[0].line, flaws[0].sentence, flaws[0].hint)
    environment = Environment(html=html)
    return Template.from_code(environment, environment.compile(tree, name=name), {})


def _unusable(owner: str, part: str, line: int, why: str, hint: str = "") -> TemplateError:
    problem = f"The template `{owner}` cannot be rendered, in line {line} of {part}: {why}"
    return TemplateError(problem, hint=hint or "Mend the template, or give it what it needs in `data`.")


def _line(template: Template, error: BaseException) -> int:
    """Return the line of the template in which something went wrong."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__jinja_template__") is template:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line
