"""What the shipped definitions mark as personal: all that their documentation says."""

from pathlib import Path

import pytest

from cauce.personal import names_in
from schemas import load_file

DEFINITIONS = Path(__file__).resolve().parents[3] / "definitions"


@pytest.mark.parametrize(
    ("file", "marked"),
    [
        ("forms/register-complaint.yaml", {"name", "taxId", "email", "phone"}),
        ("forms/identify-customer.yaml", {"name", "taxId"}),
        ("forms/register-contact.yaml", {"contactPerson"}),
        ("forms/list-vendors.yaml", {"email"}),
        ("processes/complaint-intake.yaml", {"taxId", "email", "phone", "address"}),
        ("processes/complaint-to-resolution.yaml", {"taxId", "email", "phone", "address"}),
        ("processes/lead-to-order.yaml", {"taxId", "street", "email", "phone"}),
    ],
)
def test_what_is_personal_of_customers_is_marked(file: str, marked: set[str]) -> None:
    document = load_file(DEFINITIONS / file).data
    assert names_in(document.get("schema"), (document.get("input") or {}).get("schema")) == marked
