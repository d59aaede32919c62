"""People told: once each, in their own language, and files that get their content back."""

import base64
import hashlib
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.testing import ActivityEnvironment

from activities import files
from activities.letters import LetterActivities
from cauce.contract import HumanTask, Outcome, ProtocolCall
from cauce.errors import InputError, NotFoundError, TooLargeError
from cauce.store import Store, attachments, blobs, tasks, users
from cauce.store.models import Notification, NotificationChoice

JSON = Any


@pytest.fixture
async def people(store: Store) -> None:
    async with store.transaction() as db:
        for name, groups, locale in (("ana", ["sales"], "es"), ("bo", ["sales", "it"], "en"), ("cy", ["it"], "en")):
            assert await users.add(db, name, password_hash="-", roles=["staff"], groups=groups, locale=locale)  # noqa: S106 - no password
        await users.add(db, "gone", password_hash="-", roles=[], groups=["sales"])  # noqa: S106 - no password
        await users.change(db, "gone", active=False)
        db.add(NotificationChoice(person="bo", kinds={"told": "at-once"}, email="bo@example.org"))


async def told(store: Store, to: JSON, *, mail: bool = False, **more: JSON) -> Outcome:
    given = {"to": to, "mail": mail, "id": "t-1", "instance": "sales.order/7", "template": None, **more}
    call = ProtocolCall("notify", given, "/do/0/tell")
    return await ActivityEnvironment().run(LetterActivities(store).notify, call)


@pytest.mark.usefixtures("people")
async def test_people_of_a_group_are_told_once_and_in_their_language(store: Store) -> None:
    said: JSON = {"title": {"en": "Late", "es": "Tarde"}, "text": "-"}
    outcomes = [await told(store, {"group": "sales"}, **said) for _ in range(2)]
    assert [each.output for each in outcomes] == [{"people": ["ana", "bo"]}] * 2
    async with store.read() as db:
        rows = await every(db)
    assert [(row.person, row.title, row.link, row.mail, row.read_at) for row in rows] == [
        ("ana", "Tarde", "/instances/sales.order/7", "", None),
        ("bo", "Late", "/instances/sales.order/7", "due", None),
    ]


async def every(db: Any) -> list[Notification]:
    return list(await db.scalars(select(Notification).order_by(Notification.person)))


@pytest.mark.usefixtures("people")
async def test_a_person_is_told_in_the_language_that_the_process_asks_for(store: Store) -> None:
    document = {"template": "t", "subject": {"en": "On {{ n }}", "es": "De {{ n }}"}, "body": {"en": "x", "es": "y"}}
    await told(store, {"user": "cy"}, template=document, data={"n": 1}, language="es", link="/inbox")
    async with store.read() as db:
        (row,) = await every(db)
    assert (row.title, row.text, row.link) == ("De 1", "y", "/inbox")


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("to", "more", "problem"),
    [
        ({"user": "nobody"}, {}, "There is no person 'nobody' to be told."),
        ({"user": "gone"}, {}, "There is no person 'gone' to be told."),
        ({"user": "ana"}, {"link": "https://example.org"}, "The link of a notification is a path of the hub."),
        ({"user": "ana"}, {"link": "//example.org"}, "The link of a notification is a path of the hub."),
        ({"user": "ana"}, {"mail": True}, "There is no mail address for ana."),
        ({"user": "ana"}, {"text": "x" * 100_001}, "The text of a notification has at most 100,000 characters."),
    ],
)
async def test_what_cannot_be_told(store: Store, to: JSON, more: JSON, problem: str) -> None:
    outcome = await told(store, to, title="Late", **more)
    assert outcome.error["detail"] == problem
    async with store.read() as db:
        assert await every(db) == []


@pytest.mark.usefixtures("people")
async def test_a_group_is_written_to_at_the_addresses_that_its_people_gave(store: Store) -> None:
    outcome = await told(store, {"group": "sales"}, mail=True, title="Late", text="Tomorrow")
    assert outcome.output == {"to": ["bo@example.org"], "subject": "Late", "text": "Tomorrow"}


