"""CloudEvents as HTTP carries them: structured, in batches, or binary (HTTP binding 1.0.2, 3.1 to 3.3)."""

import base64
import json
from typing import Any, Final
from urllib.parse import unquote

from fastapi import Request

from cauce.errors import InputError, TooLargeError

JSON = Any

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
MOST_IN_A_BATCH: Final = 100
_PREFIX: Final = "ce-"


async def read_events(request: Request) -> list[dict[str, JSON]]:
    """Return the events of a request, however it carries them."""
    kind = request.headers.get("content-type", "")
    media_type = kind.partition(";")[0].strip().lower()
    body = await request.body()
    if media_type == BATCH:
        return _batch(parsed(body))
    if media_type == STRUCTURED:
        return [_object(parsed(body))]
    if media_type.startswith("application/cloudevents"):
        raise InputError(f"Events do not come as {media_type[:100]} here.", hint=f"Send {STRUCTURED} or {BATCH}.")
    return [_binary(request, kind, media_type, body)]


def is_batch(request: Request) -> bool:
    """Tell whether a request carries a batch, and so wants as many receipts."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == BATCH


def parsed(text: bytes) -> JSON:
    """Read JSON; an event without data has no body."""
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError) as cause:
        raise InputError("The body is not JSON.", hint="Send the data of the event as JSON.") from cause


def _batch(content: JSON) -> list[dict[str, JSON]]:
    if not isinstance(content, list):
        raise InputError("A batch is an array of events.", hint="See cloudevents.io, HTTP binding, 3.3.")
    if len(content) > MOST_IN_A_BATCH:
        raise TooLargeError(f"A batch has at most {MOST_IN_A_BATCH} events.", hint="Send them in several.")
    return [_object(each) for each in content]


def _object(content: JSON) -> dict[str, JSON]:
    if not isinstance(content, dict):
        raise InputError("A structured event is a JSON object.", hint="See cloudevents.io, HTTP binding, 3.2.")
    return content


def _binary(request: Request, kind: str, media_type: str, body: bytes) -> dict[str, JSON]:
    # Header values are percent-encoded where they are not plain ASCII (HTTP binding, 3.1.3.2).
    headers = {name.lower(): value for name, value in request.headers.items()}
    event: dict[str, JSON] = {
        name.removeprefix(_PREFIX): unquote(value) for name, value in headers.items() if name.startswith(_PREFIX)
    }
    if not event:
        raise InputError(
            "The request holds no event.",
            hint=f"Send {STRUCTURED}, or the attributes as `ce-` headers beside the data.",
        )
    if not body.strip():
        return event
    event["datacontenttype"] = kind or "application/json"
    if not kind or media_type.endswith(("/json", "+json")):
        return {**event, "data": parsed(body)}
    if media_type.startswith("text/") or media_type.endswith(("/xml", "+xml")):
        try:
            return {**event, "data": body.decode()}
        except UnicodeDecodeError as cause:
            raise InputError("The body is not UTF-8 text.", hint="Send it as application/octet-stream.") from cause
    return {**event, "data_base64": base64.b64encode(body).decode()}
