"""The table of cases: what customers came with, and whether it is settled."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document


class Case(Base):
    """One case of a customer, under the code that the customer is told.

    `reference` is what it was opened for, so that this opens it once. `open_key` (kind, customer and subject) is there
    only while the case is open: no two open cases have the same.
    """

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("series", "number"),
        UniqueConstraint("reference"),
        UniqueConstraint("open_key"),
        Index("ix_cases_customer", "customer", "kind", "opened_at"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    series: Mapped[str]
    number: Mapped[int]
    customer: Mapped[str]
    subject: Mapped[str]
    reference: Mapped[str]
    open_key: Mapped[str | None]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    data: Mapped[Document | None]
