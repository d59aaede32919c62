"""What protects the pages whoever asks: response headers, the limit of a request's size, and signed sessions."""

import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass
from hashlib import sha256

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cauce.errors import ForbiddenError, TooLargeError
from cauce.services.access import sessions
from cauce.services.openid import Attempt

session_cookie = "cauce-session"
language_cookie = "cauce-language"
session_seconds = int(sessions.lasts.total_seconds())
attempt_cookie = "cauce-login"
step_cookie = "cauce-login-step"
step_seconds = 300
attempt_seconds = 600
known_cookie = "cauce-known"
most_known = 10
# So long after a session has run out, what its person typed until then is kept for them.
past_seconds = 7 * 24 * 3600
year_seconds = 365 * 24 * 3600

policy = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Mermaid writes styles into the picture it draws; the pages with a diagram allow that, and only that.
drawing_policy = policy.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
# The form of a task, entering what a roadmap has cost, and attaching by REST; nothing else takes as much.
_takes_files = re.compile(
    r"/tasks/[^/]+|/api/v1/tasks/[^/]+/attachments|/roadmaps/[^/]+/[^/]+/costs|/api/v1/roadmaps/running/[^/]+/[^/]+/files"
)
headers = {
    "Content-Security-Policy": policy,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True, slots=True)
class Session:
    """Who is logged in on a browser; nobody while `user` is empty. `nonce` ties forms to this session."""

    user: str = ""
    nonce: str = ""


class Sessions:
    """Writes and reads the session cookie, signed with the hub's key."""

    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._key = key
        self._secure = secure
        self._attempts = URLSafeTimedSerializer(key, salt="attempt", signer_kwargs={"digest_method": sha256})
        self._known = URLSafeTimedSerializer(key, salt="known", signer_kwargs={"digest_method": sha256})
        self._steps = URLSafeTimedSerializer(key, salt="second-step", signer_kwargs={"digest_method": sha256})
        self._signer = URLSafeTimedSerializer(key, salt="session", signer_kwargs={"digest_method": sha256})

    def read(self, request: Request) -> Session:
        """Return the session of a request; a forged or old one is none."""
        return self._read(request, session_seconds)

    def past(self, request: Request) -> Session:
        """Return the session of a request if it has run out, and not too long ago; good for nothing but a draft."""
        return Session() if self.read(request).nonce else self._read(request, session_seconds + past_seconds)

    def _read(self, request: Request, max_age: int) -> Session:
        try:
            found = self._signer.loads(request.cookies.get(session_cookie, ""), max_age=max_age)
            return Session(user=str(found["user"]), nonce=str(found["nonce"]))
        except (BadSignature, KeyError, TypeError, ValueError):
            return Session()

    def begin(self, response: Response, user: str = "") -> Session:
        """Start a new session (also at log-in, so that one planted before is worth nothing)."""
        session = Session(user=user, nonce=secrets.token_urlsafe(16))
        response.set_cookie(
            session_cookie,
            self._signer.dumps(asdict(session)),
            max_age=session_seconds + past_seconds,
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )
        return session

    def keep_attempt(self, response: Response, attempt: Attempt) -> None:
        """Let the browser remember a login at a provider until it is back from there."""
        response.set_cookie(
            attempt_cookie,
            self._attempts.dumps(asdict(attempt)),
            max_age=attempt_seconds,
            path="/login",
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )

    def attempt(self, request: Request) -> Attempt | None:
        """Return the login that this browser began, if it is not too long ago."""
        try:
            found = self._attempts.loads(request.cookies.get(attempt_cookie, ""), max_age=attempt_seconds)
            return Attempt(**found)
        except (BadSignature, TypeError):
            return None

    def keep_step(self, response: Response, user: str, target: str) -> None:
        """Let the browser remember whose password was right, until the second step of the login."""
        response.set_cookie(
            step_cookie,
            self._steps.dumps([user, target]),
            max_age=step_seconds,
            path="/login",
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )

    def step(self, request: Request) -> tuple[str, str]:
        """Return whose password was right in this browser, and where they go; nobody when it is too long ago."""
        try:
            user, target = self._steps.loads(request.cookies.get(step_cookie, ""), max_age=step_seconds)
            return str(user), str(target)
        except (BadSignature, TypeError, ValueError):
            return "", "/inbox"

    def knows(self, request: Request, user: str) -> bool:
        """Tell whether somebody was logged in on this browser before; that alone lets nobody in."""
        return self._mark(user) in self._marks(request)

    def remember(self, request: Request, response: Response, user: str) -> None:
        """Let the browser remember that somebody was logged in on it, beside the others who were last."""
        mark = self._mark(user)
        others = [each for each in self._marks(request) if each != mark]
        response.set_cookie(
            known_cookie,
            self._known.dumps([mark, *others][:most_known]),
            max_age=year_seconds,
            path="/login",
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )

    def _marks(self, request: Request) -> list[str]:
        try:
            return [
                str(each) for each in self._known.loads(request.cookies.get(known_cookie, ""), max_age=year_seconds)
            ]
        except (BadSignature, TypeError, ValueError):
            return []

    def _mark(self, user: str) -> str:
        """Return what stands for somebody on a browser that others use too: not the name."""
        return hmac.new(self._key, b"known:" + user.encode(), sha256).hexdigest()[:32]

    def end(self, response: Response) -> None:
        """Forget the session."""
        response.delete_cookie(session_cookie, httponly=True, samesite="lax", secure=self._secure)

    def token(self, session: Session) -> str:
        """Return the token that every form of this session carries."""
        return hmac.new(self._key, b"csrf:" + session.nonce.encode(), sha256).hexdigest() if session.nonce else ""

    def check(self, session: Session, token: str) -> None:
        """Refuse a form that did not come from a page of this session."""
        if not session.nonce or not hmac.compare_digest(self.token(session).encode(), token.encode()):
            raise ForbiddenError(
                "The form does not belong to this session.", hint="Load the page again and send it once more."
            )


