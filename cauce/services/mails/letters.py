"""What became of the mails of the hub, for those who look after it; what was lost can be sent again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cauce.errors import ConflictError, NotFoundError
from cauce.services.hub import Actor, Hub, Role
from cauce.store import audit, letters
from cauce.store.models import Letter

readers: Final[tuple[Role, ...]] = ("operator", "integrator", "auditor")
deciders: Final[tuple[Role, ...]] = ("operator", "integrator")
STATES: Final = ("due", "sent", "lost")


@dataclass(frozen=True, slots=True)
class LetterView:
    """A mail to one person: `due`, `sent`, or `lost` with a problem; a `digest` is a day's."""

    id: str
    person: str
    state: str
    problem: str
    digest: bool
    made_at: datetime
    ended_at: datetime | None


async def list_letters(hub: Hub, actor: Actor, *, state: str | None = None, limit: int = 50) -> list[LetterView]:
    """Return mails, the newest first."""
    actor.require("see what became of mails", *readers)
    async with hub.store.read() as db:
        return [_view(row) for row in await letters.page(db, state, limit)]


async def send_again(hub: Hub, actor: Actor, letter: str) -> LetterView:
    """Have a mail that was lost sent after all."""
    actor.require("send mails again", *deciders)
    async with hub.store.transaction() as db:
        if await letters.find(db, letter) is None:
            raise NotFoundError("There is no such mail.", hint="`cauce notifications mails` lists them.")
        if not await letters.again(db, letter):
            raise ConflictError("The mail is not lost.", hint="Only what was lost can be sent again.")
        await audit.append(db, actor.name, "letter.again", letter)
        row = await letters.find(db, letter)
        assert row is not None  # noqa: S101 - found above, in the same transaction
        return _view(row)


def _view(row: Letter) -> LetterView:
    return LetterView(row.id, row.person, row.state, row.problem, row.digest, row.made_at, row.ended_at)