async def test_a_letter_is_kept_by_the_hash_of_its_content_and_gets_it_back(store: Store) -> None:
    given = {"template": {"template": "t", "body": "Hi {{ n }}"}, "data": {"n": 1}, "as": "pdf"}
    letters = LetterActivities(store)
    outcome = await ActivityEnvironment().run(letters.render, ProtocolCall("render", given, "/do/0/letter"))
    file = outcome.output["file"]
    assert (file["name"], file["type"]) == ("t.pdf", "application/pdf")
    found = await files.with_files(store, {"to": "x", "attachments": [file]})
    content = base64.b64decode(found["attachments"][0]["content"])
    assert (found["to"], len(content), content[:5]) == ("x", file["size"], b"%PDF-")
    assert await files.with_files(store, {"to": "x"}) == {"to": "x"}


async def test_files_that_cannot_be_attached(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="not a file"):
        await files.with_files(store, {"attachments": ["letter.pdf"]})
    with pytest.raises(NotFoundError):
        await files.with_files(store, {"attachments": [{"sha256": "0" * 64}]})
    with pytest.raises(TooLargeError):
        await files.with_files(store, {"attachments": [{"sha256": "0"}] * 21})
    async with store.transaction() as db:
        digest = await blobs.put(db, b"12345")
    monkeypatch.setattr(files, "_MOST_BYTES", 4)
    for said in (5, 0):
        with pytest.raises(TooLargeError):
            await files.with_files(store, {"attachments": [{"sha256": digest, "size": said}]})


async def test_files_of_a_mail_are_kept_for_their_instance_and_may_become_those_of_another(store: Store) -> None:
    png = b"\x89PNG\r\n\x1a\n...."
    given = [
        {"name": "../box.png", "type": "text/html", "size": 9, "content": base64.b64encode(png).decode()},
        {"name": "page.html", "type": "text/html", "size": 9, "content": base64.b64encode(b"<script>").decode()},
    ]
    mail = await files.without_content(store, {"uid": 7, "attachments": given, "problems": []}, "s.mail/1")
    (kept,) = mail["attachments"]
    assert (kept["name"], kept["type"], "content" in kept) == ("box.png", "image/png", False)
    assert mail["problems"] == ["The file page.html is of no kind that is kept."]
    assert await files.without_content(store, [], "s.mail/1") == []
    async with store.transaction() as db:
        await attachments.keep(db, attachments.NewFile("s.mail/1", "mine.txt", "text/plain", b"x", by="ana"))
        everything = [kept["sha256"], hashlib.sha256(b"x").hexdigest()]
        for source, wanted in (("s.other/1", 0), ("s.mail/1", 1), ("s.mail/1", 1)):
            assert len(await attachments.adopt(db, source, "s.case/1", everything)) == wanted


async def test_files_that_people_sent_may_become_those_of_another_instance(store: Store) -> None:
    digest, place = hashlib.sha256(b"x").hexdigest(), ("s.desk/1", "scan.txt", "text/plain", b"x")
    scan = HumanTask("t1", "s.desk/1", "s.desk", "1.0.0", "register", "/do/0", "f", group="office")
    async with store.transaction() as db:
        await tasks.add_task(db, scan)
        for place_of in ("t1", attachments.START):
            await attachments.keep(db, attachments.NewFile(*place, task=place_of, by="ana"))
        assert await attachments.adopt(db, "s.desk/1", "s.case/1", [digest]) == []
        await tasks.close(db, "t1", "completed", by="ana", answer={"files": [{"sha256": digest}]})
        assert len(await attachments.adopt(db, "s.desk/1", "s.case/1", [digest])) == 1
        assert await attachments.adopt(db, "s.desk/2", "s.case/2", [digest]) == []
        await attachments.keep(db, attachments.NewFile("s.desk/3", *place[1:], task=attachments.START, by="ana"))
        assert await attachments.adopt(db, "s.desk/3", "s.case/3", [digest]) == []
        await attachments.mark_sent(db, "s.desk/3", "ana", [digest], sent=True)
        assert len(await attachments.adopt(db, "s.desk/3", "s.case/3", [digest])) == 1
