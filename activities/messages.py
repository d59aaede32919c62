"""What messages are to processes, whatever protocol they came over."""

import base64
import json

from cauce.contract import JSON


def message_of(payload: JSON, headers: dict[str, JSON], correlation: JSON = None) -> dict[str, JSON]:
    """Return a message as processes see it."""
    known = correlation or headers.get("correlation-id") or headers.get("x-correlation-id")
    return {"payload": payload, "headers": headers, **({"correlationId": known} if known else {})}


def content_of(data: str | bytes) -> JSON:
    """Return what a message says: what its JSON means, else its text, else base64 of its bytes."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        if isinstance(data, str):
            return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()


def correlation_at(pointer: str, payload: JSON) -> str | int | None:
    """Return the correlation id that a payload has in the place that a pointer means, if it has one there."""
    if not pointer:
        return None
    for step in pointer.split("/")[1:]:
        payload = payload.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(payload, dict) else None
    return payload if isinstance(payload, str | int) else None
