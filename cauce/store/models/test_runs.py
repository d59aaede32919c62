"""The table of what tests of definitions came to."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class TestRun(Base):
    """That all tests of a process were run on one content of it, and what came of them; rows are only added.

    `digest` is that of the process with all that it uses, as publication has it; `cases_digest` that of its tests.
    """

    # It is no test itself, whatever its name says to the test runner.
    __test__ = False
    __tablename__ = "test_runs"
    __table_args__ = (Index("ix_test_runs_definition", "definition", "digest", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[str]
    version: Mapped[str]
    digest: Mapped[str]
    cases_digest: Mapped[str]
    cases: Mapped[int]
    failed: Mapped[int]
    failures: Mapped[Document]
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)
