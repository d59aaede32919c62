"""The form of a task, as something to fill in, and what its page has to know of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from api import forms
from api.pages import view
from api.pages.asked import has_files
from cauce.services import attachments, form_options
from cauce.services.hub import Actor, Hub
from cauce.services.tasks import TaskView

JSON = Any


@dataclass(frozen=True, slots=True)
class AskedByTask:
    """The form of a task, for who fills it in."""

    hub: Hub
    actor: Actor
    task: TaskView

    @property
    def form(self) -> JSON:
        """The form document."""
        return self.task.form_document

    async def case(self) -> forms.Case:
        """Return what the form is shown for."""
        return await case_of(self.hub, self.task)

    async def attach(self, pointer: str, name: str, content: bytes) -> Mapping[str, JSON]:
        """Keep a file at the task."""
        return await attachments.attach(self.hub, self.actor, self.task.id, pointer, name, content)

    async def search(self, pointer: str, values: JSON, text: str) -> form_options.Options:
        """Return what can be chosen in the field at a pointer."""
        return await form_options.search(self.hub, self.actor, self.task.id, pointer, values, text)


async def case_of(hub: Hub, task: TaskView) -> forms.Case:
    """Return what the form is shown for."""
    files = await attachments.attached(hub, task.instance, task.id) if has_files(task.form_document) else {}
    return forms.Case(task.data, files, hub.settings.phone_region)


def shown(request: Request, task: TaskView) -> dict[str, JSON]:
    """Return what the page has to know of the task and its form as a whole."""
    settings = request.app.state.settings
    return {
        "task": task,
        "form": task.form_document,
        "files_at": f"/tasks/{task.id}/files/",
        "urgency": view.urgency(task.due_at),
        "has_files": has_files(task.form_document),
        "most_bytes": settings.max_attachment_bytes,
        "dynamic": forms.is_dynamic(task.form_document),
    }
