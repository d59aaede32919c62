"""What is said of evidence: kept with code and values, and read in either language."""

import pytest

from api.i18n import language
from api.pages.roadmaps.evidence_words import sentence
from cauce.evidence_words import SENTENCES, worded


@pytest.mark.parametrize("code", sorted(set(SENTENCES) - {"not-reckoned"}))
def test_every_sentence_is_there_in_both_languages_with_the_same_values(code: str) -> None:
    written = SENTENCES[code]
    translated = language("es").gettext(written)
    assert translated != written
    names = {part.partition(")")[0] for part in written.split("%(")[1:]}
    assert {part.partition(")")[0] for part in translated.split("%(")[1:]} == names


def test_evidence_is_read_in_the_language_of_the_reader() -> None:
    lag = worded("sync-ended", of="customers", hours=1234.5)
    assert lag["text"] == "the sync customers ended 1234.5 hours ago"
    assert sentence(language("es"), lag) == "la sincronización customers terminó hace 1.234,50 horas"
    file = worded("file-there", title={"en": "Business case", "es": "Caso de negocio"})
    assert file["text"] == "the file “Business case” is there"
    assert sentence(language("es"), file) == "el fichero «Caso de negocio» está"
    reason = worded("not-reckoned", reason="Nothing was planned to be spent so far.")
    assert sentence(language("es"), reason) != reason["text"]
    missing = worded("not-certified", of="erp", missing=["orders", "prices"])
    assert sentence(language("en"), missing) == missing["text"] == "erp is not certified for orders, prices"


def test_what_was_kept_before_there_were_codes_is_shown_as_it_is() -> None:
    assert sentence(language("es"), {"text": "erp is certified"}) == "erp is certified"
    assert sentence(language("es"), {"text": "of later", "code": "later", "values": {}}) == "of later"
