"""The side of the service that could be called, if it could."""

from cauce.connector import JSON, BaseConnector, Operation, Probe
from cauce.errors import PermanentError
from connectors.soapserver.settings import Settings


class Connector(BaseConnector[Settings]):
    """Is called by others, and calls nobody."""

    async def call(self, operation: Operation, params: JSON) -> JSON:
        """Refuse: there is nobody at the other end."""
        del params
        raise PermanentError(
            f"{self.name} only receives; `{operation.name}` cannot be called.",
            hint="Call an operation of a connection of kind soap.",
        )

    async def check(self) -> list[Probe]:
        """Say how callers log in; whether they do, the list of deliveries shows."""
        known = all(each.get_secret_value() for each in self.settings.passwords)
        way = f"{self.settings.security} as {self.settings.username}"
        sentence = (
            f"Callers log in by {way}." if known else "A password is empty; fill in the secret that it refers to."
        )
        return [Probe("settings", ok=known, sentence=sentence)]
