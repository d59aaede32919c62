from dataclasses import replace

import pytest

from cauce.absence import Absence
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.services import notifications, trail
from cauce.services.hub import Actor, Hub
from cauce.services.teamwork import comments, mentions
from cauce.store import absences, case_files, tasks, users
from cauce.store.base import utc_now
from tests.integration.services.conftest import ana, auditor, luis
from tests.integration.services.test_tasks import add as add_task
from tests.integration.services.test_tasks import call

rosa = Actor("rosa.gil", frozenset({"staff"}), frozenset({"sales"}), locale="es")


@pytest.fixture
async def hub(lonely_hub: Hub) -> Hub:
    async with lonely_hub.store.transaction() as db:
        for who in (ana, rosa, luis, auditor):
            roles, groups = sorted(who.roles), sorted(who.groups)
            await users.add(db, who.name, password_hash="-", roles=roles, groups=groups, locale=who.locale)  # noqa: S106 - nobody logs in
    return lonely_hub


async def add(hub: Hub) -> None:
    await add_task(hub, replace(call, title={"en": "Qualify", "es": "Calificar"}))


async def told(hub: Hub, who: Actor) -> list[tuple[str, str, str]]:
    found = await notifications.list_notifications(hub, who)
    return [(each.title, each.text, each.link) for each in found.items]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ana, and (@rosa.gil).", ["ana", "rosa.gil"]),
        ("ana@example.org @ home a@@b", []),
        ("@ana@example.org @ana @ana", ["ana@example.org", "ana"]),
        ("¿@Íñigo?\n@eva: yes", ["Íñigo", "eva"]),
    ],
)
def test_names_after_an_at_are_found_and_addresses_are_not(text: str, names: list[str]) -> None:
    assert mentions.named(text) == names
    assert "".join(piece for piece, _ in mentions.parts(text, names)) == text
    assert {piece[1:] for piece, marked in mentions.parts(text, names) if marked} == set(names)


async def test_who_is_named_is_told_in_their_language_and_it_is_in_the_trail_and_the_case_file(hub: Hub) -> None:
    await add(hub)
    said = await comments.add(hub, ana, "t1", "  @Rosa.Gil and @ana: is this <b>right</b>?\r\n")
    assert (said.by, said.text, said.mentions) == (
        "ana",
        "@Rosa.Gil and @ana: is this <b>right</b>?",
        ("rosa.gil", "ana"),
    )
    assert await told(hub, rosa) == [("ana le menciona: Calificar", said.text, "/tasks/t1#comments")]
    assert await told(hub, ana) == []
    assert (await comments.add(hub, ana, "t1", said.text)).id == said.id
    assert [each.text for each in await comments.of_task(hub, rosa, "t1")] == [said.text]
    (line,) = [each for each in await trail.lines(hub, auditor, subject="t1") if each.action == "task.comment"]
    assert (line.actor, line.data["text"], line.data["mentions"]) == ("ana", said.text, ["rosa.gil", "ana"])
    async with hub.store.read() as db:
        kept = await case_files.of_instances(db, [said.instance])
    assert [each["text"] for each in kept["comments"]] == [said.text]


async def test_only_who_may_see_the_task_can_be_named_and_the_refusal_says_who_may(hub: Hub) -> None:
    await add(hub)
    for text, close in (("@luis look", "@ana, @eva, @rosa.gil"), ("@rosa.gul look", "@rosa.gil"), ("@x?", "@ana")):
        with pytest.raises(InputError, match="may see this task") as refused:
            await comments.add(hub, ana, "t1", text)
        assert close in refused.value.hint
        assert "luis" not in refused.value.hint
    assert await comments.may_be_named(hub, ana, "t1") == ["eva", "rosa.gil"]
    assert await comments.of_task(hub, ana, "t1") == []
    today = utc_now().date()
    async with hub.store.transaction() as db:
        await absences.add(db, Absence("rosa.gil", today, today, "luis"), note="", by="rosa.gil")
        row = await tasks.find_task(db, "t1")
        assert row is not None
        row.user, row.group = "rosa.gil", None
    assert (await comments.add(hub, rosa, "t1", "@luis you hold this now")).mentions == ("luis",)


async def test_who_may_not_see_a_task_neither_reads_nor_speaks_and_an_auditor_only_reads(hub: Hub) -> None:
    await add(hub)
    said = await comments.add(hub, ana, "t1", "one")
    for act in (comments.add(hub, luis, "t1", "two"), comments.of_task(hub, luis, "t1")):
        with pytest.raises((ForbiddenError, NotFoundError)):
            await act
    with pytest.raises(NotFoundError):
        await comments.add(hub, ana, "none", "two")
    with pytest.raises(ForbiddenError, match="may not comment"):
        await comments.add(hub, auditor, "t1", "two")
    assert [each.title for each in await comments.of_instance(hub, auditor, said.instance)] == [
        {"en": "Qualify", "es": "Calificar"}
    ]
    assert await comments.of_instance(hub, luis, said.instance) == []


async def test_comments_have_limits(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(hub)
    for text, problem in (
        (" \n", "Write something"),
        ("x" * 4_001, "4,000 characters"),
        (" ".join(f"@p{number}" for number in range(21)), "20 people"),
    ):
        with pytest.raises(InputError, match=problem):
            await comments.add(hub, ana, "t1", text)
    monkeypatch.setattr(comments, "most_of_task", 3)
    for number in range(3):
        await comments.add(hub, ana, "t1", str(number))
    with pytest.raises(ConflictError, match="at most 3 comments"):
        await comments.add(hub, ana, "t1", "more")
    last, before = await comments.of_task(hub, ana, "t1", limit=2)
    assert (last.text, before.text) == ("2", "1")
    assert [each.text for each in await comments.of_task(hub, ana, "t1", before=before.id)] == ["0"]
