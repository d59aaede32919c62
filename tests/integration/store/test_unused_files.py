from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from cauce.errors import PermanentError
from cauce.store import Store, attachments, blobs, dead_letters, drafts, tasks, unused_files
from cauce.store.attachments import NewFile
from cauce.store.dead_letters import NewLetter
from cauce.store.models import Attachment, AuditEntry, Task
from tests.integration.store.test_tasks import call

LATER = datetime.now(UTC) + timedelta(days=40)


def file(name: str, task: str = "t1") -> NewFile:
    return NewFile(call.instance, f"{name}.txt", "text/plain", name.encode(), task, "ana")


async def test_a_file_that_nobody_sent_is_removed_after_a_while(store: Store) -> None:
    async with store.transaction() as db:
        for each in (call, replace(call, id="t2"), replace(call, id="t3", approvals={"need": 2, "of": 2})):
            await tasks.add_task(db, each)
        made = NewFile(call.instance, "made.txt", "text/plain", b"made")
        given = [file("sent"), file("typed"), file("left"), file('"letter"'), file("voted", "t3"), made]
        sent, typed, left, letter, _, _ = [(await attachments.keep(db, each)).digest for each in given]
        # Bytes that something else has, too: a case that is sent twice, and a letter.
        await attachments.keep(db, replace(file("sent"), instance="sales.lead/other", task="gone"))
        await drafts.put(db, "t1", "ana", {"paper": {"sha256": typed}}, "d")
        await dead_letters.add(db, NewLetter("call", "erp", "k1", "letter", PermanentError("No.")))
        (await db.get_one(Task, "t2")).answer = {"paper": {"sha256": sent}}
        (await db.get_one(Task, "t3")).answered_by = ["ana"]
    async with store.transaction() as db:
        assert await unused_files.sweep(db, datetime.now(UTC) - timedelta(days=1), 0, 50) == (0, None)
        assert await unused_files.sweep(db, LATER, 0, 2) == (0, 2)
        removed, more = await unused_files.sweep(db, LATER, 2, 50)
        assert (removed, more) == (3, None)
    async with store.transaction() as db:
        rows = (await db.scalars(select(Attachment.name).order_by(Attachment.id))).all()
        assert rows == ["sent.txt", "typed.txt", "voted.txt", "made.txt"]
        assert await blobs.have(db, [sent, typed, left, letter]) == {sent, typed, letter}
        trail = (await db.scalars(select(AuditEntry).filter_by(action="task.detach"))).all()
        assert {(each.data or {})["sha256"] for each in trail if each.actor == "upkeep"} == {left, letter, sent}
        # What is sent is not looked at again once its task is over.
        (await db.get_one(Task, "t1")).closed_at = datetime.now(UTC)
        await drafts.drop(db, "t1", "ana")
        assert (await unused_files.sweep(db, LATER, 0, 50))[0] == 1
        kept = (await db.scalars(select(Attachment.name).where(Attachment.kept))).all()
        assert kept == ["sent.txt"]


async def test_bytes_that_were_there_before_stay(store: Store) -> None:
    async with store.transaction() as db:
        await tasks.add_task(db, call)
        row = await attachments.keep(db, file("rendered"))
        row.at = datetime.now(UTC) + timedelta(hours=1)
    async with store.transaction() as db:
        assert (await unused_files.sweep(db, LATER, 0, 50))[0] == 1
        assert await blobs.have(db, [row.digest]) == {row.digest}
