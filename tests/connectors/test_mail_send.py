"""Mail that goes out, by real servers on loopback."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cauce.connector import Operation
from cauce.errors import AmbiguousError, BusinessError, LoginError, PermanentError, RemoteError, TransientError
from connectors import mail
from tests.connectors.mail_peers import PASSWORD, USER, Certificate, SmtpPeer, scripted, smtp_serving
from tests.connectors.matrix import OURS, shows

HELLO: dict[str, Any] = {"to": "ana@example.com", "subject": "Hello", "text": "Hi."}


@pytest.fixture(scope="module")
def _open_peer() -> Iterator[SmtpPeer]:
    with smtp_serving(SmtpPeer(), None) as peer:
        yield peer


@pytest.fixture
def peer(_open_peer: SmtpPeer) -> SmtpPeer:
    _open_peer.forget()
    return _open_peer


@pytest.fixture(scope="module")
def guarded(certificate: Certificate) -> Iterator[SmtpPeer]:
    with smtp_serving(SmtpPeer(), certificate) as peer:
        yield peer


def connector(
    port: int, security: str = "none", login: dict[str, Any] | None = None, **settings: Any
) -> mail.Connector:
    smtp = {"host": "127.0.0.1", "port": port, "security": security, **(login or {}), **settings.pop("smtp", {})}
    return mail.Connector("post", mail.Settings(**{"sender": "Hub <hub@example.com>", "smtp": smtp, **settings}))


def send(timeout_s: float = 5) -> Operation:
    return Operation("answer", "send", "write", timeout_s=timeout_s)


async def failed(connector: mail.Connector, params: Any, operation: Operation | None = None) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await connector.call(operation or send(), params)
    return caught.value


@shows("a message with text, HTML, files, several recipients, quoted in an answer", "`aiosmtpd`", "mail")
async def test_a_message_goes_out_with_everything(peer: SmtpPeer) -> None:
    given = {
        "to": ["Ana Núñez <ana@example.com>", "ben@ñandú.example"],
        "cc": "carla@example.com",
        "bcc": "dora@example.com",
        "replyTo": "desk@example.com",
        "subject": "Your order – 4711",
        "text": "Hola,\r\nñ\n.\nbye",
        "html": "<p>ñ</p>",
        "attachments": [
            {"name": "quote ñ.pdf", "type": "application/pdf", "content": base64.b64encode(b"%PDF\x00").decode()}
        ],
        "inReplyTo": "<q1@example.com>",
        "references": ["<q0@example.com>", "<q1@example.com>"],
    }
    answer = await connector(peer.port).call(send(), given)
    (envelope,), (message,) = peer.envelopes, peer.messages
    assert envelope.mail_from == "hub@example.com"
    hosts = ["ana@example.com", "ben@xn--and-6ma2c.example", "carla@example.com", "dora@example.com"]
    assert envelope.rcpt_tos == hosts
    assert answer == {"messageId": message["message-id"], "thread": None}
    assert message["from"] == "Hub <hub@example.com>"
    assert message["to"].addresses[0].display_name == "Ana Núñez"
    assert (message["cc"], message["bcc"], message["reply-to"]) == ("carla@example.com", None, "desk@example.com")
    assert message["subject"] == "Your order – 4711"
    assert (message["in-reply-to"], message["references"]) == ("<q1@example.com>", "<q0@example.com> <q1@example.com>")
    assert message["auto-submitted"] == "auto-generated"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["Hola,", "ñ", ".", "bye"]
    assert html.get_content().strip() == "<p>ñ</p>"
    (file,) = message.iter_attachments()
    assert (file.get_filename(), file.get_content_type(), file.get_content()) == (
        "quote ñ.pdf",
        "application/pdf",
        b"%PDF\x00",
    )


@shows("one key, one Message-ID; the token of a thread in id, subject and address", "`aiosmtpd`", "mail")
async def test_the_same_key_is_the_same_message_and_the_thread_is_in_three_places(peer: SmtpPeer) -> None:
    threads = connector(peer.port, reply_tags=True, smtp={"copy_to": "kept@example.com"})
    given = {**HELLO, "key": "RC-1/answer", "thread": "RC-1"}
    answers = [await threads.call(send(), params) for params in (given, given, {**given, "key": "RC-1/other"})]
    assert answers[0] == answers[1] != answers[2]
    message = peer.messages[0]
    assert b"\r\nMessage-ID: <cauce.RC-1." in (peer.envelopes[0].original_content or b"")
    assert message["subject"] == "Hello [#RC-1]"
    assert message["reply-to"] == "hub+RC-1@example.com"
    assert peer.envelopes[0].rcpt_tos == ["ana@example.com", "kept@example.com"]


async def test_a_signed_token_does_not_show_the_secret(peer: SmtpPeer) -> None:
    signing: dict[str, Any] = {"thread_secret": "s3cret"}
    await connector(peer.port, **signing).call(send(), {**HELLO, "thread": "RC-1"})
    subject = peer.messages[0]["subject"]
    assert subject.startswith("Hello [#RC-1-")
    assert len(subject) == len("Hello [#RC-1-0123456789]")
    assert "s3cret" not in peer.messages[0].as_string()


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"to": "ana@example.com\nBcc: eve@example.com"}, ".to[0]"),
        ({"to": "ana@example.com, eve@example.com"}, ".to[0]"),
        ({"to": "Ana\r\nX: y <ana@example.com>"}, ".to[0]"),
        ({"to": "ana@example.com> RCPT TO:<eve@example.com"}, ".to[0]"),
        ({"to": []}, ".to"),
        ({"to": "ana"}, ".to[0]"),
        ({"cc": ["eve@exa mple.com"]}, ".cc[0]"),
        ({"replyTo": "eve@example.com\n"}, ".replyTo"),
        ({"subject": "Hello\r\nBcc: eve@example.com"}, ".subject"),
        ({"subject": "Hello\u2028there"}, ".subject"),
        ({"inReplyTo": "<a@b>\r\nX: y"}, ".inReplyTo"),
        ({"references": ["a@b"]}, ".references[0]"),
        ({"thread": "RC 1"}, ".thread"),
        ({"text": None}, ""),
        ({"colour": "red"}, ".colour"),
        ({"attachments": [{"name": "a\nb", "content": ""}]}, ".attachments[0].name"),
        ({"attachments": [{"name": "a", "content": "%%"}]}, ".attachments[0]"),
        ({"attachments": [{"name": "a", "type": "multipart/mixed", "content": ""}]}, ".attachments[0]"),
    ],
)
@shows("hostile: line breaks and second addresses in headers", "`aiosmtpd`", "mail")
async def test_what_cannot_be_sent_is_refused_with_its_place(peer: SmtpPeer, wrong: Any, where: str) -> None:
    error = await failed(connector(peer.port), {**HELLO, **wrong})
    assert type(error) is PermanentError
    assert (error.where, error.remote_code) == (f"answer@post{where}", "params")
    assert "eve" not in str(error)
    assert not peer.envelopes


async def test_limits_on_recipients_and_size(peer: SmtpPeer) -> None:
    small = connector(peer.port, max_recipients=2, max_bytes=2000)
    error = await failed(small, {**HELLO, "cc": ["b@example.com", "c@example.com"]})
    assert "would go to 3 addresses, and the connection allows 2" in str(error)
    file = {"name": "a.bin", "content": base64.b64encode(bytes(1900)).decode()}
    # It fits by itself, and does not once it is written as a message.
    for given in ({"text": "x" * 3000}, {"attachments": [file]}):
        error = await failed(small, {**HELLO, **given})
        assert (type(error), error.remote_code) == (PermanentError, "too-large")
    assert not peer.envelopes


@pytest.mark.parametrize(
    ("said", "kind"),
    [("450 later", TransientError), ("550 unknown", BusinessError), ("530 who are you", LoginError)],
)
@shows("refused recipients: nothing goes to anybody", "`aiosmtpd`", "mail")
async def test_one_refused_recipient_keeps_it_from_all(peer: SmtpPeer, said: str, kind: type[RemoteError]) -> None:
    peer.rcpt = lambda address: said if address.startswith("eve") else "250 OK"
    error = await failed(connector(peer.port), {**HELLO, "cc": "eve@example.com"})
    assert (type(error), error.remote_code) == (kind, said[:3])
    if kind is not LoginError:
        assert error.detail == {"recipients": [{"address": "eve@example.com", "code": int(said[:3]), "text": said[4:]}]}
    assert not peer.envelopes


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        ("451 busy", TransientError, "451"),
        ("554 looks like spam", BusinessError, "554"),
        ("hang up", AmbiguousError, "no-answer"),
        ("so what", AmbiguousError, "no-answer"),
    ],
)
@shows("refusals, and a connection lost behind the text", "`aiosmtpd`", "mail")
async def test_what_a_server_says_to_the_text(peer: SmtpPeer, said: str, kind: type[RemoteError], code: str) -> None:
    peer.data = lambda: said
    error = await failed(connector(peer.port), HELLO)
    assert (type(error), error.remote_code) == (kind, code)


@shows("SMTP with STARTTLS and login, and certificates that are not trusted", "`aiosmtpd`", "mail")
async def test_tls_and_login(guarded: SmtpPeer, certificate: Certificate) -> None:
    login = {"username": USER, "password": PASSWORD}
    safe = connector(guarded.port, "starttls", login, ca_file=str(certificate.file))
    await safe.call(send(), HELLO)
    assert len(guarded.envelopes) == 1
    assert [probe.stage for probe in await safe.check()] == ["dns", "tcp", "login"]
    wrong = connector(guarded.port, "starttls", {**login, "password": "n0"}, ca_file=str(certificate.file))
    error = await failed(wrong, HELLO)
    assert (type(error), error.remote_code) == (LoginError, "535")
    assert PASSWORD not in str(error)
    probe = (await wrong.check())[-1]
    assert (probe.stage, probe.ok) == ("login", False)
    untrusted = connector(guarded.port, "starttls", login)
    error = await failed(untrusted, HELLO)
    assert (type(error), error.remote_code) == (TransientError, "tls")
    probe = (await untrusted.check())[-1]
    assert (probe.stage, probe.ok) == ("tls", False)
    nobody = connector(guarded.port, "starttls", ca_file=str(certificate.file))
    assert type(await failed(nobody, HELLO)) is LoginError
    assert len(guarded.envelopes) == 1


async def test_a_server_without_tls_is_not_spoken_to_in_the_clear(peer: SmtpPeer) -> None:
    error = await failed(connector(peer.port, "starttls", {"username": USER, "password": PASSWORD}), HELLO)
    assert "offers no STARTTLS" in str(error)
    assert type(await failed(connector(peer.port, "tls"), HELLO)) is TransientError
    error = await failed(connector(peer.port, "none", {"username": USER, "password": PASSWORD}), HELLO)
    assert (type(error), error.remote_code) == (LoginError, "login")


async def test_implicit_tls(certificate: Certificate) -> None:
    async with scripted(b"250 fine\r\n", tls=certificate.context()) as port:
        safe = connector(port, "tls", ca_file=str(certificate.file))
        assert [(probe.stage, probe.ok) for probe in await safe.check()] == [
            ("dns", True),
            ("tcp", True),
            ("tls", True),
            ("login", True),
        ]


@shows("silence before and behind the text", OURS, "mail")
async def test_silence_before_the_text_is_transient_and_behind_it_ambiguous() -> None:
    async with scripted(b"") as port:
        error = await failed(connector(port), HELLO, send(0.2))
        assert type(error) is TransientError
        assert "no answer within 0.2 s; nothing was sent" in str(error)
    async with scripted(b"250 fine\r\n", data=b"354 go on\r\n") as port:
        error = await failed(connector(port), HELLO, send(3))
        assert type(error) is AmbiguousError


@shows("hostile: nonsense and lines without end from an SMTP server", OURS, "mail")
async def test_nonsense_and_nobody() -> None:
    async with scripted(b"\x00\xff\r\n") as port:
        assert type(await failed(connector(port), HELLO)) is TransientError
    async with scripted(b"250-" + b"x" * 100_000) as port:
        assert type(await failed(connector(port), HELLO)) is TransientError
    error = await failed(connector(1), HELLO)
    assert type(error) is TransientError
    assert "could not be reached; nothing was sent" in str(error)


async def test_a_send_declared_as_a_read_is_refused(peer: SmtpPeer) -> None:
    error = await failed(connector(peer.port), HELLO, Operation("answer", "send", "read"))
    assert "Write effect: write at answer of connection post." in str(error)
    error = await failed(connector(peer.port), HELLO, Operation("answer", "sent", "write"))
    assert "It has send, find, list, fetch, mark, marked." in str(error)
    assert not peer.envelopes


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "smtp, imap or both"),
        ({"smtp": {"host": "mail.example"}}, "who the sender is"),
        (
            {"sender": "x@y.example", "smtp": {"host": "mail.example", "username": "a"}},
            "a username, and a password or oauth2",
        ),
        ({"sender": "x@y.example", "smtp": {"host": "m", "username": "a", "password": "b\r\nX"}}, "line breaks"),
        ({"sender": "x@y.example\n", "smtp": {"host": "m"}}, "line breaks"),
    ],
)
def test_settings_that_make_no_sense(settings: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        mail.Settings.model_validate(settings)


async def test_a_file_of_certificates_that_is_not_there(peer: SmtpPeer, tmp_path: Path) -> None:
    lost = connector(peer.port, "starttls", ca_file=str(tmp_path / "none.pem"))
    assert type(await failed(lost, HELLO)) is PermanentError
    probe = (await lost.check())[-1]
    assert (probe.stage, probe.ok) == ("tls", False)
