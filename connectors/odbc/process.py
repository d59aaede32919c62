"""A worker process: one database connection, one statement at a time, and nothing that cannot be killed.

Started by `connectors/odbc/worker.py` as `python -m connectors.odbc.process`. Requests come on standard input, answers
go to standard output; a thread listens for `cancel` and for the end of the input, which ends the process. Another one
watches how much memory a request takes: drivers that hold whole results would take all there is.
"""

import gc
import os
import queue
import re
import resource
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from time import sleep
from typing import IO, Any, Final

from cauce.errors import CauceError
from cauce.native import load_odbc
from connectors.odbc import frames
from connectors.odbc.rows import CorruptError
from connectors.odbc.session import Session

_native: Final = re.compile(r"\((-?\d+)\) \(SQL\w+\)")
# The server ended the session.
_ended: Final = {"57P01", "57P02", "57P03"}
_look_every_s: Final = 0.1
_sqlstate: Final = re.compile(r"[0-9A-Z]{5}")


class Worker:
    """Carries out requests one after the other; each ends with one of `done`, `failed`, `refused`."""

    def __init__(self, source: IO[bytes], sink: IO[bytes]) -> None:
        self._source = source
        self._sink = sink
        self._requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._session: Session | None = None
        self._busy = threading.Event()
        self._most_bytes = 0
        self._took_too_much = False

    def run(self) -> None:
        """Serve until the input ends."""
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._watch, daemon=True).start()
        while True:
            request = self._requests.get()
            self._took_too_much = False
            self._busy.set()
            self._answer(request)
            self._busy.clear()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message to the connector."""
        self._sink.write(frames.pack(message))
        self._sink.flush()

    def _listen(self) -> None:
        while (request := frames.read(self._source)) is not None:
            if request["do"] == "cancel":
                if self._session:
                    with suppress(Exception):  # whatever it raises, this thread must go on listening
                        self._session.cancel()
            else:
                self._requests.put(request)
        os._exit(0)

    def _watch(self) -> None:
        while self._busy.wait():
            sleep(_look_every_s)
            if self._session and self._busy.is_set() and memory_bytes() > self._most_bytes:
                self._took_too_much = True
                with suppress(Exception):  # whatever it raises, this thread must go on watching
                    self._session.cancel()

    def _answer(self, request: dict[str, Any]) -> None:
        import pyodbc  # type: ignore[import-not-found]  # noqa: PLC0415 - after the manager; its stub is not looked at

        stage = "connect"
        try:
            if request["do"] == "open":
                self._most_bytes = int(request["max_memory_mb"]) * 2**20
                self._session = Session.open(request)
                self.send({"is": "done"})
                return
            if self._session is None:
                self.send({"is": "refused", "problem": "The worker process has no connection."})
                return
            stage = "execute"
            self._session.carry_out(request, self.send)
        except pyodbc.Error as cause:
            self._fail(cause, self._session.stage if self._session else stage)
        except CorruptError as cause:
            self._recover({"is": "refused", "problem": str(cause), "hint": "Cast the column to text in the statement."})
        except CauceError as cause:
            self._recover({"is": "refused", "problem": cause.problem, "hint": cause.hint})
        except (ValueError, OverflowError, TypeError) as cause:
            problem = f"The driver could not give a value as its column declares it ({type(cause).__name__})."
            self._recover({"is": "refused", "problem": problem, "hint": "Cast the columns to text in the statement."})

    def _fail(self, cause: Exception, stage: str) -> None:
        if self._took_too_much:
            # Ended, so that what it took is free again.
            self._recover(_too_much(self._most_bytes), broken=True)
            return
        state = str(cause.args[0]) if cause.args else ""
        text = str(cause.args[1]) if len(cause.args) > 1 else str(cause)
        native = _native.search(text)
        message = {
            "is": "failed",
            "sqlstate": state if _sqlstate.fullmatch(state) else "HY000",
            "native": int(native[1]) if native else 0,
            "message": text[:2000],
            "stage": stage,
        }
        self._recover(message, broken=state[:2] == "08" or state in _ended)

    def _recover(self, message: dict[str, Any], *, broken: bool = False) -> None:
        # Drivers roll back on a dead connection without a word, so that alone proves nothing.
        usable = self._session is not None and self._session.roll_back() and not broken
        self.send({**message, "usable": usable})


def memory_bytes() -> int:
    """Return how much memory this process has; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as told:  # noqa: PTH123 - several times a second
            return int(told.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def _too_much(most: int) -> dict[str, Any]:
    return {
        "is": "refused",
        "problem": f"The driver holds the whole result, which is more than {most // 2**20:,} MB; it was stopped.",
        "hint": "Read by key in several calls (where id > :after order by id limit 10000), or raise max_memory.",
    }


def main() -> None:
    """Take standard output for messages alone: drivers print there, too."""
    sink = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    buffered = open(sink.fileno(), "wb", buffering=1 << 20, closefd=False)  # noqa: SIM115 - for life
    # Rows hold no cycles; looking for them in every batch costs a tenth of the time.
    gc.set_threshold(100_000, 50, 100)
    worker = Worker(sys.stdin.buffer, buffered)
    try:
        load_odbc()
        import pyodbc  # noqa: F401, PLC0415 - so that what is missing is said before the first request
    except (CauceError, ImportError) as cause:
        hint = cause.hint if isinstance(cause, CauceError) else "Run `make setup`."
        problem = cause.problem if isinstance(cause, CauceError) else f"pyodbc cannot be imported: {cause}."
        worker.send({"is": "refused", "problem": problem, "hint": hint, "usable": False})
        return
    worker.run()


if __name__ == "__main__":
    main()
