"""Tax numbers of countries: what each is called, whether one is right, and the form in which it is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from stdnum.ar import cuit
from stdnum.cl import rut as cl_rut
from stdnum.co import nit
from stdnum.ec import ruc as ec_ruc
from stdnum.es import nif
from stdnum.eu import vat
from stdnum.mx import rfc
from stdnum.pe import ruc as pe_ruc
from stdnum.pt import nif as pt_nif
from stdnum.uy import rut as uy_rut


@dataclass(frozen=True, slots=True)
class TaxNumber:
    """One kind of tax number; `sentence` ends what must be, `compact` drops dots, dashes and spaces."""

    sentence: str
    is_valid: Callable[[str], bool]
    compact: Callable[[str], str]

    def kept(self, text: str) -> str:
        """Return a right number as it is kept, and a wrong one as it is."""
        return self.compact(text) if self.is_valid(text) else text


def _of(country: str, example: str) -> str:
    return f"a tax number of {country} such as {example}, with the right check digit"


TAX_NUMBERS: Final[Mapping[str, TaxNumber]] = {
    "nif": TaxNumber("a Spanish tax number such as B12345674, with the right check digit", nif.is_valid, nif.compact),
    "eu-vat": TaxNumber("a VAT number of the European Union such as ESB12345674", vat.is_valid, vat.compact),
    "ar-cuit": TaxNumber(_of("Argentina (CUIT)", "20-05536168-2"), cuit.is_valid, cuit.compact),
    "cl-rut": TaxNumber(_of("Chile (RUT)", "76.086.428-5"), cl_rut.is_valid, cl_rut.compact),
    "co-nit": TaxNumber(_of("Colombia (NIT)", "213.123.432-1"), nit.is_valid, nit.compact),
    "ec-ruc": TaxNumber(_of("Ecuador (RUC)", "1792060346001"), ec_ruc.is_valid, ec_ruc.compact),
    # Its form and its date: of those in use, one in seventy has a check digit that does not fit.
    "mx-rfc": TaxNumber("a tax number of Mexico (RFC) such as MAB9307148T4", rfc.is_valid, rfc.compact),
    "pe-ruc": TaxNumber(_of("Peru (RUC)", "20512333797"), pe_ruc.is_valid, pe_ruc.compact),
    "pt-nif": TaxNumber(_of("Portugal (NIF)", "501964843"), pt_nif.is_valid, pt_nif.compact),
    "uy-rut": TaxNumber(_of("Uruguay (RUT)", "211003420017"), uy_rut.is_valid, uy_rut.compact),
}
