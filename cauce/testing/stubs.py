"""Stand in for everything outside: every activity of a process under test is answered by its case, or fails it.

The worker of the tests has one activity, which takes every name, so nothing real can be called by mistake. A new kind
of call needs an entry in `STUBS` only when its arguments are not simply those of its task.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from temporalio import activity
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from activities.problems import refused
from cauce import contract
from cauce.contract import (
    CloseTask,
    Emit,
    FindDefinition,
    FindPolicy,
    Heard,
    HttpCall,
    HumanTask,
    Listen,
    OperationCall,
    Outcome,
    ProtocolCall,
    StopListening,
)
from cauce.errors import AmbiguousError, CauceError
from cauce.testing import advice, children, letters
from cauce.testing.case import Answer
from cauce.testing.faults import is_ambiguous, problem_of
from cauce.testing.session import Call, CaseFailure, Session, Waiting, rendered, stands_in, task_name
from schemas import validate_data
from workflows.checking.protocols import PROTOCOLS
from workflows.checking.walk import all_tasks

JSON = Any
Run = Callable[[Session, Any], Awaitable[JSON]]
# What a call carries besides its arguments.
_BOOKKEEPING: Final = frozenset(
    {"instance", "reference", "token", "secrets", "nonce", "effect", "definition", "version"}
    | {"timeout_s", "wait_s", "again"}
)


@dataclass(frozen=True, slots=True)
class Stub:
    """What stands in for one activity: the type of its argument, and what it does."""

    argument: type | None
    run: Run


class Stubs:
    """The one activity of a worker for tests; sessions are found by the id of the workflow that asks."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.find: Callable[[str], Awaitable[str | None]] | None = None

    @activity.defn(dynamic=True)
    async def answer(self, arguments: Sequence[RawValue]) -> JSON:
        """Answer whatever a process asks for."""
        info = activity.info()
        session = await self._session(str(info.workflow_id))
        try:
            if session is None:
                # A child that outlived its case.
                raise CaseFailure("The case of this instance is over.")  # noqa: TRY301 (told like any other)
            return await session.once(_identity(info, arguments), lambda: _stubbed(session, info, arguments))
        except CaseFailure as failure:
            if session is not None:
                session.fail(str(failure))
            raise ApplicationError(str(failure), type="test", non_retryable=True) from failure
        finally:
            if session is not None:
                session.changed.set()

    async def _session(self, instance: str) -> Session | None:
        known = self.sessions.get(instance)
        if known is None and self.find is not None:
            root = await self.find(instance)
            known = self.sessions.get(root) if root else None
            if known is not None:
                self.sessions[instance] = known
        return known


async def _stubbed(session: Session, info: activity.Info, arguments: Sequence[RawValue]) -> JSON:
    stub = STUBS.get(info.activity_type, Stub(None, any_call))
    converter = activity.payload_converter()
    given = converter.from_payload(arguments[0].payload, stub.argument or dict) if arguments else None
    return await stub.run(session, given)


def _identity(info: activity.Info, arguments: Sequence[RawValue]) -> Hashable:
    """Return what is the same when a worker asks again for what it was already told.

    A read is a local activity: when the turn of the workflow that made it gets lost, on a busy machine, it is made
    once more. The process made one call, so a case must count one, and one answer of its list is used up.
    """
    given = tuple(each.payload.data for each in arguments)
    return info.workflow_run_id, info.activity_id, info.attempt, info.activity_type, given


async def call_operation(session: Session, call: OperationCall) -> Outcome:
    """Answer a call of a connection, checked against its contract as in production."""
    if call.files:
        return await letters.send(session, call)
    if call.connection == children.CONNECTION:
        made = children.call_of(call.params)
        session.record(made)
        session.unheard -= 1
        return _answered(session, [made.reference, made.task, made.name], made)
    bundle, name = session.bundle_of(call.instance), f"{call.operation}@{call.connection}"
    task, arguments = task_name(call.reference), session.readable(call.params)
    undoes = not _is_made_by(bundle, session.task_at(call.instance, call.reference), name)
    pinned = (bundle.get("operations") or {}).get(name) or {}
    refusal = _refused(pinned.get("input"), call.params, name)
    session.record(Call(task, call.reference, name, arguments, undoes))
    if refusal is not None:
        return refusal
    keys = [name] if undoes else [call.reference, task, name]
    outcome = _answered(session, keys, Call(task, call.reference, name, arguments, undoes))
    if outcome.error is None and pinned.get("output") is not None:
        try:
            validate_data(pinned["output"], outcome.output, where=f"answer of {name}")
        except CauceError as error:
            raise CaseFailure(f"What the test answers to {name} is not what that operation gives: {error}") from error
    return outcome


