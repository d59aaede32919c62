"""Runs one command that dies with the process that started it; `child` starts this file as a script.

A pre-exec function would have to run Python between fork and exec, which is not safe in a process with threads. So the
new process asks for the signal itself, after its own exec and before the exec of the command; the wish survives that.
"""

import ctypes
import os
import signal
import sys

_pr_set_pdeathsig = 1


def bind(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends; elsewhere than on Linux, nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel knew our wish
        raise SystemExit(1)


def main() -> None:
    """Run `argv[2:]`, bound to the parent with the id `argv[1]`."""
    bind(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606  # the command is our own, given by `child`


if __name__ == "__main__":
    main()
