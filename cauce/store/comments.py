"""What people say about tasks: added, and read by task or by instance."""

from collections.abc import Sequence

from sqlalchemy import func, select

from cauce.store.models import Comment, Task
from cauce.store.session import Db


async def add(db: Db, task: Task, *, by: str, text: str, mentions: Sequence[str]) -> Comment:
    """Add a comment to a task."""
    row = Comment(task=task.id, instance=task.instance, by=by, text=text, mentions=list(mentions))
    db.add(row)
    await db.flush()
    return row


async def count(db: Db, task: str) -> int:
    """Return how many comments a task has."""
    return await db.scalar(select(func.count()).select_from(Comment).where(Comment.task == task)) or 0


async def of_task(db: Db, task: str, *, before: int | None = None, limit: int = 50) -> Sequence[Comment]:
    """Return comments on a task, the newest first; those before one that is known, when it is given."""
    query = select(Comment).where(Comment.task == task).order_by(Comment.id.desc()).limit(limit)
    return (await db.scalars(query if before is None else query.where(Comment.id < before))).all()


async def of_instance(db: Db, instance: str, *, limit: int = 50) -> Sequence[tuple[Comment, Task]]:
    """Return comments on the tasks of an instance, the newest first, each with its task."""
    query = select(Comment, Task).join(Task, Task.id == Comment.task).where(Comment.instance == instance)
    return [
        (comment, task) for comment, task in (await db.execute(query.order_by(Comment.id.desc()).limit(limit))).all()
    ]
