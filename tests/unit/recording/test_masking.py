"""What may be kept of an exchange: no credentials, nobody's personal data, and still what belongs together."""

import json
import re
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.errors import CauceError, DefinitionError, TooLargeError
from cauce.recording.masking import Masker
from cauce.recording.masks import Masks
from cauce.recording.rules import Rules, pattern, rules

JSON = Any
KEY = b"k" * 32
OWN = rules({"mask": [{"field": "Name"}, {"path": "Order/Ref"}, {"text": r"LIC-\d+"}]})
SECRET = "s3cr&t ñ!"  # noqa: S105 - of nothing


def masker(found: Rules = OWN, *secrets: str, key: bytes = KEY) -> Masker:
    return Masker(key, found, secrets)


def masked(data: JSON, found: Rules = OWN, *secrets: str) -> JSON:
    return masker(found, *secrets).exchange({"operation": "o", "request": data})["request"]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("ana.perez@acme.es", r"[a-z]{3}\.[a-z]{5}@example\.com"),
        ("call +34 612 345 678 now", r"call \+\d\d \d{3} \d{3} \d{3} now"),
        ("612345678", r"[1-9]\d{8}"),
        ("NIF 12345678Z", r"NIF \d{8}[A-Z]"),
        ("ESB1234567-X", "ESB1234567-X"),
        ("B12345674", r"[A-Z]\d{8}"),
        ("DE123456789", r"[A-Z]{2}\d{9}"),
        ("ES91 2100 0418 4502 0005 1332", r"[A-Z]{2}\d\d( \d{4}){5}"),
        ("4111 1111 1111 1111", r"\d{4}( \d{4}){3}"),
        ("key LIC-0042.", r"key [A-Z]{3}-0\d{3}\.|key [A-Z]{3}-\d{4}\."),
    ],
)
def test_personal_data_and_own_patterns_keep_their_shape(text: str, shape: str) -> None:
    found = masked({"note": text})["note"]
    assert re.fullmatch(shape, found)
    assert found != text or text == shape


@pytest.mark.parametrize(
    "text", ["2026-03-01T10:00:00+0100", "8412345678905", "SO-2026-0001", "12.50", "10.0.0.1", "blocked", "1234567"]
)
def test_what_is_nobodys_stays(text: str) -> None:
    assert masked({"note": text}) == {"note": text}


def test_a_value_has_one_mask_wherever_it_stands() -> None:
    found = masker().exchange(
        {
            "operation": "o",
            "request": {"Name": "Marta Ruiz", "Order": {"Ref": "R-4711"}, "Ref": "R-1"},
            "response": {"said": "Marta Ruiz ordered R-4711", "R-4711": True},
            "wire": [
                {
                    "request": {
                        "method": "GET",
                        "path": "/orders/R-4711?name=Marta+Ruiz",
                        "headers": {"content-type": "text/xml"},
                        "body": {"text": "<a:Order xmlns:a='u'><a:Ref>R-4711</a:Ref><b Name='Marta Ruiz'/></a:Order>"},
                    },
                    "response": None,
                    "tookMs": 1,
                }
            ],
        }
    )
    name, ref = found["request"]["Name"], found["request"]["Order"]["Ref"]
    assert found["request"]["Ref"] == "R-1"
    assert found["response"] == {"said": f"{name} ordered {ref}", ref: True}
    sent = found["wire"][0]["request"]
    assert sent["path"] == f"/orders/{ref}?name={name.replace(' ', '+')}"
    assert f">{ref}</a:Ref>" in sent["body"]["text"]
    assert f'Name="{name}"' in sent["body"]["text"]
    assert set(found["masked"]) == {name, ref}


def test_credentials_are_taken_out_by_name_by_value_and_by_header_of_the_message() -> None:
    body = (
        "<e:Envelope xmlns:e='urn:e'><e:Header><w:Security xmlns:w='urn:w'><w:Password>abc</w:Password></w:Security>"
        "<t:Session xmlns:t='urn:t'>s3cr&amp;t ñ!</t:Session></e:Header><e:Body><Pin>77</Pin></e:Body></e:Envelope>"
    )
    wire = {"method": "POST", "path": "/?access_token=abc&x=s3cr%26t%20%C3%B1%21", "body": {"text": body}}
    text = json.dumps({"deep": f"my {SECRET}", "clientSecret": "abc"})
    given_ = {"operation": "o", "request": {"password": "abc", "list": [text]}, "wire": [{"request": wire}]}
    found = masker(OWN, SECRET).exchange(given_)
    assert found["request"] == {"password": "***", "list": ['{"deep": "my ***", "clientSecret": "***"}']}
    for left in ("abc", "s3cr", "77", "Security"):
        assert left not in json.dumps(found)


