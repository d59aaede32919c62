"""What is wrong with a field, said to the person who fills it in: short, without the field's name, in their language.

The sentences of validation name the property, because they also stand in logs and answers to programs. Beside the
field, where the property's name means nothing to anybody, these are shorter.
"""

import re
from collections.abc import Sequence

from api.i18n import Language
from api.sentences import said


def message(text: str) -> str:
    """Mark text for translation where it is written."""
    return text


# The first that fits is used; `%(it)s` is what the pattern found.
short_forms: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern, re.DOTALL), text)
    for pattern, text in (
        (r"(?:needs `.*`|is missing|must not be empty)\.", message("Please fill this in.")),
        (r"must be at least (.+?)\.$", message("It must be at least %(it)s.")),
        (r"must be at most (.+?)\.$", message("It must be at most %(it)s.")),
        (r"must be more than (.+?)\.$", message("It must be more than %(it)s.")),
        (r"must be less than (.+?)\.$", message("It must be less than %(it)s.")),
        (r"must be a multiple of (.+?)\.$", message("It must be a multiple of %(it)s.")),
        (r"needs at least (\d+) characters", message("It needs at least %(it)s characters.")),
        (r"may have at most (\d+) characters", message("It may have at most %(it)s characters.")),
        (r"needs at least (\d+) entries", message("It needs at least %(it)s lines.")),
        (r"may have at most (\d+) entries", message("It may have at most %(it)s lines.")),
        (r"holds the same entry twice", message("The same line is there twice.")),
        (r"must be a whole number", message("It must be a whole number.")),
        (r"must be a number", message("It must be a number.")),
        (r"must be a phone number", message("It must be a phone number such as 915 55 01 23.")),
        (r"must be a (?:Spanish )?tax number .*check digit", message("The check digit of this tax number is wrong.")),
        (r"must be a tax number of Mexico", message("This is not a tax number of Mexico (RFC).")),
        (r"must be a VAT number", message("This is not a VAT number of the European Union.")),
        (r"The task has (\d+) files already", message("The task has %(it)s files already.")),
        (r"^The file is empty", message("The file is empty.")),
        (r"^This is not a field for files", message("This is not a field for files.")),
        (r"^The virus scanner refuses", message("The virus scanner refuses this file.")),
        (r"^The virus scanner does not", message("The virus scanner does not answer.")),
        (r"^The virus scanner could", message("The virus scanner could not look at the file.")),
        (r"must be an attached file", message("Attach the file once more.")),
        (r"file must be one of (.+?), by its", message("This kind of file cannot be attached here; possible: %(it)s.")),
        (r"file may have at most (.+?) bytes", message("The file may have at most %(it)s bytes.")),
        (r"must be (?:a moment|.*date.*time)", message("It must be a date with a time.")),
        (r"must be a time such as", message("It must be a time such as 10:30.")),
        (r"must be .*date", message("It must be a date.")),
        (r"must be .*e-?mail", message("It must be an e-mail address.")),
        (r"must be an address such as (\S+?)\.$", message("It must be an address such as %(it)s.")),
        (r"does not have the form that is asked for", message("It does not have the form that is asked for.")),
        (r"must be true", message("This has to be ticked.")),
        (r"must be a (?:map|list), not text", message("It must be written as JSON.")),
        (r"must be (?:one of|\S+ or) ", message("Choose one of the answers offered.")),
        (r"is not a property of", message("This field is not part of the form.")),
    )
)


def short(sentence: str, lang: Language) -> str:
    """Return the sentence for beside the field."""
    for pattern, text in short_forms:
        if found := pattern.search(sentence):
            it = found[1] if found.groups() else ""
            return lang.gettext(text) % {"it": it} if it else lang.gettext(text)
    plain = said(sentence, lang)
    return plain[:1].upper() + plain[1:]
