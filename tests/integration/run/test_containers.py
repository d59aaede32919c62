"""Containers: what an engine is told for each property, and what never gets that far."""

import asyncio
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.processes.containers import Engine
from activities.processes.supervisor import Limits
from activities.run import Rules, RunActivities
from cauce.contract import Outcome, RunCall
from cauce.secrets import Resolver
from tests.servers.container_engine import calls, install

LIMITED = [
    "--memory=512m",
    "--memory-swap=512m",
    "--pids-limit=64",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
]
FIXED = [*LIMITED, "--env-file=environment"]


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    return install(tmp_path / "engine")


def call(image: str = "alpine:3", wait: bool = True, arguments: Any = (), **options: Any) -> RunCall:  # noqa: FBT001, FBT002 - as in the task
    given = {
        "name": "p-1", "ports": {}, "volumes": {}, "command": "", "cleanup": "never",
        "after_s": 0, "pull": "ifNotPresent", "interactive": False, **options,
    }  # fmt: skip
    environment, stdin = given.pop("environment", {}), given.pop("stdin", None)
    return RunCall(
        "container",
        image,
        "i",
        "/do/0/a",
        list(arguments),
        environment,
        stdin,
        given,
        given.pop("returns", "stdout"),
        wait,
    )


async def outcome(wanted: RunCall, docker: Path, limits: Limits | None = None, **engine: Any) -> Outcome:
    rules = Rules(("container:*",), limits=limits or Limits(), engine=Engine(str(docker), **engine))
    activities = RunActivities(Resolver(Path(), Path()), rules)
    try:
        return await ActivityEnvironment().run(activities.run_process, wanted)
    finally:
        await activities.close()


def told(docker: Path) -> list[str]:
    """Return the arguments of the one container, but for the label with the time, which is looked at here."""
    (one,) = calls(docker)
    given: list[str] = one["given"]
    (label,) = [each for each in given if each.startswith("--label=cauce.deadline=")]
    assert abs(int(label.rpartition("=")[2]) - time.time()) < 120
    return [each for each in given if each != label]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["--pull=missing", "--network=none", *FIXED, "alpine:3"]),
        ({"pull": "always"}, ["--pull=always", "--network=none", *FIXED, "alpine:3"]),
        ({"pull": "never"}, ["--pull=never", "--network=none", *FIXED, "alpine:3"]),
        ({"cleanup": "always"}, ["--pull=missing", "--network=none", "--rm", *FIXED, "alpine:3"]),
        ({"interactive": True}, ["--pull=missing", "--network=none", "--interactive", *FIXED, "alpine:3"]),
        ({"arguments": ["-x", "a b"]}, ["--pull=missing", "--network=none", *FIXED, "alpine:3", "-x", "a b"]),
        (
            {"command": "echo $1", "arguments": ["-x"]},
            [
                "--pull=missing",
                "--network=none",
                *FIXED,
                "--entrypoint=/bin/sh",
                "alpine:3",
                "-c",
                "echo $1",
                "sh",
                "-x",
            ],
        ),
    ],
)
async def test_engine_is_told_each_property(options: dict[str, Any], expected: list[str], docker: Path) -> None:
    assert (await outcome(call(**options), docker)).error is None
    assert told(docker) == ["run", "--name=p-1", *expected]


async def test_container_that_is_to_go_later_says_when(docker: Path) -> None:
    await outcome(call(cleanup="eventually", after_s=1800), docker)
    (label,) = [each for each in told(docker) if "remove-at" in each]
    assert 1800 <= int(label.rpartition("=")[2]) - time.time() < 2000


async def test_container_is_removed_after_its_time(docker: Path) -> None:
    rules = Rules(("container:*",), engine=Engine(str(docker)))
    activities = RunActivities(Resolver(Path(), Path()), rules)
    await ActivityEnvironment().run(activities.run_process, call(cleanup="eventually", after_s=0.1))
    for _ in range(200):
        if calls(docker, "rm"):
            break
        await asyncio.sleep(0.05)
    assert [each["given"] for each in calls(docker, "rm")] == [["rm", "--force", "p-1"]]
    await activities.close()


async def test_variables_and_stdin_are_on_no_command_line(docker: Path) -> None:
    given = call(environment={"PIN": "a=b", "N": "5"}, stdin="hello", interactive=True)
    await outcome(given, docker)
    (one,) = calls(docker)
    assert (one["variables"], one["stdin"]) == ("PIN=a=b\nN=5\n", "hello")
    assert not any("PIN" in each or "hello" in each for each in one["given"])


