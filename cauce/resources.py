"""Fetches what a definition names by its address: schemas, functions, descriptions of services; within limits."""

import asyncio
import hashlib
import json
from dataclasses import dataclass
from typing import Final

from yarl import URL

from cauce.authentication import Authenticator
from cauce.connector import JSON
from cauce.depth import check_depth
from cauce.errors import CauceError, PermanentError
from cauce.http import HttpRequest, failure
from schemas import Limits, load_yaml

MAX_BYTES: Final = 1_048_576
TIMEOUT_S: Final = 10.0
_REDIRECTS: Final = 3


@dataclass(frozen=True, slots=True)
class Resource:
    """What was found at an address."""

    uri: str
    text: str
    digest: str


async def fetch(
    authenticator: Authenticator,
    uri: str,
    *,
    authentication: JSON = None,
    max_bytes: int = MAX_BYTES,
    timeout_s: float = TIMEOUT_S,
) -> Resource:
    """Fetch the text at an address.

    Raises:
        RemoteError: It is no address to fetch from, it may not be called, or what is there cannot be had.
    """
    check_address(uri)
    request = HttpRequest(
        "GET",
        uri,
        headers={"Accept": "application/json, application/yaml, text/yaml, */*;q=0.5"},
        timeout_s=timeout_s,
        max_bytes=max_bytes,
        max_redirects=_REDIRECTS,
        policy=authenticator.guard,
    )
    response = await authenticator.send(request, authentication)
    if error := failure(response):
        raise error
    try:
        text = response.body.decode()
    except UnicodeDecodeError:
        raise PermanentError(f"What is at {shown(uri)} is not UTF-8 text.") from None
    return Resource(uri, text, hashlib.sha256(response.body).hexdigest())


def check_address(uri: str) -> None:
    """Refuse what is no address on the web.

    Raises:
        PermanentError: It is none; a file, for instance.
    """
    try:
        scheme = URL(uri).scheme
    except ValueError:
        scheme = ""
    if scheme in {"http", "https"}:
        return
    if scheme == "file":
        raise PermanentError(
            "A file is nothing that can be fetched: a process runs on any machine.",
            hint="Put the file on a web server, or write its content into the definition.",
        )
    raise PermanentError("This is not an address to fetch from.", hint="Write it as https://host/path.")


def shown(uri: str) -> str:
    """Return an address without what may be confidential in it."""
    return str(URL(uri).with_query(None).with_fragment(None).with_user(None))


async def data_of(resource: Resource) -> JSON:
    """Return the JSON or YAML data of a resource.

    Raises:
        PermanentError: It is neither, or too large.
    """
    try:
        data = json.loads(resource.text, parse_constant=_no_constant)
    except ValueError:
        # The YAML reader takes its time, which others need not wait for.
        data = await asyncio.to_thread(_from_yaml, resource)
    except RecursionError:
        data = _too_deep(resource)
    try:
        check_depth(data, "resource")
    except CauceError as cause:
        raise PermanentError(f"What is at {shown(resource.uri)} is nested too deeply.", hint=cause.hint) from cause
    return data


def _from_yaml(resource: Resource) -> JSON:
    try:
        return load_yaml(resource.text, resource.uri, Limits(bytes=MAX_BYTES)).data
    except RecursionError:
        return _too_deep(resource)
    except CauceError as cause:
        raise PermanentError(
            f"What is at {shown(resource.uri)} is neither JSON nor YAML that can be read.", hint=cause.problem
        ) from cause


def _too_deep(resource: Resource) -> JSON:
    raise PermanentError(f"What is at {shown(resource.uri)} is nested too deeply.") from None


def _no_constant(name: str) -> JSON:
    message = f"{name} is not JSON"
    raise ValueError(message)
