import asyncio
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError, UnauthenticatedError
from cauce.services import trail, users
from cauce.services.access import first_login, proving
from cauce.services.hub import Actor, Hub
from cauce.store import Store
from cauce.store import users as accounts
from cauce.store.base import utc_now
from tests.integration.services.conftest import ana, auditor, boss


@pytest.fixture
async def hub(lonely_hub: Hub) -> Hub:
    await users.create_user(lonely_hub, boss, "ana", "correct horse", roles=["staff"], groups=["sales"])
    return lonely_hub


async def test_right_password_gives_roles_and_groups(hub: Hub) -> None:
    actor = await users.authenticate(hub, "ana", "correct horse")
    assert actor == Actor("ana", frozenset({"staff"}), frozenset({"sales"}))


async def test_wrong_password_and_unknown_name_sound_the_same(hub: Hub) -> None:
    problems = []
    for name, password in (("ana", "wrong"), ("nobody", "correct horse")):
        with pytest.raises(UnauthenticatedError) as caught:
            await users.authenticate(hub, name, password)
        problems.append(str(caught.value))
    assert problems[0] == problems[1]


async def test_account_is_locked_after_several_wrong_passwords_and_opens_again(hub: Hub) -> None:
    for _ in range(hub.settings.login_attempts):
        with pytest.raises(UnauthenticatedError, match="Name or password is wrong"):
            await users.authenticate(hub, "ana", "wrong")
    with pytest.raises(UnauthenticatedError, match="The account is locked"):
        await users.authenticate(hub, "ana", "correct horse")
    await unlock(hub.store)
    assert (await users.authenticate(hub, "ana", "correct horse")).name == "ana"


async def test_of_many_guesses_at_once_no_more_count_than_of_guesses_in_a_row(hub: Hub) -> None:
    guesses = [users.authenticate(hub, "ana", f"wrong {n}") for n in range(hub.settings.login_attempts + 3)]
    problems = {str(each) for each in await asyncio.gather(*guesses, return_exceptions=True)}
    assert len(problems) == 2, problems
    failed = await trail.lines(hub, auditor, subject="ana")
    assert [each.action for each in failed].count("user.login-failed") == hub.settings.login_attempts


async def test_a_browser_that_is_known_is_not_locked_by_guesses_elsewhere(hub: Hub) -> None:
    async def guess(*, known: bool) -> None:
        for _ in range(hub.settings.login_attempts):
            with pytest.raises(UnauthenticatedError):
                await users.authenticate(hub, "ana", "wrong", known=known)

    await guess(known=False)
    assert (await users.authenticate(hub, "ana", "correct horse", known=True)).name == "ana"
    with pytest.raises(UnauthenticatedError, match="locked"):
        await users.authenticate(hub, "ana", "correct horse")
    await unlock(hub.store)
    await guess(known=True)
    with pytest.raises(UnauthenticatedError, match="locked"):
        await users.authenticate(hub, "ana", "correct horse", known=True)
    assert (await users.authenticate(hub, "ana", "correct horse")).name == "ana"
    # Who is in has made the others good as well.
    assert (await users.authenticate(hub, "ana", "correct horse", known=True)).name == "ana"


async def test_a_password_that_was_hashed_with_less_work_is_hashed_anew(hub: Hub) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash("correct horse")
    async with hub.store.transaction() as db:
        await accounts.change(db, "ana", password_hash=weak)
    for _ in range(2):
        await users.authenticate(hub, "ana", "correct horse")
    async with hub.store.read() as db:
        row = await accounts.find(db, "ana")
    assert row is not None
    assert row.password_hash != weak
    assert not proving.hasher.check_needs_rehash(row.password_hash)


async def unlock(store: Store) -> None:
    async with store.transaction() as db:
        row = await accounts.find(db, "ana")
        assert row is not None
        row.locked_until = utc_now() - timedelta(seconds=1)


