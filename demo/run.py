"""The demo from end to end: stack, company, definitions, people, leads, staff, summary; `cauce demo` calls it."""

import asyncio
import contextlib
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Literal

from cauce import settings as environment
from cauce.contract import JSON
from cauce.embedded import stack, state
from cauce.embedded.stack import Stack
from cauce.errors import CauceError, ConflictError, DefinitionError, TransientError
from cauce.services import definitions, events, notifications, people, users
from cauce.services.access import passwords
from cauce.services.hub import Actor, Hub, open_hub
from cauce.settings import Settings
from cauce.store import customers, inbox_counts
from cauce.store.migrations import upgrade
from cauce.store.tasks import Viewer
from demo import complaints, roadmap
from demo import leads as files_of_leads
from demo.company import Company
from demo.generator import SEED, generate, leads_csv
from demo.inbox import Staff
from demo.lead import Course, Lead, Rejected
from demo.people import PEOPLE
from demo.summary import Summary, outcomes, summarize

definition = "sales.lead-to-order"
intake = "service.complaint-intake"
_marker = "demo.json"
_feeders = 16
_system = Actor("demo", frozenset({"admin", "operator", "designer", "integrator"}), frozenset())
_settled_s = 3.0
_quiet_s = 60.0
_stuck_s = 300.0


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of a run; `leave_every` lets the staff leave one of so many tasks to the people at the inbox."""

    data_dir: Path
    leads: Path | None = None
    limit: int | None = None
    staff: Literal["auto", "none"] = "auto"
    seed: int = SEED
    leave_every: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run is."""

    total: int
    fed: int
    ended: int
    completed_tasks: int


