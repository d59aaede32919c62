import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from cauce.errors import InputError, PermanentError, SettingsError, TransientError
from cauce.store import Store, blobs
from cauce.store.migrations import upgrade


async def put(store: Store, content: bytes) -> str:
    async with store.transaction() as db:
        return await blobs.put(db, content)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    upgrade(f"sqlite:///{tmp_path}/store.db")
    return tmp_path / "store.db"


async def test_error_rolls_back(store: Store) -> None:
    async def fail() -> None:
        async with store.transaction() as db:
            digests.append(await blobs.put(db, b"x"))
            raise ZeroDivisionError

    digests: list[str] = []
    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.read() as db:
        assert await blobs.have(db, digests) == frozenset()


async def test_reading_session_cannot_write(store: Store) -> None:
    with pytest.raises((TransientError, PermanentError), match="read-only"):
        async with store.read() as db:
            await blobs.put(db, b"x")
    await put(store, b"x")


async def test_same_bytes_are_kept_once(store: Store) -> None:
    digests = await asyncio.gather(*(put(store, b"\x00payload") for _ in range(10)))
    assert len(set(digests)) == 1
    async with store.read() as db:
        assert await blobs.get(db, digests[0]) == b"\x00payload"
        assert (await db.execute(text("SELECT count(*) FROM blobs"))).scalar() == 1


async def test_lock_held_by_another_program_is_transient(file: Path) -> None:
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    async with Store(f"sqlite:///{file}", busy_timeout_s=0.2) as store:
        with pytest.raises(TransientError) as caught:
            await put(store, b"x")
        assert str(caught.value) == (
            f"The store {file} is locked: another program is writing to it and does not let go. Close what holds it "
            "open for writing (a database browser, a backup, a second cauce), then try again."
        )
        async with store.read() as db:  # readers do not wait for writers
            assert (await db.execute(text("SELECT count(*) FROM blobs"))).scalar() == 0
        holder.execute("ROLLBACK")
        holder.close()
        await put(store, b"x")


async def test_short_lock_is_waited_for(file: Path) -> None:
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    async with Store(f"sqlite:///{file}") as store:
        writing = asyncio.create_task(put(store, b"x"))
        await asyncio.sleep(0.2)
        assert not writing.done()
        holder.execute("COMMIT")
        holder.close()
        await writing


async def test_full_disk_is_transient_and_nothing_is_written(file: Path) -> None:
    async with Store(f"sqlite:///{file}") as store:
        await put(store, b"before")
        async with store.transaction() as db:
            pages = (await db.execute(text("PRAGMA page_count"))).scalar()
            await db.execute(text(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(TransientError) as caught:
            await put(store, b"a" * 1_000_000)
        assert str(caught.value) == (
            f"The disk of the store {file} is full; nothing was written. Free some space on that disk, then try again."
        )
        async with store.read() as db:
            assert (await db.execute(text("SELECT count(*) FROM blobs"))).scalar() == 1


def test_file_that_may_not_grow_is_transient(file: Path) -> None:
    program = """
import asyncio, resource, sys
from cauce.errors import TransientError
from cauce.store import Store, blobs

resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

async def main() -> None:
    async with Store(sys.argv[1]) as store:
        try:
            async with store.transaction() as db:
                await blobs.put(db, b"a" * 8_000_000)
        except TransientError as error:
            print(error.problem)

asyncio.run(main())
"""
    answer = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{file}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert answer.stdout.strip() in {
        f"The disk of the store {file} is full; nothing was written.",
        f"The disk of the store {file} failed to read or write; it may be full or damaged.",
    }


async def test_missing_folder_is_explained(tmp_path: Path) -> None:
    async with Store(f"sqlite:///{tmp_path}/no/store.db") as store:
        with pytest.raises(TransientError, match=r"cannot be opened\. Check that its folder exists"):
            await store.check()


async def test_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("this is not a database, it is a letter " * 100)
    async with Store(f"sqlite:///{tmp_path}/store.db") as store:
        with pytest.raises(PermanentError, match="is not an SQLite database"):
            await store.check()


async def test_store_without_tables_says_how_to_make_them(store_url: str) -> None:
    async with Store(store_url) as store:
        with pytest.raises(PermanentError, match=r"has no tables yet.*cauce up"):
            await put(store, b"x")


async def test_lost_connection_is_transient_and_the_next_one_works(postgres_url: str) -> None:
    upgrade(postgres_url)
    async with Store(postgres_url) as store, Store(postgres_url) as other:

        async def be_cut_off() -> None:
            async with store.transaction() as db:
                victim = (await db.execute(text("SELECT pg_backend_pid()"))).scalar()
                async with other.transaction() as killer:
                    await killer.execute(text(f"SELECT pg_terminate_backend({victim})"))
                await blobs.put(db, b"x")

        with pytest.raises(TransientError, match=r"connection to the store .* was lost"):
            await be_cut_off()
        await put(store, b"x")


async def test_absent_server_is_transient() -> None:
    async with Store("postgresql://nobody:hunter22@127.0.0.1:1/nothing") as store:
        with pytest.raises(TransientError) as caught:
            await store.check()
    assert "127.0.0.1:1/nothing was lost or could not be made" in str(caught.value)
    assert "hunter22" not in str(caught.value)


async def test_absent_database_is_explained(postgres_url: str) -> None:
    async with Store(postgres_url + "x") as store:
        with pytest.raises(PermanentError, match="does not exist"):
            await store.check()


async def test_nul_in_a_text_is_an_input_error(postgres_url: str) -> None:
    async with Store(postgres_url) as store:
        with pytest.raises(InputError, match=r"U\+0000"):
            async with store.transaction() as db:
                await db.execute(text("SELECT CAST(:text AS text)"), {"text": "a\x00b"})


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "needs a database file"),
        ("nonsense", "cannot be read"),
        ("mysql://host/name", "cannot be kept in mysql"),
    ],
)
def test_impossible_url_is_a_settings_error(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Store(url)
