"""Somebody leaves: what they were logged in on ends, and what they had begun is their groups' again."""

from cauce.store import audit, login_sessions, tasks
from cauce.store.session import Db


async def let_go(db: Db, by: str, name: str) -> None:
    """End the sessions of an account that was closed, and give the tasks it holds back to their groups.

    What is for this person alone, and no group's, waits for a manager to give it to somebody else.
    """
    await login_sessions.end_all(db, name)
    for task, instance in await tasks.release_all(db, name):
        await audit.append(db, by, "task.release", task, {"instance": instance, "left": name})
