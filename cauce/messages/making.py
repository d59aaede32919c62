"""What `render` and `notify` make of their arguments: for the worker, for tests of definitions and the command line."""

from collections.abc import Mapping
from typing import Any, Final

from cauce.errors import TemplateError
from cauce.messages.language import LANGUAGES
from cauce.messages.rendering import Message, in_html, render

JSON = Any
longest_title: Final = 300
_longest_text: Final = 100_000


def message_of(given: Mapping[str, JSON]) -> Message:
    """Return the message that arguments ask for: of a template, or of a title and a text of their own.

    Raises:
        TemplateError: The template cannot be rendered with its data.
    """
    language = given.get("language")
    if given.get("template") is not None:
        return render(given["template"], language, given.get("data"))
    chosen = str(language or "").partition("-")[0]
    chosen = chosen if chosen in LANGUAGES else LANGUAGES[0]
    title, text = _label(given.get("title"), chosen), _label(given.get("text"), chosen)
    if len(text) > _longest_text:
        raise TemplateError(f"The text of a notification has at most {_longest_text:,} characters.")
    return Message(chosen, " ".join(title.split()), text)


def output(message: Message, wanted: JSON) -> dict[str, JSON]:
    """Return a message as `render` gives it: as it is written, or as what is wanted."""
    if wanted == "html" or (wanted is None and message.html is not None):
        return {"subject": message.subject, "html": in_html(message)}
    return {"subject": message.subject, "text": message.text}


def file(given: Mapping[str, JSON], digest: str, size: int) -> dict[str, JSON]:
    """Return a rendered PDF as processes hand files around."""
    name = str(given.get("name") or f"{given['template']['template']}.pdf")
    # A name, not a path: whoever gets the file saves it under this.
    plain = "".join(each for each in name if each.isprintable() and each not in '/\\:*?"<>|')[:200] or "letter.pdf"
    return {"name": plain, "sha256": digest, "size": size, "type": "application/pdf"}


def _label(text: JSON, language: str) -> str:
    if isinstance(text, Mapping):
        return str(text.get(language) or next(iter(text.values()), ""))
    return "" if text is None else str(text)
