"""Checks what a process names by its address and what is fetched when it is published."""

from collections.abc import Mapping
from typing import Any

from workflows.checking.authentication import check_authentication
from workflows.checking.references import reference_of, schema_references
from workflows.checking.walk import Process

JSON = Any


def check_schemas_at_addresses(process: Process) -> None:
    """Check every schema of a process that is at an address; nothing is fetched here."""
    for reference in schema_references(process.document):
        check_pinned(process, reference.pointer, reference.uri, reference.authentication, "schema")


def check_resource(process: Process, pointer: str, resource: Mapping[str, JSON], what: str) -> None:
    """Check an external resource that is fetched when the process is published."""
    reference = reference_of(resource, pointer)
    if reference is not None:
        check_pinned(process, reference.pointer, reference.uri, reference.authentication, what)


def check_pinned(process: Process, pointer: str, uri: JSON, authentication: JSON, what: str) -> None:
    """Check the address of something that is fetched when the process is published."""
    report = process.report
    if not isinstance(uri, str) or "{" in uri:
        problem = f"The address of the {what} has to be written out: it is fetched when the process is published."
        report.value("resource", pointer, problem, "Write it without expressions and variables.")
    elif uri.startswith("file:"):
        problem = f"The {what} is in a file, and a process runs on any machine."
        hint = "Put the file on a web server, or write its content into the definition."
        report.value("resource", pointer, problem, hint)
    elif not uri.startswith(("http://", "https://")):
        problem = f"This is no address to fetch the {what} from."
        report.value("resource", pointer, problem, "Write it as https://host/path.")
    if isinstance(authentication, Mapping):
        check_authentication(process, f"{pointer.removesuffix('/uri')}/authentication", authentication)
