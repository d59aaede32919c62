"""What the REST API takes and gives of tasks besides their answers."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.rest.schemas import Model

JSON = Any


class Delegation(BaseModel):
    """Whom a task is handed to, and what they have to know."""

    to: str = Field(min_length=1, max_length=200, examples=["rosa"])
    note: str = Field(min_length=1, max_length=1000, examples=["You know this customer better."])


class Assignment(BaseModel):
    """Whom a manager gives a task to: a person or a group."""

    user: str | None = Field(default=None, max_length=200, examples=["rosa"])
    group: str | None = Field(default=None, max_length=200)
    note: str = Field(default="", max_length=1000, examples=["Ana is away this week."])


class Priority(BaseModel):
    """How urgent a task is."""

    priority: int = Field(ge=0, le=100, examples=[80])
    reason: str = Field(default="", max_length=1000, examples=["The customer called twice."])


class FollowUp(BaseModel):
    """Until when a task is set aside; null brings it back."""

    at: datetime | None = Field(examples=["2026-12-31T12:00:00Z"])


class SendBack(BaseModel):
    """Which earlier task has to be done again, and why."""

    to: str = Field(min_length=1, max_length=200, examples=["enter-order"])
    reason: str = Field(min_length=1, max_length=1000, examples=["The price is missing."])


class DraftContent(BaseModel):
    """What was typed of a form; it need not fit it yet."""

    content: JSON = Field(examples=[{"score": 80}])


class Draft(Model):
    """A draft of yours."""

    content: JSON = Field(examples=[{"score": 80}])
    saved_at: datetime
    version: str = Field(description="The version of the process whose form it is for.", examples=["1.2.0"])
    outdated: bool = Field(description="Whether the form has changed since it was saved.")


class Batch(BaseModel):
    """Tasks of one kind, and the one answer to all of them."""

    tasks: list[str] = Field(min_length=1, max_length=200, examples=[["6f9619ff-8b86-5d01-b42d-00c04fc964ff"]])
    answer: JSON = Field(examples=[{"decision": "approve"}])


class BatchRow(Model):
    """What came of one task of a batch."""

    id: str = Field(examples=["6f9619ff-8b86-5d01-b42d-00c04fc964ff"])
    state: str = Field(description="Its state when it was answered, else empty.", examples=["completed"])
    problem: JSON = Field(description="Problem details when it could not be answered, else null.")


class BatchResult(BaseModel):
    """What came of a batch, in the order of its tasks."""

    done: int = Field(description="How many were answered.", examples=[1])
    rows: list[BatchRow]
