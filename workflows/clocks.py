"""The clocks of an instance: what its tasks do to them, and what happens by itself when their time passes.

Everything is in the journal: the clocks, and what is still to be told of them. One coroutine keeps them: it alone waits
for their moments and tells the store, so that a task that is cancelled never leaves half of something behind.
"""

import asyncio
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cauce.contract import JSON, ClockNews
from cauce.errors import ExpressionError
from workflows.clock_time import Reckoning, later, moment_of, text_of
from workflows.compile_clocks import BREACH
from workflows.model.clocks import ClockRules, ClockStep

if TYPE_CHECKING:
    from workflows.instance import Instance

_MOST_NOTES: Final = 50
_MOST_TIMES: Final = 250
_FURTHEST: Final = timedelta(days=20 * 365)
# Timers are rounded to a thousandth of a second.
_MARGIN_S: Final = 0.001
_PREFIX: Final = "dev.cauce.clock"


class ClockError(Exception):
    """A clock cannot do what is asked; the message is a sentence for people."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.hint = hint


class Clocks:
    """The clocks of one instance."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._changed = asyncio.Event()
        self._written = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    # What tasks do --------------------------------------------------------------------------------------------------

    def start(self, name: str, given: Mapping[str, JSON], severity: str | None) -> None:
        """Let a clock run `from` when something began (now, if that is not given); one that runs goes on as it is."""
        rules, before = self._rules(name), self._states.get(name)
        if before is not None and "stoppedAt" not in before:
            return
        self._check_severity(rules, severity)
        start = self._moment(rules, given["from"]) if "from" in given else self._now()
        tasks = given.get("tasks")
        state: dict[str, JSON] = {
            "round": before["round"] + 1 if before else 1,
            "severity": severity,
            "startedAt": text_of(start),
            "pauses": [],
            "done": [],
            **({"tasks": list(tasks)} if tasks else {}),
        }
        self._reckoning(name, state).due  # noqa: B018 - a deadline that cannot be reckoned is an error of the task
        self._states[name] = state
        self._note(name, "started")
        self._fire()

    def pause(self, name: str, reason: JSON, until: JSON) -> None:
        """Let a clock stand still for one of its reasons until something is over; a breached one is left as it is."""
        rules = self._rules(name)
        if not rules.pauses:
            raise ClockError(f"The clock '{name}' never pauses.", "It has no `pauses`, as a term of the law has none.")
        if not isinstance(reason, str) or reason not in rules.pauses:
            known = ", ".join(rules.pauses)
            raise ClockError(f"The clock '{name}' does not pause for {_quoted(reason)}.", f"Its reasons are {known}.")
        end = self._pause_end(rules, reason, until)
        state = self._open(name)
        if state is None or "breachedAt" in state:
            return
        if state.get("paused"):
            self._end_pause(name, self._now())
        state["pauses"].append([text_of(self._now()), text_of(end), reason])
        state["paused"] = True
        self._note(name, "paused", str(len(state["pauses"])))

    def resume(self, name: str) -> None:
        """Let a clock that pauses run again."""
        state = self._open(name)
        if state is not None and state.get("paused"):
            self._end_pause(name, self._now())

    def stop(self, name: str) -> None:
        """End a clock."""
        state = self._open(name)
        if state is None:
            return
        if state.get("paused"):
            self._end_pause(name, self._now())
        state["stoppedAt"] = text_of(self._now())
        self._note(name, "stopped")

    def change(self, name: str, severity: str | None) -> None:
        """Give a clock the target of another severity, counted from its original start; a breach stays one."""
        self._check_severity(self._rules(name), severity)
        state = self._open(name)
        if state is None or state["severity"] == severity:
            return
        state["severity"] = severity
        state["changes"] = state.get("changes", 0) + 1
        self._note(name, "changed", str(state["changes"]))
        self._fire()

    def view(self, name: str) -> dict[str, JSON]:
        """Return what is shown of a clock; it must have been started."""
        state = self._states[name]
        at = self._now() if "stoppedAt" not in state else moment_of(state["stoppedAt"], None)
        reckoning, over = self._reckoning(name, state), "stoppedAt" in state
        missed = "breachedAt" in state
        shown: dict[str, JSON] = {
            "clock": name,
            "title": self._rules(name).title,
            "state": "stopped" if over else "paused" if state.get("paused") else "breached" if missed else "running",
            "severity": state["severity"],
            "startedAt": state["startedAt"],
            "dueAt": text_of(reckoning.due),
            "percent": int(reckoning.percent(at)),
            "met": False if missed else True if over else None,
            "steps": list(state["done"]),
        }
        if state.get("paused"):
            _, shown["pausedUntil"], shown["reason"] = state["pauses"][-1]
        return shown | {key: state[key] for key in ("breachedAt", "stoppedAt") if key in state}

    def views(self) -> list[dict[str, JSON]]:
        """Return what is shown of all clocks that were started."""
        return [self.view(name) for name in self._states]

    # What happens by itself -----------------------------------------------------------------------------------------

    def go_on(self) -> None:
        """Keep the clocks that run, and tell what is still to be told; nothing happens when there is neither."""
        self._changed.set()
        if (self._keeper is None or self._keeper.done()) and (self._notes or self._running()):
            self._keeper = asyncio.create_task(self._keep())
            self._keeper.add_done_callback(lambda _: self._written.set())

    async def told(self) -> None:
        """Wait until all that happened so far is in the store."""
        self.go_on()
        while self._notes:
            if self._keeper is not None and self._keeper.done():
                self._keeper.result()
                return
            self._written.clear()
            await self._written.wait()

    async def end(self) -> None:
        """Stop what runs, because the instance has ended."""
        for name in self._running():
            self.stop(name)
        await self.told()

    async def _keep(self) -> None:
        instance = self._instance
        while not instance.frozen and (self._notes or self._running()):
            self._changed.clear()
            self._fire()
            await self._tell()
            if self._notes or instance.frozen:
                continue
            at = min((at for name in self._running() for at, _ in self._coming(name)), default=None)
            await self._until(at)

    async def _until(self, at: datetime | None) -> None:
        if at is None:
            if self._running():
                await self._changed.wait()
            return
        left = at.timestamp() - self._instance.runtime.time()
        if left > 0:
            with self._instance.alarm(left), suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()

    def _fire(self) -> None:
        """Note what should have happened by now, in the order in which it should have."""
        now = self._now(_MARGIN_S)
        passed = [(at, name, step) for name in self._running() for at, step in self._coming(name) if at <= now]
        for at, name, step in sorted(passed, key=lambda each: each[0]):
            self._happens(name, at, step)

    async def _tell(self) -> None:
        instance = self._instance
        while batch := self._notes[:_MOST_NOTES]:
            process = instance.process
            key = instance.business_key
            news = ClockNews(instance.runtime.instance_id, process.title, process.version, key, batch)
            await instance.effect(instance.runtime.record_clocks(news))
            del self._notes[: len(batch)]
        self._written.set()

    def _settle(self, name: str) -> None:
        """Note that a pause ended, or that the target was missed, before anything else happens to the clock."""
        now = self._now(_MARGIN_S)
        for at, step in sorted(self._coming(name), key=lambda each: each[0]):
            if at <= now and (step is None or step.key == BREACH):
                self._happens(name, at, step)

    def _happens(self, name: str, at: datetime, step: ClockStep | None) -> None:
        state = self._states[name]
        if step is None:
            self._end_pause(name, at)
            return
        if step.key in state["done"]:
            self._tell_again(name, at, step)
            return
        state["done"].append(step.key)
        if step.key == BREACH:
            state["breachedAt"] = text_of(at)
        if step.again is not None:
            state.setdefault("again", {})[step.key] = [0, text_of(at)]
        self._note(name, step.what, step.key, step)

    def _tell_again(self, name: str, at: datetime, step: ClockStep) -> None:
        """Tell people once more; of several times that passed while no worker was there, only the last one counts."""
        again, now = self._states[name]["again"], self._now(_MARGIN_S)
        with suppress(ExpressionError):
            while (following := later(self._rules(name).calendar, at, step.again)) <= now:
                at = following
        times = again[step.key][0] + 1
        again[step.key] = [times, text_of(at)]
        told = {key: value for key, value in (step.does or {}).items() if key in {"notify", "unclaimed"}}
        self._note(name, step.what, f"{step.key} #{times}", replace(step, does=told))

    def _end_pause(self, name: str, at: datetime) -> None:
        state = self._states[name]
        state["pauses"][-1][1] = text_of(at)
        del state["paused"]
        self._note(name, "resumed", str(len(state["pauses"])))

    def _coming(self, name: str) -> Iterator[tuple[datetime, ClockStep | None]]:
        """Yield what is still to happen to a clock that runs; no step stands for the end of its pause."""
        state, reckoning = self._states[name], self._reckoning(name, self._states[name])
        if state.get("paused"):
            yield moment_of(state["pauses"][-1][1], None), None
        for step in self._rules(name).steps:
            # A calendar may have no time for a step that is far behind the end.
            with suppress(ExpressionError):
                if step.key not in state["done"]:
                    yield reckoning.before(step.before) if step.at is None else reckoning.at(step.at), step
                elif step.key in state.get("again", {}):
                    times, last = state["again"][step.key]
                    if times < _MOST_TIMES:
                        yield later(reckoning.calendar, moment_of(last, None), step.again), step

    # The journal ----------------------------------------------------------------------------------------------------

    @property
    def _states(self) -> dict[str, dict[str, JSON]]:
        return self._instance.journal.clocks

    @property
    def _notes(self) -> list[JSON]:
        return self._instance.journal.clock_notes

    def _running(self) -> list[str]:
        return [name for name, state in self._states.items() if "stoppedAt" not in state]

    def _open(self, name: str) -> dict[str, JSON] | None:
        """Return a clock that runs, with all that happened to it so far; None when it was stopped."""
        state = self._states.get(name)
        if state is None:
            raise ClockError(f"The clock '{name}' was not started.", "Start it before anything else is done to it.")
        if "stoppedAt" in state:
            return None
        self._settle(name)
        return state

    def _rules(self, name: str) -> ClockRules:
        return self._instance.process.clocks[name]

    def _reckoning(self, name: str, state: dict[str, JSON]) -> Reckoning:
        rules = self._rules(name)
        pauses = [(moment_of(begin, None), moment_of(end, None)) for begin, end, _ in state["pauses"]]
        target = rules.target(state["severity"])
        return Reckoning(rules.calendar, moment_of(state["startedAt"], None), target, pauses)

    def _used(self, name: str, state: dict[str, JSON]) -> int:
        """Return how much of the time that counts a clock took until it was stopped, in seconds."""
        elapsed = self._reckoning(name, state).elapsed(moment_of(state["stoppedAt"], None))
        return round(max(elapsed, timedelta()).total_seconds())

    def _pause_end(self, rules: ClockRules, reason: str, until: JSON) -> datetime:
        now, most = self._now(), rules.pauses[reason].get("most")
        given = until if isinstance(until, dict) else {}
        ends = [later(rules.calendar, now, each) for each in (given.get("after"), most) if each is not None]
        if given.get("at") is not None:
            ends.append(self._moment(rules, given["at"]))
        if not ends:
            hint = "Give `until` with `after` or `at`, or the reason `most`."
            raise ClockError(f"A pause of the clock '{rules.name}' needs an end.", hint)
        if min(ends) <= now:
            raise ClockError(f"The pause of the clock '{rules.name}' would be over before it begins.")
        return min(ends)

    def _moment(self, rules: ClockRules, value: JSON) -> datetime:
        found = moment_of(value, rules.calendar)
        if abs(found - self._now()) > _FURTHEST:
            raise ClockError(f"{_quoted(value)} is more than {_FURTHEST.days // 365} years away.")
        return found

    def _check_severity(self, rules: ClockRules, severity: str | None) -> None:
        if rules.target(severity) is None:
            known = ", ".join(rules.targets)
            raise ClockError(f"The clock '{rules.name}' has no target for {_quoted(severity)}.", f"It has {known}.")

    def _now(self, margin_s: float = 0.0) -> datetime:
        return datetime.fromtimestamp(self._instance.runtime.time() + margin_s, UTC)

    def _note(self, name: str, what: str, which: str = "", step: ClockStep | None = None) -> None:
        instance, state, view = self._instance, self._states[name], self.view(name)
        id_ = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{instance.journal.origin}/clock/{name}/{state['round']}"))
        told = {key: value for key, value in view.items() if key != "steps"}
        does = dict(step.does or {}) if step else {}
        event = {
            "specversion": "1.0",
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{id_} {what} {which}")),
            "source": f"urn:cauce:{instance.process.title}",
            "type": f"{_PREFIX}.{what}.v1",
            "subject": instance.runtime.instance_id,
            "time": text_of(self._now()),
            "datacontenttype": "application/json",
            "data": {**told, **({"step": step.key} if step else {}), **does},
        }
        row = {
            "id": id_,
            "clock": view,
            "target": self._rules(name).target(state["severity"]),
            "pauses": state["pauses"],
            **({"used": self._used(name, state)} if "stoppedAt" in state else {}),
        }
        act = {"act": {"step": which, **does, "tasks": state.get("tasks") or []}} if does else {}
        self._notes.append({"event": event, **row, "pauses": [list(each) for each in state["pauses"]], **act})


def _quoted(value: JSON) -> str:
    return "nothing" if value is None else f"'{str(value)[:80]}'"
