"""The tables of a roll-out's register: what outlives the processes that found it out."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document


class RegisterEntry(Base):
    """One thing of a roadmap (a requirement, a vendor, a change …) as it is now; `code` is its own within its kind.

    `roadmap` is the name and key of a run (`crm/2027`), and the name alone before there is any.
    """

    __tablename__ = "register_entries"
    __table_args__ = (
        UniqueConstraint("roadmap", "kind", "code"),
        Index("ix_register_entries_kind", "roadmap", "kind", "changed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    roadmap: Mapped[str]
    kind: Mapped[str]
    code: Mapped[str]
    title: Mapped[str]
    state: Mapped[str]
    data: Mapped[Document]
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class RegisterStep(Base):
    """That an entry came into a state, who brought it there, and what was noted then; rows are only added.

    `reference` is what a step was noted for, so that this notes it once.
    """

    __tablename__ = "register_steps"
    __table_args__ = (UniqueConstraint("reference"), Index("ix_register_steps_entry", "entry", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    entry: Mapped[int] = mapped_column(ForeignKey("register_entries.id", ondelete="CASCADE"))
    reference: Mapped[str]
    state: Mapped[str]
    by: Mapped[str]
    data: Mapped[Document]
    at: Mapped[datetime]
