"""Reads test files and what lies beside them, and says what is wrong with them before anything is run."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from cauce import calendars, registry
from cauce.errors import CauceError, DefinitionError, Finding, InputError
from cauce.policies import row_of
from cauce.services.known import contracts_of
from cauce.testing.case import parse
from cauce.testing.recordings import library
from cauce.testing.suite import Planned
from schemas import Source, kind_of
from schemas.files import below, beside, is_test, load_files
from workflows.bundle import resolve
from workflows.checking import Known, check
from workflows.checking.known import OperationContract, World, world_of

JSON = Any


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run: the cases, every process at hand by its name, and how lost calls are looked up."""

    cases: tuple[Planned, ...]
    sources: Mapping[str, Source]
    bundles: Mapping[str, Mapping[str, JSON]]
    finds: Mapping[str, str]


def plan(paths: Sequence[Path]) -> Plan:
    """Read the tests at or below `paths`, with the definitions beside them.

    Raises:
        InputError: A path is not there, or there is no test.
        DefinitionError: A test, or a process under test, is wrong; the findings say why.
    """
    files = list(dict.fromkeys(file for path in paths for file in _tests(path)))
    if not files:
        raise InputError("There are no tests here.", hint="A test is a file whose name ends in .test.yaml.")
    tests, unreadable = load_files(files)
    others, _ = load_files(beside(files, flat=True))
    findings = [*unreadable, *_findings(tests, others)]
    if findings:
        raise DefinitionError.of("Nothing was tested", findings)
    # The time limits of calls as they are published; where a connection is wrong, what can be read of it.
    world = world_of(others, Known())
    world = replace(world, operations={**world.operations, **_contracts(others)})
    sources = {_title(each): each for each in others if kind_of(each.data) == "process"}
    wanted = {each.process for each in map(parse, tests)}
    bundles = {title: bundle for title, each in sources.items() if (bundle := bundle_of(each, world)) is not None}
    del wanted
    parsed = [parse(each) for each in tests]
    recorded = library([(Path(each.source.file), each.cases) for each in parsed], others)
    policy = partial(_row, world)
    cases = [
        Planned(file, case, bundles[_named(file.process, bundles)], recorded, policy)
        for file in parsed
        for case in file.cases
    ]
    return Plan(tuple(cases), sources, bundles, _finds(others))


def _tests(path: Path) -> list[Path]:
    if path.is_dir():
        return below(path, tests=True)
    if not path.exists():
        raise InputError(f"There is no file or folder {path}.", hint="Check the path.")
    if not is_test(path):
        beside_it = path.with_name(f"{path.stem}.test{path.suffix}")
        raise InputError(f"{path} is not a test.", hint=f"Its test would be {beside_it}.")
    return [path]


def _findings(tests: Sequence[Source], others: Sequence[Source]) -> list[Finding]:
    """Return what is wrong with the tests, and with the processes that they test."""
    found = [
        each for each in check([*tests, *others], Known(kinds=frozenset(registry.kinds()))) if each.severity == "error"
    ]
    mine = {each.file for each in tests}
    names = {each.data["process"] for each in tests if isinstance(each.data, dict) and "process" in each.data}
    mine |= {
        each.file
        for each in others
        if kind_of(each.data) == "process" and names & {_title(each), _title(each).rpartition(".")[2]}
    }
    return [each for each in found if each.place is None or each.place.file in mine]


def bundle_of(source: Source, world: World) -> Mapping[str, JSON] | None:
    """Return the bundle of a process; None when it names what is not there, and so cannot be run."""
    try:
        return resolve(
            source.data,
            operations={name: contract for name, contract in world.operations.items() if contract is not None},
            forms=world.forms,
            decisions=world.decisions,
            stages=world.stages,
            clocks=world.clocks,
            templates=world.templates,
            calendars=calendars.of(world.calendars),
        )
    except (DefinitionError, KeyError, TypeError):
        return None


def _contracts(sources: Sequence[Source]) -> Mapping[str, OperationContract]:
    found: dict[str, OperationContract] = {}
    for each in sources:
        if kind_of(each.data) == "connection":
            with suppress(CauceError, KeyError, TypeError):
                found |= contracts_of([each.data])
    return found


def _named(name: str, bundles: Mapping[str, JSON]) -> str:
    """Return the full name of a process that may be named without its namespace; the check has found it."""
    if name in bundles:
        return name
    return next(title for title in bundles if title.rpartition(".")[2] == name)


def _row(world: World, name: str, form: str) -> JSON:
    """Return what a policy says of a form."""
    document = world.policies.get(name)
    return row_of(document, form, calendars.of(world.calendars)) if document else None


def _finds(sources: Sequence[Source]) -> dict[str, str]:
    found = {}
    for source in sources:
        if kind_of(source.data) == "connection":
            for name, operation in (source.data.get("operations") or {}).items():
                find = ((operation or {}).get("idempotency") or {}).get("find")
                if find:
                    found[f"{name}@{source.data['connection']}"] = f"{find}@{source.data['connection']}"
    return found


def _title(source: Source) -> str:
    head = source.data.get("document")
    head = head if isinstance(head, dict) else {}
    return f"{head.get('namespace')}.{head.get('name')}"
