"""Reads the public "CRM sales opportunities": 8,800 real rows of opportunities, as dirty as they are found.

The stage a row ended in decides what the scripted staff does, so that the totals can be compared: as many orders as
`Won` rows, of the same amount; `Lost` rows lost with a reason; `Engaging` left open; `Prospecting` nurtured.
"""

import csv
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from statistics import median_low
from typing import Self

from cauce.errors import InputError
from demo import taxids
from demo.lead import Course, Lead, RowError, Signals
from demo.spain import Dice, person, phone, slug

COLUMNS = (
    "opportunity_id", "sales_agent", "product", "account", "deal_stage", "engage_date", "close_date", "close_value",
)  # fmt: skip
SECTORS = (
    "employment", "entertainment", "finance", "marketing", "medical", "retail", "services", "software", "technology",
    "telecommunications",
)  # fmt: skip
STAGES = {
    "Won": Course.WON, "Lost": Course.LOST_ANSWER, "Engaging": Course.OPEN, "Prospecting": Course.NURTURE,
}  # fmt: skip
REASONS = ("price", "price", "competitor", "lead-time", "no-budget", "no-decision", "functionality")
INTERESTED = Signals(asked_for_offer=True, visited_pricing=True, campaign=True, referral=True)
CURIOUS = Signals(visited_pricing=True, campaign=True)

# Prospecting rows have no date yet.
UNDATED = "2017-12-31"
BUDGETS = ((10_000, "<10k"), (50_000, "10k-50k"), (250_000, "50k-250k"))

AMOUNT = r"\d{1,9}(\.\d{1,2})?"

Reader = Callable[[Mapping[str, str], int], Lead]


@dataclass(frozen=True, slots=True)
class Account:
    """A company of that data set."""

    name: str
    sector: str = ""
    employees: int = 0

    @property
    def tax_id(self) -> str:
        """An invented but valid tax identifier, always the same for the same name."""
        digest = hashlib.sha256(self.name.casefold().encode()).digest()
        return taxids.entity_nif("N", int.from_bytes(digest[:8], "big") % 10**7)

    @property
    def email(self) -> str:
        """An address where nobody is."""
        return f"compras@{slug(self.name)}.example"


@dataclass(frozen=True, slots=True)
class Product:
    """A product of that data set, with the number that the ERP knows it by."""

    name: str
    price: Decimal

    @property
    def sku(self) -> str:
        """Its number in the ERP: `GTX Plus Basic` is `GTX-PLUS-BASIC`."""
        return re.sub(r"[^A-Z0-9]+", "-", self.name.upper()).strip("-")


@dataclass(frozen=True, slots=True)
class Accounts:
    """The companies and products a file of opportunities is about, by their normalised names."""

    accounts: Mapping[str, Account]
    products: Mapping[str, Product]

    @classmethod
    def beside(cls, path: Path) -> Self:
        """Read `accounts.csv` and `products.csv` beside a file of opportunities, or learn them from the file itself."""
        accounts = [
            Account(row["account"].strip(), row["sector"].strip(), int(row["employees"]))
            for row in _table(path.with_name("accounts.csv"), account=r".*\S.*", sector=r".*", employees=r"\d{1,9}")
        ]
        products = [
            Product(row["product"].strip(), Decimal(row["sales_price"]))
            for row in _table(path.with_name("products.csv"), product=r".*\S.*", sales_price=AMOUNT)
        ]
        if not accounts or not products:
            rows = _table(path)
            accounts = accounts or [Account(name) for name in _names(rows, "account")]
            products = products or [Product(name, _usual_price(rows, name)) for name in _names(rows, "product")]
        return cls({key(account.name): account for account in accounts}, {key(item.name): item for item in products})

    def lead(self, row: Mapping[str, str], line: int) -> Lead:
        """Read a row of the file; refuses, with the reason, what cannot be mended."""
        text = {column: row[column].strip() for column in COLUMNS}
        if not text["opportunity_id"]:
            raise RowError("The opportunity has no id.")
        if text["deal_stage"] not in STAGES:
            raise RowError(f"The deal stage '{text['deal_stage']}' is none of {', '.join(STAGES)}.")
        if not text["account"]:
            raise RowError("The account is blank.")
        account = self.accounts.get(key(text["account"]))
        if account is None:
            raise RowError(f"The account '{text['account']}' is not known.")
        product = self.products.get(key(text["product"]))
        if product is None:
            raise RowError(f"The product '{text['product']}' is not known.")
        return _lead(text, account, product, line)


