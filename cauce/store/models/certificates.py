"""The table of what certification found out."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class Certificate(Base):
    """That a version of a connection was tried for a capability, and what came of it; rows are only added."""

    __tablename__ = "certificates"
    __table_args__ = (Index("ix_certificates_connection", "connection", "capability", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection: Mapped[str]
    capability: Mapped[str]
    version: Mapped[str]
    digest: Mapped[str]
    passed: Mapped[bool]
    checks: Mapped[Document]
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)
