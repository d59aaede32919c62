"""The table of the addresses at which people answer a form without an account."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class PublicLink(Base):
    """An address for one form; what is answered there is an event of this type about this subject, once."""

    __tablename__ = "public_links"

    id: Mapped[str] = mapped_column(primary_key=True)
    form: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str]
    language: Mapped[str] = mapped_column(default="")
    data: Mapped[Document | None]
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    until: Mapped[datetime]
    answered_at: Mapped[datetime | None]
