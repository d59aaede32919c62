"""What is tried of an operation that writes: once, found again, read back, repeated, lost, with odd texts, refused."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any, Final

from cauce.errors import AmbiguousError, BusinessError, CauceError, TransientError
from cauce.expressions import compile_expression
from cauce.services.certifying.checks import Check
from cauce.services.certifying.reads import refused, said
from cauce.services.certifying.sizes import limits, longest
from cauce.services.certifying.subject import Subject

JSON = Any
# Signs that are lost one by one: outside ASCII, of Windows only, beyond 16 bits, and those that mean something in
# SQL, XML and JSON.
ODD: Final = ("ñÁç", "€", "🚰", "\"'", "<&>", "%\\")
_FIND_DELAYS_S: Final = (0.2, 1.0, 3.0)
_LOSSES: Final = 8
_SHORTEST_S: Final = 0.001

Trial = Callable[[], Coroutine[Any, Any, Check]]


async def certify_write(subject: Subject, name: str) -> AsyncIterator[Check]:
    """Write a sample and all that follows from it; when that fails the rest is not tried."""
    params = subject.sample(name, "create")
    if params is None:
        if (once := subject.sample(name, "once", kind="once")) is not None:
            async for check in _Write(subject, name).once(once):
                yield check
        elif not _cleans_up(subject, name):
            yield Check(name, "create", "skipped", "The capability has no sample to write.")
        return
    trial = _Write(subject, name)
    try:
        if trial.find and await subject.ask(trial.find, params) is not None:
            yield Check(name, "absent", "failed", f"`{trial.find}` found a document before one was written.")
        begin = time.monotonic()
        created = await subject.write(name, params)
        took_s = time.monotonic() - begin
    except CauceError as error:
        yield Check(name, "create", "failed", f"{said(error)} What else there is to try needs it.")
        return
    wrong = subject.misfit(name, created)
    yield Check(name, "create", "failed" if wrong else "passed", wrong or f"Done in {took_s * 1000:.0f} ms.")
    if not wrong:
        async for check in trial.follow(params, created, took_s):
            yield check


def _cleans_up(subject: Subject, name: str) -> bool:
    """Tell whether an operation is tried anyway, at the end."""
    return any(
        (each.get("cleanup") or {}).get("operation") == name for each in subject.capability["operations"].values()
    )


class _Write:
    def __init__(self, subject: Subject, name: str) -> None:
        self.subject = subject
        self.name = name
        self.find: str | None = subject.wanted(name).get("find")

    async def follow(self, params: JSON, created: JSON, took_s: float) -> AsyncIterator[Check]:
        """Try all that needs a document that is there."""
        wanted = self.subject.wanted(self.name)
        if "read" in wanted:
            yield await self.guarded("read", partial(self.read_back, created))
        if self.find:
            found = await self.guarded("find", partial(self.found, params, created))
            yield found
            if found.result == "failed":
                return
            yield await self.guarded("repeat", partial(self.repeated, params, created))
            yield await self.guarded("lost-answer", partial(self.lost, took_s))
        for field in wanted.get("texts") or ():
            yield await self.guarded("text", partial(self.text, field))
        for field, size, value in limits(self.subject, self.name):
            yield await self.guarded("size", partial(self.size, field, size, value))
        for what, changes in wanted["samples"].get("refused", {}).items():
            yield await refused(self.subject, self.name, what, changes)

    async def once(self, params: JSON) -> AsyncIterator[Check]:
        """Try what can be entered one time only: what an earlier certification entered is as good."""
        created = None
        try:
            if self.find:
                created = await self._find(params)
            if created is not None:
                yield self.passed("create", f"`{self.find}` finds what an earlier certification entered.")
            else:
                created = await self.subject.ask(self.name, params)
                wrong = self.subject.misfit(self.name, created)
                kept = "Entered, and it stays: it can be entered one time only."
                yield self.failed("create", wrong) if wrong else self.passed("create", kept)
                if wrong:
                    return
        except CauceError as error:
            yield self.failed("create", f"{said(error)} What else there is to try needs it.")
            return
        if "read" in self.subject.wanted(self.name):
            yield await self.guarded("read", partial(self.read_back, created))
        if self.find:
            yield await self.guarded("find", partial(self.found, params, created))
            yield await self.guarded("repeat", partial(self.repeated, params, created))
        for what, changes in self.subject.wanted(self.name)["samples"].get("refused", {}).items():
            yield await refused(self.subject, self.name, what, changes)

    async def guarded(self, check: str, trial: Trial) -> Check:
        """Carry out one trial; an error is how it ended."""
        try:
            return await trial()
        except CauceError as error:
            return Check(self.name, check, "failed", said(error))

    def passed(self, check: str, sentence: str) -> Check:
        return Check(self.name, check, "passed", sentence)

    def failed(self, check: str, sentence: str) -> Check:
        return Check(self.name, check, "failed", sentence)

    async def read_back(self, created: JSON) -> Check:
        follow = self.subject.wanted(self.name)["read"]
        back = await self.subject.ask(follow["operation"], compile_expression(follow["with"]).first(created, {}))
        wrong = self.subject.misfit(follow["operation"], back)
        if wrong:
            return self.failed("read", wrong)
        other = [key for key, value in created.items() if key in back and back[key] != value]
        if other:
            return self.failed("read", f"`{follow['operation']}` gives another {', '.join(other)} than the write did.")
        return self.passed("read", f"`{follow['operation']}` gives the same back.")

    async def found(self, params: JSON, created: JSON) -> Check:
        found = await self._find(params)
        if found is None:
            return self.failed("find", f"`{self.find}` does not find it.")
        wrong = self.subject.misfit(self.find or "", found)
        if not wrong and not self._same(found, created):
            wrong = f"`{self.find}` finds another document."
        return self.failed("find", wrong) if wrong else self.passed("find", f"`{self.find}` finds it.")

    async def repeated(self, params: JSON, created: JSON) -> Check:
        try:
            again = await self.subject.ask(self.name, params)
        except BusinessError as error:
            return self.passed("repeat", f"The same again was refused ({error.remote_code or error.problem}).")
        if self._same(again, created):
            return self.passed("repeat", "The same again gave the first one back.")
        self.subject.keep(self.name, again)
        if not self._same(await self._find(params), created):
            return self.failed("repeat", f"The same again was entered twice, and `{self.find}` finds the second.")
        sentence = f"The same again was entered twice: only the hub's ledger and `{self.find}` keep documents single."
        return Check(self.name, "repeat", "warning", sentence)

    async def lost(self, took_s: float) -> Check:
        params = await self._lose(took_s)
        if params is None:
            sentence = "No answer could be lost on purpose: it always came in time, or nothing had been sent."
            return Check(self.name, "lost-answer", "skipped", sentence)
        for delay_s in _FIND_DELAYS_S:
            await asyncio.sleep(delay_s)
            found = await self._find(params)
            if found is not None:
                self.subject.keep(self.name, found)
                return self.passed("lost-answer", f"It was carried out, and `{self.find}` found it.")
        sent = await self.subject.write(self.name, params)
        if not self._same(await self._find(params), sent):
            return self.failed("lost-answer", f"`{self.find}` said that it was not carried out, and then it was.")
        return self.passed("lost-answer", "It was not carried out, and could be sent again.")

    async def _lose(self, took_s: float) -> JSON:
        """Send with less and less or more and more time, until the answer comes too late; returns what was sent."""
        low, high, timeout_s = 0.0, None, max(took_s / 2, _SHORTEST_S)
        for attempt in range(1, _LOSSES + 1):
            params = self.subject.sample(self.name, f"lost-answer-{attempt}")
            try:
                await self.subject.write(self.name, params, timeout_s=timeout_s)
                high = timeout_s
            except AmbiguousError:
                return params
            except TransientError:
                low = timeout_s
            timeout_s = max((low + high) / 2, _SHORTEST_S) if high is not None else low * 2
        return None

    async def text(self, field: str) -> Check:
        largest = longest(self.subject, self.name, field)
        sent = f"{self.subject.mark} {' '.join(ODD)}"[:largest]
        back, found = await self._sent(field, "text", sent)
        if not found:
            return self.failed("text", f"`{self.find}` does not find what was written with odd signs in `{field}`.")
        if back in (None, sent):
            return self.passed("text", f"`{field}` takes {' '.join(ODD)} and keeps them.")
        lost = [part for part in ODD if part in sent and part not in str(back)]
        return self.failed("text", f"`{field}` came back changed: {' '.join(lost) or 'its space'} got lost.")

    async def size(self, field: str, size: int, value: Callable[[str], JSON]) -> Check:
        sent = value(self.subject.mark)
        back, found = await self._sent(field, f"size-{size}", sent)
        if not found:
            return self.failed("size", f"`{self.find}` does not find what was written with {size} in `{field}`.")
        if isinstance(sent, str) and back not in (None, sent):
            return self.failed("size", f"`{field}` takes {size} characters and gives back {len(str(back))}.")
        return self.passed("size", f"`{field}` takes as many as {size}.")

    async def _sent(self, field: str, purpose: str, value: JSON) -> tuple[JSON, bool]:
        """Write with one property changed; returns what it is when found or read back, and whether it was found."""
        params = self.subject.sample(self.name, purpose, changes={field: value})
        created = await self.subject.write(self.name, params)
        found = await self._find(params) if self.find else created
        if not self._same(found, created):
            return None, False
        return (found.get(field) if isinstance(found, dict) else None), True

    async def _find(self, params: JSON) -> JSON:
        return await self.subject.ask(self.find or "", params)

    def _same(self, one: JSON, other: JSON) -> bool:
        if one is None or other is None:
            return False
        return bool(self.subject.identity(self.name, one) == self.subject.identity(self.name, other))