async def call_http(session: Session, call: HttpCall) -> Outcome:
    """Answer a `call: http`."""
    given = {"method": call.method, "uri": call.uri, "headers": call.headers, "query": call.query, "body": call.body}
    arguments = {key: session.readable(value) for key, value in given.items() if value not in (None, {})}
    missing = session.missing_secrets([given, call.authentication])
    made = Call(task_name(call.reference), call.reference, "http", arguments)
    session.record(made)
    if missing:
        return Outcome(
            error=problem_of({"class": "authorization", "detail": f"The secret '{missing[0]}' is not there."})
        )
    return _answered(session, [call.reference, made.task], made)


async def call_protocol(session: Session, call: ProtocolCall) -> Outcome:
    """Answer a call in a protocol of its own."""
    # The description of the other side was pinned; a case says nothing about it.
    arguments = {key: session.readable(value) for key, value in call.arguments.items() if key != "proto"}
    made = Call(task_name(call.reference), call.reference, call.protocol, arguments)
    session.record(made)
    return _answered(session, [call.reference, made.task], made)


async def any_call(session: Session, call: Mapping[str, JSON]) -> JSON:
    """Answer a call of a kind that needs nothing more than its arguments to be told apart."""
    reference, kind = str(call.get("reference", "")), activity.info().activity_type
    if not reference:
        raise CaseFailure(f"Tests cannot answer '{kind}' yet, and it does not say which task asks.")
    arguments = {key: session.readable(value) for key, value in call.items() if key not in _BOOKKEEPING}
    made = Call(task_name(reference), reference, kind, arguments)
    session.record(made)
    return _answered(session, [reference, made.task], made)


async def open_task(session: Session, task: HumanTask) -> None:
    """Put a human task into the inbox of the case, with the answer it will get."""
    arguments = {
        "form": task.form,
        "title": task.title,
        "data": task.data,
        "group": task.group,
        "user": task.user,
        "priority": task.priority,
        "dueAt": task.due_at,
        "differentFrom": task.different_from,
        **({"assign": task.assign} if task.assign else {}),
        **({"policy": task.policy} if task.policy else {}),
        **({"approvals": task.approvals} if task.approvals else {}),
        **({"returned": task.returned} if task.returned else {}),
    }
    if not (task.approvals or {}).get("part"):
        # What other groups are asked at the same time is the same call.
        session.record(Call(task.name, task.reference, "human-task", arguments))
    answer = session.answer_for([task.reference, task.name], arguments, person=True)
    if answer is not None and not answer.is_a_persons and stands_in(session.task_at(task.instance, task.reference)):
        answer = None  # what is written there is meant for the call
    if answer is not None and not answer.is_a_persons:
        raise CaseFailure(f"{answer.place}: the task '{task.name}' is a person's; write `answer`, not `{answer.says}`.")
    session.people[task.id] = Waiting(task, answer)


async def close_task(session: Session, over: CloseTask) -> None:
    """Take a human task out of the inbox of the case."""
    waiting = session.people.pop(over.id, None)
    if waiting is not None and over.state == "completed":
        session.answered.setdefault(waiting.task.reference, []).append(over.answer)


async def settle(session: Session, nothing: JSON) -> None:
    """Do nothing: nobody asks for what would be kept."""


async def find_policy(session: Session, wanted: FindPolicy) -> JSON:
    """Return what the policy beside the test says of a form."""
    return session.policy(wanted.policy, wanted.form)


async def find_definition(session: Session, wanted: FindDefinition) -> JSON:
    """Return the process that another one runs: one that answers as the case says, or the real one."""
    return children.bundle_for(session, wanted)


