"""What a cell keeps a process from, and what becomes of one that wants more than it may have."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from activities.processes.supervisor import Ended, Job, Limits, run
from activities.run import Rules, RunActivities
from cauce.contract import RunCall
from cauce.errors import SettingsError, TooLargeError
from cauce.secrets import Resolver

SMALL = Limits(seconds=10, cpu_s=2, memory_mb=128, files_mb=2, processes=12, output_bytes=5000)
ROOT = Path(__file__).resolve().parents[3]


async def shell(command: str, limits: Limits = SMALL, *, confined: bool = True) -> Ended:
    return await run(Job(["/bin/sh", "-c", command]), limits, confined=confined)


def python(code: str) -> Job:
    activities = RunActivities(Resolver(Path(), Path()), Rules())
    return activities._job(RunCall("script:python", textwrap.dedent(code), "i", "/r"))  # noqa: SLF001 - how it is started


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        await asyncio.sleep(0.02)


def running(mark: str) -> list[int]:
    return [each.pid for each in psutil.process_iter(["cmdline"]) if mark in (each.info["cmdline"] or [])]


async def test_the_system_can_be_read_and_nothing_else(tmp_path: Path) -> None:
    seen = (await shell(f"ls /; ls {tmp_path} /etc")).stdout.split()
    assert {"usr", "bin", "proc", "tmp"} <= set(seen)
    assert {"home", "root", "var", "srv", "mnt", "opt", "run", "passwd", "hosts"}.isdisjoint(seen)
    refused = await shell("touch /x; touch /usr/x; touch /tmp/mine && echo written")
    assert refused.stdout == "written\n"
    assert refused.stderr.count("Read-only file system") == 2


async def test_processes_outside_cannot_be_seen() -> None:
    ended = await shell("ls /proc | grep -c '^[0-9]'; cat /proc/1/environ; kill -9 1; echo still here")
    assert int(ended.stdout.splitlines()[0]) <= 5
    assert "still here" in ended.stdout
    assert "Permission denied" in ended.stderr


async def test_environment_of_the_worker_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUCE_SECRET_TOKEN", "top")
    for confined in (True, False):
        ended = await shell("env", confined=confined)
        names = {line.partition("=")[0] for line in ended.stdout.splitlines()}
        assert names <= {"PATH", "HOME", "TMPDIR", "LANG", "PWD", "OLDPWD", "SHLVL", "_"}


async def test_no_network_not_even_loopback() -> None:
    listener = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    ended = await run(
        python(f"""
        import socket
        for family, where in ((socket.AF_INET, ("127.0.0.1", {port})), (socket.AF_UNIX, "/run/docker.sock")):
            try:
                socket.socket(family).connect(where)
            except OSError as error:
                print(error.strerror)
        """),
        SMALL,
        confined=True,
    )
    listener.close()
    assert ended.stdout.splitlines() == ["Network is unreachable", "No such file or directory"]


async def test_no_new_rights_and_no_new_worlds() -> None:
    ended = await shell("grep -E 'NoNewPrivs|CapEff' /proc/self/status; unshare -r id; mount -t tmpfs x /tmp; id -u")
    assert ended.stdout.split() == ["CapEff:", "0000000000000000", "NoNewPrivs:", "1", "1000"]
    assert "unshare" in ended.stderr
    assert "mount" in ended.stderr


async def test_time_is_limited() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await shell("sleep 543.21 & sleep 543.21", Limits(seconds=0.5))
    assert time.monotonic() - began < 5
    await until(lambda: not running("543.21"))


async def test_computing_time_is_limited() -> None:
    with pytest.raises(TooLargeError, match="more computing time than the 1 s"):
        await shell("while :; do :; done", Limits(cpu_s=1))


async def test_memory_of_one_process_is_limited() -> None:
    ended = await run(python("x = bytearray(300 << 20)"), SMALL, confined=True)
    assert ended.code == 1
    assert "MemoryError" in ended.stderr


async def test_memory_of_all_processes_together_is_limited() -> None:
    several = python("""
        import os, signal
        for number in range(4):
            if os.fork() == 0:
                kept = b"x" * (60 << 20)
                signal.pause()
        signal.pause()
    """)
    with pytest.raises(TooLargeError, match="more memory than the 128 MB"):
        await run(several, SMALL, confined=True)


async def test_number_of_processes_is_limited() -> None:
    ended = await shell("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do sleep 5 & done; sleep 5")
    assert ended.code == 2
    assert "Cannot fork" in ended.stderr


async def test_processes_without_end_stay_few() -> None:
    ended = await shell("again() { again | again & }; again; sleep 0.3; ls /proc | grep -c '^[0-9]'; kill -9 -1")
    assert "Cannot fork" in ended.stderr
    assert int(ended.stdout or 0) <= SMALL.processes + 1


async def test_size_of_one_file_and_of_all_files_is_limited() -> None:
    with pytest.raises(TooLargeError, match="more room for files than the 2 MB"):
        await shell("exec head -c 9000000 /dev/zero > /tmp/big")
    ended = await shell("for i in 1 2 3 4; do head -c 1000000 /dev/zero > /tmp/$i; done; du -sk /tmp")
    assert "No space left on device" in ended.stderr
    assert int(ended.stdout.split()[0]) <= 2048


async def test_output_is_limited_on_both_sides_together() -> None:
    for where in ("", ">&2", "& yes >&2"):
        with pytest.raises(TooLargeError, match="more output than the 5000 bytes"):
            await shell(f"yes {where}; wait")


async def test_output_that_is_no_text_does_not_stop_the_process() -> None:
    assert (await shell("printf 'a\\377b'")).stdout == "a�b"


async def test_what_a_process_leaves_behind_is_ended() -> None:
    for confined in (True, False):
        ended = await shell("setsid sleep 432.1 >/dev/null 2>&1 & sleep 0.1; echo done", confined=confined)
        assert ended.stdout == "done\n"
        await until(lambda: not running("432.1"))


async def test_cancelled_process_is_ended_with_its_children() -> None:
    for confined in (True, False):
        task = asyncio.create_task(shell("setsid sleep 321.09 & sleep 321.09", confined=confined))
        await until(lambda: len(running("321.09")) == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not running("321.09"))


@pytest.mark.parametrize("confined", [True, False])
async def test_process_dies_with_the_worker(*, confined: bool) -> None:
    mark = f"210.{int(confined)}{os.getpid()}"
    worker = f"""
        import asyncio
        from activities.processes.supervisor import Job, Limits, run
        asyncio.run(run(Job(["/bin/sh", "-c", "setsid sleep {mark} & sleep {mark}"]), Limits(), confined={confined}))
    """
    process = subprocess.Popen(  # noqa: ASYNC220 - only started
        [sys.executable, "-c", textwrap.dedent(worker)], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    await until(lambda: len(running(mark)) == 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    await until(lambda: not running(mark))


async def test_working_folder_is_empty_and_gone_afterwards() -> None:
    for confined in (True, False):
        ended = await shell("pwd; ls -A | wc -l; touch left", confined=confined)
        folder, count = ended.stdout.split()
        assert count == "0"
        assert confined or not os.path.lexists(folder)  # noqa: ASYNC240 - quick enough for a test


async def test_program_that_is_not_there_is_a_matter_of_settings() -> None:
    with pytest.raises(SettingsError, match="could not be started: /bin/nothing"):
        await run(Job(["/bin/nothing"]), SMALL, confined=True)


async def test_machine_without_namespaces_refuses_unless_that_is_accepted() -> None:
    worker = """
        import asyncio, os
        from pathlib import Path
        from activities.processes import kernel
        from activities.processes.supervisor import Job, Limits, run
        from cauce.errors import SettingsError

        user = os.geteuid()
        kernel.unshare(0x10000000)
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
        job = Job(["/bin/sh", "-c", "echo ran"])
        try:
            asyncio.run(run(job, Limits(), confined=True))
        except SettingsError as error:
            print(error)
        print(asyncio.run(run(job, Limits(), confined=False)).stdout)
    """
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", textwrap.dedent(worker)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        text=True,
        capture_output=True,
    )
    assert done.stdout.startswith("This machine lets no process be shut in: unshare: ")
    assert "CAUCE_ALLOW_RUN_UNCONFINED=true" in done.stdout
    assert done.stdout.endswith("ran\n\n")
