"""Answers the challenges of HTTP digest authentication (RFC 7616) for one connection."""

import hashlib
import secrets
import threading
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit
from urllib.request import parse_http_list, parse_keqv_list

_algorithms: Final = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


class Digest:
    """A name and a password, and the last challenge: with it the next request need not be refused first."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._lock = threading.Lock()
        self._challenge: Mapping[str, str] = {}
        self._count = 0

    def learn(self, challenges: Iterable[str]) -> bool:
        """Remember the strongest challenge that can be answered; say whether there was one."""
        known = [found for text in challenges if (found := _parsed(text)) and _name(found) in _algorithms]
        if not known:
            return False
        with self._lock:
            self._challenge, self._count = max(known, key=lambda found: list(_algorithms).index(_name(found))), 0
        return True

    def header(self, method: str, url: str) -> str:
        """Return what to send as Authorization; empty before the first challenge."""
        with self._lock:
            challenge = self._challenge
            self._count += 1
            count = f"{self._count:08x}"
        if not challenge:
            return ""
        parts = urlsplit(url)
        uri = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        realm, nonce = challenge.get("realm", ""), challenge.get("nonce", "")
        algorithm, own = _name(challenge), secrets.token_hex(8)

        def digest(*texts: str) -> str:
            return hashlib.new(_algorithms[algorithm], ":".join(texts).encode()).hexdigest()

        who, what = digest(self._username, realm, self._password), digest(method, uri)
        fields = {"username": self._username, "realm": realm, "nonce": nonce, "uri": uri}
        plain = {"algorithm": algorithm} if "algorithm" in challenge else {}
        if "qop" in challenge:
            plain |= {"qop": "auth", "nc": count}
            fields |= {"cnonce": own, "response": digest(who, nonce, count, own, "auth", what)}
        else:
            fields["response"] = digest(who, nonce, what)
        if "opaque" in challenge:
            fields["opaque"] = challenge["opaque"]
        quoted = [f'{name}="{_escaped(value)}"' for name, value in fields.items()]
        return f"Digest {', '.join([*quoted, *(f'{name}={value}' for name, value in plain.items())])}"


def _parsed(text: str) -> Mapping[str, str] | None:
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    fields = parse_keqv_list([part for part in parse_http_list(rest) if "=" in part])
    offered = {word.strip().lower() for word in fields.get("qop", "auth").split(",")}
    return {name.lower(): value for name, value in fields.items()} if "auth" in offered else None


def _name(challenge: Mapping[str, str]) -> str:
    return challenge.get("algorithm", "MD5").upper()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
