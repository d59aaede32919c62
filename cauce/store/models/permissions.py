"""Tables of permissions: what was granted to whom."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, utc_now


class GrantRow(Base):
    """That a person, group or role (`who`, `name`) may do `acts` at a `place`; `only` closes it to all others."""

    __tablename__ = "grants"
    __table_args__ = (UniqueConstraint("who", "name", "place", "of"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    who: Mapped[str]
    name: Mapped[str]
    acts: Mapped[list[str]]
    place: Mapped[str]
    of: Mapped[str]
    only: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(default="")
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)
