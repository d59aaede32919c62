"""Mail that comes in: pymap keeps the mailbox, and a stand-in says what no honest server would."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cauce.connector import Operation
from cauce.errors import BusinessError, LoginError, PermanentError, RemoteError, TransientError
from connectors import mail
from tests.connectors.mail_peers import (
    PASSWORD,
    USER,
    Certificate,
    SmtpPeer,
    imap_serving,
    mailbox,
    smtp_serving,
)
from tests.connectors.matrix import OURS, shows

ANSWER = """\
From: =?utf-8?q?Ana_N=C3=BA=C3=B1ez?= <ana@example.com>
To: hub@example.com
Subject: Re: Your order [#RC-1]
Message-ID: <a1@example.com>
Date: Mon, 02 Mar 2026 10:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Ma=F1ana
--x
Content-Type: application/pdf; name="p.pdf"
Content-Disposition: attachment; filename="../../p.pdf"
Content-Transfer-Encoding: base64

JVBERg==
--x--
"""


@pytest.fixture(scope="module")
def ports(certificate: Certificate) -> Iterator[tuple[int, int]]:
    with imap_serving(certificate) as ports:
        yield ports


@pytest.fixture
def box(ports: tuple[int, int], certificate: Certificate) -> Iterator[Any]:
    """A mail program that looks at an empty mailbox."""
    with mailbox(ports[0], certificate) as client:
        for _, _, folder in client.list_folders():
            if folder != "INBOX":
                client.delete_folder(folder)
        client.select_folder("INBOX")
        client.delete_messages(client.search())
        client.expunge()
        yield client


def put(box: Any, *texts: str, folder: str = "INBOX") -> list[int]:
    """Put messages into a folder; their UIDs."""
    for text in texts:
        box.append(folder, text.replace("\n", "\r\n").encode())
    box.select_folder(folder, readonly=True)
    uids: list[int] = box.search()[-len(texts) :]
    return uids


def connector(port: int, security: str = "none", imap: dict[str, Any] | None = None, **settings: Any) -> mail.Connector:
    server = {"host": "127.0.0.1", "port": port, "security": security, "username": USER, "password": PASSWORD}
    settings = {"reply_to": "hub@example.com", "imap": {**server, **(imap or {})}, **settings}
    return mail.Connector("post", mail.Settings(**settings))


@pytest.fixture
async def post(ports: tuple[int, int], box: Any) -> AsyncIterator[mail.Connector]:
    async with connector(ports[0]) as connector_:
        yield connector_


def operation(calls: str, timeout_s: float = 10) -> Operation:
    return Operation("look", calls, "write" if calls in {"mark", "send"} else "read", timeout_s=timeout_s)


async def failed(connector: mail.Connector, calls: str, params: Any = None, timeout_s: float = 10) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await connector.call(operation(calls, timeout_s), params)
    return caught.value


@shows("a mailbox is read without changing it, with files", "`pymap`", "mail")
async def test_a_message_is_read_as_data_and_stays_unseen(post: mail.Connector, box: Any) -> None:
    (uid,) = put(box, ANSWER)
    await post.call(operation("list"), {})
    answer = await post.call(operation("list"), {})
    assert answer["messages"] == [
        {
            "uid": uid,
            "size": len(ANSWER.replace("\n", "\r\n").encode()),
            "seen": False,
            "messageId": "<a1@example.com>",
            "inReplyTo": None,
            "references": [],
            "thread": "RC-1",
            "date": "2026-03-02T10:00:00+01:00",
            "from": {"name": "Ana Núñez", "address": "ana@example.com"},
            "replyTo": [],
            "to": [{"name": "", "address": "hub@example.com"}],
            "cc": [],
            "subject": "Re: Your order [#RC-1]",
            "automatic": False,
            "text": "Mañana",
            "html": None,
            "attachments": [{"name": "p.pdf", "type": "application/pdf", "size": 4}],
            "problems": [],
        }
    ]
    assert (answer["folder"], answer["next"], answer["more"]) == ("INBOX", uid, False)
    whole = await post.call(operation("fetch"), {"uid": uid, "uidValidity": answer["uidValidity"]})
    assert whole["attachments"] == [{"name": "p.pdf", "type": "application/pdf", "size": 4, "content": "JVBERg=="}]
    assert await post.call(operation("fetch"), {"uid": uid + 1}) is None


@shows("reading on by UID, and folders numbered anew", "`pymap`", "mail")
async def test_pages_go_on_where_the_last_one_ended(post: mail.Connector, box: Any) -> None:
    uids = put(box, *(f"Subject: {number}\n\nx\n" for number in range(3)))
    first = await post.call(operation("list"), {"limit": 2})
    assert ([each["uid"] for each in first["messages"]], first["next"], first["more"]) == (uids[:2], uids[1], True)
    second = await post.call(operation("list"), {"after": first["next"], "uidValidity": first["uidValidity"]})
    assert ([each["subject"] for each in second["messages"]], second["more"]) == (["2"], False)
    third = await post.call(operation("list"), {"after": second["next"]})
    assert (third["messages"], third["next"], third["more"]) == ([], uids[2], False)
    error = await failed(post, "list", {"uidValidity": first["uidValidity"] + 1})
    assert (type(error), error.remote_code) == (BusinessError, "UIDVALIDITY")


@shows("marking and moving, once and again", "`pymap`", "mail")
async def test_marked_messages_are_not_listed_again_and_may_be_moved(post: mail.Connector, box: Any) -> None:
    uids = put(box, "Subject: a\n\nx\n", "Subject: b\n\nx\n")
    box.create_folder("Señales")
    seen = {"uids": uids[0], "seen": True}
    assert await post.call(operation("marked"), seen) is None
    assert await post.call(operation("mark"), seen) == {"folder": "INBOX", "uids": uids[:1]}
    assert await post.call(operation("marked"), seen) == {"folder": "INBOX", "uids": uids[:1]}
    listed = await post.call(operation("list"), None)
    assert [each["uid"] for each in listed["messages"]] == uids[1:]
    everything = await post.call(operation("list"), {"unseen": False})
    assert [(each["uid"], each["seen"]) for each in everything["messages"]] == [(uids[0], True), (uids[1], False)]
    await post.call(operation("mark"), {"uids": uids[0], "seen": False})
    moving = {"uids": [*uids, 9999], "move": "Señales"}
    assert await post.call(operation("marked"), moving) is None
    assert (await post.call(operation("mark"), moving))["uids"] == uids
    assert (await post.call(operation("marked"), moving))["uids"] == [*uids, 9999]
    assert (await post.call(operation("mark"), moving))["uids"] == []
    moved = await post.call(operation("list"), {"folder": "Señales"})
    assert [each["subject"] for each in moved["messages"]] == ["a", "b"]


@shows("what was sent is found by its key", "`aiosmtpd`, `pymap`", "mail")
async def test_what_was_sent_is_found_by_its_key(ports: tuple[int, int], box: Any) -> None:
    given = {"to": "ana@example.com", "subject": "Hi", "text": "x", "key": "RC-1/answer", "thread": "RC-1"}
    box.create_folder("Sent")
    with smtp_serving(SmtpPeer(), None) as peer:
        smtp = {"host": "127.0.0.1", "port": peer.port, "security": "none"}
        async with connector(ports[0], sender="hub@example.com", smtp=smtp) as both:
            assert await both.call(operation("find"), given) is None
            sent = await both.call(Operation("answer", "send", "write"), given)
            put(box, peer.messages[0].as_string(), folder="Sent")
            assert await both.call(operation("find"), given) == sent
            assert await both.call(operation("find"), {**given, "key": "RC-1/other"}) is None
            stages = [(probe.stage, probe.ok) for probe in await both.check()]
            assert stages == [(stage, True) for stage in ("dns", "tcp", "login", "dns", "tcp", "read")]
    error = await failed(connector(ports[0], imap={"sent": "Gone"}), "find", given)
    assert type(error) is PermanentError


@shows("messages above the limit", "`pymap`", "mail")
async def test_what_is_too_large_is_told_by_its_headers(ports: tuple[int, int], box: Any) -> None:
    texts = [f"Subject: {size}\n\n{'x' * size}\n" for size in (5000, 800, 800)]
    uids = put(box, *texts)
    async with connector(ports[0], max_bytes=1000) as small:
        first = await small.call(operation("list"), {})
        assert [(each["subject"], each["text"] is None) for each in first["messages"]] == [
            ("5000", True),
            ("800", False),
        ]
        assert first["messages"][0]["problems"] == [
            "The message is larger than settings.max_bytes; only its headers were read."
        ]
        assert (first["next"], first["more"]) == (uids[1], True)
        assert (await small.call(operation("fetch"), {"uid": uids[0]}))["text"] is None


@pytest.mark.parametrize("security", ["starttls", "tls"])
@shows("IMAP with STARTTLS and with TLS at once, and certificates that are not trusted", "`pymap`", "mail")
async def test_tls_and_login(
    ports: tuple[int, int], box: Any, certificate: Certificate, security: str, caplog: pytest.LogCaptureFixture
) -> None:
    port = ports[security == "tls"]
    caplog.set_level("DEBUG")
    async with connector(port, security, ca_file=str(certificate.file)) as safe:
        probe = (await safe.check())[-1]
        assert (probe.stage, probe.ok) == ("read", True)
        assert probe.sentence == "The IMAP server 127.0.0.1 takes the login; INBOX has 0 messages."
        # The server is in this process too, and says it all.
        assert not [each for each in caplog.records if PASSWORD in each.getMessage() and "pymap" not in each.name]
    async with connector(port, security) as untrusted:
        assert (await failed(untrusted, "list")).remote_code == "tls"
        probe = (await untrusted.check())[-1]
        assert (probe.stage, probe.ok) == ("tls", False)


async def test_a_refused_login_and_a_missing_folder(ports: tuple[int, int], box: Any) -> None:
    async with connector(ports[0], imap={"password": "n0pe"}) as wrong:
        assert type(await failed(wrong, "list")) is LoginError
        probe = (await wrong.check())[-1]
        assert (probe.stage, probe.ok) == ("login", False)
        assert "n0pe" not in probe.sentence
    async with connector(ports[0], imap={"password": "contraseña"}) as wrong:
        assert type(await failed(wrong, "list")) is LoginError
    async with connector(ports[0], imap={"folder": "INBIX"}) as lost:
        assert type(await failed(lost, "list")) is PermanentError
        probe = (await lost.check())[-1]
        assert (probe.stage, probe.ok) == ("read", False)
        assert probe.sentence == "The mailbox has no folder 'INBIX' that can be opened. Did you mean 'INBOX'?"


@pytest.mark.parametrize(
    ("calls", "params", "where"),
    [
        ("fetch", {}, ".uid"),
        ("fetch", {"uid": 0}, ".uid"),
        ("fetch", {"uid": 1, "folder": "INBOX\r\nA1 DELETE INBOX"}, ".folder"),
        ("list", {"limit": 1000}, ".limit"),
        ("list", {"after": "1:*"}, ".after"),
        ("mark", {"uids": [1]}, ""),
        ("mark", {"uids": [], "seen": True}, ".uids"),
        ("mark", {"uids": 1, "move": "a\nb"}, ".move"),
        ("find", {"thread": "RC-1"}, ".key"),
        ("list", [1], ""),
    ],
)
async def test_parameters_are_checked_first(calls: str, params: Any, where: str) -> None:
    error = await failed(connector(1), calls, params)
    assert (type(error), error.where, error.remote_code) == (PermanentError, f"look@post{where}", "params")


async def test_a_mailbox_sends_nothing_and_a_server_of_mail_keeps_nothing() -> None:
    assert "Add smtp" in str(await failed(connector(1), "send", {}))
    sending = mail.Connector("post", mail.Settings(sender="a@b.example", smtp={"host": "127.0.0.1", "port": 1}))
    assert "Add imap" in str(await failed(sending, "list"))
    assert (await failed(connector(1), "list")).remote_code == "connection"


@pytest.mark.parametrize(
    ("says", "kind"),
    [
        (b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\nTAG OK\r\n", PermanentError),
        (b"* 1 FETCH (UID 1 BODY[] )((\r\nTAG OK\r\n", TransientError),
        (b"TAG NO [UNAVAILABLE] later\r\n", TransientError),
        (b"TAG NO [AUTHENTICATIONFAILED] no\r\n", LoginError),
        (b"* BYE going down\r\n", TransientError),
        (b"", TransientError),
        (b"\x00" * 2_000_000, PermanentError),
    ],
    ids=["bomb", "nonsense", "later", "login", "bye", "silence", "line"],
)
@shows("hostile: literals of 100 GB, nonsense, silence, lines without end from an IMAP server", OURS, "mail")
async def test_a_server_that_misbehaves(says: bytes, kind: type[RemoteError]) -> None:
    async with misbehaving(says) as port, connector(port) as post:
        error = await failed(post, "fetch", {"uid": 1}, timeout_s=10 if says else 0.5)
        assert type(error) is kind, error


@asynccontextmanager
async def misbehaving(says: bytes) -> AsyncIterator[int]:
    """A stand-in for an IMAP server: greets, and says the same to every command."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1] hello\r\n")
        while line := await reader.readline():
            tag = line.split()[0]
            writer.write(tag + b" OK done\r\n" if b"CAPABILITY" in line else says.replace(b"TAG", tag))
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
