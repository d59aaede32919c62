"""What the services say is read in Spanish on pages, also with names and numbers in it."""

import re
from pathlib import Path

import pytest

from api import sentences
from api.i18n import Language, catalogue
from tests.integration.api.conftest import Browser

ROOT = Path(__file__).resolve().parents[3]
PLACE = re.compile(r"%\((\w+)\)s")
spanish = Language("es")


def test_each_sentence_is_one_that_is_said_and_has_its_places_in_spanish() -> None:
    files = [
        file for folder in ("cauce", "api") for file in (ROOT / folder).rglob("*.py") if file.name != "sentences.py"
    ]
    source = "\n".join(file.read_text(encoding="utf-8") for file in files)
    for each in (*sentences.sentences, *sentences.acts):
        assert all(piece in source for piece in PLACE.split(each)[::2]), each
        translated = catalogue("es").gettext(each)
        assert translated != each
        assert set(PLACE.findall(translated)) == set(PLACE.findall(each))


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ("There is no task %(x)s 100%.", "No existe la tarea %(x)s 100%."),
        ("'ana' may not see the accounts.", "«ana» no puede ver las cuentas."),
        ("'ana' may not fly.", "«ana» no puede fly."),
        (
            "The profile cannot be changed: It is a number from 0 to 10; 1 is usual.",
            "No se puede cambiar el perfil: Es un número de 0 a 10; lo normal es 1.",
        ),
        ("Nobody has ever said that.", "Nobody has ever said that."),
        ("", ""),
    ],
)
def test_what_is_in_a_sentence_stays_in_it(sentence: str, says: str) -> None:
    assert sentences.said(sentence, spanish) == says
    assert sentences.said(sentence, Language("en")) == sentence


async def test_pages_that_refuse_something_do_so_in_spanish(ana: Browser) -> None:
    for address, says in (
        ("/tasks/<b>", "No existe la tarea &lt;b&gt;."),
        ("/people", "«ana» no puede ver los perfiles de las personas."),
        ("/start/none", "Ningún formulario inicia `none`."),
    ):
        assert says in (await ana.get(address, headers={"accept-language": "es"})).text
