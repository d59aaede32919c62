"""What histories hold a claim of (bundles, mostly), from files beside them."""

import base64
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    DataConverter,
    ExternalStorage,
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)

HISTORIES: Final = Path(__file__).parent / "histories"
PAYLOADS: Final = HISTORIES / "payloads.json"


class RecordedPayloads(StorageDriver):
    """Answers for the driver of `cauce.temporal`, whose name is in the claims."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = json.loads(PAYLOADS.read_text())

    def name(self) -> str:
        return "cauce"

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        del context
        # A replay only compares commands; what they carry goes nowhere.
        return [StorageDriverClaim(claim_data={"sha256": "replayed"}) for _ in payloads]

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        del context
        return [Payload.FromString(base64.b64decode(self._kept[claim.claim_data["sha256"]])) for claim in claims]


def converter() -> DataConverter:
    """Return a converter that finds what was recorded."""
    storage = ExternalStorage(drivers=[RecordedPayloads()], payload_size_threshold=1024)
    return dataclasses.replace(DataConverter.default, external_storage=storage)
