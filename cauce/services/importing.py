"""Imports a contract as a connection: finds the kind that can read it, and makes a file that is checked and explained.

Nothing that the contract declares disappears without a word: what is not among the operations is in `left_out`, with
the reason.
"""

import asyncio
import dataclasses
import errno
import itertools
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cauce import registry
from cauce.errors import CauceError, DefinitionError, InputError, PermanentError, SettingsError
from cauce.http import HttpRequest, HttpResponse, Policy, exchange, failure
from cauce.importing import MAX_BYTES, Contract, ImportedOperation, Importer, LeftOut, Offer, read_file, slug
from cauce.secrets import Resolver
from cauce.services.connection_text import connection_text
from cauce.settings import Settings
from schemas import is_name, load_yaml
from workflows.checking import Known, check

JSON = Any
_HEAD: Final = 4096
_TIMEOUT_S: Final = 30.0
_OURS: Final = "What was imported does not pass the check, which is a mistake of Cauce."
_NOT_ALL: Final = "the declarations it comes from name it more often than it could be found"


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """What is to be imported, and what somebody says about it who knows."""

    source: str
    kind: str | None = None
    name: str | None = None
    only: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Imported:
    """A connection's file, and what was made of the contract: names of operations, what was left out, what to decide.

    `declared` counts what the contract declares and was asked for.
    """

    name: str
    kind: str
    text: str
    operations: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    declared: int
    decide: tuple[str, ...]


async def import_contract(wish: Wish, settings: Settings) -> Imported:
    """Return the connection that a contract describes.

    Raises:
        CauceError: It cannot be had or read, or holds no operation that can be called.
    """
    name = _name(wish)
    resolver = Resolver(settings.secrets_dir, settings.data_dir / "settings.json")
    offer = await _offer(wish, name, resolver)
    kind, importer = await asyncio.to_thread(_importer, wish, offer)
    contract = await importer.read(offer)
    contract = _asked_for(contract, wish.only)
    return await asyncio.to_thread(_connection, name, kind, wish.source, contract)


def as_data(imported: Imported) -> dict[str, JSON]:
    """Return what was imported as JSON data: the file's text, and what was left out and why."""
    return dataclasses.asdict(imported) | {"operations": list(imported.operations), "decide": list(imported.decide)}


def _name(wish: Wish) -> str:
    """Return the connection's name: as given, or from the last word of the source that says something."""
    if wish.name is not None:
        if not is_name(wish.name):
            problem = f"{wish.name!r} cannot be the name of a connection."
            raise InputError(problem, hint="Use small letters, digits and single dashes, such as sales-order.")
        return wish.name
    parts = urlsplit(wish.source)
    pairs = dict(pair.split("=", 1) for pair in wish.source.split(";") if "=" in pair)
    folded = {key.strip().lower(): value for key, value in pairs.items()}
    said = folded.get("dsn") or folded.get("database") if ";" in wish.source or "dsn" in folded else parts.path
    stem = Path(said or "").name.partition(".")[0] or (parts.hostname or "").partition(".")[0]
    found = slug(stem)
    if not found:
        raise InputError("There is no name for the connection in this.", hint="Give one: --name NAME.")
    return found


async def _offer(wish: Wish, name: str, resolver: Resolver) -> Offer:
    """Return the source with its beginning: from the web within the hosts that are allowed, or from a file."""

    def secret(of: str) -> str | None:
        try:
            return resolver.secret(of)
        except SettingsError:
            return None

    offer = Offer(wish.source, name, secret=secret, allow_hosts=wish.allow_hosts)
    if offer.is_address:
        body = await _fetched(wish)
        return dataclasses.replace(offer, head=body[:_HEAD], content=lambda: body)
    return await asyncio.to_thread(_file, offer)