@dataclass(slots=True)
class Demo:
    """A demo that is up, before or after its leads went through."""

    options: Options
    stack: Stack
    hub: Hub
    company: Company
    leads: Sequence[Lead]
    rejected: Sequence[Rejected]
    password: str
    source: Path
    fed: int = 0
    problems: list[str] = field(default_factory=list)

    async def run(self, on_progress: Callable[[Progress], None]) -> Summary:
        """Feed all leads, let the staff work, wait until nothing moves any more, and count."""
        begin = time.monotonic()
        staff = Staff(self.hub, leave_every=self.options.leave_every, answers=self.options.staff == "auto")
        working = asyncio.create_task(staff.work())
        feeding = asyncio.create_task(self._feed())
        try:
            await self._until_quiet(staff, feeding, working, on_progress)
        finally:
            for task in (feeding, working):
                task.cancel()
            for task in (feeding, working):
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        ended = await outcomes(self.hub.temporal, definition)
        complained = await outcomes(self.hub.temporal, "service.complaint-to-resolution")
        self.problems += [*staff.problems, *ended.faulted, *complained.faulted]
        seconds = time.monotonic() - begin
        async with self.hub.store.read() as db:
            counts = await inbox_counts.counts(db, Viewer("demo", sees_all=True))
        return summarize(
            self.company,
            ended,
            leads=len(self.leads) + len(self.rejected),
            rejected=len(self.rejected),
            open_tasks=counts.open,
            seconds=seconds,
        )

    async def _feed(self) -> None:
        waiting = iter(self.leads)

        async def feeder() -> None:
            for lead in waiting:
                await self._receive(f"lead {lead.id}", self._arriving(lead).event())
                self.fed += 1

        await asyncio.gather(*(feeder() for _ in range(_feeders)))
        await self._ask_again()
        if self.options.leads is not None:
            return  # who brings leads of their own has no use for the complaints of others
        for complaint in await asyncio.to_thread(complaints.complaints, self.company.accounting_db):
            await self._receive(complaint["id"], complaints.event(complaint))
        # One more comes as customers write them: to the mailbox, where the hub finds it within a minute.
        await self.company.post.deliver(await asyncio.to_thread(complaints.letter, self.company.accounting_db))

    async def _ask_again(self) -> None:
        """Have somebody whose lead stays open call about the same: what comes twice joins what is open."""
        lead = next((each for each in self.leads if each.course is Course.NURTURE), None)
        if lead is not None and self.options.leads is None:
            about = lead.data()["about"]
            again = replace(lead, id=f"{lead.id}-again", source="call", need="Pregunta de nuevo.", about=about)
            await self._receive(f"lead {again.id}", self._arriving(again).event())

    def _arriving(self, lead: Lead) -> Lead:
        """Have a lead of the sample arrive now: clocks count from then, and what is weeks old would be late at once."""
        if self.options.leads is not None:
            return lead
        return replace(lead, received_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    async def _receive(self, what: str, event: Mapping[str, JSON]) -> None:
        for attempt in range(8):
            try:
                await events.receive(self.hub, _system, event)
            except TransientError:
                # The same event again: it is one event, however often it is sent.
                await asyncio.sleep(0.2 * 2**attempt)
            except CauceError as error:
                self.problems.append(f"{what}: {error}")
                return
            else:
                return
        self.problems.append(f"{what}: not taken after several attempts")

    async def _until_quiet(
        self,
        staff: Staff,
        feeding: "asyncio.Task[None]",
        working: "asyncio.Task[None]",
        on_progress: Callable[[Progress], None],
    ) -> None:
        last, since = (Progress(0, 0, 0, 0), 0, True), time.monotonic()
        while True:
            for task in (feeding, working):
                if task.done() and not task.cancelled() and (error := task.exception()):
                    raise error
            running, arriving = await self._running(definition), await self._running(intake)
            # What is kept for later has come to its end for today.
            running -= await self._running(definition, " AND CauceStage = 'nurture'")
            seen = Progress(len(self.leads), self.fed, max(0, self.fed - running), staff.completed)
            on_progress(seen)
            if (seen, arriving, staff.is_idle) != last:
                last, since = (seen, arriving, staff.is_idle), time.monotonic()
            quiet_s = time.monotonic() - since
            if feeding.done() and staff.is_idle:
                if not arriving and running <= len(set(staff.left_open.values())) and quiet_s > _settled_s:
                    return
                # What still runs then waits for a date, or for a system that does not answer.
                if quiet_s > _quiet_s:
                    return
            if quiet_s > _stuck_s:
                raise TransientError(
                    f"Nothing has moved for {_stuck_s:g} s; {running} instances are still running.",
                    hint="Look at 'cauce instances list --status running' and at the logs in the data directory.",
                )
            await asyncio.sleep(0.5)

    async def _running(self, process: str, where: str = "") -> int:
        query = f"CauceDefinition = '{process}' AND ExecutionStatus = 'Running'{where}"
        return (await self.hub.temporal.count_workflows(query)).count


@contextlib.asynccontextmanager
async def start(options: Options, say: Callable[[str], None]) -> AsyncIterator[Demo]:
    """Bring the demo up in a fresh data directory, and stop everything when the block is left.

    Raises:
        ConflictError: The data directory holds something that is not a demo, or one that runs.
    """
    settings = _fresh(options.data_dir)
    source = _file_of_leads(options, settings)
    leads, rejected = files_of_leads.read_leads(source, options.limit)
    say(f"Read {len(leads) + len(rejected)} leads from {source}, of which {len(rejected)} are set aside.")
    password = passwords.made([each.name for each in PEOPLE], settings.password_min_length)
    async with contextlib.AsyncExitStack() as everything:
        say("Starting the demo company's systems …")
        company = await everything.enter_async_context(
            Company.start(settings.data_dir / "company", seed=options.seed, leads=options.leads)
        )
        _write_secrets(settings, company)
        await _add_people(settings, password)
        running = await everything.enter_async_context(stack.start(settings, say=say))
        settings = environment.load(
            data_dir=settings.data_dir, store_url=settings.store_url, temporal_address=running.addresses.temporal
        )
        hub = await everything.enter_async_context(open_hub(settings))
        say("Publishing the definitions …")
        await _publish(hub)
        await _set_aside(hub, source, rejected)
        await roadmap.take_over(hub, _system, datetime.now(UTC).date())
        yield Demo(options, running, hub, company, leads, rejected, password, source)


def _fresh(data_dir: Path) -> Settings:
    """Empty the data directory of an earlier demo; refuse to empty anything else."""
    data_dir = data_dir.expanduser().absolute()
    if state.running(data_dir):
        raise ConflictError(
            f"A demo is running in {data_dir} already.", hint="Stop it with Ctrl-C, or name another folder: --data-dir."
        )
    if data_dir.is_dir() and any(data_dir.iterdir()):
        if not (data_dir / _marker).is_file():
            raise ConflictError(
                f"{data_dir} is not empty, and what is in it is not from a demo.",
                hint="Name another folder with --data-dir; the demo starts in a fresh one.",
            )
        shutil.rmtree(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    (data_dir / _marker).write_text('{"demo": true}\n', encoding="utf-8")
    # The demo keeps to its own folder whatever the environment says of a store.
    return environment.load(data_dir=data_dir, store_url=f"sqlite+aiosqlite:///{data_dir / 'cauce.db'}")


def _file_of_leads(options: Options, settings: Settings) -> Path:
    if options.leads is not None:
        return options.leads
    if options.seed == SEED:
        return files_of_leads.SAMPLE
    made = settings.data_dir / "leads.csv"
    made.write_text(leads_csv(generate(options.seed).leads), encoding="utf-8", newline="")
    return made


def _write_secrets(settings: Settings, company: Company) -> None:
    settings.secrets_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, value in company.secrets().items():
        _write_private(settings.secrets_dir / name, value)
    _write_private(settings.data_dir / "settings.json", json.dumps(company.settings(), indent=1))


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


async def _add_people(settings: Settings, password: str) -> None:
    """Give the company's people their accounts; before the stack starts, so that it need not make an administrator."""
    await asyncio.to_thread(upgrade, settings.store_url)
    async with open_hub(settings) as hub:
        for person in PEOPLE:
            await users.create_user(
                hub,
                _system,
                person.name,
                password,
                roles=person.roles,
                groups=person.groups,
                full_name=person.full_name,
                locale=person.locale,
                lasting=True,
            )
            change = people.Change(skills=person.skills, territories=person.territories)
            await people.change_profile(hub, _system, person.name, change)
            themselves = Actor(person.name, frozenset(person.roles), frozenset(person.groups))
            await notifications.choose(hub, themselves, email=person.email, kinds=person.by_mail)


async def _publish(hub: Hub) -> None:
    folder = Path(str(files("definitions")))
    sources, findings = definitions.load([folder])
    if findings:
        raise DefinitionError("The definitions that come with Cauce cannot be read.", findings=findings)
    await definitions.publish(hub, _system, sources)


async def _set_aside(hub: Hub, source: Path, rejected: Sequence[Rejected]) -> None:
    async with hub.store.transaction() as db:
        for row in rejected:
            await customers.set_aside(db, str(source), row.line, row.reason, None)
