"""Instances of every release so far go on with the code of today: the same commands, in the same order."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from tests.replay.payloads import HISTORIES, converter
from workflows.process_workflow import ProcessWorkflow
from workflows.roadmap_workflow import RoadmapWorkflow
from workflows.temporal_runtime import TemporalRuntime

FILES = sorted(HISTORIES.glob("*-*.json"))


def _replayer() -> Replayer:
    return Replayer(
        workflows=[ProcessWorkflow, RoadmapWorkflow],
        data_converter=converter(),
        workflow_runner=UnsandboxedWorkflowRunner(),
    )


def _history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"replay/{file.stem}", file.read_text())


def test_every_kind_of_process_has_a_history() -> None:
    kinds = {file.stem.partition("-")[2] for file in FILES}
    assert kinds == {"person", "calls", "errors", "exchanges", "child", "flow", "roadmap", "roadmap-run", "in-turn"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_code_of_today_issues_the_commands_of_the_history(file: Path) -> None:
    await _replayer().replay_workflow(_history(file))


@pytest.fixture
def _one_more_command(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = TemporalRuntime.open_task

    async def open_task(self: TemporalRuntime, task: Any) -> None:
        await workflow.execute_local_activity("inserted", start_to_close_timeout=timedelta(seconds=1))
        await opened(self, task)

    monkeypatch.setattr(TemporalRuntime, "open_task", open_task)


@pytest.mark.usefixtures("_one_more_command")
async def test_inserted_command_is_noticed() -> None:
    file = next(file for file in FILES if file.stem.endswith("-person"))
    with pytest.raises(workflow.NondeterminismError):
        await _replayer().replay_workflow(_history(file))
