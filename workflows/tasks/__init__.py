"""One module per task of the language; `execute` is the one place that knows them all."""

from typing import assert_never

from cauce.contract import JSON
from workflows import model
from workflows.instance import Frame
from workflows.tasks import (
    asyncapi,
    clock,
    compensate,
    decision,
    do,
    emit,
    for_,
    fork,
    function,
    http,
    human,
    listen,
    message,
    openapi,
    operation,
    protocol,
    raise_,
    run,
    set_,
    stage,
    switch,
    try_,
    wait,
)


async def execute(frame: Frame, data: JSON) -> JSON:  # noqa: C901, PLR0911, PLR0912 (one line per task)
    """Do what the frame's task says with its transformed input; returns its raw output."""
    task = frame.task
    match task:
        case model.OperationTask():
            return await operation.execute(task, frame, data)
        case model.SetTask():
            return set_.execute(task, frame, data)
        case model.SwitchTask():
            return switch.execute(task, frame, data)
        case model.DoTask():
            return await do.execute(task, frame, data)
        case model.HttpTask():
            return await http.execute(task, frame, data)
        case model.OpenApiTask():
            return await openapi.execute(task, frame, data)
        case model.SubscriptionTask():
            return await asyncapi.execute(task, frame, data)
        case model.ProtocolTask():
            return await protocol.execute(task, frame, data)
        case model.HumanTaskCall():
            return await human.execute(task, frame, data)
        case model.DecisionTask():
            return decision.execute(task, frame, data)
        case model.TryTask():
            return await try_.execute(task, frame, data)
        case model.ForTask():
            return await for_.execute(task, frame, data)
        case model.ForkTask():
            return await fork.execute(task, frame, data)
        case model.WaitTask():
            return await wait.execute(task, frame, data)
        case model.RaiseTask():
            return raise_.execute(task, frame, data)
        case model.StageTask():
            return stage.execute(task, frame, data)
        case model.ClockTask():
            return await clock.execute(task, frame, data)
        case model.RenderTask():
            return await message.render(task, frame, data)
        case model.NotifyTask():
            return await message.notify(task, frame, data)
        case model.CompensateTask():
            return await compensate.execute(frame, data)
        case model.FunctionTask():
            return await function.execute(task, frame, data)
        case model.RunProcessTask() | model.RunTask():
            return await run.execute(task, frame, data)
        case model.EmitTask():
            return await emit.execute(task, frame, data)
        case model.ListenTask():
            return await listen.execute(task, frame, data)
        case _:
            assert_never(task)
