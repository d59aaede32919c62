"""What is tried of an operation that reads."""

from collections.abc import AsyncIterator
from typing import Any

from cauce.errors import BusinessError, CauceError, InputError
from cauce.services.certifying.checks import Check
from cauce.services.certifying.subject import Subject

JSON = Any


async def certify_read(subject: Subject, name: str) -> AsyncIterator[Check]:
    """Ask for what is there, and for what is not."""
    params = subject.sample(name, "answer")
    if params is not None:
        yield await _answers(subject, name, params)
    params = subject.sample(name, "unknown", kind="unknown")
    if params is not None:
        yield await _unknown(subject, name, params)
    for what, changes in (subject.wanted(name).get("samples") or {}).get("refused", {}).items():
        yield await refused(subject, name, what, changes)


async def refused(subject: Subject, name: str, what: str, changes: JSON) -> Check:
    """Ask for what has to be refused, and see that it is, for a reason of business."""
    kind = "usual" if "usual" in subject.wanted(name)["samples"] else "once"
    try:
        answer = await subject.ask(name, subject.sample(name, "refuse", kind=kind, changes=changes))
    except BusinessError as error:
        return Check(name, "refuse", "passed", f"With {what} it was refused ({error.remote_code or error.problem}).")
    except InputError:
        return Check(name, "refuse", "passed", f"With {what} it was refused before anything was sent.")
    except CauceError as error:
        hint = "Declare its code under `errors`."
        return Check(name, "refuse", "failed", f"With {what} it ended otherwise than refused: {said(error)} {hint}")
    if subject.wanted(name)["effect"] == "write":
        subject.keep(name, answer)
    return Check(name, "refuse", "failed", f"With {what} it was carried out.")


async def _answers(subject: Subject, name: str, params: JSON) -> Check:
    try:
        answer = await subject.ask(name, params)
    except CauceError as error:
        return Check(name, "answer", "failed", said(error))
    wrong = subject.misfit(name, answer)
    if not wrong and answer is None:
        wrong = "It found nothing; is what `certification.data` names still there?"
    return Check(name, "answer", "failed" if wrong else "passed", wrong or "It answered as promised.")


async def _unknown(subject: Subject, name: str, params: JSON) -> Check:
    empty = subject.wanted(name)["samples"].get("emptyAnswer")
    try:
        answer = await subject.ask(name, params)
    except BusinessError as error:
        return Check(name, "unknown", "passed", f"It refused ({error.remote_code or error.problem}).")
    except CauceError as error:
        return Check(name, "unknown", "failed", f"Neither null nor a refusal: {said(error)}")
    if answer is None:
        return Check(name, "unknown", "passed", "It found nothing.")
    if empty and isinstance(answer, dict) and all(answer.get(key) == value for key, value in empty.items()):
        told = ", ".join(f"{key} {value}" for key, value in empty.items())
        return Check(name, "unknown", "passed", f"It answered as if empty ({told}).")
    return Check(name, "unknown", "failed", "It gave an answer, as if it were there.")


def said(error: CauceError) -> str:
    """Return an error as a part of a sentence: its class, its code where the system gave one, and its problem."""
    code = getattr(error, "remote_code", "")
    return f"{error.code}{' ' + code if code else ''}: {error.problem}"
