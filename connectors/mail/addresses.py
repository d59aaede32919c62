"""Addresses of mail: one text is one address, and nothing in it can become a header or a command of its own."""

import re
from email.headerregistry import Address
from typing import Annotated, Final

from pydantic import AfterValidator

controls: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_named = re.compile(r'(?:"(?P<quoted>[^"\\]*)"|(?P<plain>[^"<>@,;:\\]*))\s*<(?P<address>[^<>]*)>')
_local = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_label = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_longest_local: Final = 64
_longest: Final = 254


def parse(text: str) -> Address:
    """Return the one address of `ana@example.com` or `Ana <ana@example.com>`; raises `ValueError`, never with it."""
    if controls.search(text):
        message = "an address may not hold line breaks or other control characters"
        raise ValueError(message)
    found = _named.fullmatch(text.strip())
    name = (found["quoted"] or found["plain"] or "").strip() if found else ""
    local, at, domain = (found["address"] if found else text).strip().rpartition("@")
    ascii_domain = _in_ascii(domain)
    fits = _local.fullmatch(local) and all(map(_label.fullmatch, ascii_domain.split(".")))
    if not at or not fits or len(local) > _longest_local or len(local) + len(ascii_domain) >= _longest:
        message = "this is not one address: write ana@example.com or Ana <ana@example.com>"
        raise ValueError(message)
    return Address(name, local, ascii_domain)


def plain(text: str) -> str:
    """Return the address alone, as it goes into the envelope."""
    return parse(text).addr_spec


def _in_ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _checked(text: str) -> str:
    parse(text)
    return text


def one_line(text: str) -> str:
    """Return the text, which has one line; raises `ValueError`."""
    if controls.search(text):
        message = "line breaks and other control characters may not be here"
        raise ValueError(message)
    return text


Mailbox = Annotated[str, AfterValidator(_checked)]
Line = Annotated[str, AfterValidator(one_line)]
