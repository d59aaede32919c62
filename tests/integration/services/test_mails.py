"""What people are told by mail: gathered, written, sent once, and what becomes of what cannot be sent."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import update
from temporalio.testing import ActivityEnvironment

from activities.human_tasks import HumanTaskActivities
from cauce.contract import HumanTask
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.services import notifications, task_acts
from cauce.services.hub import Actor, Hub
from cauce.services.mails import letters, outbox, writing
from cauce.settings import load
from cauce.store import Store, users
from cauce.store import letters as rows
from cauce.store import notifications as told
from cauce.store.models import Letter, Notification
from cauce.store.notifications import Told
from tests.connectors.mail_peers import SmtpPeer, smtp_serving
from tests.integration.services.conftest import ana, auditor, boss, luis, publish

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CONNECTION = """\
connection: mail
kind: mail
settings: {{sender: 'Cauce <hub@example.org>', smtp: {{host: 127.0.0.1, port: {port}, security: none}}}}
operations: {{send: {{calls: send, effect: write}}}}
"""


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/mails.db"


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    with smtp_serving(SmtpPeer(), None) as serving:
        yield serving


async def person(hub: Hub, actor: Actor, locale: str, **kinds: str) -> None:
    async with hub.store.transaction() as db:
        await users.add(db, actor.name, password_hash="-", roles=["staff"], groups=[], locale=locale)  # noqa: S106 - no password
    await notifications.choose(hub, actor, email=f"{actor.name}@example.org", kinds=kinds)


async def tell(hub: Hub, who: Actor, *titles: str, kind: told.Kind = "told") -> None:
    async with hub.store.transaction() as db:
        (reader,) = await told.readers(db, person=who.name)
        for title in titles:
            note = Told(f"{who.name}-{title}", who.name, title, "<b>7</b> & more", "/tasks/7", "s.o/7", kind)
            await told.add(db, note, reader.by_mail(kind))


async def until(said: Callable[[], object]) -> None:
    for _ in range(200):
        if said():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it did not happen")


@pytest.mark.usefixtures("worker")
async def test_people_get_mail_once_and_what_was_refused_can_be_sent_again(hub: Hub, peer: SmtpPeer) -> None:
    await person(hub, ana, "es", told="at-once")
    await person(hub, luis, "en", late="at-once")
    await tell(hub, ana, "Uno", "Dos")
    await tell(hub, luis, "Nobody wants this by mail")
    await publish(hub, CONNECTION.format(port=peer.port))
    await until(lambda: peer.messages)
    (mail,) = peer.messages
    assert (mail["to"], mail["subject"]) == ("ana@example.org", "Uno, y 1 más")
    text, html = (mail.get_body(kind).get_content() for kind in (["plain"], ["html"]))  # type: ignore[union-attr] # has both
    assert "<b>7</b> & more" in text
    assert "&lt;b&gt;7&lt;/b&gt; &amp; more" in html
    assert text.count(f"{hub.settings.public_url}/notifications/open/") == html.count("Ábralo en Cauce") == 2
    assert "/tasks/7" not in text + html

    peer.rcpt = lambda _: "550 no such user"
    await tell(hub, luis, "Late", kind="late")
    lost: list[letters.LetterView] = []
    for _ in range(200):
        lost = await letters.list_letters(hub, boss, state="lost")
        if lost:
            break
        await asyncio.sleep(0.05)
    assert [(each.person, "550" in each.problem or bool(each.problem)) for each in lost] == [("luis", True)]
    peer.forget()
    with pytest.raises(ForbiddenError):
        await letters.send_again(hub, auditor, lost[0].id)
    await letters.send_again(hub, boss, lost[0].id)
    await until(lambda: peer.messages)
    assert [each["to"] for each in peer.messages] == ["luis@example.org"]
    with pytest.raises(ConflictError):
        await letters.send_again(hub, boss, lost[0].id)
    with pytest.raises(NotFoundError):
        await letters.send_again(hub, boss, "nothing")


@pytest.fixture
async def quiet(tmp_path: Path, make_tables: Callable[[str], None]) -> Hub:
    """Return a hub without Temporal."""
    make_tables(f"sqlite:///{tmp_path}/quiet.db")
    store = Store(f"sqlite:///{tmp_path}/quiet.db")
    return Hub(load(data_dir=tmp_path), store, SimpleNamespace())  # type: ignore[arg-type]  # nobody asks it


async def test_several_processes_make_one_letter_and_a_day_is_told_when_it_is_over(quiet: Hub) -> None:
    async with quiet.store:
        await person(quiet, ana, "en", told="at-once", late="daily")
        await tell(quiet, ana, "Now")
        await tell(quiet, ana, "Read", "Unread", kind="late")
        await notifications.mark_one(quiet, ana, "ana-Read")
        async with quiet.store.transaction() as db:
            early = update(Notification).where(Notification.kind == "late")
            await db.execute(early.values(at=NOON - timedelta(days=1)))
        before = outbox.day_ended(quiet.settings, NOON)
        assert before == datetime(2026, 11, 23, 6, tzinfo=UTC)
        assert outbox.day_ended(quiet.settings, NOON - timedelta(hours=7)) == before - timedelta(days=1)

        async def make() -> list[str]:
            async with quiet.store.transaction() as db:
                return await rows.make(db, "ana", before)

        made = [letter for each in await asyncio.gather(*(make() for _ in range(5))) for letter in each]
        async with quiet.store.read() as db:
            found = [(await db.get_one(Letter, each), await rows.told_in(db, each)) for each in made]
            assert await rows.people(db, before) == []
        said = {row.digest: [each.title for each in titles] for row, titles in found}
        assert (len(made), said) == (2, {False: ["Now"], True: ["Unread"]})
        items = [writing.Item(each.id, each.title, each.text) for each in found[1][1]]
        message = writing.message(quiet.settings, "en", items, digest=True)
        assert (message.subject, "What you were told" in message.text) == ("Your day in Cauce: 1", True)


async def test_a_link_is_for_whom_the_mail_was_for_and_for_some_days(quiet: Hub) -> None:
    from cauce.services.mails import links  # noqa: PLC0415 - read where its clock is turned

    async with quiet.store:
        for each in (ana, luis):
            await person(quiet, each, "en", told="at-once")
        await tell(quiet, ana, "One")
        token = links.link(quiet.settings, "ana-One").rpartition("/")[2]
        with pytest.raises(NotFoundError, match="for somebody else"):
            await notifications.open_link(quiet, luis, token)
        assert (await notifications.unread_count(quiet, ana)) == 1
        assert (await notifications.open_link(quiet, ana, token)).link == "/tasks/7"
        assert (await notifications.unread_count(quiet, ana)) == 0
        body, _, rest = token.partition(".")
        for changed in (f"{body}x.{rest}", f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}", "", "." * 3):
            with pytest.raises(NotFoundError, match="not whole"):
                await notifications.open_link(quiet, ana, changed)
        old = quiet.settings.model_copy(update={"mail_link_days": -1})
        with pytest.raises(NotFoundError, match="expired"):
            links.notification_of(old, token)


async def test_what_cannot_be_chosen_is_refused_and_who_has_no_address_gets_nothing(quiet: Hub) -> None:
    async with quiet.store:
        await person(quiet, ana, "en", told="at-once")
        for kinds in ({"told": "now"}, {"weather": "daily"}):
            with pytest.raises(InputError):
                await notifications.choose(quiet, ana, kinds=kinds)
        await tell(quiet, ana, "One")
        chosen = await notifications.choose(quiet, ana, email="")
        assert (chosen.email, chosen.kinds["told"], chosen.is_set_up) == ("", "at-once", False)
        async with quiet.store.transaction() as db:
            assert await rows.make(db, "ana", NOON) == []
            assert await rows.people(db, NOON) == []
        with pytest.raises(NotFoundError):
            await notifications.choose(quiet, Actor("ghost"), email="g@example.org")
        assert await outbox.look(quiet, NOON) == 0


async def test_a_task_that_somebody_is_given_comes_by_mail_if_they_want_that(quiet: Hub) -> None:
    async with quiet.store:
        await person(quiet, ana, "es", task="at-once")
        await person(quiet, luis, "en", told="at-once")
        given = HumanTask("t1", "s.o/7", "s.o", "1", "ask", "/do/0/ask", "form", {"en": "Ask", "es": "Preguntar"})
        work = HumanTaskActivities(quiet.store)
        for task in (replace(given, user="ana"), replace(given, id="t2", user="luis"), replace(given, id="t3")):
            for _ in range(2):
                await ActivityEnvironment().run(work.open_task, task)
        chief = Actor("chief", frozenset({"manager"}))
        await task_acts.assign(quiet, chief, "t2", user="ana", note="You know them")
        await task_acts.assign(quiet, chief, "t3", user="luis")
        found = await notifications.list_notifications(quiet, ana)
        assert [(each.title, each.link) for each in found.items] == [
            ("Preguntar", "/tasks/t2"),
            ("Preguntar", "/tasks/t1"),
        ]
        assert "You know them" in found.items[0].text
        assert await notifications.unread_count(quiet, luis) == 0
