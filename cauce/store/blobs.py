"""Payloads by the hash of their content: what is too large for a history travels as a digest."""

import hashlib
from collections.abc import Iterable

from sqlalchemy import select

from cauce.errors import NotFoundError
from cauce.store.models import Blob
from cauce.store.session import Db
from cauce.store.upsert import insert_new


async def put(db: Db, content: bytes, *, held: bool = False) -> str:
    """Keep some bytes and return their digest; the same bytes are kept once.

    With `held` nobody removes them before the transaction that says what they are for.
    """
    digest = hashlib.sha256(content).hexdigest()
    # Reading first spares the write lock's holder the copying of bytes that are there already, which is the usual case.
    there = select(Blob.size).where(Blob.digest == digest)
    if (await db.scalar(there.with_for_update(read=True) if held else there)) is None:
        await insert_new(db, Blob, {"digest": digest, "content": content, "size": len(content)})
    return digest


async def get(db: Db, digest: str) -> bytes:
    """Return the bytes of a digest."""
    content = await db.scalar(select(Blob.content).where(Blob.digest == digest))
    if content is None:
        raise NotFoundError(
            f"The store holds no payload {digest[:12]}….",
            hint="The store and Temporal's data must come from the same backup.",
        )
    return content


async def have(db: Db, digests: Iterable[str]) -> frozenset[str]:
    """Return which of the digests are in the store."""
    return frozenset(await db.scalars(select(Blob.digest).where(Blob.digest.in_(list(digests)))))
