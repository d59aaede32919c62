"""What tests came to, as the hub keeps it: green is only a run of exactly what is published."""

from pathlib import Path

import pytest

from cauce.errors import ForbiddenError, InputError
from cauce.services import definitions, test_runs
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import evidence
from cauce.store.test_runs import NewRun
from cauce.testing import keeping
from cauce.testing.course import Course
from cauce.testing.plan import plan
from cauce.testing.recordings import Replays
from cauce.testing.session import Session
from cauce.testing.suite import Result
from schemas import load_yaml
from schemas.files import is_test, load_files
from tests.integration.services.conftest import boss

FOLDER = {
    "ask.yaml": """document: {dsl: '1.0.3', namespace: drafts, name: ask, version: 1.0.0}
do:
  - look: {call: look@shop, with: {}}
  - ask: {call: human-task, with: {form: ask, title: Ask, assign: {group: crew}, expires: {after: P9D}}}
""",
    "ask-form.yaml": "form: ask\ntitle: Ask\nschema: {type: object, properties: {fine: {type: boolean}}}\n",
    # What holds for all operations of a connection is in its settings, and in the digest.
    "shop.yaml": """connection: shop
kind: soap
settings: {wsdl: 'http://127.0.0.1/?wsdl', timeout: PT12S}
operations: {look: {calls: Look, effect: read}}
""",
    "ask.test.yaml": """test: ask
process: drafts.ask
cases:
  - {name: one, answers: {look: {output: {}}, ask: {by: ana, answer: {fine: true}}}, expect: {status: completed}}
""",
}
HELLO = "document: {{dsl: '1.0.3', namespace: drafts, name: {0}, version: 1.0.{1}}}\ndo:\n  - a: {{set: {{n: {1}}}}}\n"


async def told(hub: Hub, of: str) -> tuple[bool, str]:
    found = await evidence.answer(hub, "tests-green", of, {})
    return found["holds"], found["code"]


async def test_green_is_only_what_is_published_exactly(lonely_hub: Hub) -> None:
    hub, (alone,) = lonely_hub, await publish(lonely_hub, "hello", 1)
    assert await told(hub, "drafts.hello") == (False, "tests-not-run")
    assert await told(hub, "paint") == (False, "tests-nothing")

    async def keep(digest: str, cases: int, failed: int) -> test_runs.TestRunView:
        failures = [{"case": "c", "problem": "p" * 600}] * failed
        run = NewRun("drafts.hello", "1.0.1", digest, "c" * 64, cases, failed, failures)
        return (await test_runs.keep(hub, boss, [run]))[0]

    assert not (await keep("0" * 64, 3, 0)).published
    assert await told(hub, "hello") == (False, "tests-not-run")
    red = await keep(alone, 3, 1)
    assert (red.published, len(red.failures[0]["problem"])) == (True, 500)
    assert await told(hub, "drafts.hello") == (False, "tests-red")
    await keep(alone, 0, 0)
    assert await told(hub, "drafts.hello") == (False, "tests-red")
    await keep(alone, 3, 0)
    assert [await told(hub, of) for of in ("drafts.hello", "hello", "drafts", "")] == [(True, "tests-green")] * 4
    # Another version is another content; so is another process of the same namespace.
    await publish(hub, "hello", 2)
    assert await told(hub, "drafts.hello") == (False, "tests-not-run")
    runs = await test_runs.runs_of(hub, boss, "drafts.hello")
    assert [(each.cases, each.failed, each.published) for each in runs] == [
        (3, 0, False),
        (0, 0, False),
        (3, 1, False),
        (3, 0, False),
    ]
    with pytest.raises(InputError, match="More cases failed"):
        await keep(alone, 1, 2)
    with pytest.raises(ForbiddenError, match="may not keep what tests came to"):
        await test_runs.keep(hub, Actor("staff", frozenset({"staff"})), [])


async def publish(hub: Hub, name: str, number: int) -> list[str]:
    text = HELLO.format(name, number)
    return [each.digest for each in await definitions.publish(hub, boss, [load_yaml(text, "hello.yaml")])]


async def test_what_lies_in_a_folder_has_the_digest_that_publication_gives_it(lonely_hub: Hub, tmp_path: Path) -> None:
    for name, text in FOLDER.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    planned = plan([tmp_path / "ask.test.yaml"])
    sources, _ = load_files([tmp_path / name for name in FOLDER if not is_test(Path(name))])
    published = {each.full_name: each.digest for each in await definitions.publish(lonely_hub, boss, sources)}
    (case,) = planned.cases
    result = Result(
        case, Session(case.case, case.bundle, planned.bundles, planned.finds, Replays(case.library)), Course(), "broke"
    )
    (run,) = keeping.runs([result])
    assert (run.definition, run.version, run.digest) == ("drafts.ask", "1.0.0", published["drafts.ask"])
    assert (run.cases, run.failed, run.failures) == (1, 1, [{"case": "one", "problem": "broke"}])
