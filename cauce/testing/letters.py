"""Stand-ins for what tells people: messages are really made, from the real templates, and nobody gets them."""

import hashlib
from typing import Any

from activities.problems import refused
from cauce.contract import OperationCall, Outcome, ProtocolCall
from cauce.errors import CauceError
from cauce.messages import making
from cauce.messages.paper import pdf
from cauce.testing.faults import problem_of
from cauce.testing.session import Call, CaseFailure, Session, rendered, task_name

JSON = Any


async def render(session: Session, call: ProtocolCall) -> Outcome:
    """Make a message, and let it count as a call."""
    given = call.arguments
    asked = {"template": given["template"]["template"], "as": given.get("as"), "data": given.get("data")}
    _record(session, call.reference, "render", asked)
    try:
        message = making.message_of(given)
        if given.get("as") != "pdf":
            return Outcome(output=making.output(message, given.get("as")))
        content = pdf(message)
    except CauceError as error:
        return refused(error)
    file = making.file(given, hashlib.sha256(content).hexdigest(), len(content))
    return Outcome(output={"subject": message.subject, "file": file})


async def notify(session: Session, call: ProtocolCall) -> Outcome:
    """Make what people are told; what goes by mail counts as a call when it is sent."""
    given = call.arguments
    try:
        message = making.message_of({key: value for key, value in given.items() if value is not None})
    except CauceError as error:
        return refused(error)
    said = {"subject": message.subject, "text": message.text}
    if given["mail"]:
        to = given["to"].get("email") or [f"{next(iter(given['to'].values()))}@example.org"]
        html = {} if message.html is None else {"html": message.html}
        return Outcome(output={"to": [to] if isinstance(to, str) else to, **said, **html})
    made = _record(session, call.reference, "notify", {"to": given["to"], **said, "link": given.get("link")})
    return _answer(session, made, {"people": [str(each) for each in given["to"].values()]})


async def send(session: Session, call: OperationCall) -> Outcome:
    """Let a mail count as a call of `notify`, with all that would be in it; it arrives unless the case says not."""
    params = call.params
    said = {key: value for key, value in params.items() if key != "key"}
    made = _record(session, call.reference, "notify", said)
    return _answer(session, made, {"messageId": f"<{params['key']}@example.org>", "thread": None})


def _record(session: Session, reference: str, name: str, arguments: JSON) -> Call:
    made = Call(task_name(reference), reference, name, arguments)
    session.record(made)
    return made


def _answer(session: Session, made: Call, usual: JSON) -> Outcome:
    answer = session.answer_for([made.reference, made.task], made.arguments)
    if answer is None:
        return Outcome(output=usual)
    if answer.says not in ("output", "error"):
        raise CaseFailure(f"{answer.place}: '{made.task}' sends a message; write `output` or `error`.")
    value = rendered(answer, made.arguments)
    return Outcome(output=value) if answer.says == "output" else Outcome(error=problem_of(value, made.name))