def _lead(text: Mapping[str, str], account: Account, product: Product, line: int) -> Lead:
    """Put together the lead of a row whose account and product are known."""
    course = STAGES[text["deal_stage"]]
    engaged = _day("engage_date", text["engage_date"])
    closed = _day("close_date", text["close_date"])
    if engaged and closed and closed < engaged:
        raise RowError(f"It was closed on {closed}, before it was engaged on {engaged}.")
    value = _value(text, course)
    sector, repairs = _sector(account.sector)
    if text["product"] != product.name:
        repairs = (f"product '{text['product']}' read as '{product.name}'", *repairs)
    dice = Dice(account.name)
    interested = course is not Course.NURTURE
    return Lead(
        id=text["opportunity_id"],
        received_at=f"{engaged or UNDATED}T08:00:00Z",
        source="import",
        company=account.name,
        tax_id=account.tax_id,
        sector=sector,
        employees=account.employees,
        contact=person(dice),
        email=account.email,
        phone=phone(dice),
        need=f"{product.name}, {text['sales_agent']}",
        horizon="<1m" if interested else ">6m",
        budget=next((name for least, name in BUDGETS if (value or product.price) < least), ">250k"),
        decision_role="yes" if interested else "no",
        sku=product.sku,
        quantity=1,
        discount_pct=Decimal(0),
        requested_date=closed or engaged or UNDATED,
        signals=INTERESTED if interested else CURIOUS,
        course=course,
        price=value if course is Course.WON else None,
        loss_reason=Dice(text["opportunity_id"]).pick(REASONS) if course is Course.LOST_ANSWER else "",
        line=line,
        repairs=repairs,
    )


def is_crm_file(path: Path) -> bool:
    """Say whether a file is one of opportunities, by its header."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return set(COLUMNS) <= set(next(csv.reader(file), []))
    except (OSError, UnicodeDecodeError):
        return False


def key(name: str) -> str:
    """Return a name as it is compared: without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _sector(name: str) -> tuple[str, tuple[str, ...]]:
    if not name or name in SECTORS:
        return name, ()
    near = get_close_matches(name.casefold(), SECTORS, n=1, cutoff=0.8)
    return (near[0], (f"sector '{name}' read as '{near[0]}'",)) if near else (name, ())


def _day(column: str, value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat() if value else ""
    except ValueError:
        raise RowError(f"The column '{column}' is '{value}', not a date.") from None


def _value(text: Mapping[str, str], course: Course) -> Decimal | None:
    """Return the value a deal was closed with; what is won needs one above 0."""
    if not text["close_value"]:
        if course is Course.WON:
            raise RowError("It is won but has no value.")
        return None
    if not re.fullmatch(AMOUNT, text["close_value"]):
        raise RowError(f"The value '{text['close_value']}' is not an amount.")
    value = Decimal(text["close_value"])
    if course is Course.WON and value == 0:
        raise RowError("It is won for nothing.")
    return value


def _table(path: Path, **columns: str) -> list[dict[str, str]]:
    """Read a CSV file whose columns must look as the patterns say; one that is not there has no rows."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, restkey="", restval="")
        table = []
        for row in rows:
            for column, pattern in columns.items():
                if not re.fullmatch(pattern, row.get(column, "")):
                    raise InputError(f"{path}, line {rows.line_num}: the column '{column}' is not as it should be.")
            table.append(row)
        return table


def _names(rows: list[dict[str, str]], column: str) -> list[str]:
    """Return the names in a column, each in its most readable spelling."""
    best: dict[str, str] = {}
    for name in sorted({row[column].strip() for row in rows} - {""}, key=len, reverse=True):
        best.setdefault(key(name), name)
    return sorted(best.values())


def _usual_price(rows: list[dict[str, str]], product: str) -> Decimal:
    """Return the price in the middle of what a product was sold for."""
    sold = [
        Decimal(row["close_value"])
        for row in rows
        if key(row["product"]) == key(product)
        and re.fullmatch(AMOUNT, row["close_value"])
        and float(row["close_value"])
    ]
    return median_low(sold) if sold else Decimal(100)
