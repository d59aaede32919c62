"""The client of Temporal, and where payloads go that are too large, or too often the same, for a history.

A published bundle is the first argument of every instance. It is kept once in the store, under the hash of its
content; the history holds a claim of some hundred bytes. The storage API of the SDK is marked experimental, so this
module is the only one that knows it.
"""

import dataclasses
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.converter import (
    AdvancedJSONEncoder,
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    ExternalStorage,
    JSONPlainPayloadConverter,
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverSelectContext,
    StorageDriverStoreContext,
)
from temporalio.service import RPCError

from cauce.contract import SEARCH_ATTRIBUTES, Start
from cauce.errors import TooLargeError, TransientError
from cauce.roadmaps import RoadmapNews, RoadmapStart
from cauce.store import blobs
from cauce.store.session import Store
from cauce.trace_headers import TraceHeaders

# Every payload of a bundle begins so: the SDK's converter sorts the keys and writes no spaces.
_BUNDLE: Final = b'{"calls":{'
_LARGE: Final = 64 * 1024
_CACHED_BYTES: Final = 64 * 1024 * 1024


class StoredPayloads(StorageDriver):
    """Keeps payloads in the store by the hash of their content, and the ones used last in memory."""

    def __init__(self, store: Store) -> None:
        self.store_ = store
        self._cache: OrderedDict[str, Payload] = OrderedDict()
        self._cached_bytes = 0

    def name(self) -> str:
        """Return the name under which claims remember this driver."""
        return "cauce"

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        """Keep payloads; one that is there already costs nothing."""
        del context
        claims = []
        for payload in payloads:
            content = payload.SerializeToString(deterministic=True)
            digest = hashlib.sha256(content).hexdigest()
            if digest not in self._cache:
                async with self.store_.transaction() as db:
                    await blobs.put(db, content)
                # A copy: the SDK turns its own payload into the claim, in place.
                self._remember(digest, Payload.FromString(content))
            claims.append(StorageDriverClaim(claim_data={"sha256": digest}))
        return claims

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        """Return payloads by their claims."""
        del context
        return [await self._payload(claim.claim_data["sha256"]) for claim in claims]

    async def _payload(self, digest: str) -> Payload:
        known = self._cache.get(digest)
        if known is not None:
            self._cache.move_to_end(digest)
            return known
        async with self.store_.read() as db:
            payload = Payload.FromString(await blobs.get(db, digest))
        self._remember(digest, payload)
        return payload

    def _remember(self, digest: str, payload: Payload) -> None:
        self._cache[digest] = payload
        self._cached_bytes += payload.ByteSize()
        while self._cached_bytes > _CACHED_BYTES:
            _, dropped = self._cache.popitem(last=False)
            self._cached_bytes -= dropped.ByteSize()


class _Encoder(AdvancedJSONEncoder):
    """Writes dataclasses as the SDK does, without a deep copy of all that is in them first."""

    def default(self, o: Any) -> Any:  # noqa: ANN401 - of any class
        if dataclasses.is_dataclass(o) and not isinstance(o, type):
            return {field.name: getattr(o, field.name) for field in dataclasses.fields(o)}
        return super().default(o)


_JSON_PLAIN: Final = JSONPlainPayloadConverter(encoder=_Encoder)
_CONVERTERS: Final = [
    _JSON_PLAIN if each.encoding == _JSON_PLAIN.encoding else each
    for each in DefaultPayloadConverter.default_encoding_payload_converters
]


def payload_converter(limit_bytes: int) -> type[CompositePayloadConverter]:
    """Return a converter that refuses a value which is too large or too deep, where the value is made.

    In a workflow that is the line that calls, so the instance can fault; where payloads are stored it would be too
    late: Temporal would try the same step again for ever.
    """

    class Limited(CompositePayloadConverter):
        def __init__(self) -> None:
            super().__init__(*_CONVERTERS)

        def to_payloads(self, values: Sequence[Any]) -> list[Payload]:
            try:
                payloads = super().to_payloads(values)
            except RecursionError as error:
                raise TooLargeError(
                    "The data nests too deep to be passed on.", hint="Keep it flatter, or pass it on as text."
                ) from error
            for value, payload in zip(values, payloads, strict=True):
                if len(payload.data) > limit_bytes and not _is_whole_state(value):
                    raise TooLargeError(
                        f"The data has {len(payload.data):,} bytes; Cauce passes on at most {limit_bytes:,} at once.",
                        hint="Keep large data in the system it comes from and pass a reference, or raise "
                        "CAUCE_MAX_PAYLOAD_BYTES.",
                    )
            return payloads

    return Limited


def _is_whole_state(value: object) -> bool:
    """Tell whether this is all that an instance holds or asks for: many values, of which each was within the limit."""
    if isinstance(value, Start | RoadmapStart):
        return value.journal is not None
    return isinstance(value, RawValue | RoadmapNews)


def data_converter(store: Store, *, limit_bytes: int) -> DataConverter:
    """Return the converter that all clients and workers of one store use."""
    driver = StoredPayloads(store)

    def choose(context: StorageDriverSelectContext, payload: Payload) -> StorageDriver | None:
        del context
        wanted = len(payload.data) >= _LARGE or payload.data.startswith(_BUNDLE)
        return driver if wanted else None

    storage = ExternalStorage(drivers=[driver], driver_selector=choose, payload_size_threshold=1024)
    return dataclasses.replace(
        DataConverter.default, payload_converter_class=payload_converter(limit_bytes), external_storage=storage
    )


async def connect(
    address: str, store: Store, *, namespace: str = "default", limit_bytes: int = 2_000_000, lazy: bool = False
) -> Client:
    """Connect to Temporal; `lazy` puts the connecting off until the first call."""
    converter = data_converter(store, limit_bytes=limit_bytes)
    try:
        return await Client.connect(
            address, namespace=namespace, data_converter=converter, lazy=lazy, interceptors=[TraceHeaders()]
        )
    except (RuntimeError, RPCError) as error:
        raise TransientError(
            f"Temporal does not answer at {address}.",
            hint="Start it (`cauce up`), or set CAUCE_TEMPORAL_ADDRESS.",
        ) from error


async def register_search_attributes(client: Client) -> None:
    """Make our search attributes known to a Temporal cluster that lacks them."""
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = [name for name in SEARCH_ATTRIBUTES if name not in known.custom_attributes]
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace,
                search_attributes=dict.fromkeys(missing, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD),
            ),
        )
