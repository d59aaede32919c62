"""What an answer to a human task means: the end of it, the case sent back, or one of several approvals.

Of approvals, each person gives one; the task is decided as soon as no further answer can change the outcome. Where
other groups are asked as well, each has a task of its own in the inbox: a part of the one that the process asks for.
"""

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final

from cauce.contract import JSON, CloseTask, CompleteTask, HumanTask, TaskChange
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


def begun(given: JSON, when: str, task: HumanTask, *, at_once: Callable[[], bool]) -> dict[str, JSON] | None:
    """Return what a task remembers of its approvals; None when it has none.

    Other groups are asked `at_once` with its own, unless the process wants them in turn or asked them so before.
    """
    if given is None:
        return None
    told = given if isinstance(given, Mapping) else {}
    if "also" not in told:
        return {**_count(told, task.reference), "when": when, "given": []}
    groups = _groups(told["also"], task.reference)
    own = _count({"need": 1, **told}, task.reference)
    if not groups:
        return {**own, "when": when, "given": []} if "need" in told else None
    if told.get("inTurn") is True or not at_once():
        many, names = len(groups) + 1, [each["group"] for each in groups]
        return {"need": many, "of": many, "when": when, "given": [], "also": names}
    parts = [{"group": task.group or task.user, **own}, *groups]
    ids = [task.id, *(str(uuid.uuid5(uuid.NAMESPACE_OID, f"{task.id}/{n}")) for n in range(1, len(parts)))]
    return {"when": when, "given": [], "parts": [{"id": id_, **each} for id_, each in zip(ids, parts, strict=True)]}


def _count(given: Mapping[str, JSON], reference: str) -> dict[str, JSON]:
    """Return how many of how many have to agree."""
    need = given.get("need")
    of = given.get("of", need)
    if not (type(need) is int and type(of) is int and 1 <= need <= of <= MOST):
        detail = f"`approvals` needs whole numbers: `need` at least 1, and `of` no less than that and at most {MOST}."
        raise fault("configuration", detail, instance=reference)
    return {"need": need, "of": of}


def _groups(also: JSON, reference: str) -> list[dict[str, JSON]]:
    """Return the other groups that are asked, and how many of each have to agree.

    Whoever is null need not sign: a table that names a second group only above some limit gives null below it.
    """
    given = [each for each in also if each is not None] if isinstance(also, list) else [also]
    found = [{"group": each} if isinstance(each, str) else each for each in given]
    names = [each.get("group") if isinstance(each, Mapping) else None for each in found]
    if not all(isinstance(each, str) and each for each in names) or len(names) >= MOST:
        detail = f"`approvals.also` needs a list of at most {MOST - 1} names of groups."
        raise fault("configuration", detail, instance=reference)
    return [{"group": each["group"], **_count({"need": 1, **each}, reference)} for each in found]


def rows(task: HumanTask, state: Mapping[str, JSON] | None) -> list[HumanTask]:
    """Return what goes into the inbox: a task, or one for each group that is asked at the same time."""
    if not state or "parts" not in state:
        return [replace(task, approvals=told(state))]
    own, *others = state["parts"]
    shown = [told(state, index) for index in range(len(others) + 1)]
    return [
        replace(task, id=own["id"], approvals=shown[0]),
        *(
            replace(task, id=each["id"], group=each["group"], user=None, assign=[], approvals=approvals)
            for each, approvals in zip(others, shown[1:], strict=True)
        ),
    ]


def told(state: Mapping[str, JSON] | None, part: int = 0) -> dict[str, JSON] | None:
    """Return what the inbox shows of the approvals of a task, or of its `part` for one of several groups."""
    if state is None or "parts" not in state:
        return {key: state[key] for key in ("need", "of", "also") if key in state} if state else None
    groups = [
        {**{key: each[key] for key in ("group", "need", "of")}, "answered": [one["by"] for one in _of(state, index)]}
        for index, each in enumerate(state["parts"])
    ]
    return {**{key: sum(each[key] for each in groups) for key in ("need", "of")}, "part": part, "groups": groups}


def ids(state: Mapping[str, JSON] | None, token: str) -> list[str]:
    """Return the ids that a task has in the inbox."""
    return [each["id"] for each in state["parts"]] if state and "parts" in state else [token]


