"""Which processes an environment lets run, and with which programs."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.processes.supervisor import Limits
from activities.run import Rules, RunActivities
from cauce import settings
from cauce.contract import Outcome, RunCall
from cauce.errors import SettingsError
from cauce.secrets import Resolver
from cauce.worker import rules

ROOT = Path(__file__).resolve().parents[3]
ALL = ("shell", "script:*")


async def outcome(call: RunCall, given: Rules) -> Outcome:
    activities = RunActivities(Resolver(Path(), Path()), given)
    try:
        return await ActivityEnvironment().run(activities.run_process, call)
    finally:
        await activities.close()


def script(language: str, code: str, **more: Any) -> RunCall:
    return RunCall(f"script:{language}", code, "i", "/do/0/a", **more)


def shell(command: str, **more: Any) -> RunCall:
    return RunCall("shell", command, "i", "/do/0/a", **more)


@pytest.mark.parametrize(
    ("allowed", "call", "name"),
    [
        ((), shell("exit 0"), "shell"),
        (("script:js",), shell("exit 0"), "shell"),
        (("shell", "script:js"), script("python", ""), "script:python"),
    ],
)
async def test_what_is_not_named_is_an_authorization_error(allowed: tuple[str, ...], call: RunCall, name: str) -> None:
    error = (await outcome(call, Rules(allowed))).error
    assert error["type"].endswith("/errors/authorization")
    assert error["status"] == 403
    assert error["detail"] == f"This environment does not allow `{name}` to be run."
    assert error["hint"] == f"Let the operator add {name} to the setting CAUCE_ALLOW_RUN of the workers."


async def test_what_takes_too_long_is_a_timeout_error() -> None:
    error = (await outcome(shell("sleep 60"), Rules(ALL, limits=Limits(seconds=0.3)))).error
    assert error["type"].endswith("/errors/timeout")
    assert error["detail"] == "The process took longer than the 0.3 s that it may take."


async def test_what_wants_too_much_is_a_runtime_error() -> None:
    error = (await outcome(shell("yes"), Rules(ALL, limits=Limits(output_bytes=99)))).error
    assert error["type"].endswith("/errors/runtime")
    assert (error["status"], error["code"]) == (413, "too-large")


async def test_language_whose_program_is_not_there_says_which_setting_names_it() -> None:
    missing = Rules(ALL, python="/no/python", node="no-node")
    for language, setting in (("python", "CAUCE_RUN_PYTHON"), ("js", "CAUCE_RUN_NODE")):
        error = (await outcome(script(language, ""), missing)).error
        assert error["type"].endswith("/errors/configuration")
        assert setting in error["hint"]


async def test_another_python_may_be_named() -> None:
    ended = await outcome(script("python", "import sys; print(sys.executable)"), Rules(ALL, python=sys.executable))
    assert ended.error is None
    assert os.path.realpath(ended.output.strip()) == os.path.realpath(sys.executable)  # noqa: ASYNC240 - a test


async def test_too_many_processes_that_nobody_waits_for_are_refused() -> None:
    activities = RunActivities(Resolver(Path(), Path()), Rules(ALL, concurrency=2))
    call, environment = shell("sleep 60", wait=False), ActivityEnvironment()
    assert [(await environment.run(activities.run_process, call)).error for _ in range(2)] == [None, None]
    error = (await environment.run(activities.run_process, call)).error
    assert "CAUCE_RUN_CONCURRENCY" in error["hint"]
    await activities.close()
    assert (await environment.run(activities.run_process, shell("echo free"))).output == "free\n"


async def test_process_that_nobody_waits_for_is_logged_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    activities = RunActivities(Resolver(Path(), Path()), Rules(ALL, limits=Limits(seconds=0.5)))
    for command in ("sleep 60", "yes"):
        await ActivityEnvironment().run(activities.run_process, shell(command, wait=False))
    while activities._unawaited:  # noqa: ASYNC110, SLF001 - nothing else tells when it is over
        await asyncio.sleep(0.02)
    assert "took too long: i /do/0/a" in caplog.text
    assert "failed: i /do/0/a: The process needs more output" in caplog.text


def test_settings_say_what_may_run_and_with_which_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rules(settings.load()) == Rules()
    monkeypatch.setenv("CAUCE_ALLOW_RUN", "shell, script:js container:registry.example/*")
    monkeypatch.setenv("CAUCE_RUN_SECONDS", "5")
    monkeypatch.setenv("CAUCE_RUN_CONCURRENCY", "2")
    chosen = rules(settings.load())
    assert chosen.allowed == ("shell", "script:js", "container:registry.example/*")
    assert (chosen.limits.seconds, chosen.concurrency, chosen.unconfined) == (5, 2, False)


@pytest.mark.parametrize("wrong", ["*", "shel", "script", "script:ruby", "container"])
def test_setting_that_names_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="write shell, script:js, script:python or container:IMAGE"):
        settings.load(allow_run=wrong)


def test_check_and_run_say_what_the_environment_does_not_allow(tmp_path: Path) -> None:
    process = tmp_path / "p.yaml"
    process.write_text(
        "document: {dsl: '1.0.3', namespace: t, name: p, version: 1.0.0}\n"
        "do: [{a: {run: {shell: {command: 'echo allowed'}}}}]\n"
    )

    def cauce(command: str, allowed: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "CAUCE_ALLOW_RUN": allowed,
            "PYTHONPATH": str(ROOT),
            "CAUCE_DATA_DIR": str(tmp_path),
        }
        return subprocess.run(
            [sys.executable, "-m", "cauce.cli", command, str(process)],
            env=environment, text=True, capture_output=True, check=False,
        )  # fmt: skip

    assert "p.yaml:2:17: run-not-allowed: " in cauce("check", "").stdout
    assert "0 errors, 0 warnings" in cauce("check", "shell").stderr
    assert "This environment does not allow `shell`" in cauce("run", "").stdout
    assert cauce("run", "shell").stdout.endswith('"allowed\\n"\n')
