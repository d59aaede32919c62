"""Makes the exchange of a `call: http`, with secrets put in at the last moment."""

from typing import cast

from temporalio import activity

from activities.problems import refused
from activities.secrets import Filling
from cauce.authentication import Authenticator, Authorization
from cauce.contract import CALL_HTTP, HttpCall, Outcome
from cauce.depth import check_depth
from cauce.errors import CauceError
from cauce.http import HttpRequest, HttpResponse, Output, failure
from cauce.registry import Resolver

_REDIRECTS = 5


class HttpActivities:
    """The activity behind `call: http`."""

    def __init__(self, resolver: Resolver, authenticator: Authenticator) -> None:
        self.resolver = resolver
        self.authenticator = authenticator

    @activity.defn(name=CALL_HTTP)
    async def call_http(self, call: HttpCall) -> Outcome:
        """Send the request; a status that is no success is the outcome's error, with that status."""
        filling = Filling(self.resolver, call.secrets, call.nonce)

        def request(authorization: Authorization | None) -> HttpRequest:
            filling.authorization = authorization
            return HttpRequest(
                method=call.method,
                url=str(filling.filled(call.uri)),
                headers=filling.filled(call.headers),
                query=filling.filled(call.query),
                body=filling.filled(call.body),
                timeout_s=call.timeout_s,
                max_redirects=_REDIRECTS if call.redirect else 0,
                policy=self.authenticator.guard,
            )

        try:
            response = await self.authenticator.send(request, filling.policy(call.authentication))
            return outcome_of(response, cast("Output", call.output), redirect=call.redirect)
        except CauceError as error:
            return refused(error)


def outcome_of(response: HttpResponse, output: Output, *, redirect: bool) -> Outcome:
    """Return what a process gets to see of an answer.

    Raises:
        CauceError: The answer is not what it says, or is nested too deeply.
    """
    wrong = failure(response, redirects_are_fine=redirect)
    if wrong is not None:
        outcome = refused(wrong, status=response.status)
        # The status that the server gave is the standard's communication error, whatever it means.
        return Outcome(error={**outcome.error, "type": "https://serverlessworkflow.io/spec/1.0.0/errors/communication"})
    given = response.output(output)
    check_depth(given, "answer")
    return Outcome(output=given)
