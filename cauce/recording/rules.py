"""What of an exchange is masked, and what is taken out: what everybody wants, and what a connection's file adds."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2

from cauce.errors import DefinitionError

JSON = Any
Span = tuple[int, int]

# Fields that are taken out whatever a file says. The names are compared without case, `_`, `-` and accents.
_credentials: Final = frozenset(
    {
        *("password", "passwd", "passphrase", "pwd", "contrasena", "secret", "clientsecret", "privatekey", "pin"),
        *("apikey", "xapikey", "token", "accesstoken", "refreshtoken", "idtoken", "authtoken", "sessiontoken"),
        *("bearer", "authorization", "proxyauthorization", "cookie", "setcookie", "sessionid", "credentials"),
        *("usernametoken", "binarysecuritytoken", "signaturevalue", "assertion", "clientassertion", "nonce"),
    }
)
_credential_ends: Final = ("password", "secret", "apikey")
# Fields that hold personal data, by the detector that they belong to.
_fields: Final[Mapping[str, str]] = {
    **dict.fromkeys(("mail", "email", "correo", "emailaddress", "correoelectronico"), "mail"),
    **dict.fromkeys(("phone", "telephone", "telefono", "tel", "tlf", "mobile", "movil", "fax", "phonenumber"), "phone"),
    **dict.fromkeys(("nif", "cif", "nie", "dni", "vat", "vatid", "vatnumber", "taxid", "taxnumber"), "tax-id"),
    **dict.fromkeys(("iban", "bankaccount", "cuentabancaria"), "iban"),
    **dict.fromkeys(("cardnumber", "creditcard"), "card"),
}
_field_ends: Final = {"email": "mail", "phone": "phone", "telefono": "phone", "taxid": "tax-id", "iban": "iban"}
_countries: Final = "AT|BE|BG|CY|CZ|DE|DK|EE|EL|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|GB"
_detectors: Final[Mapping[str, re.Pattern[str]]] = {
    "mail": re.compile(r"(?<![\w.%+-])[\w.%+-]+@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    "phone": re.compile(
        r"(?<![\w.])(?:\+|00(?=3[3-9]|4\d))\d(?:[ .()/-]{0,2}\d){8,13}(?!\w)"
        r"|(?<![\w.,-])[6789]\d{2}(?:[ .-]?\d{3}){2}(?![\w-]|[.,]\d)"
        r"|(?<![\w.,-])[6789]\d{2}(?:[ .-]\d{2}){3}(?![\w-]|[.,]\d)"
    ),
    "tax-id": re.compile(
        r"(?<!\w)(?:ES)?(?:\d{8}-?[A-Za-z]|[XYZxyz]-?\d{7}-?[A-Za-z]|[A-HJNP-SUVWa-hjnp-suvw]-?\d{7}-?[0-9A-Ja-j])(?!\w)"
        rf"|(?<!\w)(?:{_countries})[0-9A-Z]?\d{{7,10}}[0-9A-Z]{{0,3}}(?!\w)"
    ),
    "iban": re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?(?!\w)"),
    "card": re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?!\w)"),
}
DETECTORS: Final = tuple(_detectors)
_digits: Final = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class Rules:
    """The masking rules of one connection."""

    fields: frozenset[str] = frozenset()
    paths: tuple[tuple[str, ...], ...] = ()
    texts: tuple[Any, ...] = ()
    keep: frozenset[str] = frozenset()

    def covers(self, path: Sequence[str]) -> bool:
        """Say whether what is at a path of names is to be masked as a whole."""
        if not path:
            return False
        name = plain(path[-1])
        detector = _fields.get(name) or next((each for end, each in _field_ends.items() if name.endswith(end)), "")
        if (detector and detector not in self.keep) or name in self.fields:
            return True
        names = tuple(map(plain, path[-8:]))
        return any(_ends_with(names, each) for each in self.paths)

    def spans(self, text: str) -> list[Span]:
        """Return the parts of a text that are to be masked, in order and without overlaps."""
        found = sorted(
            {
                *(
                    span
                    for name, each in _detectors.items()
                    if name not in self.keep
                    for span in _found(name, each, text)
                ),
                *(span for each in self.texts for span in _matches(each, text)),
            }
        )
        merged: list[Span] = []
        for start, end in found:
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged


def is_credential(name: str) -> bool:
    """Say whether a field of this name holds what nobody may keep."""
    bare = plain(name)
    return bare in _credentials or bare.endswith(_credential_ends)


def rules(document: Mapping[str, JSON], where: str = "") -> Rules:
    """Return the rules that the `record` of a connection's file adds to those that everybody wants."""
    given = document.get("mask") or ()
    try:
        texts = tuple(pattern(each["text"]) for each in given if "text" in each)
    except DefinitionError as error:
        raise DefinitionError(error.problem, hint=error.hint, where=where) from error
    return Rules(
        fields=frozenset(plain(each["field"]) for each in given if "field" in each),
        paths=tuple(path(each["path"]) for each in given if "path" in each),
        texts=texts,
        keep=frozenset(document.get("keep") or ()),
    )


@lru_cache(maxsize=256)
def pattern(text: str) -> Any:  # noqa: ANN401 - re2 has no types
    """Return a regular expression that takes no longer for a text that somebody made for it to take long."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        said = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise DefinitionError(
            f"This regular expression cannot be used: {said}.", hint="Look-around and back-references are not known."
        ) from error


def path(text: str) -> tuple[str, ...]:
    """Return the names of a path such as `Customer/Name`, `$.customer.name` or `//Customer/Name`."""
    names = re.split(r"[/.]+", re.sub(r"\[[^\]]*\]", "", text).lstrip("$"))
    return tuple(each if each == "*" else plain(each.partition(":")[2] or each) for each in names if each)


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return a name without case, accents, `_`, `-` and what stands before a colon."""
    bare = unicodedata.normalize("NFKD", name.rpartition(":")[2])
    return "".join(each for each in bare.lower() if each.isalnum())


def _ends_with(names: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    tail = names[-len(wanted) :]
    return len(tail) == len(wanted) and all(each in ("*", name) for each, name in zip(wanted, tail, strict=True))


def _found(name: str, detector: re.Pattern[str], text: str) -> Iterator[Span]:
    for match in detector.finditer(text):
        if name != "card" or _is_card(match[0]):
            yield match.span()


def _matches(expression: Any, text: str) -> Iterable[Span]:  # noqa: ANN401 - re2 has no types
    return (match.span() for match in expression.finditer(text) if match.end() > match.start())


def _is_card(text: str) -> bool:
    """Say whether the digits are those of a card: most long numbers are not, and stay readable."""
    digits = [int(each) for each in _digits.sub("", text)][::-1]
    return sum(each if place % 2 == 0 else sum(divmod(2 * each, 10)) for place, each in enumerate(digits)) % 10 == 0