def _file(offer: Offer) -> Offer:
    """Return the offer with the beginning of its file; as it is when there is no such file."""
    path = Path(offer.source).expanduser()
    try:
        if not path.is_file():
            return offer
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except (ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in {errno.ENAMETOOLONG, errno.ENOENT}:
            problem = f"{path} cannot be read: {error.strerror}."
            raise InputError(problem, hint="Check the path.") from error
        return offer  # settings of a database are no path, however long
    return dataclasses.replace(offer, source=str(path), head=head, content=cache(lambda: read_file(path)))


async def _fetched(wish: Wish) -> bytes:
    parts = urlsplit(wish.source)
    if parts.username or parts.password:
        raise InputError(
            "An address with a password in it is not read.", hint="Save what is there, and import the file."
        )
    policy = Policy(hosts=frozenset({parts.hostname or "", *wish.allow_hosts}))
    response = await exchange(
        HttpRequest(
            "GET", wish.source, timeout_s=_TIMEOUT_S, max_bytes=MAX_BYTES, max_redirects=3, policy=policy, effect="read"
        )
    )
    if error := refusal(response):
        raise error
    return response.body


def refusal(response: HttpResponse) -> CauceError | None:
    """Return why there is no contract in an answer; None when there may be."""
    if response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        problem = f"{urlsplit(response.request.url).hostname} gives this document only after a login."
        return PermanentError(problem, hint="Import asks without one: save the document, and import the file.")
    return failure(response)


def _importer(wish: Wish, offer: Offer) -> tuple[str, Importer]:
    able = {kind: found for kind in registry.kinds() if (found := registry.importer(kind)) is not None}
    if wish.kind is not None:
        registry.load(wish.kind)
        if wish.kind not in able:
            hint = f"These can: {', '.join(able)}. See 'From a contract' in docs/add-a-connector.md."
            raise InputError(f"Connections of kind {wish.kind} cannot be imported.", hint=hint)
        return wish.kind, able[wish.kind]
    for kind, importer in able.items():
        if importer.recognises(offer):
            return kind, importer
    if not offer.head and not offer.is_address:
        raise InputError(f"There is no file {wish.source}.", hint="Check the path, or say what it is with --kind.")
    raise InputError(
        "This is neither a WSDL nor an OpenAPI document nor a database.",
        hint="Check that the address gives the document itself, or say what it is with --kind.",
    )


def _asked_for(contract: Contract, only: tuple[str, ...]) -> Contract:
    """Return the contract with only what was asked for; the rest is not left out but not wanted."""
    if not only:
        return contract
    wanted = [pattern.casefold() for pattern in only]

    def asked(name: str) -> bool:
        # Where names are made of what is done and with what (`find customer`), either may be asked for.
        folded = name.casefold()
        names = (folded, folded.partition(" ")[2])
        return any(each and fnmatchcase(each, pattern) for pattern in wanted for each in names)

    operations = tuple(each for each in contract.operations if asked(each.name))
    left_out = tuple(each for each in contract.left_out if asked(each.name))
    return dataclasses.replace(
        contract, operations=operations, left_out=left_out, declared=len(operations) + len(left_out)
    )


def _connection(name: str, kind: str, source: str, contract: Contract) -> Imported:
    """Return the connection's file, having checked it as `cauce check` would."""
    named: dict[str, ImportedOperation] = {}
    renamed: dict[str, str] = {}
    for operation in contract.operations:
        own = _free(slug(operation.name) or "operation", named)
        named[own], renamed[operation.name] = operation, own
    operations = {own: dataclasses.replace(each, find=renamed.get(each.find, "")) for own, each in named.items()}
    if not operations:
        reasons = "; ".join(f"{each.name}: {each.why}" for each in contract.left_out[:3])
        problem = "There is no operation here that can be called."
        raise PermanentError(problem, hint=reasons or "Is it the right document?")
    declared = max(contract.declared, len(operations) + len(contract.left_out))
    missing = declared - len(operations) - len(contract.left_out)
    left_out = (*contract.left_out, *([LeftOut(f"{missing} more", _NOT_ALL)] if missing else ()))
    contract = dataclasses.replace(contract, left_out=left_out, declared=declared)
    text = connection_text(name, kind, source, contract, operations)
    if flawed := _flawed(text, name):
        operations = {own: _without(operation, flawed.get(own, {})) for own, operation in operations.items()}
        text = connection_text(name, kind, source, contract, operations)
        if _flawed(text, name):
            raise DefinitionError(_OURS, hint="Report it together with the contract.")
    return Imported(name, kind, text, tuple(operations), left_out, declared, contract.decide)


def _flawed(text: str, name: str) -> dict[str, dict[str, str]]:
    """Return what `cauce check` finds wrong with schemas: by operation, then by `input` and `output`.

    Raises:
        DefinitionError: Something else is wrong, which is ours to mend.
        InputError: The connection would be too large.
    """
    try:
        source = load_yaml(text, f"{name}.yaml")
    except CauceError as error:
        hint = "Import a part of it: --only 'Get*'."
        raise InputError(f"The connection would be too large: {error.problem}", hint=hint) from error
    found: dict[str, dict[str, str]] = {}
    for one in check([source], Known(kinds=frozenset(registry.kinds()), settings=registry.settings_schema)):
        if one.severity != "error":
            continue
        match one.pointer.split("/")[1:]:
            case ["operations", own, "input" | "output" as key, *_]:
                found.setdefault(own, {}).setdefault(key, one.problem)
            case _:
                raise DefinitionError(_OURS, hint="Report it together with the contract.", findings=(one,))
    return found


def _without(operation: ImportedOperation, flaws: Mapping[str, str]) -> ImportedOperation:
    """Return the operation without the schemas that could not be used, saying so."""
    sentences = tuple(
        f"its {key} has no schema, for the contract's cannot be used: {why}" for key, why in flaws.items()
    )
    decide = operation.decide + sentences
    return dataclasses.replace(
        operation,
        input=None if "input" in flaws else operation.input,
        output=None if "output" in flaws else operation.output,
        decide=decide,
    )


def _free(name: str, taken: Mapping[str, object]) -> str:
    """Return the name, with a number when it is taken."""
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], numbered) if each not in taken)