async def test_ports_and_volumes_where_they_are_allowed(docker: Path, tmp_path: Path) -> None:
    data = tmp_path / "data" / "in"
    data.mkdir(parents=True)
    wanted = call(ports={"8080": 80, "5353": "53/udp"}, volumes={str(data): "/in:ro"})
    assert (await outcome(wanted, docker, network="inner", volumes=(str(tmp_path / "data"),))).error is None
    assert told(docker)[3:] == [
        "--network=inner", *FIXED, "--publish=127.0.0.1:8080:80", "--publish=127.0.0.1:5353:53/udp",
        f"--volume={data}:/in:ro", "alpine:3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (call("--privileged"), "is no image"),
        (call("alpine latest"), "is no image"),
        (call(name="--rm"), "is no name of a container"),
        (call(name="a b"), "is no name of a container"),
        (call(ports={"80": "80"}), "have no network"),
        (call(volumes={"/etc": "/etc"}), "may not be given"),
        (call(volumes={"data": "/data"}), "may not be given"),
        (call(environment={"A": "1\nB=2"}), "cannot be given to a container"),
        (call(environment={"A B": "1"}), "cannot be given to a container"),
        (call("missing"), "docker: Error response: pull access denied."),
    ],
)
async def test_what_an_engine_would_take_for_something_else_is_refused(
    wanted: RunCall, says: str, docker: Path
) -> None:
    error = (await outcome(wanted, docker)).error
    assert says in error["detail"]
    assert error["type"].endswith("/errors/configuration")
    assert wanted.text == "missing" or not calls(docker)


@pytest.mark.parametrize("ports", [{"80": "0"}, {"x": "80"}, {"80": "80:80"}, {"70000": "80"}])
async def test_what_is_no_port_is_refused(ports: dict[str, str], docker: Path) -> None:
    assert "is no port" in (await outcome(call(ports=ports), docker, network="inner")).error["detail"]


async def test_links_do_not_lead_out_of_the_allowed_folder(docker: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to("/etc")
    for path in (tmp_path / "data" / "link", tmp_path / "data" / ".." / "engine"):
        wanted = call(volumes={str(path): "/x"})
        error = (await outcome(wanted, docker, volumes=(str(tmp_path / "data"),))).error
        assert "may not be given" in error["detail"]


async def test_images_are_allowed_by_pattern(docker: Path) -> None:
    rules = Rules(("container:registry.example/*",), engine=Engine(str(docker)))
    activities = RunActivities(Resolver(Path(), Path()), rules)
    run = ActivityEnvironment().run
    assert (await run(activities.run_process, call("registry.example/a:1"))).error is None
    error = (await run(activities.run_process, call("elsewhere.example/a:1"))).error
    assert "does not allow `container:elsewhere.example/a:1`" in error["detail"]


@pytest.mark.parametrize(("cleanup", "ended"), [("always", ["rm", "--force", "p-1"]), ("never", ["kill", "p-1"])])
async def test_container_that_takes_too_long_is_ended(cleanup: str, ended: list[str], docker: Path) -> None:
    error = (await outcome(call("slow", cleanup=cleanup), docker, Limits(seconds=1))).error
    assert error["type"].endswith("/errors/timeout")
    assert [each["given"] for each in calls(docker, ended[0])] == [ended]


async def test_what_dead_workers_left_is_put_in_order(docker: Path) -> None:
    later = int(time.time()) + 1000
    docker.with_name("listed").write_text(
        f"due\texited\tcauce.deadline=5,cauce.remove-at=5\nnot-yet\texited\tcauce.deadline=5,cauce.remove-at={later}\n"
        f"lost\trunning\tmap[cauce.deadline:5]\nrunning\trunning\tcauce.deadline={later}\nkept\texited\tcauce.deadline=5\n"
    )
    await outcome(call(), docker)
    assert [each["given"] for each in calls(docker, "rm")] == [["rm", "--force", "due"]]
    assert [each["given"] for each in calls(docker, "kill")] == [["kill", "lost"]]


async def test_machine_without_an_engine_says_so() -> None:
    error = (await outcome(call(), Path("/no/engine"))).error
    assert error["detail"] == "There is no container engine here."
    assert "CAUCE_RUN_CONTAINER_ENGINE" in error["hint"]


def _engine() -> str | None:
    for name in ("docker", "podman"):
        found = shutil.which(name)
        if found and not subprocess.run([found, "info"], capture_output=True, check=False, timeout=20).returncode:
            return found
    return None


def _images(engine: str) -> list[str]:
    command = [engine, "images", "--format={{.Repository}}:{{.Tag}}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


async def test_real_engine_takes_what_it_is_told() -> None:
    engine = await asyncio.to_thread(_engine)
    if engine is None:
        pytest.skip("no container engine runs here")
    images = await asyncio.to_thread(_images, engine)
    image = next((each for each in images if re.match(r".*(alpine|busybox|debian)", each)), None)
    if image is None:
        pytest.skip("the engine has no image with a shell")
    told: dict[str, Any] = {"command": "cat; echo $1 $A", "arguments": ["x"], "environment": {"A": "y"}, "stdin": "in "}
    name = f"cauce-test-{time.time_ns()}"
    wanted = call(image, interactive=True, cleanup="always", pull="never", name=name, **told)
    assert (await outcome(wanted, Path(engine))).output == "in x y\n"
