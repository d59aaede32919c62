"""Makes the exchange of a `call: http`, with secrets put in at the last moment."""

import base64
from typing import cast

from temporalio import activity

from activities.problems import refused
from activities.secrets import Filling
from cauce.contract import CALL_HTTP, JSON, HttpCall, Outcome
from cauce.depth import check_depth
from cauce.errors import CauceError, PermanentError
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
            filling = Filling(self.resolver, call.secrets, call.nonce)
            headers = filling.filled(call.headers)
            login = authorization(filling.filled(call.authentication), filling)
            if login:
                headers["Authorization"] = login
            request = HttpRequest(
                method=call.method,
                url=str(filling.filled(call.uri)),
                headers=headers,
                query=filling.filled(call.query),
                body=filling.filled(call.body),
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


def authorization(policy: JSON, filling: Filling) -> str | None:
    """Return the value of the `Authorization` header that a policy asks for; None without a policy."""
    if not policy:
        return None
    (scheme, given), *_ = policy.items()
    if isinstance(given, dict) and set(given) == {"use"}:
        given = filling.secret_object(given["use"])
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


def _refused_by_status(error: CauceError, response: HttpResponse) -> Outcome:
    """A process sees the status that the server gave, as the standard's communication error."""
    outcome = refused(error, status=response.status)
    return Outcome(error={**outcome.error, "type": "https://serverlessworkflow.io/spec/1.0.0/errors/communication"})
