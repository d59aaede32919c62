"""The people and groups that a company's directory keeps here."""

from collections.abc import Collection, Sequence

from sqlalchemy import Select, select

from cauce.store.models import DirectoryGroup, DirectoryUser, User
from cauce.store.session import Db

Person = tuple[DirectoryUser, User]


async def people(
    db: Db, *, user_name: str | None = None, external_id: str | None = None, lock: bool = False
) -> list[Person]:
    """Return the directory's people with their accounts; only who is called that, whatever the case, if given.

    With `lock` nobody else changes them until this transaction ends.
    """
    query = _joined(lock=lock)
    if user_name is not None:
        query = query.where(DirectoryUser.user_name_key == user_name.casefold())
    if external_id is not None:
        query = query.where(DirectoryUser.external_id == external_id)
    return [(row, account) for row, account in (await db.execute(query.order_by(DirectoryUser.id))).all()]


async def person(db: Db, person_id: str, *, lock: bool = False) -> Person | None:
    """Return one of the directory's people."""
    found = (await db.execute(_joined(lock=lock).where(DirectoryUser.id == person_id))).one_or_none()
    return (found[0], found[1]) if found else None


async def of_account(db: Db, name: str) -> DirectoryUser | None:
    """Return what the directory knows of an account; None when it does not keep it."""
    return (await db.scalars(select(DirectoryUser).where(DirectoryUser.user == name))).one_or_none()


async def groups(db: Db, *, name: str | None = None) -> Sequence[DirectoryGroup]:
    """Return the directory's groups; only the one of a name, if given."""
    query = select(DirectoryGroup).order_by(DirectoryGroup.id)
    return (await db.scalars(query if name is None else query.where(DirectoryGroup.name == name))).all()


async def group(db: Db, group_id: str, *, lock: bool = False) -> DirectoryGroup | None:
    """Return one of the directory's groups."""
    return await db.get(DirectoryGroup, group_id, populate_existing=True, with_for_update=lock)


def _joined(*, lock: bool) -> Select[DirectoryUser, User]:
    query = select(DirectoryUser, User).join(User, User.name == DirectoryUser.user)
    return (query.with_for_update() if lock else query).execution_options(populate_existing=True)


def join(account: User, group_names: Collection[str]) -> None:
    """Let an account be in these groups beside those that it is in."""
    account.groups = sorted({*account.groups, *group_names})


def part(account: User, group_names: Collection[str]) -> None:
    """Let an account be in these groups no more."""
    account.groups = sorted(set(account.groups) - set(group_names))
