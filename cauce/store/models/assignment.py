"""Tables of who is given which tasks: what people can do, when they are away, and whose turn it is."""

from datetime import date, datetime

from sqlalchemy import Double, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, utc_now


class PersonProfile(Base):
    """What somebody can do, for whom and where, and how much they take (1 is usual, 0 gets nothing by itself)."""

    __tablename__ = "person_profiles"

    user: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), primary_key=True)
    skills: Mapped[list[str]] = mapped_column(default=list)
    languages: Mapped[list[str]] = mapped_column(default=list)
    territories: Mapped[list[str]] = mapped_column(default=list)
    capacity: Mapped[float] = mapped_column(Double, default=1.0)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class Rota(Base):
    """Whose turn it was last among those who take turns; the row with the empty name is what choices queue for."""

    __tablename__ = "rotas"

    pool: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[str] = mapped_column(default="")
    turns: Mapped[int] = mapped_column(default=0)


class AbsenceEntry(Base):
    """Days on which somebody does no tasks, or none of a group or with a form, and who stands in."""

    __tablename__ = "absences"
    __table_args__ = (Index("ix_absences_ends", "ends"), Index("ix_absences_user", "user", "ends"))

    id: Mapped[int] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"))
    begins: Mapped[date]
    ends: Mapped[date]
    substitute: Mapped[str | None]
    group: Mapped[str | None]
    form: Mapped[str | None]
    note: Mapped[str] = mapped_column(default="")
    entered_by: Mapped[str]
    entered_at: Mapped[datetime] = mapped_column(default=utc_now)
