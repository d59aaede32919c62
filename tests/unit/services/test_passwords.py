import pytest

from cauce.errors import InputError
from cauce.services.access import passwords

SHORT, LONG = "The password is too short.", "The password is too long."
NAMED, COMMON = "The password contains the name.", "The password is one of those that are tried first."


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("quiet harbour lamp", ""),
        ("ñandú-por-la-pampa", ""),
        ("x7!" * 4, COMMON),  # three signs are soon tried
        ("nine-char", SHORT),
        ("long" + "a-b-c-d-e-" * 20, LONG),
        ("ruiz-goes-home", NAMED),
        ("I-am-ANA-today", NAMED),
        ("password123!", COMMON),
        ("P@ssw0rd2026", COMMON),
        ("Contraseña1!", COMMON),
        ("bienvenidobienvenido", COMMON),
        ("1234567890", COMMON),
        ("abcdefghijkl", COMMON),
        ("4321qwerasdf", COMMON),
    ],
)
def test_a_password_is_judged(password: str, problem: str) -> None:
    assert passwords.problem_with(password, ("ana", "Ana Ruiz"), 10) == problem


def test_who_breaks_a_rule_is_told_all_of_them() -> None:
    with pytest.raises(InputError) as caught:
        passwords.check("short", ("ana",), 12)
    assert caught.value.errors == ({"pointer": "/password", "problem": SHORT},)
    assert "At least 12 characters" in caught.value.hint
    passwords.check(passwords.made(("ana",), 12), ("ana",), 12)
