from pathlib import Path

import pytest

from cauce.errors import ConflictError, DefinitionError, ForbiddenError, InputError, NotFoundError
from cauce.services import connections, definitions, instances
from cauce.services.hub import Actor, Hub
from cauce.store import audit
from schemas import Source, load_yaml
from tests.integration.services.conftest import ana, auditor, boss

designer = Actor("dora", frozenset({"designer"}))
integrator = Actor("igor", frozenset({"integrator"}))
connection = """\
connection: parrot
kind: echo
operations:
  say: {calls: say, effect: read}
"""
form = """\
form: qualify
title: Qualify
schema: {type: object, properties: {score: {type: integer, title: Score}}}
"""
process = """\
document: {dsl: '1.0.3', namespace: sales, name: lead, version: 1.0.0, title: Lead}
do:
  - ask:
      call: human-task
      with: {form: qualify, assign: {group: sales}, due: {after: PT4H}}
  - tell:
      call: say@parrot
      with: {word: hello}
"""


def source(text: str, file: str = "lead.yaml") -> Source:
    return load_yaml(text, file)


async def publish(hub: Hub, *texts: str, actor: Actor = boss) -> list[tuple[str, str, bool]]:
    sources = [source(text, f"{number}.yaml") for number, text in enumerate(texts)]
    return [(each.full_name, each.version, each.new) for each in await definitions.publish(hub, actor, sources)]


async def test_definitions_are_published_together_in_any_order(lonely_hub: Hub) -> None:
    published = await publish(lonely_hub, process, form, connection)
    assert sorted(published) == [("parrot", "1", True), ("qualify", "1", True), ("sales.lead", "1.0.0", True)]
    found = await definitions.definition(lonely_hub, "lead")
    assert found.bundle["operations"]["say@parrot"]["queue"] == "cauce-parrot"
    assert list(found.bundle["forms"]) == ["qualify"]
    assert (found.full_name, found.title, found.source, found.latest) == ("sales.lead", "Lead", process, True)
    assert [new for *_, new in await publish(lonely_hub, process, form, connection)] == [False, False, False]
    async with lonely_hub.store.read() as db:
        assert {line.action for line in await audit.entries(db)} == {"definition.publish"}
        assert len(await audit.entries(db)) == 3


async def test_what_is_published_counts_as_known(lonely_hub: Hub) -> None:
    await publish(lonely_hub, form, connection)
    assert await publish(lonely_hub, process) == [("sales.lead", "1.0.0", True)]


async def test_nothing_is_published_when_one_is_wrong(lonely_hub: Hub) -> None:
    wrong = process.replace("say@parrot", "say@parot")
    with pytest.raises(DefinitionError, match="Nothing was published") as caught:
        await publish(lonely_hub, form, connection, wrong)
    assert [str(finding.place) for finding in caught.value.findings] == ["2.yaml:7:13"]
    assert await definitions.list_definitions(lonely_hub, auditor) == []


async def test_published_version_does_not_change(lonely_hub: Hub) -> None:
    await publish(lonely_hub, process, form, connection)
    with pytest.raises(ConflictError, match=r"Version 1\.0\.0 of sales\.lead is published already") as caught:
        await publish(lonely_hub, process.replace("hello", "goodbye"))
    assert caught.value.where == "0.yaml"


async def test_version_keeps_the_forms_it_was_published_with(lonely_hub: Hub) -> None:
    await publish(lonely_hub, process, form, connection)
    before = await definitions.definition(lonely_hub, "sales.lead")
    sources = [source(form.replace("Score", "Points")), source(process)]
    published = await definitions.publish(lonely_hub, boss, sources)
    assert [(each.full_name, each.version, each.new, each.outdated) for each in published] == [
        ("qualify", "2", True, False),
        ("sales.lead", "1.0.0", False, True),
    ]
    assert (await definitions.definition(lonely_hub, "sales.lead")).bundle == before.bundle


async def test_each_role_publishes_its_own_kinds(lonely_hub: Hub) -> None:
    await publish(lonely_hub, connection, actor=integrator)
    await publish(lonely_hub, form, process, actor=designer)
    with pytest.raises(ForbiddenError, match="'dora' may not publish connections"):
        await publish(lonely_hub, connection, actor=designer)
    with pytest.raises(ForbiddenError, match="'igor' may not publish definitions"):
        await publish(lonely_hub, form, actor=integrator)


async def test_retired_version_is_not_started(lonely_hub: Hub) -> None:
    await publish(lonely_hub, process, form, connection)
    await publish(lonely_hub, process.replace("1.0.0", "1.1.0"))
    retired = await definitions.set_active(lonely_hub, designer, "sales.lead", "1.1.0", active=False)
    assert (retired.active, retired.latest) == (False, False)
    assert (await definitions.definition(lonely_hub, "sales.lead")).version == "1.0.0"
    with pytest.raises(ConflictError, match=r"Version 1\.1\.0 of sales\.lead is retired"):
        await instances.start(lonely_hub, ana, "sales.lead", {}, version="1.1.0")
    found = await definitions.versions(lonely_hub, auditor, "sales.lead")
    assert [(each.version, each.active) for each in found] == [("1.1.0", False), ("1.0.0", True)]


async def test_name_without_namespace_must_be_the_only_one(lonely_hub: Hub) -> None:
    await publish(lonely_hub, process, form, connection)
    await publish(lonely_hub, process.replace("namespace: sales", "namespace: other"))
    with pytest.raises(InputError, match=r"Say which: other\.lead, sales\.lead"):
        await definitions.definition(lonely_hub, "lead")
    with pytest.raises(NotFoundError, match=r"Did you mean sales\.lead"):
        await definitions.definition(lonely_hub, "sale.lead")


async def test_files_are_checked_together_and_unreadable_ones_are_findings(lonely_hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "definitions"
    folder.mkdir()
    for name, text in {"lead.yaml": process, "form.yaml": form, "bad.yaml": "a: [1", "lead.test.yaml": "x"}.items():
        (folder / name).write_text(text)
    alone = await definitions.check_files(None, [folder])
    assert {finding.place.file for finding in alone if finding.place} == {
        str(folder / "bad.yaml"),
        str(folder / "lead.yaml"),
    }
    await publish(lonely_hub, connection)
    with_hub = await definitions.check_files(lonely_hub, [folder])
    assert {finding.place.file for finding in with_hub if finding.place} == {str(folder / "bad.yaml")}
    with pytest.raises(InputError, match="cannot be read"):
        await definitions.check_files(None, [tmp_path / "none.yaml"])


async def test_connections_are_listed_and_tested(lonely_hub: Hub) -> None:
    await publish(lonely_hub, connection)
    (found,) = await connections.list_connections(lonely_hub, ana)
    assert (found.name, found.kind, found.operations[0].name) == ("parrot", "echo", "say")
    (probe,) = await connections.test(lonely_hub, integrator, "parrot")
    assert probe.ok
    with pytest.raises(NotFoundError, match="Did you mean 'parrot'"):
        await connections.test(lonely_hub, integrator, "parot")
    with pytest.raises(ForbiddenError, match="'ana' may not test connections"):
        await connections.test(lonely_hub, ana, "parrot")


async def test_missing_secret_is_the_first_thing_a_test_finds(lonely_hub: Hub) -> None:
    await publish(lonely_hub, connection.replace("kind: echo", "kind: echo\nsettings: {greeting: {secret: hi}}"))
    (probe,) = await connections.test(lonely_hub, integrator, "parrot")
    assert not probe.ok
    assert "There is no secret 'hi'" in probe.sentence
    assert "CAUCE_SECRET_HI" in probe.sentence
