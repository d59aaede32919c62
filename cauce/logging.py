"""Sets up logging: text for people or one JSON object a line for programs, and no secret in either."""

import json
import logging
import re
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote, quote_plus

from rich.console import Console
from rich.logging import RichHandler

from cauce import correlation

blot = "••••••"
# Laying out more takes so long that Temporal takes the thread that logs for dead.
longest_text = 10_000
# Shorter values would blot out half of every line, and protect nothing.
shortest_secret = 4

# Of at least so many letters and digits that no word of a sentence is meant.
_credentials = re.compile(r"\b((?:Basic|Bearer)\s+)[A-Za-z0-9+/=._~-]{16,}")
_lock = threading.Lock()
_secrets: frozenset[str] = frozenset()

standard_fields = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def blot_out(value: str) -> None:
    """Keep a value out of the log from now on."""
    global _secrets  # noqa: PLW0603 - one log, so one set of what must not be in it
    if len(value) >= shortest_secret and value not in _secrets:
        with _lock:
            _secrets |= _forms(value)


def forget(value: str) -> None:
    """Let a value be forgotten that is no secret any more; values that come and go would fill the memory."""
    global _secrets  # noqa: PLW0603 - as above
    with _lock:
        _secrets -= _forms(value)


def _forms(value: str) -> frozenset[str]:
    """Return what a value looks like in JSON, in quotes, in addresses, and where its encoding is mistaken."""
    escaped = {json.dumps(value)[1:-1], repr(value)[1:-1]}
    in_addresses = {quote(value), quote(value, safe=""), quote_plus(value), quote(value, safe="!$&'()*+,;=:@/?")}
    with suppress(UnicodeEncodeError):  # half a surrogate pair has no encoding
        return frozenset({value, *escaped, *in_addresses, value.encode().decode("latin-1")})
    return frozenset({value, *escaped})


def redact(text: str) -> str:
    """Return the text without the secrets that are known, and without any credentials of HTTP."""
    for value in sorted(_secrets, key=len, reverse=True):
        text = text.replace(value, blot)
    return _credentials.sub(rf"\1{blot}", text)


def cut(text: str) -> str:
    """Return the beginning and the end of a text that is too long for a log."""
    if len(text) <= longest_text:
        return text
    half = longest_text // 2
    return f"{text[:half]}\n… {len(text) - longest_text:,} characters left out …\n{text[-half:]}"


class RedactingFilter(logging.Filter):
    """Renders each record, says what it belongs to, and takes secrets and excess out of all that it shows."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place and let it pass."""
        for name, value in correlation.fields().items():
            vars(record).setdefault(name, value)
        record.msg, record.args = cut(redact(record.getMessage())), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            # Handlers that render tracebacks themselves would show what was redacted here.
            record.exc_text, record.exc_info = cut(redact(record.exc_text)), None
        for key in vars(record).keys() - standard_fields:
            shown = redact(json.dumps(getattr(record, key), default=str))
            setattr(record, key, json.loads(shown) if len(shown) <= longest_text else cut(shown))
        return True


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON; what was given as `extra` becomes fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in standard_fields}
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """Writes a record for people; fields follow the message as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text."""
        extra = [f"{key}={value}" for key, value in vars(record).items() if key not in standard_fields]
        text = " ".join([record.getMessage(), *extra])
        return f"{text}\n{record.exc_text}" if record.exc_text else text


def set_up(level: str = "INFO", style: Literal["text", "json"] = "text") -> None:
    """Send all logs to standard error, in place of what was set up before."""
    handler: logging.Handler
    if style == "json":
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonFormatter())
    else:
        console = Console(stderr=True)
        handler = RichHandler(console=console, show_path=False, markup=False, rich_tracebacks=False)
        handler.setFormatter(TextFormatter())
    handler.addFilter(RedactingFilter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # These say at INFO what each of our own lines says better.
    for noisy in ("aiosqlite", "alembic", "asyncio", "httpx", "zeep", "temporalio.activity"):
        logging.getLogger(noisy).setLevel(max(logging.getLogger().level, logging.WARNING))
