import asyncio
from dataclasses import replace

import pytest

from cauce.errors import ConflictError
from cauce.store import Store, definitions
from cauce.store.definitions import NewDefinition

process = NewDefinition(
    kind="process",
    namespace="sales",
    name="lead",
    version="1.2.0",
    digest="a",
    source="document: …",
    document={"z": 1, "a": {"y": 1, "b": 2}},
    bundle={"format": 1, "digest": "a", "b": 1},
    published_by="ana",
)
form = replace(process, kind="form", namespace="", name="qualify", version="", bundle=None)


async def add(store: Store, new: NewDefinition) -> tuple[str, bool, bool]:
    async with store.transaction() as db:
        row, added = await definitions.add(db, new)
        return row.version, row.latest, added


async def test_same_content_again_changes_nothing(store: Store) -> None:
    assert await add(store, process) == ("1.2.0", True, True)
    assert await add(store, process) == ("1.2.0", True, False)


async def test_same_version_with_other_content_is_a_conflict(store: Store) -> None:
    await add(store, process)
    with pytest.raises(ConflictError) as caught:
        await add(store, replace(process, digest="b", source="another", document={"another": True}))
    assert str(caught.value) == (
        "Version 1.2.0 of sales.lead is published already, with other content. Raise the version: a published version "
        "never changes, because instances run on it."
    )


async def test_version_keeps_the_bundle_it_was_published_with(store: Store) -> None:
    await add(store, process)
    assert await add(store, replace(process, digest="b", bundle={"form": "changed"})) == ("1.2.0", True, False)
    async with store.read() as db:
        row = await definitions.find(db, "process", "sales", "lead")
    assert row is not None
    assert row.digest == process.digest
    assert row.bundle == process.bundle


async def test_order_of_keys_survives(store: Store) -> None:
    await add(store, process)
    async with store.read() as db:
        row = await definitions.find(db, "process", "sales", "lead")
    assert row is not None
    assert row.bundle is not None
    assert [*row.document, *row.document["a"], *row.bundle] == ["z", "a", "y", "b", "format", "digest", "b"]


async def test_latest_is_the_highest_version_in_use(store: Store) -> None:
    for version in ("1.9.0", "1.10.0", "1.10.0-rc.1", "1.2.0"):
        await add(store, replace(process, version=version, digest=version))
    async with store.transaction() as db:
        newest = await definitions.find(db, "process", "sales", "lead")
        assert newest is not None
        assert newest.version == "1.10.0"
        found = [row.version for row in await definitions.versions(db, "process", "sales", "lead")]
        assert found == ["1.10.0", "1.10.0-rc.1", "1.9.0", "1.2.0"]
        await definitions.set_active(db, newest, active=False)
        fallen_back = await definitions.find(db, "process", "sales", "lead", "latest")
        assert fallen_back is not None
        assert fallen_back.version == "1.10.0-rc.1"
        await definitions.set_active(db, newest, active=True)
        assert [row.version for row in await definitions.latest(db, "process")] == ["1.10.0"]


async def test_kinds_without_a_version_are_counted(store: Store) -> None:
    assert await add(store, form) == ("1", True, True)
    assert await add(store, form) == ("1", True, False)
    assert await add(store, replace(form, digest="b")) == ("2", True, True)
    # Back to an earlier content is a new version too: the latest is what was published last.
    assert await add(store, form) == ("3", True, True)


async def test_publications_at_once_leave_one_latest(store: Store) -> None:
    versions = [f"1.{n}.0" for n in range(10)]
    await asyncio.gather(*(add(store, replace(process, version=each, digest=each)) for each in versions))
    async with store.read() as db:
        rows = await definitions.latest(db)
    assert [row.version for row in rows] == ["1.9.0"]
