"""Shuts one command in and watches over it; `supervisor` starts this file as a script, apart from Cauce.

It runs with the standard library only, and in three steps: this process leaves the world (users, network, processes,
files); its child, the first process of the new one, builds what there is to see, starts the command, and watches it;
when that child ends, the kernel ends everything in there. All die with the worker that started them.

`argv`: the descriptor to read the order from, the one to report to, the process id of the worker.
"""

import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

sys.path.append(str(Path(__file__).parents[2]))  # `-I` and `-S` leave nothing but the standard library

from activities.processes import kernel

_OLD_ROOT: Final = "/old"
_DEVICES: Final = ("null", "zero", "full", "random", "urandom")
_USER: Final = 1000
_NOBODY: Final = 65_534
_LOOK_S: Final = 0.03
_PAGE: Final = resource.getpagesize()
_SIGNALS: Final[dict[int, str]] = {-signal.SIGXCPU: "cpu", -signal.SIGXFSZ: "files"}

Order = dict[str, Any]


def main() -> None:
    """Read the order, carry it out, report how the command ended."""
    order_from, report_to, parent = (int(each) for each in sys.argv[1:4])
    with os.fdopen(order_from) as file:
        order: Order = json.load(file)
    os.set_inheritable(report_to, False)  # noqa: FBT003 - the name says it
    _die_with(parent)
    if not order["confined"]:
        _end_with_descendants(parent)
        _write_files(order, order["folder"])
        _watch(order, report_to, own_world=False)
    try:
        _leave_the_world()
        first = os.fork()
        if first == 0:
            _die_with(0)
            _build_world(order)
            _watch(order, report_to, own_world=True)
    except OSError as error:
        _report(report_to, {"refused": f"{error.filename}: {error.strerror}"})
        os._exit(1)
    os.close(report_to)
    os.waitpid(first, 0)
    os._exit(0)


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends."""
    if sys.platform != "linux":
        return
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel knew our wish
        os._exit(1)


def _end_with_descendants(parent: int) -> None:
    """Become the parent of what the command leaves behind, and end all of it when asked to, or when the worker dies."""
    signal.signal(signal.SIGTERM, lambda *_: _end_what_is_left())
    if sys.platform == "linux":
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)


def _leave_the_world() -> None:
    user, group, parent = os.geteuid(), os.getegid(), os.getppid()
    if user == 0:
        _leave_as_root()
    else:
        kernel.unshare(kernel.NEW_EVERYTHING)
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{_USER} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{_USER} {group} 1", encoding="ascii")
    # The wish is forgotten when rights change.
    _die_with(parent)


def _leave_as_root() -> None:
    """Leave with two users: root, who builds the cell, and nobody, who is in it; limits do not hold for root."""
    me, (ready, leaving) = os.getpid(), os.pipe()
    helper = os.fork()
    if helper == 0:
        os.close(leaving)
        os.read(ready, 1)  # nothing ever comes; it ends when the other one has left, or could not
        with suppress(OSError):
            for name in ("uid_map", "gid_map"):
                Path(f"/proc/{me}/{name}").write_text(f"0 0 1\n{_USER} {_NOBODY} 1", encoding="ascii")
            os._exit(0)
        os._exit(1)
    kernel.unshare(kernel.NEW_EVERYTHING)
    os.close(leaving)
    _, status = os.waitpid(helper, 0)
    if status:
        raise OSError(1, "users cannot be mapped", "uid_map")


def _build_world(order: Order) -> None:
    """Build the files that the command sees: the system, read-only, and an empty folder for its own."""
    with suppress(OSError):  # older kernels do not let us; it is a second wall behind the first
        Path("/proc/sys/user/max_user_namespaces").write_text("0", encoding="ascii")
    os.umask(0o022)
    kernel.make_mounts_private()
    kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.NO_SETUID | kernel.NO_DEVICES, "size=4m,mode=755")  # noqa: S108 - in a world where nobody else is
    os.mkdir(f"/tmp{_OLD_ROOT}")  # noqa: S108, PTH102 - as above, and pathlib is another import
    kernel.change_root("/tmp", f"/tmp{_OLD_ROOT}")  # noqa: S108 - as above
    for path in order["system"]:
        _show(path)
    for name in ("proc", "dev", "tmp"):
        Path("/", name).mkdir(exist_ok=True)
    kernel.mount("proc", "/proc", "proc")
    kernel.make_read_only("/proc")
    for name in _DEVICES:
        Path(f"/dev/{name}").touch()
        kernel.mount(f"{_OLD_ROOT}/dev/{name}", f"/dev/{name}", "", kernel.BIND)
    Path("/dev/fd").symlink_to("/proc/self/fd")
    _write_files(order, "/")
    kernel.let_go(_OLD_ROOT)
    os.rmdir(_OLD_ROOT)  # noqa: PTH106 - as the line that made it
    size = order["limits"]["files"]
    options = f"size={size},nr_inodes={max(size // 4096, 1024)},mode=700,uid={_USER},gid={_USER}"
    kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.NO_SETUID | kernel.NO_DEVICES, options)  # noqa: S108 - as above
    kernel.make_read_only("/", below=False)


def _show(path: str) -> None:
    """Let a folder, file or link of the system be seen where it is, read-only."""
    real = Path(_OLD_ROOT + path)
    seen = Path(path)
    seen.parent.mkdir(parents=True, exist_ok=True)
    if real.is_symlink():
        seen.symlink_to(real.readlink())
        return
    if real.is_dir():
        seen.mkdir(exist_ok=True)
    elif real.exists():
        seen.touch()
    else:
        return
    kernel.mount(str(real), path, "", kernel.BIND | kernel.RECURSIVE)
    kernel.make_read_only(path)


def _write_files(order: Order, folder: str) -> None:
    for name, text in order["files"].items():
        Path(folder, name).write_text(text, encoding="utf-8")


def _watch(order: Order, report_to: int, *, own_world: bool) -> NoReturn:
    """Start the command, wait for it, and report; nothing that it started outlives this."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    began, beginning = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(order, report_to)
    os.close(beginning)
    os.read(began, 1)  # nothing ever comes; it ends when the command has taken over, or could not
    _report(report_to, {"begun": True})
    limits, exceeded = order["limits"], None
    while (status := _ended(pid)) is None:
        if own_world and (exceeded := _exceeded(limits)):
            break
        _wait_a_moment()
    code = os.waitstatus_to_exitcode(status or 0)
    exceeded = exceeded or _SIGNALS.get(code)
    _report(report_to, {"exceeded": exceeded} if exceeded else {"code": code if code >= 0 else 128 - code})
    if not own_world:
        _end_what_is_left()
    os._exit(0)  # and with the first process of its world, all others


