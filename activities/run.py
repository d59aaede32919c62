"""Runs the processes of `run` tasks: only what the environment allows by name, shut in, one attempt."""

import asyncio
import logging
import shutil
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from temporalio import activity

from activities.heartbeats import heartbeats
from activities.problems import refused, standard
from activities.processes.containers import Engine, remove_later, run_container
from activities.processes.supervisor import Ended, Job, Limits, run
from activities.secrets import Filling
from cauce.contract import JSON, RUN_PROCESS, Outcome, RunCall
from cauce.errors import CauceError, SettingsError
from cauce.logging import redact
from cauce.registry import Resolver

# Cancellations come with the answer to a heartbeat, and a process that is not wanted any more should end soon.
_HEARTBEAT_S: Final = 1.0
_LAST_WORDS: Final = 2_000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """What this environment lets processes be, and use."""

    allowed: tuple[str, ...] = ()
    unconfined: bool = False
    limits: Limits = field(default_factory=Limits)
    concurrency: int = 4
    python: str = ""
    node: str = "node"
    engine: Engine = field(default_factory=Engine)

    def forbids(self, name: str) -> Outcome | None:
        """Return the error of what is not allowed by name."""
        if any(fnmatchcase(name, pattern) for pattern in self.allowed):
            return None
        detail = f"This environment does not allow `{name}` to be run."
        hint = f"Let the operator add {name} to the setting CAUCE_ALLOW_RUN of the workers."
        return standard("authorization", 403, detail, title="Not allowed here", hint=hint)


class RunActivities:
    """The activity behind `run: shell`, `run: script` and `run: container`."""

    def __init__(self, resolver: Resolver, rules: Rules) -> None:
        self.resolver = resolver
        self.rules = rules
        self._unawaited: set[asyncio.Task[None]] = set()
        self._removals: set[asyncio.Task[None]] = set()

    @activity.defn(name=RUN_PROCESS)
    async def run_process(self, call: RunCall) -> Outcome:
        """Run the process; its output is what the task asks for, and a code other than 0 an error unless it asks."""
        forbidden = self.rules.forbids(f"container:{call.text}" if call.what == "container" else call.what)
        if forbidden is not None:
            return forbidden
        try:
            job = self._job(call)
            if not call.wait:
                return await self._begin(job, call)
            async with heartbeats(_HEARTBEAT_S):
                return _outcome(call, await self._run(job, call))
        except TimeoutError:
            return self._late()
        except CauceError as error:
            return refused(error)

    async def close(self) -> None:
        """End the processes that nobody waits for."""
        open_ = [*self._unawaited, *self._removals]
        for task in open_:
            task.cancel()
        await asyncio.gather(*open_, return_exceptions=True)

    def _job(self, call: RunCall) -> Job:
        filling = Filling(self.resolver, call.secrets, call.nonce)
        arguments = [str(each) for each in filling.filled(call.arguments)]
        given = Job(
            (),
            environment={name: str(value) for name, value in filling.filled(call.environment).items()},
            stdin=str(filling.filled(call.stdin or "")),
        )
        if call.what == "container":
            return replace(given, command=arguments)
        if call.what == "shell":
            return replace(given, command=["/bin/sh", "-c", call.text, "sh", *arguments])
        return replace(given, **_INTERPRETERS[call.what](self.rules, call.text, arguments))

    async def _run(self, job: Job, call: RunCall, begun: asyncio.Event | None = None) -> Ended:
        if call.what == "container":
            engine, options = self.rules.engine, call.options
            try:
                return await run_container(engine, job, call.text, options, self.rules.limits, begun)
            finally:
                if options["cleanup"] == "eventually":
                    later = asyncio.create_task(remove_later(engine, options["name"], options["after_s"]))
                    self._removals.add(later)
                    later.add_done_callback(self._removals.discard)
        return await run(job, self.rules.limits, confined=not self.rules.unconfined, begun=begun)

    async def _begin(self, job: Job, call: RunCall) -> Outcome:
        """Start a process that nobody waits for; it is limited all the same, and ends with the worker at the latest."""
        if len(self._unawaited) >= self.rules.concurrency:
            raise SettingsError(
                f"There are {len(self._unawaited)} processes already that nobody waits for.",
                hint="Wait for them (`await: true`), or have the operator raise CAUCE_RUN_CONCURRENCY.",
            )
        begun = asyncio.Event()
        running = asyncio.create_task(self._run(job, call, begun))
        watch = asyncio.create_task(self._watch(running, call))
        self._unawaited.add(watch)
        watch.add_done_callback(self._unawaited.discard)
        told = asyncio.create_task(begun.wait())
        await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not begun.is_set():
            await running
        return Outcome()

    async def _watch(self, running: "asyncio.Task[Ended]", call: RunCall) -> None:
        where = f"{call.instance} {call.reference}"
        try:
            ended = await running
            log.info("process that nobody waits for ended with %d: %s", ended.code, where)
        except TimeoutError:
            log.warning("process that nobody waits for took too long: %s", where)
        except CauceError as error:
            log.warning("process that nobody waits for failed: %s: %s", where, error.problem)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def _late(self) -> Outcome:
        most = f"{self.rules.limits.seconds:g} s"
        return standard("timeout", 408, f"The process took longer than the {most} that it may take.", title="Timeout")


