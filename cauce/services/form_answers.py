"""What becomes of an answer before it is accepted: brought into one form, computed, and checked against its form.

The browser shows the same, but what it sends is only ever what somebody typed.
"""

import json
from collections.abc import Mapping
from typing import Any

from cauce.depth import check_entered
from cauce.errors import InputError
from cauce.form_rules import rules_of
from cauce.form_schemas import Spot, spots
from cauce.phones import international
from cauce.store import attachments
from cauce.store.session import Db
from schemas import validate_data
from schemas.tax_numbers import TAX_NUMBERS

JSON = Any
Known = Mapping[str, Mapping[str, JSON]]


async def accepted(db: Db, form: JSON, data: JSON, answer: JSON, *, instance: str, task: str, region: str) -> JSON:
    """Return the answer as it is kept.

    Raises:
        InputError: It does not fit the form; `errors` has one entry per field.
    """
    check_entered(answer, "answer")
    files = {row.digest: attachments.described(row) for row in await attachments.of_task(db, instance, task)}
    settled = settle(form, data, answer, region, files)
    problems = found_wrong(form, settled, region)
    if problems:
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        first = problems[0]["problem"].removesuffix(".")
        hint = "Correct what is listed and send it again."
        raise InputError(f"{first}{more}.", hint=hint, where="answer", errors=problems)
    return settled


def settle(form: JSON, data: JSON, answer: JSON, region: str, files: Known) -> JSON:
    """Return an answer in its one form: numbers as they are kept, files as they are known, fields computed.

    Raises:
        InputError: Not all that it needs can be computed, so something would be missing in it.
    """
    schema = (form or {}).get("schema")
    settled = json.loads(json.dumps(answer))
    for spot in spots(schema, settled):
        spot.holder[spot.key] = _in_one_form(spot, region, files)
    rules = rules_of(form, data)
    settled = rules.settle(settled)
    if rules.problem:
        raise InputError(rules.problem, errors=[{"pointer": "", "problem": rules.problem}])
    return settled


def found_wrong(form: JSON, answer: JSON, region: str) -> list[dict[str, str]]:
    """Return what does not fit in a settled answer, each with its pointer."""
    schema = (form or {}).get("schema")
    problems: list[dict[str, str]] = []
    try:
        validate_data(schema, answer, where="answer")
    except InputError as error:
        problems = [dict(each) for each in error.errors]
    wrong = {each["pointer"] for each in problems}
    for spot in spots(schema, answer):
        is_phone = spot.schema.get("format") == "phone" and isinstance(spot.value, str)
        if is_phone and spot.pointer not in wrong and international(spot.value, region) is None:
            problem = f"`{spot.key}` must be a phone number that exists."
            problems.append({"pointer": spot.pointer, "problem": problem})
    return problems


def _in_one_form(spot: Spot, region: str, files: Known) -> JSON:
    value = spot.value
    match spot.schema.get("format"):
        case "phone" if isinstance(value, str):
            return international(value, region) or value
        case str() as name if name in TAX_NUMBERS and isinstance(value, str):
            return TAX_NUMBERS[name].kept(value)
        case "attachment" if isinstance(value, Mapping):
            # Its name, type and size are what was found when it was attached; one of another task is none.
            return dict(files.get(str(value.get("sha256")), {}))
        case _:
            return value