def _become(order: Order, report_to: int) -> NoReturn:
    """Turn this process into the command."""
    try:
        os.setsid()
        os.nice(5)  # the worker, and who watches here, come first
        if order["confined"] and os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(_USER, _USER, _USER)
            os.setresuid(_USER, _USER, _USER)
        _limit(order["limits"])
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores, and a command would inherit that
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        os.umask(0o077)
        os.chdir(order["folder"])
        if sys.platform == "linux":
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        os.execve(order["command"][0], order["command"], order["environment"])  # noqa: S606 - to become it is what this process is for
    except (OSError, ValueError) as error:
        _report(report_to, {"unstartable": f"{order['command'][0]}: {error}"})
    os._exit(127)


def _limit(limits: dict[str, int]) -> None:
    memory = limits["memory"]
    for what, soft, hard in (
        # What a process may write to; address space alone would count what engines reserve and never use.
        (resource.RLIMIT_DATA, memory, memory),
        (resource.RLIMIT_STACK, 8 << 20, 8 << 20),
        (resource.RLIMIT_CPU, limits["cpu_s"], limits["cpu_s"] + 1),
        (resource.RLIMIT_FSIZE, limits["files"], limits["files"]),
        (resource.RLIMIT_NOFILE, 256, 256),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NPROC, limits.get("processes", resource.RLIM_INFINITY), resource.RLIM_INFINITY),
    ):
        known = resource.getrlimit(what)[1]
        hardest = min((each for each in (hard, known) if each != resource.RLIM_INFINITY), default=hard)
        resource.setrlimit(what, (hardest if soft == resource.RLIM_INFINITY else min(soft, hardest), hardest))


def _ended(pid: int) -> int | None:
    """Take the status of whatever has ended; return that of the command itself."""
    with suppress(ChildProcessError):
        while True:
            met, status = os.waitpid(-1, os.WNOHANG)
            if met == pid:
                return status
            if met == 0:
                return None
    return None


def _wait_a_moment() -> None:
    if hasattr(signal, "sigtimedwait"):
        signal.sigtimedwait({signal.SIGCHLD}, _LOOK_S)
    else:
        time.sleep(_LOOK_S)


def _exceeded(limits: dict[str, int]) -> str | None:
    """Return which limit all processes together exceed; the kernel only knows of one process at a time."""
    memory = count = 0
    for name in os.listdir("/proc"):  # noqa: PTH208 - only the names are wanted, many times a second
        if name.isdigit() and name != "1":
            count += 1
            with suppress(OSError, IndexError, ValueError):
                memory += int(Path(f"/proc/{name}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    if memory > limits["memory"]:
        return "memory"
    return "processes" if count > limits["processes"] else None


def _end_what_is_left() -> None:
    children = Path("/proc/self/task", str(os.getpid()), "children")
    while children.exists() and (left := children.read_text(encoding="ascii").split()):
        for each in left:
            with suppress(ProcessLookupError):
                os.kill(int(each), signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)
    os.killpg(0, signal.SIGKILL)


def _report(report_to: int, what: dict[str, Any]) -> None:
    os.write(report_to, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main()
