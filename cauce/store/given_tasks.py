"""Tells a person by mail of a task that is theirs now, if they want that; in the hub it is in their inbox anyway."""

import uuid
from collections.abc import Mapping
from typing import Final

from cauce.store import notifications
from cauce.store.models import Task
from cauce.store.notifications import Told
from cauce.store.session import Db

_YOURS: Final[Mapping[str, str]] = {"en": "This task is yours now.", "es": "Esta tarea es suya ahora."}


async def tell(db: Db, task: Task) -> None:
    """Tell the person to whom a task was given, once for each time."""
    if not task.user:
        return
    for reader in await notifications.readers(db, person=task.user):
        by_mail = reader.by_mail("task")
        if by_mail:
            id_ = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{task.id}/given/{task.revision}/{reader.name}"))
            text = "\n".join(filter(None, (_YOURS.get(reader.locale, _YOURS["en"]), task.note)))
            title = notifications.label(task.title, reader.locale) or task.name
            told = Told(id_, reader.name, title, text, f"/tasks/{task.id}", task.instance, "task")
            await notifications.add(db, told, by_mail)
