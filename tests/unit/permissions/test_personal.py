"""What is personal is covered, and comes back as it was where it belongs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.errors import InputError
from cauce.personal import Veil, is_cover, names_in, names_of_bundle, names_of_form

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "x-personal": True},
        "age": {"type": "integer", "x-personal": True},
        "note": {"type": "string"},
        "contacts": {"type": "array", "items": {"type": "object", "properties": {"email": {"x-personal": True}}}},
        "phones": {"type": "array", "items": {"type": "string", "x-personal": True}},
        "home": {"type": "object", "x-personal": True, "properties": {"street": {"type": "string"}}},
    },
    "if": {"properties": {"age": {"minimum": 18}}},
    "then": {"properties": {"card": {"x-personal": True}}},
}
NAMES = names_in(SCHEMA)


def test_marked_names_are_found_at_any_depth() -> None:
    assert frozenset({"name", "age", "email", "phones", "home", "card"}) == NAMES
    assert names_of_form({"schema": SCHEMA, "personal": ["taxId"]}) == NAMES | {"taxId"}
    bundle = {"document": {"input": {"schema": {"properties": {"iban": {"x-personal": True}}}}}, "forms": {}}
    assert names_of_bundle(bundle) == {"iban"}
    assert names_of_bundle(None) == frozenset()


def test_values_under_marked_names_are_covered_and_the_same_texts_elsewhere() -> None:
    data = {
        "customer": {"name": "Begoña Ibarra", "age": 51, "since": 2021},
        "contacts": [{"email": "b@example.com"}, {"email": "b@example.com"}],
        "phones": ["+34 600", None],
        "home": {"street": "Mayor 1", "since": 1990},
        "note": "Begoña Ibarra rang",
    }
    covered, title = Veil(NAMES).cover(data, "Call Begoña Ibarra")
    assert covered == {
        "customer": {"name": "••••1", "age": "••••2", "since": 2021},
        "contacts": [{"email": "••••3"}, {"email": "••••3"}],
        "phones": ["••••4", None],
        "home": {"street": "••••5", "since": "••••6"},
        "note": "••••1 rang",
    }
    assert title == "Call ••••1"


def test_an_answer_gets_the_values_again() -> None:
    veil = Veil(NAMES)
    veil.cover({"name": "Begoña", "age": 51, "contacts": [{"email": "a@x"}, {"email": "b@x"}]})
    # The first line was removed, the name stayed, the age was typed anew.
    answer = {"name": "••••1", "age": 52, "contacts": [{"email": "••••4"}], "note": "ok"}
    assert veil.uncover(answer) == {"name": "Begoña", "age": 52, "contacts": [{"email": "b@x"}], "note": "ok"}


@pytest.mark.parametrize("answer", [{"note": "••••1"}, {"name": "••••9"}, {"contacts": ["••••1"]}])
def test_a_cover_is_no_way_to_read_a_value(answer: object) -> None:
    veil = Veil(NAMES)
    veil.cover({"name": "Begoña"})
    with pytest.raises(InputError, match="What is covered can only stay where it stands"):
        veil.uncover(answer)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abcdef é", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "note", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(plain)
def test_what_is_covered_and_uncovered_is_what_it_was(data: object) -> None:
    veil = Veil(frozenset({"name"}))
    (covered,) = veil.cover({"name": data})
    assert veil.uncover(covered) == {"name": data}
    leaves = [covered["name"]]
    while leaves:
        leaf = leaves.pop()
        if isinstance(leaf, dict | list):
            leaves += leaf.values() if isinstance(leaf, dict) else leaf
        else:
            assert leaf in (None, "") or is_cover(leaf)
