"""What a password must be, and why one is refused.

The rules are few, because long lists of them make people write passwords down: long enough, not made of the name of
the account, and none of those that are tried first by whoever guesses.
"""

import re
import secrets
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from cauce.errors import InputError

longest: Final = 200
_shortest_part: Final = 3
_fewest_characters: Final = 5
_runs: Final = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_LETTERS: Final = str.maketrans("@4310$57!", "aaeiossti")


def rules(least: int) -> tuple[str, ...]:
    """Return the rules, a sentence each, for whoever types a password."""
    return (
        f"At least {least} characters, and at most {longest}.",
        "It does not contain your name.",
        "It is none of the passwords that everybody tries first, and no row of letters or digits.",
    )


def problem_with(password: str, names: Sequence[str], least: int) -> str:
    """Return why a password is refused for somebody of these names; nothing when it is good."""
    if len(password) < least:
        return "The password is too short."
    if len(password) > longest:
        return "The password is too long."
    plain = password.casefold()
    parts = {part for name in names for part in (name.casefold(), *re.split(r"[\W_]+", name.casefold()))}
    if any(len(part) >= _shortest_part and part in plain for part in parts):
        return "The password contains the name."
    return "The password is one of those that are tried first." if _is_guessed(plain) else ""


def check(password: str, names: Sequence[str], least: int) -> None:
    """Raise InputError for a password that breaks a rule."""
    if problem := problem_with(password, names, least):
        raise InputError(problem, hint=" ".join(rules(least)), errors=[{"pointer": "/password", "problem": problem}])


def made(names: Sequence[str], least: int) -> str:
    """Return a new password that nobody can guess and that keeps the rules."""
    while True:
        password = secrets.token_urlsafe(max(12, least))
        if not problem_with(password, names, least):
            return password


def _is_guessed(plain: str) -> bool:
    """Tell whether a password is a common one, also with other signs for its letters and some at its ends."""
    if len(set(plain)) < _fewest_characters:
        return True
    cores = {plain, re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)}
    spellings = cores | {each.translate(_LETTERS) for each in cores}
    halves = {each[: len(each) // 2] for each in spellings if each[: len(each) // 2] * 2 == each}
    return bool((spellings | halves) & _common()) or _is_run(plain)


def _is_run(plain: str) -> bool:
    """Tell whether a password consists of rows of the keyboard or the alphabet, up or down."""
    return all(
        any(part in row or part in row[::-1] for row in _runs) for part in re.findall(r".{1,4}", plain) if len(part) > 1
    )


@cache
def _common() -> frozenset[str]:
    text = files("cauce.services.access").joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.split())