class Guard:
    """ASGI middleware: puts the security headers on every answer and stops requests that are too large."""

    def __init__(self, app: ASGIApp, max_body_bytes: int, max_attachment_bytes: int = 0) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.max_attachment_bytes = max_attachment_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self.max_body_bytes + (self.max_attachment_bytes if _takes_files.fullmatch(scope["path"]) else 0)
        exchange = _Exchange(scope, receive, send, most)
        length = dict(scope["headers"]).get(b"content-length", b"0")
        exchange.refused = not length.isdigit() or int(length) > most
        try:
            if not exchange.refused:
                await self.app(scope, exchange.receive_counted, exchange.send_guarded)
        except Exception:
            # What the early end of the request caused is no error of the application.
            if not exchange.refused:
                raise
        if exchange.refused:
            await self._refuse(send, most)

    async def _refuse(self, send: Send, most: int) -> None:
        error = TooLargeError(f"The request is larger than {most:,} bytes.")
        body = json.dumps(error.problem_details()).encode()
        start = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
        start += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": error.http_status, "headers": start})
        await send({"type": "http.response.body", "body": body})


@dataclass(slots=True)
class _Exchange:
    """One request and its answer on their way through the guard."""

    scope: Scope
    receive: Receive
    send: Send
    max_body_bytes: int
    received: int = 0
    refused: bool = False

    async def receive_counted(self) -> Message:
        message = await self.receive()
        self.received += len(message.get("body", b""))
        if self.received > self.max_body_bytes:
            self.refused = True
            return {"type": "http.disconnect"}
        return message

    async def send_guarded(self, message: Message) -> None:
        if self.refused:
            return
        if message["type"] == "http.response.start":
            present = MutableHeaders(scope=message)
            for name, value in headers.items():
                present.setdefault(name, value)
            if not self.scope["path"].startswith("/static/"):
                present.setdefault("Cache-Control", "no-store")
        await self.send(message)
