"""The side of a webhook that could be called, if it could."""

from cauce.connector import JSON, BaseConnector, Operation, Probe
from cauce.errors import PermanentError
from connectors.webhook.settings import Settings


class Connector(BaseConnector[Settings]):
    """Is called by others, and calls nobody."""

    async def call(self, operation: Operation, params: JSON) -> JSON:
        """Refuse: there is nobody at the other end."""
        del params
        raise PermanentError(
            f"{self.name} only receives; `{operation.name}` cannot be called.",
            hint="Call an operation of a connection of kind http.",
        )

    async def check(self) -> list[Probe]:
        """Say who may send; whether a sender does, the list of deliveries shows."""
        ways = []
        if signature := self.settings.signature:
            count = len(signature.secrets)
            ways.append(f"{signature.scheme} with {count} secret{'s' if count > 1 else ''}")
        ways += ["basic"] if self.settings.basic else []
        ways += ["bearer"] if self.settings.bearer else []
        found = ", ".join(ways)
        return [Probe("settings", ok=bool(found), sentence=f"Senders prove who they are by: {found}.")]
