"""Tables of a company's directory: the people and groups that it keeps here over SCIM."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import JSON, Base, utc_now


class DirectoryUser(Base):
    """What a directory knows of somebody with an account here; `data` is what nothing here needs.

    `user_name` is what the directory calls them now; the account keeps the name that it was made with.
    """

    __tablename__ = "directory_users"

    id: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), unique=True)
    user_name: Mapped[str]
    user_name_key: Mapped[str] = mapped_column(unique=True)
    external_id: Mapped[str | None] = mapped_column(index=True)
    data: Mapped[dict[str, JSON]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class DirectoryGroup(Base):
    """A group that a directory keeps; its members are the accounts that have its name among their groups."""

    __tablename__ = "directory_groups"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    external_id: Mapped[str | None] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
