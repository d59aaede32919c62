"""Mends many dead letters in one go: an expression makes what is to be sent out of what was."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cauce.depth import check_entered
from cauce.errors import (
    CauceError,
    ConflictError,
    ExpressionError,
    ForbiddenError,
    InputError,
    NotFoundError,
    TooLargeError,
    TransientError,
)
from cauce.expressions import Expression, compile_expression, strip_delimiters
from cauce.services import dead_letters, replays
from cauce.services.dead_letter_views import covered, deciders, uncovered
from cauce.services.differences import differences
from cauce.services.hub import Actor, Hub
from cauce.store import dead_letters as store
from cauce.store.models import DeadLetter
from cauce.store.session import Db

JSON = Any
longest_expression: Final = 20_000
most_shown: Final = 3
_LONGEST_S: Final = 45.0


@dataclass(frozen=True, slots=True)
class Changed:
    """What an expression makes of a letter: its state, a sentence, and, of the first ones, the data before and after.

    The state is `open` (it would be changed), `edited`, `unchanged` (it stays as it is by this) or `refused`.
    `differences` counts the places where that is not as the contract wants it; None where no contract says.
    """

    id: int
    state: str
    sentence: str
    hint: str = ""
    differences: int | None = None
    before: JSON = None
    after: JSON = None


async def change(hub: Hub, actor: Actor, ids: Sequence[int], expression: str, *, keep: bool) -> list[Changed]:
    """Put what an expression gives in the place of what is to be sent; without `keep`, only say what that would be.

    Each letter is changed or left by itself, and nothing is sent yet. The expression sees what the actor sees.

    Raises:
        ExpressionError: It cannot be read.
    """
    actor.require_somewhere("edit dead letters", "operate", *deciders)
    if len(expression) > longest_expression:
        problem = f"The expression has more than {longest_expression:,} characters."
        raise TooLargeError(problem, hint="Change the letters in several steps.")
    program = compile_expression(strip_delimiters(expression.replace("\r\n", "\n")))
    until, answers, shown = time.monotonic() + _LONGEST_S, [], 0
    for id_ in dead_letters.bounded(ids):
        if time.monotonic() > until:
            answers.append(Changed(id_, "refused", "It was not tried, for lack of time.", "Change it again."))
            continue
        try:
            answers.append(await _one(hub, actor, id_, program, keep=keep, show=shown < most_shown))
            shown += answers[-1].after is not None
        except TransientError:
            raise
        except (ConflictError, ExpressionError, ForbiddenError, InputError, NotFoundError, TooLargeError) as error:
            said = "; ".join(f"{each['pointer']}: {each['problem']}" for each in getattr(error, "errors", ()))
            answers.append(Changed(id_, "refused", error.problem, said or error.hint))
    return answers


async def _one(hub: Hub, actor: Actor, id_: int, program: Expression, *, keep: bool, show: bool) -> Changed:
    async with hub.store.read() as db:
        row = await dead_letters.found(db, id_, actor)
        dead_letters.check_open(row, actor)
        before = await covered(db, row, actor)
        after = await asyncio.to_thread(_only_output, program, before)
        if after == before:
            return Changed(id_, "unchanged", "The expression changes nothing of it.")
        check_entered(after, "payload")
        payload = await uncovered(db, row, actor, after)
        sent = await store.payload_of(db, row.request)
        payload = await replays.check_payload(db, row, sent, payload)
        left = await _differences(db, row, payload)
    if keep:
        await dead_letters.keep(hub, actor, row, payload)
    state = "edited" if keep else "open"
    data = (before, after) if show and not keep else (None, None)
    return Changed(id_, state, _sentence(left), "", left, *data)


def _only_output(program: Expression, data: JSON) -> JSON:
    outputs = program.run(data, {}).outputs
    if len(outputs) != 1:
        problem = f"The expression gives {len(outputs)} outputs for it, and one is needed."
        raise InputError(problem, hint="End with all of the letter's data, as `.lines |= map(…)` does.")
    return outputs[0]


async def _differences(db: Db, row: DeadLetter, payload: JSON) -> int | None:
    """Return in how many places the data would not be as the contract wants it."""
    try:
        contract = await replays.contract_of(db, row, payload)
    except TransientError:
        raise
    except CauceError:
        return None
    if contract is None:
        return None
    # A row is compared as it is mapped.
    return len(differences(contract, contract.data if row.origin == "sync" else payload))


def _sentence(left: int | None) -> str:
    if left is None:
        return "No contract says what is wanted."
    return "What is to be sent fits the contract." if not left else f"In {left} places it does not fit the contract."
