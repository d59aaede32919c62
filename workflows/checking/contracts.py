"""Compares the arguments of a call with the contract of what it calls, as far as they are known before it runs."""

from collections.abc import Iterator, Mapping
from typing import Any

from cauce.errors import CauceError, InputError
from schemas import did_you_mean, guess, listing, validate_data
from schemas.source import step
from workflows.checking.report import Report

JSON = Any


def check_arguments(report: Report, pointer: str, given: JSON, contract: JSON, callee: str) -> None:
    """Check the literal parts of `given` against a JSON Schema; whatever holds an expression is left for run time."""
    if not isinstance(contract, dict):
        return
    arguments = {} if given is None else given
    for place, code_place, problem, hint in _misfits(arguments, contract, "", callee):
        if code_place == "value":
            report.value("contract", pointer + place, problem, hint)
        elif code_place == "warning":
            report.warn("contract", pointer + place, problem, hint)
        else:
            report.key("contract", pointer + place, problem, hint)


def _misfits(given: JSON, schema: JSON, place: str, owner: str) -> Iterator[tuple[str, str, str, str]]:
    if not isinstance(schema, dict) or (isinstance(given, str) and "${" in given):
        return
    if not _is_dynamic(given):
        yield from _literal(given, schema, place, owner)
    elif isinstance(given, dict):
        yield from _keys(given, schema, place, owner)
        properties = schema.get("properties")
        for name, value in given.items():
            if isinstance(properties, dict) and name in properties:
                yield from _misfits(value, properties[name], place + step(name), f"`{name}`")
    elif isinstance(given, list):
        for index, value in enumerate(given):
            yield from _misfits(value, schema.get("items"), place + step(index), f"entry {index + 1}")


def _keys(
    given: Mapping[str, JSON], schema: Mapping[str, JSON], place: str, owner: str
) -> Iterator[tuple[str, str, str, str]]:
    properties = schema.get("properties")
    known = list(properties) if isinstance(properties, dict) else []
    required = schema.get("required")
    meant = {
        did_you_mean(name, [option for option in known if option not in given]) for name in given if name not in known
    }
    for name in required if isinstance(required, list) else ():
        if name not in given and name not in meant:
            yield f"{place}{step(name)}", "key", f"{_upper(owner)} needs `{name}`.", listing(known)
    for name in given:
        if name in known or not known or schema.get("patternProperties"):
            continue
        unused = [option for option in known if option not in given]
        if schema.get("additionalProperties") is False:
            problem = f"{_upper(owner)} does not take `{name}`{guess(name, unused)}"
            yield f"{place}{step(name)}", "key", problem, listing(known)
        elif did_you_mean(name, unused):
            problem = f"`{name}` is not described for {owner}{guess(name, unused)}"
            yield f"{place}{step(name)}", "warning", problem, listing(known)


def _literal(given: JSON, schema: JSON, place: str, owner: str) -> Iterator[tuple[str, str, str, str]]:
    if isinstance(given, dict):
        yield from (each for each in _keys(given, schema, place, owner))
    try:
        validate_data(schema, given, "with")
    except InputError as error:
        for each in error.errors:
            if not _is_about_keys(each["problem"]):
                yield place + each["pointer"], "value", each["problem"], f"{_upper(owner)} asks for it."
    except CauceError:
        # A contract that cannot be used is reported where it is written.
        return


def _is_about_keys(problem: str) -> bool:
    return problem.endswith("is missing.") or "is not a property of" in problem


def _is_dynamic(value: JSON) -> bool:
    if isinstance(value, str):
        return "${" in value
    if isinstance(value, dict):
        return any(_is_dynamic(each) for each in value.values())
    return isinstance(value, list) and any(_is_dynamic(each) for each in value)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