async def emit(session: Session, sent: Emit) -> None:
    """Keep an event that the process emits; it counts as a call of its task."""
    document = session.bundle_of(sent.instance)["document"]
    for reference, name, task in all_tasks(document):
        event = ((task.get("emit") or {}).get("event") or {}).get("with") if isinstance(task, dict) else None
        if isinstance(event, dict) and event.get("type") == sent.event.get("type"):
            session.record(Call(name, reference, "emit", sent.event))
            break
    else:
        session.record(Call("", "", "emit", sent.event))
    session.log.append(sent.event)


async def listen(session: Session, wanted: Listen) -> Heard:
    """Return what arrived for a listener so far."""
    return session.log.listen(wanted)


async def stop_listening(session: Session, over: StopListening) -> None:
    """Forget a listener."""
    session.log.stop(over)


async def events_position(session: Session, nothing: None) -> int:
    """Return the place of the last event."""
    del nothing
    return len(session.log.events)


STUBS: Final[Mapping[str, Stub]] = {
    contract.CALL_OPERATION: Stub(OperationCall, call_operation),
    contract.CALL_HTTP: Stub(HttpCall, call_http),
    **{contract.protocol_activity(name): Stub(ProtocolCall, call_protocol) for name in PROTOCOLS},
    contract.protocol_activity("render"): Stub(ProtocolCall, letters.render),
    contract.protocol_activity("notify"): Stub(ProtocolCall, letters.notify),
    contract.OPEN_TASK: Stub(HumanTask, open_task),
    contract.CLOSE_TASK: Stub(CloseTask, close_task),
    contract.CHANGE_TASK: Stub(None, settle),
    contract.SETTLE: Stub(None, settle),
    contract.RECORD_BY_HAND: Stub(None, settle),
    contract.RECORD_LIFECYCLE: Stub(None, settle),
    contract.RECORD_CLOCKS: Stub(None, settle),
    contract.EMIT: Stub(Emit, emit),
    contract.LISTEN: Stub(Listen, listen),
    contract.STOP_LISTENING: Stub(StopListening, stop_listening),
    contract.EVENTS_POSITION: Stub(None, events_position),
    contract.FIND_POLICY: Stub(FindPolicy, find_policy),
    contract.FIND_DEFINITION: Stub(FindDefinition, find_definition),
}


def _answered(session: Session, keys: Sequence[str], call: Call) -> Outcome:
    answer = session.answer_for(keys, call.arguments)
    if answer is None:
        raise CaseFailure(advice.unanswered(call, keys[0] if len(keys) == 1 else call.task))
    return _outcome(session, answer, call)


def _outcome(session: Session, answer: Answer, call: Call) -> Outcome:
    if answer.is_a_persons:
        raise CaseFailure(f"{answer.place}: '{call.task}' is no person's task; write `output`, `error` or `recording`.")
    if answer.says == "recording" and session.replays is not None:
        outcome = session.replays.answer(answer, call)
        lost = outcome.error is not None and outcome.error.get("code") == AmbiguousError.code
        return (_looked_up(session, call) if lost else None) or outcome
    value = rendered(answer, call.arguments)
    if answer.says == "output":
        return Outcome(output=value)
    if is_ambiguous(value):
        found = _looked_up(session, call)
        if found is not None:
            return found
    return Outcome(error=problem_of(value, call.name))


def _looked_up(session: Session, call: Call) -> Outcome | None:
    """Do what is done in production when an answer got lost: ask the system, if the operation says how."""
    find = session.finds.get(call.name)
    if find is None:
        return None
    made = Call(call.task, call.reference, find, call.arguments)
    session.record(made)
    outcome = _answered(session, [find], made)
    if outcome.error is None and outcome.output is None:
        return Outcome(error=problem_of({"class": "transient", "detail": f"{call.name} was not carried out."}))
    return outcome


def _refused(schema: JSON, params: JSON, name: str) -> Outcome | None:
    if schema is None:
        return None
    try:
        validate_data(schema, params, where=name)
    except CauceError as error:
        return refused(error)
    return None


def _is_made_by(bundle: Mapping[str, JSON], task: JSON, name: str) -> bool:
    """Tell whether the task itself calls this; what undoes something is called by another."""
    if not isinstance(task, dict):
        return False
    called = (bundle.get("calls") or {}).get(task.get("call"), task.get("call"))
    return name in (task.get("call"), called) or str(called).startswith("use.functions.")
