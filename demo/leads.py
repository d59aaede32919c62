"""Reads files of leads: the demo company's own, and the public CRM opportunities as they are found.

No row is dropped silently: it becomes a lead or a `Rejected` with its line and the reason, and what had to be mended
to make it a lead is in the lead's `repairs`.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from cauce.errors import InputError, NotFoundError
from demo import crm, taxids
from demo.lead import AUTHORITY_POINTS, HORIZON_POINTS, LOSS_REASONS, Course, Lead, Rejected, RowError, Signals

SAMPLE = Path(__file__).parent / "leads" / "leads-es.csv"

SIGNALS = ("asked_for_offer", "visited_pricing", "campaign", "referral", "bad_debt", "rival")
COLUMNS = (
    "id", "received_at", "source", "company", "tax_id", "sector", "employees", "contact", "email", "phone",
    "street", "postcode", "town", "area", "need", "horizon", "budget", "decision_role", "sku", "quantity",
    "discount_pct", "requested_date", *SIGNALS, "competitor", "course", "loss_reason",
)  # fmt: skip
BUDGETS = ("<10k", "10k-50k", "50k-250k", ">250k")
LARGEST_QUANTITY = 1_000_000


def read_leads(path: Path, limit: int | None = None) -> tuple[list[Lead], list[Rejected]]:
    """Read a file of leads, of either kind by its header; `limit` counts rows, good and bad."""
    leads: list[Lead] = []
    rejected: list[Rejected] = []
    seen: dict[str, int] = {}
    for count, (line, row, reader) in enumerate(_rows(path)):
        if limit is not None and count >= limit:
            break
        try:
            lead = reader(row, line)
        except RowError as error:
            rejected.append(Rejected(line, str(error)))
            continue
        if (before := seen.setdefault(lead.id, line)) != line:
            rejected.append(Rejected(line, f"The id '{lead.id}' is on line {before} already."))
        else:
            leads.append(lead)
    return leads, rejected


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str], crm.Reader]]:
    """Yield each row with its line and what reads it."""
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise NotFoundError(f"The file of leads {path} cannot be opened: {error.strerror}.") from error
    with file:
        rows = csv.DictReader(file, restkey="", restval="")
        try:
            reader = _reader(path, rows.fieldnames or ())
            for row in rows:
                yield rows.line_num, row, reader
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError(
                f"{path} cannot be read after line {rows.line_num}.", hint="It must be a CSV file in UTF-8."
            ) from error


def _reader(path: Path, header: Sequence[str]) -> crm.Reader:
    """Return what reads the rows of a file with that header."""
    if set(COLUMNS) <= set(header):
        return _own_lead
    if set(crm.COLUMNS) <= set(header):
        return crm.Accounts.beside(path).lead
    raise InputError(
        f"{path} is not a file of leads: its header is neither of the two known.",
        hint=f"It needs the columns {', '.join(COLUMNS)}; or {', '.join(crm.COLUMNS)}.",
    )


def _own_lead(row: Mapping[str, str], line: int) -> Lead:
    """Read a row of our own format."""
    text = {column: row[column].strip() for column in COLUMNS}
    for column in ("id", "company", "contact", "sku"):
        if not text[column]:
            raise RowError(f"The column '{column}' is blank.")
    tax_id = re.sub(r"[\s.-]", "", text["tax_id"]).upper()
    if not taxids.is_valid(tax_id):
        raise RowError(f"'{text['tax_id']}' is not a valid tax identifier.")
    repairs = () if tax_id == text["tax_id"] else (f"tax_id '{text['tax_id']}' read as '{tax_id}'",)
    if not text["email"] and not text["phone"]:
        raise RowError("There is neither an e-mail address nor a telephone number.")
    return Lead(
        id=text["id"], source=text["source"], company=text["company"], sector=text["sector"], contact=text["contact"],
        email=text["email"], phone=text["phone"], street=text["street"], postcode=text["postcode"], town=text["town"],
        area=text["area"], need=text["need"], sku=text["sku"], competitor=text["competitor"],
        received_at=_moment(text["received_at"]),
        tax_id=tax_id,
        employees=_whole("employees", text["employees"], 0),
        horizon=_one_of("horizon", text["horizon"], HORIZON_POINTS),
        budget=_one_of("budget", text["budget"], BUDGETS),
        decision_role=_one_of("decision_role", text["decision_role"], AUTHORITY_POINTS),
        quantity=_whole("quantity", text["quantity"], 1),
        discount_pct=_percent(text["discount_pct"]),
        requested_date=_day(text["requested_date"]),
        signals=Signals(**{name: _one_of(name, text[name], ("yes", "no")) == "yes" for name in SIGNALS}),
        course=Course(_one_of("course", text["course"], [str(course) for course in Course])),
        loss_reason=_one_of("loss_reason", text["loss_reason"], ("", *LOSS_REASONS)),
        line=line,
        repairs=repairs,
    )  # fmt: skip


def _one_of(column: str, value: str, choices: Mapping[str, int] | tuple[str, ...] | list[str]) -> str:
    if value not in choices:
        raise RowError(f"The column '{column}' is '{value}'; it may be {', '.join(filter(None, choices))}.")
    return value


def _whole(column: str, value: str, least: int) -> int:
    if not re.fullmatch(r"\d{1,7}", value) or not least <= int(value) <= LARGEST_QUANTITY:
        raise RowError(f"The column '{column}' is '{value}', not a whole number from {least} to {LARGEST_QUANTITY}.")
    return int(value)


def _percent(value: str) -> Decimal:
    try:
        number = Decimal(value or "0")
    except InvalidOperation:
        number = Decimal(-1)
    if not (number.is_finite() and 0 <= number <= 100):  # noqa: PLR2004 - per cent
        raise RowError(f"The column 'discount_pct' is '{value}', not a number from 0 to 100.")
    return number


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise RowError(f"The column 'requested_date' is '{value}', not a date as 2026-11-30.") from None


def _moment(value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise RowError(f"The column 'received_at' is '{value}', not a moment as 2026-11-02T09:30:00Z.")
    return value
