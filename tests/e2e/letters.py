"""What customers get by mail from an installation, and what they answer at the addresses in it."""

import asyncio
import re
import time
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import httpx

from tests.e2e.installation import Installation

_PATIENCE_S = 90.0
_LINK = re.compile(r"/f/[\w.-]+")


async def waited(look: Callable[[], Any], problem: str) -> Any:
    """Look until there is something, and return it."""
    deadline = time.monotonic() + _PATIENCE_S
    while not (found := await look()):
        assert time.monotonic() < deadline, problem
        await asyncio.sleep(0.1)
    return found


async def mail_to(installation: Installation, address: str, what: str, number: int = 1) -> EmailMessage:
    """Wait for the first mail to an address with some words in its subject, or for another one of them."""

    async def look() -> EmailMessage | None:
        found = await asyncio.to_thread(installation.erp.company.post.to, address)
        fitting = [each for each in found if what in each["subject"]]
        return fitting[number - 1] if len(fitting) >= number else None

    mail: EmailMessage = await waited(look, f"no mail to {address} about {what}")
    return mail


async def answer_form(installation: Installation, mail: EmailMessage, **given: str) -> None:
    """Answer the form behind the address in a mail, as somebody without an account."""
    body = mail.get_body(["plain"])
    assert body is not None
    found = _LINK.search(body.get_content())
    assert found
    async with httpx.AsyncClient(base_url=installation.url, trust_env=False, timeout=30) as client:
        page = await client.get(found[0])
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert csrf
        done = await client.post(found[0], data={"csrf": csrf[1], **{f"/{name}": text for name, text in given.items()}})
        assert (done.status_code, f'name="/{next(iter(given))}"' in done.text) == (200, False), done.text
