"""Tables of people: who may use the hub, and the customers it knows."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import JSON, Base, utc_now


class User(Base):
    """An account; `subject` is who its person is at the OpenID provider.

    `password_to_change` says that somebody else made the password and knows it. Wrong passwords from browsers on which
    the person was logged in before are counted as `known`, by themselves.
    """

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(primary_key=True)
    full_name: Mapped[str] = mapped_column(default="")
    password_hash: Mapped[str]
    password_to_change: Mapped[bool] = mapped_column(default=False)
    roles: Mapped[list[str]]
    groups: Mapped[list[str]]
    locale: Mapped[str] = mapped_column(default="en")
    active: Mapped[bool] = mapped_column(default=True)
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    known_failed_logins: Mapped[int] = mapped_column(default=0)
    known_locked_until: Mapped[datetime | None]
    subject: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ApiToken(Base):
    """A token for programs, known by the SHA-256 of itself; no scopes means all that its user may do."""

    __tablename__ = "api_tokens"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(default="")
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime | None]
    last_used: Mapped[datetime | None]


class Customer(Base):
    """A customer in the hub's own master; `data` holds what has no column."""

    __tablename__ = "customers"
    __table_args__ = (Index("ix_customers_name", "name"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tax_id: Mapped[str | None] = mapped_column(unique=True)
    erp_id: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column(index=True)
    phone: Mapped[str | None] = mapped_column(index=True)
    data: Mapped[dict[str, JSON]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class Interaction(Base):
    """One entry of a customer's timeline."""

    __tablename__ = "interactions"
    __table_args__ = (Index("ix_interactions_timeline", "customer", "at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    customer: Mapped[str] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    kind: Mapped[str]
    summary: Mapped[str]
    instance: Mapped[str | None]
    by: Mapped[str | None]
    data: Mapped[JSON | None]
