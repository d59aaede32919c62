"""The parts of kind mail that need no server: what anybody may have written, and the tokens of threads."""

import base64

import pytest

from connectors.mail.addresses import parse
from connectors.mail.incoming import read
from connectors.mail.threads import Threads
from tests.connectors.matrix import shows

PLAIN, SIGNED = Threads("hub@example.com"), Threads("hub@example.com", "s3cret")


def message(text: str, body: str = "x") -> bytes:
    return f"{text}\n\n{body}\n".replace("\n", "\r\n").encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("threads", [PLAIN, SIGNED], ids=["plain", "signed"])
@pytest.mark.parametrize("token", ["RC-1", "a", "Order.2026_7-x", "x" * 40])
def test_a_token_is_found_where_an_answer_keeps_it(threads: Threads, token: str) -> None:
    ours = threads.message_id(token, "key")
    assert threads.find(["<q@example.com>", ours], "Re: hello", []) == token
    assert threads.find([], "AW: " + threads.subject("hello", token), []) == token
    assert threads.find([], "", [threads.answers_to("hub@example.com", token)]) == token
    # Some servers write addresses in small letters.
    assert threads.find([], "", [threads.answers_to("hub@example.com", token).lower()]) == token.lower()
    assert threads.subject(threads.subject("hello", token), token) == threads.subject("hello", token)


@pytest.mark.parametrize(
    ("ids", "subject", "address"),
    [
        (["<cauce.RC-1.0123456789abcdef0123456789abcdef@example.org>"], "", ""),
        (["<cauce.0123456789abcdef0123456789abcdef@example.com>"], "", ""),
        ([], "Re: hello RC-1", ""),
        ([], "Re: [#RC 1]", ""),
        ([], "", "hub@example.com"),
        ([], "", "hub+@example.com"),
        ([], "", "hub+RC-1@example.org"),
        ([], "", "club+RC-1@example.com"),
    ],
)
def test_what_is_no_token_is_not_taken_for_one(ids: list[str], subject: str, address: str) -> None:
    assert PLAIN.find(ids, subject, [address]) is None


@shows("hostile: a guessed token of a thread", "text written for the test", "mail")
def test_a_token_that_somebody_guessed_is_not_believed() -> None:
    right = SIGNED.mark("RC-1")
    assert SIGNED.find([], f"[#RC-1] [#RC-2-{right[-10:]}] [#{right}]", []) == "RC-1"
    assert SIGNED.find([], f"[#RC-1] [#RC-2-{right[-10:]}]", []) is None
    assert Threads("hub@example.com", "other").find([], f"[#{right}]", []) is None


def test_only_a_key_makes_an_id_the_same_again() -> None:
    assert PLAIN.message_id("a", "k") == PLAIN.message_id("a", "k")
    assert PLAIN.message_id("a", None) != PLAIN.message_id("a", None)
    assert PLAIN.message_id(None, "k") != Threads("desk@example.com").message_id(None, "k")


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("ana@example.com", "", "ana@example.com"),
        (" Ana Núñez <ana+x@example.com> ", "Ana Núñez", "ana+x@example.com"),
        ('"Núñez, Ana" <ana@example.com>', "Núñez, Ana", "ana@example.com"),
        ("ana@ñandú.example", "", "ana@xn--and-6ma2c.example"),
        ("root@localhost", "", "root@localhost"),
    ],
)
def test_one_address(text: str, name: str, address: str) -> None:
    parsed = parse(text)
    assert (parsed.display_name, parsed.addr_spec) == (name, address)


@pytest.mark.parametrize(
    "text", ["", "@", "a@", "@b", "a b@c", "a@b c", "a@b,c@d", "a..b@c", ".a@c", "a@-b", "a@b..c", "ñ@b.c",
             "a@b>x", "<a@b> <c@d>", f"{'x' * 65}@b", f"a@{'x' * 64}.b", "a\0@b", "Ana\n <a@b>", '"x"@b'],
)  # fmt: skip
def test_what_is_not_one_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"address"):
        parse(text)


@shows("hostile: broken and endless headers of a message", "text written for the test", "mail")
def test_headers_that_are_broken_say_so() -> None:
    found = read(
        message(
            "From: =?no-such-set?q?Ana?= <ana@example.com>\nTo: (((((\nSubject: =?utf-8?b?!!!?= ok\nDate: yesterday\n"
            f"Message-ID: <{'x' * 20_000}>"
        ),
        PLAIN,
        whole=True,
        with_files=False,
    )
    assert found["from"] == {"name": "=?no-such-set?q?Ana?=", "address": "ana@example.com"}
    assert (found["to"], found["date"]) == ([], None)
    assert found["problems"] == [
        "The header Message-ID was longer than 16000 characters and was cut.",
        "The header From could not be decoded.",
    ]


@pytest.mark.parametrize(
    ("charset", "raw", "text", "problems"),
    [
        ("utf-8", "ñ".encode(), "ñ", 0),
        ("iso-8859-1", b"\xf1", "ñ", 0),
        ("utf-8", b"\xf1 \x80", "ñ €", 1),
        ("no-such-set", "ñ".encode(), "ñ", 0),
        ("us-ascii", "ñ".encode(), "ñ", 0),
    ],
)
def test_texts_in_any_character_set(charset: str, raw: bytes, text: str, problems: int) -> None:
    head = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64"
    found = read(message(head, base64.b64encode(raw).decode()), PLAIN, whole=True, with_files=False)
    assert (found["text"], len(found["problems"])) == (text, problems)


def test_a_message_within_a_message_is_a_file() -> None:
    inner = "Subject: inside\n\nsecret [#RC-9]"
    head = 'Subject: out\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"'
    body = f"--b\n\nabove\n--b\nContent-Type: message/rfc822\n\n{inner}\n--b\nContent-Type: text/html\n\n<p>\n--b--"
    found = read(message(head, body), PLAIN, whole=True, with_files=True)
    assert (found["text"].strip(), found["html"].strip(), found["thread"]) == ("above", "<p>", None)
    (file,) = found["attachments"]
    assert (file["name"], file["type"]) == (None, "message/rfc822")
    assert b"Subject: inside" in base64.b64decode(file["content"])


def test_names_of_files_hold_no_folders() -> None:
    head = 'Content-Type: application/x\nContent-Disposition: attachment; filename="..\\..\\=?utf-8?q?=C3=B1?=.exe"'
    (file,) = read(message(head), PLAIN, whole=True, with_files=False)["attachments"]
    assert file["name"] == "ñ.exe"


@shows("hostile: messages with parts inside parts without end", "text written for the test", "mail")
def test_parts_without_end_do_no_harm() -> None:
    many = "Content-Type: multipart/mixed; boundary=b"
    found = read(message(many, "--b\n\nx\n" * 1000 + "--b--"), PLAIN, whole=True, with_files=False)
    assert found["problems"] == ["The message has more than 500 parts; the others were left out."]
    for depth, lines in ((101, 0), (20, 260_000)):
        deep = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
        found = read(message("Subject: deep\n" + deep + "\n" * lines), PLAIN, whole=True, with_files=False)
        assert (found["subject"], found["text"]) == ("deep", None)
        assert found["problems"] == ["The message has too many parts inside parts; only its headers were read."]


def test_an_automatic_answer_is_known_as_one() -> None:
    for header, automatic in (("auto-replied; x=y", True), ("no", False)):
        found = read(message(f"Auto-Submitted: {header}"), PLAIN, whole=True, with_files=False)
        assert found["automatic"] is automatic
