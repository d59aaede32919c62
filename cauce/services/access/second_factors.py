"""The second step of the login: codes that change every thirty seconds (TOTP, RFC 6238), and recovery codes.

Secrets are encrypted with a key derived from the one that signs sessions: a copy of the store alone lets nobody in.
Whoever loses that key has their second step set up again.
"""

import base64
import hmac
import io
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Final

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cauce.errors import ConflictError, InputError, NotFoundError, UnauthenticatedError
from cauce.services import users
from cauce.services.access import proving
from cauce.services.hub import Actor, Hub
from cauce.store import audit, login_sessions, second_factors
from cauce.store import users as accounts
from cauce.store.models import SecondFactor
from cauce.store.session import Db

_step_s: Final = 30
# Clocks of telephones are a little off.
_steps_around: Final = 1
_recovery_codes: Final = 10
_recovery_length: Final = 10
# Without signs that look alike.
_recovery_signs: Final = "23456789abcdefghjkmnpqrstuvwxyz"
_issuer: Final = "Cauce"


@dataclass(frozen=True, slots=True)
class State:
    """What is known of somebody's second step; without a password here it is the business of who proves them."""

    available: bool
    confirmed_at: datetime | None
    recovery_left: int
    demanded: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What a telephone is shown: an address with the secret, as a picture too."""

    secret: str
    uri: str
    picture: str


async def state(hub: Hub, actor: Actor) -> State:
    """Return what somebody's login takes."""
    async with hub.store.read() as db:
        row = await accounts.find(db, actor.name)
        found = await second_factors.confirmed(db, actor.name)
    demanded = bool(actor.roles & set(hub.settings.second_factor_roles))
    left = len(found.recovery) if found else 0
    return State(bool(row and row.password_hash), found.confirmed_at if found else None, left, demanded)


async def needed(hub: Hub, name: str) -> bool:
    """Tell whether somebody's login takes a second step."""
    async with hub.store.read() as db:
        return await second_factors.confirmed(db, name) is not None


async def offer(hub: Hub, actor: Actor) -> Offer:
    """Return a secret for somebody's telephone; it counts once a code of it was entered."""
    async with hub.store.transaction() as db:
        await _check_local(db, actor)
        found = await second_factors.find(db, actor.name)
        if found and found.confirmed_at:
            raise _set_up()
        secret = _opened(hub, found) if found else None
        if secret is None:
            secret = pyotp.random_base32()
            sealed = _locks(hub.settings.session_key()).seal.encrypt(secret.encode()).decode()
            await second_factors.offer(db, actor.name, sealed)
    uri = pyotp.TOTP(secret).provisioning_uri(name=actor.name, issuer_name=_issuer)
    picture = io.BytesIO()
    segno.make(uri, error="m").save(picture, kind="svg", scale=5, border=4, dark="#000", light="#fff")
    return Offer(secret, uri, "data:image/svg+xml;base64," + base64.b64encode(picture.getvalue()).decode())


async def confirm(hub: Hub, actor: Actor, code: str) -> list[str]:
    """Let the second step count, since a code of it is right; return the recovery codes, seen this once."""
    codes = _new_codes()
    async with hub.store.transaction() as db:
        found = await second_factors.find(db, actor.name)
        if found is None:
            raise NotFoundError("No second step was begun.", hint="Begin at /account/second-factor.")
        if found.confirmed_at:
            raise _set_up()
        if not await _takes_step(hub, db, found, _plain(code)):
            raise InputError("The code is wrong.", hint="Type the one that the telephone shows now.")
        await second_factors.confirm(db, actor.name, _hashes(hub, codes))
        await audit.append(db, actor.name, "totp.confirm", actor.name)
    return codes


async def verify(hub: Hub, name: str, code: str, *, known: bool = False) -> Actor:
    """Return who logs in, now that the password was right, with a code or a recovery code; wrong ones lock, too."""
    async with hub.store.transaction() as db:
        row = await accounts.find(db, name, lock=True)
        found = await second_factors.find(db, name)
        if row is None or not row.active or found is None or not found.confirmed_at:
            raise UnauthenticatedError("This login is over.", hint="Log in again.")
        proving.check_open(row, known=known)
        right = await _takes_step(hub, db, found, _plain(code)) or await _takes_recovery(hub, db, found, _plain(code))
        if right:
            await proving.note_login(db, row, known=known)
        else:
            await proving.note_failure(hub, db, name, known=known)
    if not right:
        raise UnauthenticatedError(
            "The code is wrong, or was used before.",
            hint="Wait for the next one. Several wrong codes lock the account for a while.",
        )
    return await users.actor_of(hub, name)


