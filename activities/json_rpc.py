"""JSON-RPC 2.0: requests, and the answers among the messages that come back."""

import json
from collections.abc import Iterator
from typing import Final

from cauce.contract import JSON
from cauce.errors import PermanentError
from cauce.http import HttpResponse, failure

_SENTENCE: Final = 300


def request(number: int, method: str, params: JSON = None) -> dict[str, JSON]:
    """Return a request; one that wants no answer is a `notification`."""
    return {"jsonrpc": "2.0", "id": number, "method": method, **({} if params is None else {"params": params})}


def notification(method: str) -> dict[str, JSON]:
    """Return a message that wants no answer."""
    return {"jsonrpc": "2.0", "method": method}


def result(message: JSON, method: str) -> JSON:
    """Return the result in an answer; raises what it says instead."""
    error = message.get("error")
    if error is None:
        if "result" not in message:
            raise strange(method)
        return message["result"]
    if not isinstance(error, dict):
        raise strange(method)
    said = str(error.get("message", ""))[:_SENTENCE]
    raise PermanentError(
        f"`{method}` was refused: {said or 'no reason was given'}",
        remote_code=str(error.get("code", "")),
        detail=error.get("data"),
    )


def is_answer(message: JSON, number: int) -> bool:
    """Tell whether a message answers the request with this number, or could not be told which one."""
    if not isinstance(message, dict) or "method" in message:
        return False
    return message.get("id") == number or (message.get("id") is None and "error" in message)


def parsed(line: bytes | str, what: str) -> JSON:
    """Return what a line of JSON says."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as cause:
        raise strange(what) from cause


def messages(response: HttpResponse, what: str) -> Iterator[JSON]:
    """Yield the messages in an answer over HTTP: one of JSON, or a stream of events."""
    if response.media_type == "text/event-stream":
        for data in events(response.body.decode("utf-8", errors="replace")):
            yield parsed(data, what)
        return
    content = parsed(response.body, what) if response.media_type == "application/json" else None
    if isinstance(content, dict) and (response.ok or isinstance(content.get("error"), dict)):
        yield content
        return
    wrong = failure(response)
    if wrong is not None:
        raise wrong
    if response.body:
        raise strange(what)


def events(text: str) -> Iterator[str]:
    """Yield the data of each event of an event stream; one that breaks off is none."""
    data: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            if any(data):
                yield "\n".join(data)
            data = []


def strange(what: str) -> PermanentError:
    """Return the error of an answer that follows no rules."""
    return PermanentError(
        f"The answer to `{what}` is not what the protocol says.", hint="Look at the log of the other side."
    )
