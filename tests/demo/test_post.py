import asyncio
import json
import smtplib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cauce import connection, registry
from cauce.secrets import Resolver
from demo.complaints import STOPS, letter
from demo.post import COMPLAINTS, Post
from schemas.source import load_file

ROOT = Path(__file__).parents[2]


async def test_the_shipped_connection_writes_and_reads_the_mail_of_the_company(tmp_path: Path) -> None:
    database = tmp_path / "accounting.db"
    with closing(sqlite3.connect(database)) as db, db:
        db.executescript((ROOT / "demo" / "sql" / "accounting.sql").read_text(encoding="utf-8"))
        rows = [(f"C{n:06d}", f"Empresa {n}", f"B{n:08d}", "gold", 30, 1.0) for n in range(len(STOPS) + 1)]
        db.executemany("INSERT INTO customer VALUES (?, ?, ?, ?, ?, ?)", rows)
    async with Post.start(tmp_path / "mail", "s3cret") as post:
        where = {"address": COMPLAINTS, "host": "127.0.0.1", "security": "none"}
        ports = {"smtp-port": str(post.smtp_port), "imap-port": str(post.imap_port)}
        said = {f"mail-{name}": value for name, value in (where | ports).items()}
        await asyncio.to_thread((tmp_path / "settings.json").write_text, json.dumps(said))
        for name in ("mail-password", "mail-thread-secret"):
            await asyncio.to_thread((tmp_path / name).write_text, "s3cret")
        parsed = connection.parse(load_file(ROOT / "definitions" / "connections" / "mail.yaml").data)
        async with registry.open_connection(parsed, Resolver(tmp_path, tmp_path / "settings.json")) as there:
            assert [each.stage for each in await there.check() if not each.ok] == []
            wanted = {"to": "eva@ruiz.example", "subject": "Hola", "text": "x", "thread": "R-1", "key": "k"}
            sent = await there.call(parsed.operation("send"), wanted)
            assert await there.call(parsed.operation("find-sent"), wanted) == sent
            await post.deliver(letter(database))
            box = await there.call(parsed.operation("list-mail"), {})
        relayed = letter(database)
        relayed.replace_header("To", "somebody@else.example")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await post.deliver(relayed)
    (mail,) = box["messages"]
    assert (mail["from"]["name"], [each["name"] for each in mail["attachments"]]) == (
        "Empresa 13",
        ["electrovalvula.png"],
    )
    assert "B00000013" in mail["text"]
    assert [each["message-id"] for each in post.to("Eva@ruiz.example")] == [sent["messageId"]]
    assert (len(post.sent()), len(post.received())) == (1, 1)