async def test_password_is_changed_by_its_owner_or_an_admin(hub: Hub) -> None:
    await users.set_password(hub, ana, "ana", "a better horse")
    assert (await users.authenticate(hub, "ana", "a better horse")).name == "ana"
    with pytest.raises(UnauthenticatedError):
        await users.authenticate(hub, "ana", "correct horse")
    with pytest.raises(ForbiddenError, match="'ana' may not change the passwords of others"):
        await users.set_password(hub, ana, "boss", "a better horse")
    with pytest.raises(NotFoundError, match="There is no account 'eva'"):
        await users.set_password(hub, boss, "eva", "a better horse")


async def test_the_file_with_the_first_password_goes_when_its_account_has_another(hub: Hub) -> None:
    first = first_login.of(hub.settings.data_dir)
    first.file.write_text("made at the first start\n")
    await users.ensure_user(hub, first.user, "correct horse", roles=["admin"], lasting=False)
    await users.set_password(hub, ana, "ana", "a better horse")
    assert first.file.exists()
    await users.change_own_password(hub, await users.actor_of(hub, first.user), "correct horse", "a quieter horse")
    assert not first.file.exists()


async def test_account_changes_only_in_what_is_given(hub: Hub) -> None:
    changed = await users.change_user(hub, boss, "ana", roles=["manager", "staff"])
    assert (changed.roles, changed.groups, changed.active) == (("manager", "staff"), ("sales",), True)
    assert not (await users.change_user(hub, boss, "ana", active=False)).active
    with pytest.raises(InputError, match="Unknown: king"):
        await users.change_user(hub, boss, "ana", roles=["king"])


async def test_name_can_be_taken_once(hub: Hub) -> None:
    with pytest.raises(ConflictError, match="There is an account of that name already"):
        await users.create_user(hub, boss, "ana", "another one", roles=["staff"])
    assert not await users.ensure_user(hub, "ana", "another one", roles=["staff"])


async def test_only_admins_create_accounts(hub: Hub) -> None:
    with pytest.raises(ForbiddenError, match="'ana' may not create accounts"):
        await users.create_user(hub, ana, "eva", "long enough", roles=["admin"])


async def test_what_is_wrong_with_an_account_is_told_by_field(hub: Hub) -> None:
    with pytest.raises(InputError) as caught:
        await users.create_user(hub, boss, "a b", "short", roles=["king"])
    assert [error["pointer"] for error in caught.value.errors] == ["/name", "/password", "/roles"]


async def test_token_acts_for_its_account_within_its_scopes(hub: Hub) -> None:
    token = await users.create_token(hub, ana, label="import")
    assert (await users.actor_of_token(hub, token)).groups == {"sales"}
    with pytest.raises(InputError, match="cannot have roles that 'ana' lacks: admin"):
        await users.create_token(hub, ana, scopes=["admin"])
    async with hub.store.read() as db:
        row = await accounts.find_token(db, token)
    assert row is not None
    assert token not in row.token_sha256
    assert row.last_used is not None


async def test_old_or_foreign_token_is_nobody(hub: Hub) -> None:
    old = await users.create_token(hub, ana, expires_in=timedelta(seconds=-1))
    for token in (old, "cauce_x", ""):
        with pytest.raises(UnauthenticatedError, match="not known, or has expired"):
            await users.actor_of_token(hub, token)


async def test_closed_account_is_out_at_once(hub: Hub) -> None:
    token = await users.create_token(hub, ana)
    async with hub.store.transaction() as db:
        row = await accounts.find(db, "ana")
        assert row is not None
        row.active = False
    with pytest.raises(UnauthenticatedError):
        await users.authenticate(hub, "ana", "correct horse")
    with pytest.raises(UnauthenticatedError):
        await users.actor_of(hub, "ana")
    with pytest.raises(UnauthenticatedError):
        await users.actor_of_token(hub, token)
