"""What the core says is read in Spanish on pages, also with names and numbers in it."""

import re

import pytest
from babel.messages.pofile import read_po

from api.i18n import Language
from api.pages.code_words import coded
from api.pages.trail_words import acts
from api.sentences import said
from cauce.roadmaps import UPDATES
from tests.integration.api.conftest import Browser
from tools import sentences

spanish = Language("es")


def test_all_that_people_read_has_its_spanish() -> None:
    with sentences.CATALOGUE.open("rb") as file:
        catalogue = read_po(file)
    assert [errors for _, errors in catalogue.check()] == [], "set-up compiles it"
    core = sentences.said_by_the_core()
    lacking = {where: text for text, where in (core | sentences.said_by_pages()).items() if text not in catalogue}
    assert lacking == {}, "`make words` adds them to the catalogue; their Spanish is written there"
    places = sentences.PLACE.findall
    found = {str(each.id): str(each.string) for each in catalogue if places(str(each.id))}
    assert set(found) <= set(core), "`make words` takes out what nobody says any more"
    assert {text: says for text, says in found.items() if set(places(text)) != set(places(says))} == {}


def test_each_sentence_is_found_again_with_names_in_it() -> None:
    with sentences.CATALOGUE.open("rb") as file:
        catalogue = read_po(file)

    def filled(text: str) -> str:
        return sentences.PLACE.sub(lambda place: f"v{place[0][1]}", text)

    # Two sentences that differ in nothing but where a place ends are one for whoever hears them.
    known = [(str(each.id), str(each.string)) for each in catalogue if sentences.PLACE.search(str(each.id))]
    assert [text for text, says in known if said(filled(text), spanish) != filled(says)] == []


def test_sentences_are_read_out_of_the_source() -> None:
    source = '''
raise NotFoundError(f"There is no {kind} '{name}'{near}{more}.", hint="Look." if near else f"Known are {names}.")
raise ValueError("A bug is not said to people.")
actor.require("see the accounts", "staff")
hint = near or "Ask an admin."
raise InputError(f"{title}: {problem}")
raise InputError(f"It holds {'one event' if one else 'a list of events'}.")
def reason() -> str:
    """Tell why it does not go."""
    log.warning("Nobody reads what is logged.")
    return "It takes too long."
'''
    assert {text for _, text in sentences.sentences(source)} == {
        "There is no {1} '{2}'{3}.",
        "Look.",
        "Known are {1}.",
        "see the accounts",
        "Ask an admin.",
        "It holds {1}.",
        "one event",
        "a list of events",
        "It takes too long.",
    }


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ("There is no task {1} 100%.", "No existe la tarea {1} 100%."),
        ("'ana' may not see the accounts.", "«ana» no puede ver las cuentas."),
        ("'ana' may not fly.", "«ana» no puede fly."),
        ("There is no account 'open'.", "No existe la cuenta «open»."),
        ("The task is completed.", "La tarea está así: completada."),
        (
            "There is no form `lead`; did you mean `leads`?",
            "No existe el formulario `lead`; ¿quería decir `leads`?",
        ),
        ("The sky is blue and grey.", "The sky is blue and grey."),
        (
            "The profile cannot be changed: It is a number from 0 to 10; 1 is usual.",
            "No se puede cambiar el perfil: Es un número de 0 a 10; lo normal es 1.",
        ),
        ("Line 3 of x.csv: There is no gate `a`. Look.", "Line 3 of x.csv: No existe la puerta `a`. Look."),
        ("Nobody has ever said that.", "Nobody has ever said that."),
        ("", ""),
    ],
)
def test_what_is_in_a_sentence_stays_in_it(sentence: str, says: str) -> None:
    assert said(sentence, spanish) == says
    assert said(sentence, Language("en")) == sentence


async def test_pages_that_refuse_something_do_so_in_spanish(ana: Browser) -> None:
    for address, says in (
        ("/tasks/<b>", "No existe la tarea &lt;b&gt;."),
        ("/people", "«ana» no puede ver los perfiles de las personas."),
        ("/start/none", "Ningún formulario inicia `none`."),
    ):
        assert says in (await ana.get(address, headers={"accept-language": "es"})).text


def test_codes_in_data_have_words_where_their_name_says_what_they_are() -> None:
    assert [coded(name, "gold", spanish) for name in ("tier", "name")] == ["oro", "gold"]
    assert coded("roles", ["staff", "pilot"], spanish) == ["personal", "pilot"]
    assert coded("tier", {"gold": 1}, spanish) == {"gold": 1}


def test_what_the_audit_trail_notes_has_words() -> None:
    source = "\n".join(
        file.read_text(encoding="utf-8")
        for folder in ("activities", "cauce/services", "cauce/store")
        for file in (sentences.ROOT / folder).rglob("*.py")
    )
    noted = set(re.findall(rf'"((?:{"|".join({each.partition(".")[0] for each in acts})})\.[a-z-]+)"', source))
    noted |= {f"roadmap.{each}" for each in UPDATES.values()}
    files = {each for each in noted if each.endswith((".yaml", ".json", ".pdf", ".key"))}
    assert noted - files - {"roadmap.select-vendor"} - set(acts) == set()
