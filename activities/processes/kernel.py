"""What Linux offers to shut a process in, where the standard library has no call for it; used by `cell` only."""

import ctypes
import os
import struct
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_CHILD_SUBREAPER: Final = 36
PR_SET_NO_NEW_PRIVS: Final = 38
NEW_EVERYTHING: Final = (
    0x00020000  # mounts
    | 0x04000000  # host name
    | 0x08000000  # System V and POSIX messages
    | 0x10000000  # users
    | 0x20000000  # process ids
    | 0x40000000  # network: not even loopback is up
)
NO_SETUID: Final = 2
NO_DEVICES: Final = 4
RECURSIVE: Final = 0x4000
BIND: Final = 0x1000
_PRIVATE: Final = 0x40000
_READ_ONLY: Final = 1
_DETACH: Final = 2
_MOUNT_SETATTR: Final = 442  # the same everywhere, being a newer call
_PIVOT_ROOT: Final = {"x86_64": 155, "aarch64": 41, "riscv64": 41}

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int) -> None:
    """Set one property of this process."""
    _checked(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), "prctl")


def unshare(what: int) -> None:
    """Give this process (its children, as to process ids) worlds of its own."""
    _checked(_libc.unshare(what), "unshare")


def make_mounts_private() -> None:
    """Let no mount made from here on be seen outside."""
    mount("none", "/", "", RECURSIVE | _PRIVATE)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount something."""
    texts = [ctypes.c_char_p(text.encode()) if text else None for text in (source, target, kind, options)]
    done = _libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    _checked(done, f"mount {target}")


def make_read_only(path: str, *, below: bool = True) -> None:
    """Let nothing in a mount (and those below it) be written, nor taken for a device or a set-uid program."""
    attributes = struct.pack("QQQQ", _READ_ONLY | NO_SETUID | NO_DEVICES, 0, 0, 0)
    done = _libc.syscall(_MOUNT_SETATTR, -100, path.encode(), 0x8000 if below else 0, attributes, len(attributes))
    _checked(done, f"mount_setattr {path}")


def change_root(new: str, old: str) -> None:
    """Make `new` the root; the one until now is found at `old`, a folder in it."""
    number = _PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(38, "pivot_root", os.uname().machine)
    _checked(_libc.syscall(number, new.encode(), old.encode()), "pivot_root")
    os.chdir("/")


def let_go(path: str) -> None:
    """Take a mount away, with all below it."""
    _checked(_libc.umount2(path.encode(), _DETACH), f"umount {path}")


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