def _outcome(call: RunCall, ended: Ended) -> Outcome:
    # A secret may be given to a process; what the process prints is recorded.
    stdout, stderr = (redact(text) if call.secrets else text for text in (ended.stdout, ended.stderr))
    if ended.code and call.returns not in {"code", "all"}:
        more: dict[str, JSON] = {"exitCode": ended.code, "stderr": redact(stderr[-_LAST_WORDS:])}
        return standard(
            "runtime", 500, f"The process ended with the code {ended.code}.", title="Process failed", **more
        )
    match call.returns:
        case "code":
            return Outcome(output=ended.code)
        case "all":
            return Outcome(output={"code": ended.code, "stdout": stdout, "stderr": stderr})
        case "stderr":
            return Outcome(output=stderr)
        case "none":
            return Outcome(output=None)
        case _:
            return Outcome(output=stdout)


def _python(rules: Rules, code: str, arguments: list[str]) -> dict[str, JSON]:
    if rules.python:
        program = _program(rules.python, "CAUCE_RUN_PYTHON")
        shown = [str(program.parent.parent)]
    else:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        program = Path(sys.base_prefix, "bin", version).resolve()
        library = sysconfig.get_config_var("LDLIBRARY") or ""
        paths = sysconfig.get_paths(vars={"installed_base": sys.base_prefix, "base": sys.base_prefix})
        shown = [str(program), paths["stdlib"], str(Path(sys.base_prefix, "lib", library))]
    # `-I`: nothing of ours or of the user's is found by an import, only the standard library.
    command = [str(program), "-I", "-B", "script.py", *arguments]
    return {"command": command, "files": {"script.py": code}, "shown": _beside_system(shown)}


def _node(rules: Rules, code: str, arguments: list[str]) -> dict[str, JSON]:
    program = _program(rules.node, "CAUCE_RUN_NODE")
    # Modules of both kinds may be written; older versions have to be told, and say that it is an experiment.
    options = ["--experimental-detect-module", "--disable-warning=ExperimentalWarning"]
    command = [str(program), *options, "script.js", *arguments]
    return {"command": command, "files": {"script.js": code}, "shown": _beside_system([str(program)])}


_INTERPRETERS: Final[dict[str, Callable[[Rules, str, list[str]], dict[str, JSON]]]] = {
    "script:python": _python,
    "script:js": _node,
}


def _program(name: str, setting: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise SettingsError(
            f"There is no program {name} to run scripts with.", hint=f"Install it, or name another one in {setting}."
        )
    return Path(found).resolve()


def _beside_system(paths: list[str]) -> list[str]:
    """Leave out what can be seen anyway; a folder within another would be mounted over it."""
    return [path for path in paths if not path.startswith(("/usr/", "/lib/")) and Path(path).exists()]
