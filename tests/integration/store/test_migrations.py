import asyncio
from datetime import UTC, datetime

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, select

from cauce.store import Store
from cauce.store.migrations import config, upgrade
from cauce.store.models import RegisterEntry, Task
from cauce.store.shape import is_current, newest
from tests.integration.store.roadmap_run import begun

# Each database has an index of words of its own, which SQLAlchemy does not know: what SQLite keeps it in are tables.
WORDS = ("task_search", "ix_task_texts_words")
# What that of PostgreSQL is made of.
OF_WORDS = (("words", "column"), ("of_group", "column"))

NOW = datetime(2027, 1, 1, tzinfo=UTC)


async def test_models_and_migrations_agree(store: Store) -> None:
    def known(name: str | None, kind: str, parents: object) -> bool:
        return not (name or "").startswith(WORDS) and (name, kind) not in OF_WORDS

    def compare(connection: object) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": known})  # type: ignore[arg-type]  # as run_sync gives it
        return list(compare_metadata(context, Task.metadata))

    async with store.read() as db:
        assert await (await db.connection()).run_sync(compare) == []


async def test_registers_go_to_the_run_that_was_begun_last_and_back(store: Store, store_url: str) -> None:
    async with store.transaction() as db:
        for number, roadmap in enumerate(("crm/1", "crm/2", "other"), 1):
            named = {"roadmap": roadmap, "kind": "k", "code": "c", "title": "-", "state": "s"}
            db.add(RegisterEntry(id=number, **named, data={}, opened_at=NOW, changed_at=NOW))
        db.add_all([begun("crm", "1"), begun("crm", "2")])

    async def registers() -> list[str]:
        async with store.read() as db:
            return list(await db.scalars(select(RegisterEntry.roadmap).order_by(RegisterEntry.id)))

    engine = create_engine(store_url.replace("+aiosqlite", ""))
    with engine.begin() as connection:
        command.downgrade(config(connection), "0041")
    assert await registers() == ["crm/1", "crm", "other"]
    with engine.begin() as connection:
        command.upgrade(config(connection), "head")
    engine.dispose()
    assert await registers() == ["crm/1", "crm/2", "other"]


def test_the_newest_migration_is_the_one_that_alembic_ends_with() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [newest()]


def test_a_store_of_an_older_version_is_not_current(store_url: str) -> None:
    upgrade(store_url, "0041")
    assert not is_current(store_url)


def test_upgrade_is_repeatable(store_url: str) -> None:
    assert not is_current(store_url)
    upgrade(store_url)
    upgrade(store_url)
    assert is_current(store_url)


async def test_replicas_may_upgrade_together(store_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(upgrade, store_url) for _ in range(4)))
    assert is_current(store_url)
