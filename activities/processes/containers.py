"""Runs a container through the engine's own program, docker or podman: named, limited, without network and rights."""

import asyncio
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from activities.processes.supervisor import Ended, Job, Limits, run
from cauce.contract import JSON
from cauce.errors import CauceError, SettingsError
from cauce.logging import redact

_IMAGE: Final = re.compile(r"[a-z0-9][A-Za-z0-9._/:@+-]{0,254}")
_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
_PORT: Final = re.compile(r"(\d{1,5})(?:/(?:tcp|udp))?")
_INSIDE: Final = re.compile(r"(/[^:,]*)(?::ro)?")
_LABELS: Final = re.compile(r"cauce\.(deadline|remove-at)[=:](\d+)")
_PULL: Final = {"always": "always", "never": "never"}
_ENGINES: Final = ("docker", "podman")
# What the engine's program needs to find its server and its logins; nothing of it gets into the container.
_OWN: Final = ("PATH", "HOME", "XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "CONTAINER_HOST")
_QUICK: Final = Limits(seconds=15, memory_mb=2_048)
_ENGINE_FAILED: Final = 125
_highest_port: Final = 65_535


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine of this environment, and what it lets containers reach."""

    program: str = ""
    network: str = "none"
    volumes: tuple[str, ...] = ()

    def path(self) -> str:
        """Return the engine's program."""
        for name in (self.program,) if self.program else _ENGINES:
            if (found := shutil.which(name)) is not None:
                return found
        raise SettingsError(
            "There is no container engine here.",
            hint=f"Install {' or '.join(_ENGINES)}, or name its program in CAUCE_RUN_CONTAINER_ENGINE.",
        )


async def run_container(
    engine: Engine,
    given: Job,
    image: str,
    options: Mapping[str, JSON],
    limits: Limits,
    begun: asyncio.Event | None = None,
) -> Ended:
    """Run a container to its end; it is stopped when it takes too long, wants too much, or is not wanted any more."""
    program = engine.path()
    arguments = command(engine, given, image, options, limits)
    environment = {name: os.environ[name] for name in _OWN if name in os.environ}
    job = Job([program, *arguments], _environment_file(given.environment), environment, given.stdin)
    await _sweep(program)
    # The engine's program itself computes nothing; it waits.
    outer = Limits(limits.seconds, limits.cpu_s, 2_048, limits.files_mb, limits.processes, limits.output_bytes)
    try:
        ended = await run(job, outer, confined=False, begun=begun)
    except BaseException:
        await asyncio.shield(_quietly(program, "rm" if options["cleanup"] == "always" else "kill", options["name"]))
        raise
    if ended.code == _ENGINE_FAILED:
        last = ended.stderr.strip().splitlines()[-1:] or ["it did not say why"]
        raise SettingsError(f"The container could not be started: {redact(last[0])[:500]}.")
    return ended


async def remove_later(engine: Engine, name: str, seconds: float) -> None:
    """Remove a container that has ended, after a time; another run does it when this worker is gone by then."""
    await asyncio.sleep(seconds)
    await _quietly(engine.path(), "rm", name)


def command(engine: Engine, given: Job, image: str, options: Mapping[str, JSON], limits: Limits) -> list[str]:
    """Return the arguments for the engine; each is checked, so that no value is taken for an option."""
    name = _checked(_NAME, options["name"], "name of a container")
    now = int(time.time() + limits.seconds)
    labels = {"deadline": now}
    if options["cleanup"] == "eventually":
        labels["remove-at"] = now + int(options["after_s"])
    return [
        *("run", f"--name={name}", f"--pull={_PULL.get(options['pull'], 'missing')}", f"--network={engine.network}"),
        *(["--rm"] if options["cleanup"] == "always" else []),
        *(["--interactive"] if options["interactive"] else []),
        *(f"--label=cauce.{key}={value}" for key, value in labels.items()),
        *(f"--memory={limits.memory_mb}m", f"--memory-swap={limits.memory_mb}m", f"--pids-limit={limits.processes}"),
        *("--cap-drop=ALL", "--security-opt=no-new-privileges", "--env-file=environment"),
        *(f"--publish=127.0.0.1:{host}:{inside}" for host, inside in _ports(engine, options["ports"])),
        *(f"--volume={host}:{inside}" for host, inside in _volumes(engine, options["volumes"])),
        *(["--entrypoint=/bin/sh"] if options["command"] else []),
        _checked(_IMAGE, image, "image"),
        *(["-c", options["command"], "sh"] if options["command"] else []),
        *given.command,
    ]


def _ports(engine: Engine, ports: Mapping[str, JSON]) -> list[tuple[str, str]]:
    if ports and engine.network == "none":
        raise SettingsError(
            "Containers have no network in this environment, so their ports lead nowhere.",
            hint="The operator can name a network of the engine in CAUCE_RUN_CONTAINER_NETWORK.",
        )
    return [(_port(host), _port(inside)) for host, inside in ports.items()]


def _port(value: JSON) -> str:
    text = str(value)
    found = _PORT.fullmatch(text)
    if found is None or not 0 < int(found[1]) <= _highest_port:
        raise SettingsError(f"'{text[:40]}' is no port.", hint="Write ports as {8080: 80}: outside first, then inside.")
    return text


def _volumes(engine: Engine, volumes: Mapping[str, JSON]) -> list[tuple[str, str]]:
    return [
        (_outside(engine, host), _checked(_INSIDE, inside, "path in a container")) for host, inside in volumes.items()
    ]


def _outside(engine: Engine, path: str) -> str:
    """Return the real path of a folder that may be given to a container."""
    real = Path(path).resolve()
    allowed = [Path(each).resolve() for each in engine.volumes]
    if not Path(path).is_absolute() or ":" in str(real) or not any(real.is_relative_to(each) for each in allowed):
        raise SettingsError(
            f"The folder '{path[:200]}' may not be given to a container.",
            hint="The operator allows folders, with all in them, in CAUCE_RUN_CONTAINER_VOLUMES.",
        )
    return str(real)


def _environment_file(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables as a file: on a command line everybody on the machine could read them."""
    for name, value in environment.items():
        if "\n" in value or "\r" in value or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", name):
            raise SettingsError(
                f"The variable '{name[:40]}' cannot be given to a container.",
                hint="Its name has letters, digits and underscores, and its value one line. Give long text as `stdin`.",
            )
    return {"environment": "".join(f"{name}={value}\n" for name, value in environment.items())}


def _checked(pattern: re.Pattern[str], value: JSON, what: str) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise SettingsError(f"'{str(value)[:80]}' is no {what}.")
    return value


async def _sweep(program: str) -> None:
    """Do what workers did not live to do: stop containers whose time is up, and remove those that are to go."""
    with suppress(CauceError, TimeoutError):
        options = ["ps", "--all", "--filter=label=cauce.deadline", "--format={{.Names}}\t{{.State}}\t{{.Labels}}"]
        listed = await run(_own(program, options), _QUICK, confined=False)
        for line in listed.stdout.splitlines():
            name, state, labels = [*line.split("\t"), "", ""][:3]
            due = {key for key, at in _LABELS.findall(labels) if int(at) < time.time()}
            if "remove-at" in due:
                await _quietly(program, "rm", name)
            elif "deadline" in due and state.lower().startswith(("running", "up")):
                await _quietly(program, "kill", name)


async def _quietly(program: str, what: str, name: str) -> None:
    with suppress(CauceError, TimeoutError):
        await run(_own(program, [what, *(["--force"] if what == "rm" else []), name]), _QUICK, confined=False)


def _own(program: str, arguments: Sequence[str]) -> Job:
    return Job([program, *arguments], environment={name: os.environ[name] for name in _OWN if name in os.environ})
