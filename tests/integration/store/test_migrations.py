import asyncio

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from cauce.store import Store
from cauce.store.migrations import is_current, upgrade
from cauce.store.models import Task

# Each database has an index of words of its own, which SQLAlchemy does not know: what SQLite keeps it in are tables.
WORDS = ("task_search", "ix_task_texts_words")


async def test_models_and_migrations_agree(store: Store) -> None:
    def known(name: str | None, kind: str, parents: object) -> bool:
        return not (name or "").startswith(WORDS) and (name, kind) != ("words", "column")

    def compare(connection: object) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": known})  # type: ignore[arg-type]  # as run_sync gives it
        return list(compare_metadata(context, Task.metadata))

    async with store.read() as db:
        assert await (await db.connection()).run_sync(compare) == []


def test_upgrade_is_repeatable(store_url: str) -> None:
    assert not is_current(store_url)
    upgrade(store_url)
    upgrade(store_url)
    assert is_current(store_url)


async def test_replicas_may_upgrade_together(store_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(upgrade, store_url) for _ in range(4)))
    assert is_current(store_url)
