"""What an answer to a human task means: the end of it, the case sent back, or one of several approvals.

Of approvals, each person gives one; the task is decided as soon as no further answer can change the outcome.
"""

from collections.abc import Collection, Mapping
from typing import Final

from cauce.contract import JSON, CloseTask, CompleteTask, TaskChange
from cauce.errors import ConflictError, InputError
from cauce.expressions import compile_expression
from cauce.expressions.templates import strip_delimiters
from workflows.fault import fault

# What makes an answer a yes, when the process does not say.
DEFAULT_WHEN: Final = ".approved"
MOST: Final = 50


def split(given: JSON, otherwise: str = "") -> tuple[JSON, str]:
    """Return what is evaluated of `approvals` when a task begins, and what is asked of each answer."""
    if not isinstance(given, Mapping):
        return given, otherwise
    plain = {key: value for key, value in given.items() if key != "when"}
    return plain, strip_delimiters(given["when"]) if "when" in given else otherwise or DEFAULT_WHEN


def begun(given: JSON, when: str, reference: str) -> dict[str, JSON] | None:
    """Return what a task remembers of its approvals; None when it has none."""
    if given is None:
        return None
    if isinstance(given, Mapping) and "also" in given:
        return _in_turn(given["also"], when, reference)
    need = given.get("need") if isinstance(given, Mapping) else None
    of = given.get("of", need) if isinstance(given, Mapping) else None
    if not (type(need) is int and type(of) is int and 1 <= need <= of <= MOST):
        detail = f"`approvals` needs whole numbers: `need` at least 1, and `of` no less than that and at most {MOST}."
        raise fault("configuration", detail, instance=reference)
    return {"need": need, "of": of, "when": when, "given": []}


def _in_turn(also: JSON, when: str, reference: str) -> dict[str, JSON] | None:
    """Return what a task remembers that one of its group signs first, and then one of each other group.

    Whoever is null need not sign: a table that names a second group only above some limit gives null below it.
    """
    groups = [each for each in also if each is not None] if isinstance(also, list) else [also]
    if not all(isinstance(each, str) and each for each in groups) or len(groups) >= MOST:
        detail = f"`approvals.also` needs a list of at most {MOST - 1} names of groups."
        raise fault("configuration", detail, instance=reference)
    many = len(groups) + 1
    return {"need": many, "of": many, "when": when, "given": [], "also": groups} if groups else None


def told(state: Mapping[str, JSON] | None) -> dict[str, JSON] | None:
    """Return what the inbox shows of the approvals of a task."""
    return {key: state[key] for key in ("need", "of", "also") if key in state} if state else None


def check(state: Mapping[str, JSON], answer: CompleteTask) -> None:
    """Refuse a second answer of the same person, and one that cannot be counted."""
    if answer.by in _people(state):
        raise ConflictError("You have given your answer to this task.", hint="The others have to give theirs.")
    _check_turn(state, answer)
    _agrees(state, answer.answer)


def _check_turn(state: Mapping[str, JSON], answer: CompleteTask) -> None:
    """Refuse a second person of a group whose turn is over, which the inbox did not know yet."""
    if "also" in state and answer.seen not in {None, len(state["given"])}:
        raise ConflictError("Somebody else has answered this task meanwhile.", hint="Look whose turn it is now.")


def check_return(answer: CompleteTask, targets: Collection[str]) -> None:
    """Refuse to send a case back to where it cannot go, or without a reason."""
    if answer.return_to not in targets:
        hint = f"It can be sent back to {', '.join(targets)}." if targets else "Nothing in the process allows it."
        raise InputError(f"The case cannot be sent back to '{answer.return_to[:100]}'.", hint=hint)
    if not answer.reason.strip():
        problem = "A case is sent back with a reason."
        raise InputError(problem, errors=[{"pointer": "/reason", "problem": "Say why in a few words."}])


def taken(
    state: dict[str, JSON] | None, answer: CompleteTask, given: dict[str, JSON]
) -> tuple[dict[str, JSON] | None, CloseTask | TaskChange]:
    """Return what the process is given (None while it is open), and what becomes of the task in the inbox."""
    if answer.return_to:
        back = {"returnTo": answer.return_to, "reason": answer.reason}
        return {**given, **back}, CloseTask(answer.task_id, "sent-back", back, answer.by)
    if state is None:
        return given, CloseTask(answer.task_id, "completed", answer.answer, answer.by)
    _check_turn(state, answer)
    outcome = _counted(state, given)
    if outcome is None:
        # The others sign in turn, each group when those before it have agreed.
        group = state["also"][len(state["given"]) - 1] if "also" in state else None
        return None, TaskChange(answer.task_id, answered=_people(state), group=group)
    shown = {"approved": outcome["approved"], "answers": outcome["answers"]}
    return outcome, CloseTask(answer.task_id, "completed", shown, answer.by)


def _counted(state: dict[str, JSON], given: dict[str, JSON]) -> dict[str, JSON] | None:
    """Count one more answer; returns the outcome when it is certain, else None."""
    answers: list[dict[str, JSON]] = state["given"]
    told = {key: given[key] for key in ("answer", "by", "at")}
    answers.append({**told, "approved": _agrees(state, given["answer"])})
    yes = sum(each["approved"] for each in answers)
    if yes < state["need"] and len(answers) - yes <= state["of"] - state["need"]:
        return None
    return {**given, "approved": yes >= state["need"], "answers": list(answers)}


def _agrees(state: Mapping[str, JSON], answer: JSON) -> bool:
    """Tell whether an answer is a yes; raises `ExpressionError` when that cannot be told."""
    result = compile_expression(state["when"]).first(answer)
    return result is not False and result is not None


def _people(state: Mapping[str, JSON]) -> list[str]:
    """Return who has answered, in order."""
    return [each["by"] for each in state["given"]]
