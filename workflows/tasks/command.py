"""`run: shell`, `run: script` and `run: container`: a process of the operating system, shut in by the worker."""

import json
import re

from cauce.contract import JSON, RunCall
from workflows.evaluation import evaluate, seconds
from workflows.fault import Fault
from workflows.instance import Frame
from workflows.model import Container, RunTask


async def execute(task: RunTask, frame: Frame, data: JSON) -> JSON:
    """Run the process; its output is what `return` says, or the data as it is when nobody waits for it."""
    state = frame.state
    # Kept, so that a retry after an output that did not fit does not run it again.
    if "output" not in state:
        state["output"] = await _run(task, frame, data)
    return state["output"] if task.wait else data


async def _run(task: RunTask, frame: Frame, data: JSON) -> JSON:
    instance, reference, names = frame.instance, task.common.reference, frame.names()
    text = task.text if isinstance(task.text, str) else evaluate(task.text, data, names, reference)
    stdin = evaluate(task.stdin, data, names, reference)
    environment = evaluate(task.environment, data, names, reference)
    call = RunCall(
        what=task.what,
        text=_text(text),
        instance=instance.runtime.instance_id,
        reference=reference,
        arguments=[_text(each) for each in evaluate(task.arguments, data, names, reference)],
        environment={name: _text(value) for name, value in environment.items()},
        stdin=None if stdin is None else _text(stdin),
        options=None if task.container is None else _options(task.container, frame, data),
        returns=task.returns,
        wait=task.wait,
        secrets=list(task.secrets),
        nonce=instance.journal.origin,
    )
    outcome = await instance.effect(instance.runtime.run_process(call))
    if outcome.error is not None:
        raise Fault({**outcome.error, "instance": reference})
    return outcome.output


def _options(container: Container, frame: Frame, data: JSON) -> JSON:
    instance, reference, names = frame.instance, frame.task.common.reference, frame.names()
    options = evaluate(container.options, data, names, reference)
    command = container.command
    after = container.after
    return {
        **options,
        "name": _name(frame) if options["name"] is None else _text(options["name"]),
        "command": command if isinstance(command, str) else _text(evaluate(command, data, names, reference)),
        "cleanup": container.cleanup,
        "after_s": 0 if after is None else seconds(after, data, names, instance.runtime, reference),
        "pull": container.pull,
        "interactive": container.interactive,
    }


def _name(frame: Frame) -> str:
    """Return the name that the standard recommends for a container."""
    process, task = frame.instance.process, re.sub(r"[^A-Za-z0-9_.-]", "-", frame.task.common.name)
    return f"{process.name}-{frame.instance.new_token()}.{process.namespace}-{task}"[:128]


def _text(value: JSON) -> str:
    """Write a value as processes read it: text as it is, nothing as nothing, the rest as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