def waiting(state: Mapping[str, JSON] | None, token: str) -> list[str]:
    """Return those of its ids that still wait for answers."""
    if not state or "parts" not in state:
        return [token]
    return [each["id"] for index, each in enumerate(state["parts"]) if _verdict(state, index) is None]


def answers(state: Mapping[str, JSON], part: int | None = None) -> list[JSON]:
    """Return the answers that were given (for one `part`), in order, as the process sees them."""
    given = state["given"] if part is None else _of(state, part)
    return [{key: value for key, value in each.items() if key != "part"} for each in given]


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
) -> tuple[dict[str, JSON] | None, list[CloseTask | TaskChange]]:
    """Return what the process is given (None while it is open), and what becomes of the task in the inbox.

    The first change is of what was answered; the others are of what other groups are asked.
    """
    id_, by = answer.task_id, answer.by
    if answer.return_to:
        back = {"returnTo": answer.return_to, "reason": answer.reason}
        others = [CloseTask(each, "cancelled") for each in waiting(state, id_) if each != id_]
        return {**given, **back}, [CloseTask(id_, "sent-back", back, by), *others]
    if state is None:
        return given, [CloseTask(id_, "completed", answer.answer, by)]
    if "parts" in state:
        return _part_taken(state, answer, given)
    _check_turn(state, answer)
    outcome = _counted(state, given)
    if outcome is None:
        # The others sign in turn, each group when those before it have agreed.
        group = state["also"][len(state["given"]) - 1] if "also" in state else None
        return None, [TaskChange(id_, answered=_people(state), group=group)]
    shown = {"approved": outcome["approved"], "answers": outcome["answers"]}
    return outcome, [CloseTask(id_, "completed", shown, by)]


def _part_taken(
    state: dict[str, JSON], answer: CompleteTask, given: dict[str, JSON]
) -> tuple[dict[str, JSON] | None, list[CloseTask | TaskChange]]:
    """Take an answer for one of several groups: all of them have to agree, and one that does not ends it."""
    part = ids(state, "").index(answer.task_id)
    told_ = {key: given[key] for key in ("answer", "by", "at")}
    approved, group = _agrees(state, given["answer"]), state["parts"][part]["group"]
    state["given"].append({**told_, "approved": approved, "group": group, "part": part})
    verdicts = [_verdict(state, index) for index in range(len(state["parts"]))]
    over = False in verdicts or None not in verdicts
    changes: list[CloseTask | TaskChange] = []
    for index, id_ in enumerate(ids(state, "")):
        if index == part and verdicts[part] is not None:
            shown = {"approved": verdicts[part], "answers": answers(state, part)}
            changes.insert(0, CloseTask(id_, "completed", shown, answer.by))
        elif verdicts[index] is None:
            change = TaskChange(id_, answered=_people(state), approvals=told(state, index))
            changes.insert(0 if index == part else len(changes), CloseTask(id_, "cancelled") if over else change)
    outcome = {**given, "approved": False not in verdicts, "answers": answers(state)}
    return outcome if over else None, changes


def _verdict(state: Mapping[str, JSON], part: int) -> bool | None:
    """Return whether one of several groups agrees; None while another answer of it may change that."""
    each, said = state["parts"][part], [one["approved"] for one in _of(state, part)]
    yes = sum(said)
    return True if yes >= each["need"] else False if len(said) - yes > each["of"] - each["need"] else None


def _of(state: Mapping[str, JSON], part: int) -> list[dict[str, JSON]]:
    return [each for each in state["given"] if each["part"] == part]


def _counted(state: dict[str, JSON], given: dict[str, JSON]) -> dict[str, JSON] | None:
    """Count one more answer; returns the outcome when it is certain, else None."""
    said: list[dict[str, JSON]] = state["given"]
    told_ = {key: given[key] for key in ("answer", "by", "at")}
    said.append({**told_, "approved": _agrees(state, given["answer"])})
    yes = sum(each["approved"] for each in said)
    if yes < state["need"] and len(said) - yes <= state["of"] - state["need"]:
        return None
    return {**given, "approved": yes >= state["need"], "answers": list(said)}


def _agrees(state: Mapping[str, JSON], answer: JSON) -> bool:
    """Tell whether an answer is a yes; raises `ExpressionError` when that cannot be told."""
    result = compile_expression(state["when"]).first(answer)
    return result is not False and result is not None


def _people(state: Mapping[str, JSON]) -> list[str]:
    """Return who has answered, in order."""
    return [each["by"] for each in state["given"]]