async def renew_codes(hub: Hub, actor: Actor, password: str) -> list[str]:
    """Return new recovery codes; the old ones are worth nothing then."""
    await proving.prove(hub, actor.name, password, known=True)
    codes = _new_codes()
    async with hub.store.transaction() as db:
        if not await second_factors.confirmed(db, actor.name):
            raise _none()
        await second_factors.keep_recovery(db, actor.name, _hashes(hub, codes))
        await audit.append(db, actor.name, "totp.codes", actor.name)
    return codes


async def remove(hub: Hub, actor: Actor, password: str) -> None:
    """Take one's own second step away, which takes the password."""
    await proving.prove(hub, actor.name, password, known=True)
    async with hub.store.transaction() as db:
        if not await second_factors.remove(db, actor.name):
            raise _none()
        await audit.append(db, actor.name, "totp.remove", actor.name)


async def reset(hub: Hub, actor: Actor, name: str) -> None:
    """Take somebody's second step away, who lost the telephone and the codes; their sessions end."""
    actor.require("reset the second step of others")
    async with hub.store.transaction() as db:
        if await accounts.find(db, name) is None:
            raise NotFoundError(f"There is no account '{name}'.", hint="`cauce users list` shows those there are.")
        if not await second_factors.remove(db, name):
            raise ConflictError(f"'{name}' has no second step.", hint="Nothing is in the way of a login by password.")
        await login_sessions.end_all(db, name)
        await audit.append(db, actor.name, "totp.reset", name)


@dataclass(frozen=True, slots=True)
class _Locks:
    seal: Fernet
    hash_key: bytes


@cache
def _locks(session_key: bytes) -> _Locks:
    def derived(what: bytes) -> bytes:
        return HKDF(hashes.SHA256(), 32, salt=None, info=b"cauce second factor: " + what).derive(session_key)

    return _Locks(Fernet(base64.urlsafe_b64encode(derived(b"secrets"))), derived(b"recovery codes"))


def _opened(hub: Hub, found: SecondFactor) -> str | None:
    """Return the secret; None when it was sealed with another key."""
    try:
        return _locks(hub.settings.session_key()).seal.decrypt(found.secret.encode()).decode()
    except InvalidToken:
        return None


async def _takes_step(hub: Hub, db: Db, found: SecondFactor, code: str) -> bool:
    secret = _opened(hub, found)
    if secret is None:
        return False
    now = int(time.time()) // _step_s
    codes = pyotp.TOTP(secret)
    for step in range(now - _steps_around, now + _steps_around + 1):
        if hmac.compare_digest(codes.generate_otp(step).encode(), code.encode()):
            return await second_factors.take_step(db, found.user, step)
    return False


async def _takes_recovery(hub: Hub, db: Db, found: SecondFactor, code: str) -> bool:
    [given] = _hashes(hub, [code])
    if given not in found.recovery:
        return False
    await second_factors.keep_recovery(db, found.user, [each for each in found.recovery if each != given])
    return True


def _new_codes() -> list[str]:
    def made() -> str:
        signs = "".join(secrets.choice(_recovery_signs) for _ in range(_recovery_length))
        return f"{signs[: _recovery_length // 2]}-{signs[_recovery_length // 2 :]}"

    return [made() for _ in range(_recovery_codes)]


def _hashes(hub: Hub, codes: Sequence[str]) -> list[str]:
    """Return what is kept of recovery codes: keyed hashes, since codes short enough to type could be tried out."""
    key = _locks(hub.settings.session_key()).hash_key
    return [hmac.new(key, _plain(each).encode(), sha256).hexdigest() for each in codes]


def _plain(code: str) -> str:
    return re.sub(r"[\s-]", "", code[:40]).casefold()


async def _check_local(db: Db, actor: Actor) -> None:
    row = await accounts.find(db, actor.name)
    if row is None or not row.password_hash:
        raise ConflictError(
            "Your login is not made here.", hint="Who proves your login, your company, asks for a second step."
        )


def _set_up() -> ConflictError:
    return ConflictError("The second step is set up already.", hint="Remove it first; that takes the password.")


def _none() -> ConflictError:
    return ConflictError("There is no second step.", hint="Set it up first.")
