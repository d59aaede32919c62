"""Fetches the OpenAPI documents that calls name when a process is published, and keeps of each what the calls need."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from cauce.errors import CauceError
from cauce.openapi import operation_of
from cauce.resources import data_of
from schemas import Source
from schemas.source import step
from workflows.checking.references import Reference, reference_of
from workflows.checking.walk import all_tasks
from workflows.openapi_request import missing_names, unknown_names

if TYPE_CHECKING:
    from cauce.services.resources import Pinning

JSON = Any
# Descriptions of large services are large; of them only the operations that are called are kept.
MAX_BYTES: Final = 8 * 2**20


async def pin_openapi(pinning: "Pinning", source: Source) -> None:
    """Pin the operations that the calls of a process name; what is wrong with one becomes a finding."""
    documents: dict[str, JSON] = {}
    for pointer, given, reference in _calls(source.data):
        try:
            uri = str(reference.uri)
            if uri not in documents:
                resource = await pinning.fetched(reference, max_bytes=MAX_BYTES)
                documents[uri] = await data_of(resource)
                pinning.pins[uri] = {"digest": resource.digest, "content": {"operations": {}}}
        except CauceError as error:
            problem = f"The OpenAPI document cannot be fetched: {error.problem[:1].lower()}{error.problem[1:]}"
            pinning.refuse(source, reference.pointer, problem, error.hint)
            continue
        name = given["operationId"]
        try:
            operation = operation_of(documents[uri], name, uri)
        except CauceError as error:
            pinning.refuse(source, f"{pointer}/operationId", error.problem, error.hint)
            continue
        pinning.pins[uri]["content"]["operations"][name] = operation
        _check_parameters(pinning, source, pointer, given.get("parameters"), operation)


def _calls(document: Mapping[str, JSON]) -> Iterator[tuple[str, Mapping[str, JSON], Reference]]:
    for pointer, _, task in all_tasks(document):
        if isinstance(task, Mapping) and task.get("call") == "openapi":
            given = task["with"]
            reference = reference_of(given["document"], f"{pointer}/with/document")
            if reference is not None:
                yield f"{pointer}/with", given, reference


def _check_parameters(
    pinning: "Pinning", source: Source, pointer: str, given: JSON, operation: Mapping[str, JSON]
) -> None:
    """Check the names of parameters that are written out, as far as the document says which there are."""
    if given is not None and not isinstance(given, Mapping):
        return
    names = list(given or {})
    for name in names:
        for problem in unknown_names(operation, [name]):
            pinning.refuse(source, f"{pointer}/parameters{step(name)}", problem)
    for problem in missing_names(operation, names):
        pinning.refuse(source, f"{pointer}/parameters" if given else f"{pointer}/operationId", problem)