def test_numbers_dates_and_switches_stay_what_they_are() -> None:
    found = masked({"Name": {"a": 4711, "b": 12.5, "c": True, "d": None, "e": "1980-02-29", "f": -3, "g": 1e300}})
    assert len(str(found["Name"]["a"])) == 4
    assert found["Name"]["a"] != 4711
    assert re.fullmatch(r"\d\d\.\d", str(found["Name"]["b"]))
    assert (found["Name"]["c"], found["Name"]["d"], found["Name"]["g"]) == (True, None, 0.0)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["Name"]["e"])
    assert -10 < found["Name"]["f"] < 0


def test_attributes_that_say_how_to_read_a_document_stay() -> None:
    body = "<Name xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:type='Person' id='abcd'>Rosa</Name>"
    found = masker().exchange({"operation": "o", "request": body})["request"]
    assert 'i:type="Person"' in found
    assert "Rosa" not in found
    assert "abcd" not in found


def test_what_only_says_that_it_is_xml_is_not_kept() -> None:
    answer = {"status": 200, "headers": {"content-type": "text/xml"}, "body": {"text": "<Name>Rosa<"}}
    found = masker().exchange({"operation": "o", "request": 1, "wire": [{"request": {}, "response": answer}]})
    assert found["wire"][0]["response"]["body"] is None


def test_personal_data_may_be_kept_by_name() -> None:
    given_ = {"email": "ana@acme.es", "phone": "612345678"}
    found = masked(given_, rules({"keep": ["mail"]}))
    assert found["email"] == "ana@acme.es"
    assert found["phone"] != "612345678"


def test_another_key_makes_other_masks() -> None:
    assert Masks(b"a").text("Marta Ruiz") != Masks(b"b").text("Marta Ruiz")


def test_a_pattern_that_cannot_be_used_says_why() -> None:
    with pytest.raises(DefinitionError, match="cannot be used"):
        pattern("(")


def test_what_nests_too_deeply_is_not_kept() -> None:
    deep: JSON = "x"
    for _ in range(300):
        deep = [deep]
    with pytest.raises(TooLargeError):
        masked(deep)


def test_an_exchange_that_never_settles_is_not_kept() -> None:
    class Growing(Masks):
        def text(self, value: str) -> str:
            return f"{value}LIC-1{len(value)}"

    one = masker()
    one.masks = Growing(KEY)
    with pytest.raises(CauceError, match="cannot be masked"):
        one.exchange({"operation": "o", "request": "a LIC-1"})


words = st.text(st.sampled_from(string.ascii_letters + string.digits + " .-ñÜ€"), max_size=12)
marked = st.builds("Zz{}qQ9x7".format, st.text(st.sampled_from(string.ascii_letters), min_size=4, max_size=8))
mails = st.builds("{}@{}.es".format, *[st.text(st.sampled_from(string.ascii_lowercase), min_size=5, max_size=9)] * 2)
leaves = st.one_of(st.none(), st.booleans(), st.integers(), words, mails, st.just(SECRET), marked)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.one_of(words, mails), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def exchanges(draw: st.DrawFn) -> tuple[JSON, list[str]]:
    """Return an exchange, and what of it must not be left."""
    name, mail, password = draw(marked), draw(mails), draw(marked)
    # The same values once more, where no rule looks for them.
    scattered = st.sampled_from([name, f"by {name}, {mail}", f"{SECRET}{mail}", f"<a><b>{name}</b></a>"])
    given_ = {
        "operation": "o",
        "request": {"Name": name, "contact": {"email": mail}, "Password": password, "more": draw(trees)},
        "response": [draw(scattered), draw(trees), json.dumps({"x": draw(scattered)})],
        "error": {"class": "business", "problem": draw(scattered)},
        "wire": [
            {
                "request": {
                    "method": "GET",
                    "path": f"/c/{name}?mail={mail}",
                    "body": {"text": f"<r p='{mail}'>{name}</r>"},
                },
                "response": {"status": 200, "body": {"json": draw(trees)}},
            }
        ],
    }
    return given_, [name, mail, password, SECRET]


@settings(max_examples=12, deadline=None, derandomize=True)
@given(exchanges())
def test_nothing_that_is_masked_is_left_and_masking_again_changes_nothing(drawn: tuple[JSON, list[str]]) -> None:
    exchange, forbidden = drawn
    once = masker(OWN, SECRET).exchange(exchange)
    text = json.dumps(once, ensure_ascii=False)
    assert [each for each in forbidden if each in text] == []
    assert masker(OWN, SECRET).exchange(once) == once


@pytest.mark.parametrize("text", ["x" * 200_000, "a@" * 100_000, "ES91 " * 40_000, "+1 " * 60_000])
def test_no_text_makes_the_search_go_back_and_forth(text: str) -> None:
    # Hours when a detector takes time that is quadratic in the text.
    spans = Rules().spans(text)
    assert all(start < end for start, end in spans)
