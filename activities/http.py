"""Makes the exchange of a `call: http`, with secrets put in at the last moment."""

import base64
import json
import re
from typing import cast

from temporalio import activity

from activities.problems import refused
from cauce.contract import CALL_HTTP, JSON, HttpCall, Outcome
from cauce.depth import check_depth
from cauce.errors import CauceError, ForbiddenError, PermanentError, SettingsError
from cauce.http import HttpRequest, HttpResponse, Output, Policy, exchange, failure
from cauce.registry import Resolver

_REDIRECTS = 5


class HttpActivities:
    """The activity behind `call: http`."""

    def __init__(self, resolver: Resolver, policy: Policy) -> None:
        self.resolver = resolver
        self.policy = policy

    @activity.defn(name=CALL_HTTP)
    async def call_http(self, call: HttpCall) -> Outcome:
        """Send the request; a status that is no success is the outcome's error, with that status."""
        response: HttpResponse | None = None
        try:
            headers = self._filled(call.headers, call)
            authorization = self._authorization(self._filled(call.authentication, call))
            if authorization:
                headers["Authorization"] = authorization
            request = HttpRequest(
                method=call.method,
                url=str(self._filled(call.uri, call)),
                headers=headers,
                query=self._filled(call.query, call),
                body=self._filled(call.body, call),
                timeout_s=call.timeout_s,
                max_redirects=_REDIRECTS if call.redirect else 0,
                policy=self.policy,
            )
            response = await exchange(request)
            wrong = failure(response, redirects_are_fine=call.redirect)
            if wrong is not None:
                return _refused_by_status(wrong, response)
            output = response.output(cast("Output", call.output))
            check_depth(output, "answer")
            return Outcome(output=output)
        except CauceError as error:
            return refused(error)

    def _filled(self, value: JSON, call: HttpCall) -> JSON:
        """Put the secrets where their tokens stand; only those that the task's own text names."""
        if not call.secrets:
            return dict(value) if isinstance(value, dict) else value
        token = re.compile(f"\u2068secret:({'|'.join(map(re.escape, call.secrets))}):{re.escape(call.nonce)}\u2069")
        return self._replaced(value, token)

    def _replaced(self, value: JSON, token: re.Pattern[str]) -> JSON:
        match value:
            case str():
                return token.sub(lambda found: self._secret(found.group(1)), value)
            case dict():
                return {key: self._replaced(item, token) for key, item in value.items()}
            case list():
                return [self._replaced(item, token) for item in value]
            case _:
                return value

    def _secret(self, name: str) -> str:
        try:
            return self.resolver.secret(name)
        except SettingsError as missing:
            # The standard's word for a secret that is not there, or not for this process.
            raise ForbiddenError(missing.problem, hint=missing.hint) from missing

    def _authorization(self, policy: JSON) -> str | None:
        if not policy:
            return None
        (scheme, given), *_ = policy.items()
        if isinstance(given, dict) and set(given) == {"use"}:
            given = self._secret_object(given["use"])
        match scheme, given:
            case "basic", {"username": str(user), "password": str(password)}:
                return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
            case "bearer", {"token": str(token)}:
                return f"Bearer {token}"
            case _:
                raise PermanentError(
                    f"The authentication '{scheme}' is not complete, or not one that Cauce speaks yet.",
                    hint="Use basic (username, password) or bearer (token).",
                )

    def _secret_object(self, name: str) -> JSON:
        try:
            return json.loads(self._secret(name))
        except ValueError:
            raise SettingsError(
                f"The secret '{name}' is not a JSON object.",
                hint='An authentication\'s secret looks like {"username": …, "password": …} or {"token": …}.',
            ) from None


def _refused_by_status(error: CauceError, response: HttpResponse) -> Outcome:
    """A process sees the status that the server gave, as the standard's communication error."""
    outcome = refused(error, status=response.status)
    return Outcome(error={**outcome.error, "type": "https://serverlessworkflow.io/spec/1.0.0/errors/communication"})
