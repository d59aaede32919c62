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

from cauce.embedded.child import Child, last_line

sleeper = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(600)"]


def a_child(folder: Path, command: list[str] = sleeper) -> Child:
    return Child("sleeper", command, dict(os.environ), folder / "logs" / "sleeper.log")


async def until(condition: Callable[[], bool], patience_s: float = 10.0) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        await asyncio.sleep(0.02)


async def test_killed_child_is_started_again(tmp_path: Path) -> None:
    child = a_child(tmp_path)
    await child.start()
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.pid not in (None, first))
    assert child.restarts == 1
    assert child.last_exit == -signal.SIGKILL
    second = child.pid
    await child.stop()
    assert child.pid is None
    assert second is not None
    assert not psutil.pid_exists(second)


async def test_stop_ends_a_child_that_ignores_the_question(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    child = a_child(tmp_path, [sys.executable, "-c", deaf])
    await child.start()
    await until(lambda: last_line(child.log) == "deaf")
    pid = child.pid
    assert pid is not None
    await child.stop(patience_s=0.3)
    assert not psutil.pid_exists(pid)


async def test_what_a_dead_child_had_started_is_ended_too(tmp_path: Path) -> None:
    nest = "import subprocess, time; p = subprocess.Popen(['sleep', '600']); print(p.pid, flush=True); time.sleep(600)"
    child = a_child(tmp_path, [sys.executable, "-c", nest])
    await child.start()
    await until(lambda: last_line(child.log).isdecimal())
    grandchild = int(last_line(child.log))
    os.kill(child.pid or 0, signal.SIGKILL)
    await until(lambda: not _alive(grandchild))
    await child.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import asyncio, os, pathlib, sys
        from cauce.embedded.child import Child
        async def main():
            child = Child("x", {sleeper!r}, dict(os.environ), pathlib.Path({str(tmp_path)!r}) / "x.log")
            await child.start()
            print(child.pid, flush=True)
            await asyncio.sleep(600)
        asyncio.run(main())
    """)
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert _alive(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(child)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
