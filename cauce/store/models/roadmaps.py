"""The tables of the roadmaps that run: made from their events, for lists and for whoever looks back."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document


class RoadmapRun(Base):
    """A roadmap that runs or ran; `event` is the number of the last of its events that is in the tables.

    `owners` says which group or person is behind each of its owners, `planner` and `sponsor` are two of them.
    `cost_entries` is the number of its last entry of time or money, `costs_told` that of the last which it knows of.
    """

    __tablename__ = "roadmap_runs"
    __table_args__ = (Index("ix_roadmap_runs_state", "state", "roadmap"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    roadmap: Mapped[str]
    key: Mapped[str]
    version: Mapped[str]
    title: Mapped[Document]
    state: Mapped[str]
    start: Mapped[date] = mapped_column(Date)
    finish: Mapped[date] = mapped_column(Date)
    baseline_finish: Mapped[date] = mapped_column(Date)
    light: Mapped[str] = mapped_column(default="")
    phase: Mapped[str] = mapped_column(default="")
    done: Mapped[int]
    steps: Mapped[int]
    risks: Mapped[Document]
    owners: Mapped[Document]
    planner: Mapped[str]
    sponsor: Mapped[str]
    event: Mapped[int]
    by: Mapped[str]
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    cost_entries: Mapped[int] = mapped_column(default=0)
    costs_told: Mapped[int] = mapped_column(default=0)


class RoadmapStep(Base):
    """An activity or a gate of a roadmap that runs: how it is, when it is planned, and the process that does it."""

    __tablename__ = "roadmap_steps"

    run: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int]
    kind: Mapped[str]
    phase: Mapped[str]
    wave: Mapped[str]
    title: Mapped[Document]
    pillar: Mapped[str]
    owner: Mapped[str]
    approvers: Mapped[Document]
    state: Mapped[str]
    start: Mapped[date | None] = mapped_column(Date)
    finish: Mapped[date | None] = mapped_column(Date)
    started: Mapped[date | None] = mapped_column(Date)
    finished: Mapped[date | None] = mapped_column(Date)
    baseline_start: Mapped[date | None] = mapped_column(Date)
    baseline_finish: Mapped[date | None] = mapped_column(Date)
    total_float: Mapped[int]
    critical: Mapped[bool]
    percent: Mapped[float | None]
    budget: Mapped[str]
    spent: Mapped[str]
    process: Mapped[Document | None]


class RoadmapEvent(Base):
    """One thing that happened to a roadmap; all of them, in order, are its whole story."""

    __tablename__ = "roadmap_events"

    run: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    data: Mapped[Document]


class RoadmapDecision(Base):
    """A gate as it was decided, with the evidence of that moment."""

    __tablename__ = "roadmap_decisions"

    run: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    gate: Mapped[str]
    round: Mapped[int]
    outcome: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    evidence: Mapped[Document]


class RoadmapBaseline(Base):
    """A plan that was kept to be measured by: the first and last day of each activity."""

    __tablename__ = "roadmap_baselines"

    run: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    by: Mapped[str]
    reason: Mapped[str]
    finish: Mapped[date] = mapped_column(Date)
    budget: Mapped[str]
    plan: Mapped[Document]


class RoadmapJournal(Base):
    """All that a roadmap remembers which has ended: nobody has to run it again to know."""

    __tablename__ = "roadmap_journals"

    run: Mapped[str] = mapped_column(primary_key=True)
    journal: Mapped[Document]


class RoadmapCost(Base):
    """An entry of time or money for an activity: never changed, but taken back by another one (`reverses`)."""

    __tablename__ = "roadmap_costs"
    __table_args__ = (
        Index("ux_roadmap_costs_reference", "run", "reference", unique=True),
        Index("ix_roadmap_costs_activity", "run", "activity"),
    )

    run: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    activity: Mapped[str]
    kind: Mapped[str]
    day: Mapped[date] = mapped_column(Date)
    factor: Mapped[str]
    cents: Mapped[int] = mapped_column(BigInteger)
    hours: Mapped[str] = mapped_column(default="")
    owner: Mapped[str] = mapped_column(default="")
    rate: Mapped[str] = mapped_column(default="")
    person: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    reference: Mapped[str]
    source: Mapped[str]
    reverses: Mapped[int | None]
    file: Mapped[Document | None]
    by: Mapped[str]
    at: Mapped[datetime]
