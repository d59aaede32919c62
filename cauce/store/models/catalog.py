"""Tables of what is published: definitions, and payloads addressed by their content."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class Definition(Base):
    """One published version of a definition; never changed except for `latest` and `active`.

    Only processes have a namespace (others store `""`) and a version of their own; the versions of the other kinds are
    counted 1, 2, 3 by publication.
    """

    __tablename__ = "definitions"
    __table_args__ = (
        UniqueConstraint("kind", "namespace", "name", "version"),
        Index(
            "ix_definitions_latest",
            "kind",
            "namespace",
            "name",
            unique=True,
            sqlite_where=text("latest"),
            postgresql_where=text("latest"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    namespace: Mapped[str]
    name: Mapped[str]
    version: Mapped[str]
    digest: Mapped[str]
    source: Mapped[str]
    document: Mapped[Document]
    bundle: Mapped[Document | None]
    published_at: Mapped[datetime] = mapped_column(default=utc_now)
    published_by: Mapped[str]
    latest: Mapped[bool]
    active: Mapped[bool] = mapped_column(default=True)


class Blob(Base):
    """Bytes under the SHA-256 of themselves."""

    __tablename__ = "blobs"

    digest: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
