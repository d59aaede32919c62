"""What is said of a piece of evidence: a sentence by its code, with the values in it, for readers of any language.

Evidence is kept with the decision that rests on it, so codes and values are only ever added; the English sentence is
kept beside them.
"""

from collections.abc import Mapping
from typing import Any, Final

JSON = Any
SENTENCES: Final[Mapping[str, str]] = {
    "not-measured": "nothing in this installation measures %(fact)s",
    "not-asked": "%(fact)s is not asked for yet",
    "no-connection": "there is no connection %(of)s",
    "nothing-to-certify": "%(of)s implements no capability that it could be certified for",
    "certified": "%(of)s is certified",
    "not-certified": "%(of)s is not certified for %(missing)s",
    "dead-letters": "%(count)s dead letters are open",
    "dead-letters-of": "%(count)s dead letters are open of %(of)s",
    "sync-never": "the sync %(of)s has never run to its end",
    "sync-ended": "the sync %(of)s ended %(hours)s hours ago",
    "figure": "%(of)s is %(value)s in the register",
    "figure-measured": "%(of)s was %(value)s when it was measured on %(day)s",
    "figure-unknown": "the register of %(roadmap)s does not know %(of)s yet",
    "nothing-checked": "nothing that %(of)s takes over has been checked",
    "tests-nothing": "no process is published as %(of)s",
    "tests-not-run": "not tested as it is published now: %(names)s",
    "tests-red": "tests fail: %(names)s",
    "tests-green": "tests are green: %(names)s; %(cases)s cases, the oldest run on %(day)s",
    "not-reconciled": "both sides of the sync %(of)s have not been compared",
    "reconciled-before": "the sync %(of)s was compared at version %(version)s, and is published as %(now)s",
    "reconciled-long-ago": "the sync %(of)s was compared %(hours)s hours ago; that counts for %(most)s hours",
    "reconciled": "%(differences)s rows of %(of)s differ (%(source)s and %(target)s), compared %(hours)s hours ago",
    "regression-red": "red: %(codes)s",
    "regression-green": "green: %(codes)s",
    "signed": "signed by %(by)s",
    "not-signed": "%(who)s has not signed",
    "file-there": "the file “%(title)s” is there",
    "file-missing": "the file “%(title)s” is missing",
    "overspent": "spent is %(percent)s per cent more than planned",
    "underspent": "spent is %(percent)s per cent less than planned",
    "not-reckoned": "%(reason)s",
}


def worded(code: str, **values: JSON) -> dict[str, JSON]:
    """Return a sentence as evidence keeps it: {text, code, values}; lists are of names, texts may be in languages."""
    shown = {name: _english(value) for name, value in values.items()}
    return {"text": filled(SENTENCES[code], shown), "code": code, "values": values}


def filled(sentence: str, shown: Mapping[str, str]) -> str:
    """Return a sentence with values in the places of their names."""
    for name, text in shown.items():
        sentence = sentence.replace(f"%({name})s", text)
    return sentence


def _english(value: JSON) -> str:
    if isinstance(value, Mapping):
        return str(value.get("en") or next(iter(value.values()), ""))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
