from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cauce.services import definitions
from cauce.services.hub import Actor
from schemas import load_yaml

first = "/api/v1/tasks/00000000-0000-5000-8000-000000000000"
mine = "/api/v1/tasks/00000000-0000-5000-8000-000000000001"
lead_to_order = "/api/v1/definitions/process/sales.lead-to-order"
good = """\
document: {dsl: '1.0.3', namespace: test, name: hello, version: 1.0.0}
do:
  - greet: {set: {greeting: hello}}
"""


async def test_tasks_come_by_urgency_in_pages(program: httpx.AsyncClient) -> None:
    keys, address = [], "/api/v1/tasks?limit=3"
    while address:
        page = (await program.get(address)).json()
        keys += [each["business_key"] for each in page["items"]]
        address = page["next"]
    assert keys == ["lead:2041", "lead:2044", "lead:2052", "lead:2057", "lead:2061", "lead:2063", "lead:2070"]


async def test_a_cursor_of_somebody_else_is_refused(program: httpx.AsyncClient) -> None:
    answer = await program.get("/api/v1/tasks?after=nonsense")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "The cursor `after` is not one that Cauce gave out."


async def test_a_task_is_claimed_and_given_back(program: httpx.AsyncClient) -> None:
    assert (await program.post(f"{first}/claim")).json()["claimed_by"] == "ana"
    assert (await program.get("/api/v1/tasks?mine=true")).json()["items"][0]["state"] == "claimed"
    answer = await program.post(f"{first}/return", json={"reason": "on leave"})
    assert answer.json()["state"] == "open"


async def test_a_task_of_another_is_a_conflict(program: httpx.AsyncClient) -> None:
    answer = await program.post("/api/v1/tasks/00000000-0000-5000-8000-000000000005/claim")
    assert answer.status_code == 409
    assert answer.json()["detail"] == "The task is claimed by 'luis'."


async def test_an_answer_that_does_not_fit_names_each_field(program: httpx.AsyncClient) -> None:
    answer = await program.post(f"{mine}/complete", json={"answer": {"need": "x", "score": 101, "decider": True}})
    assert answer.status_code == 422
    assert answer.json()["code"] == "input"
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/need", "/score", "/horizon"]
    assert (await program.get(mine)).json()["state"] == "claimed"


async def test_without_temporal_completing_says_so_and_when_to_come_back(program: httpx.AsyncClient) -> None:
    given = {"answer": {"need": "bearings", "horizon": "month", "score": 80, "decider": True}}
    answer = await program.post(f"{mine}/complete", json=given)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["detail"] == "Temporal does not answer."
    assert (await program.get("/api/v1/instances")).status_code == 503


async def test_health_tells_what_is_down(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/api/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "degraded", "store": True, "engine": False})


async def test_definitions_are_listed_and_read(program: httpx.AsyncClient) -> None:
    listed = (await program.get("/api/v1/definitions?limit=2")).json()
    rest = (await program.get(listed["next"])).json()
    assert [each["full_name"] for each in listed["items"] + rest["items"]] == [
        "erp",
        "qualify-lead",
        "sales.lead-to-order",
    ]
    assert (await program.get(f"{lead_to_order}?version=1.0.0")).json()["latest"] is False
    versions = (await program.get(f"{lead_to_order}/versions")).json()["items"]
    assert [each["version"] for each in versions] == ["1.2.0", "1.1.0", "1.0.0"]


async def test_a_definition_that_the_caller_has_is_not_sent_again(program: httpx.AsyncClient) -> None:
    tag = (await program.get(lead_to_order)).headers["etag"]
    again = await program.get(lead_to_order, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert (await program.get(lead_to_order, headers={"if-none-match": '"other"'})).status_code == 200


async def test_an_unknown_definition_is_not_found_with_what_was_meant(program: httpx.AsyncClient) -> None:
    answer = await program.get("/api/v1/definitions/process/sales.lead-to-ordr")
    assert answer.status_code == 404
    assert answer.json()["hint"] == "Did you mean sales.lead-to-order?"


async def test_checking_finds_line_and_column(program: httpx.AsyncClient) -> None:
    bad = good.replace("set:", "sett:")
    answer = await program.post("/api/v1/definitions/check", content=bad, headers={"x-file-name": "hello.yaml"})
    found = answer.json()
    assert (found["ok"], found["findings"][0]["file"], found["findings"][0]["line"]) == (False, "hello.yaml", 3)


async def test_what_is_not_yaml_is_a_finding_too(program: httpx.AsyncClient) -> None:
    found = (await program.post("/api/v1/definitions/check", content="a: [")).json()
    assert not found["ok"]
    assert (await program.post("/api/v1/definitions", content="a: [")).status_code == 422
    assert (await program.post("/api/v1/definitions/check", content=b"\xff\xfe")).status_code == 422


async def test_publishing_twice_changes_nothing(program: httpx.AsyncClient) -> None:
    answers = [await program.post("/api/v1/definitions", content=good) for _ in range(2)]
    assert [(each.status_code, each.json()[0]["new"]) for each in answers] == [(201, True), (201, False)]
    other = await program.post("/api/v1/definitions", files={"a": ("hello.yaml", good.replace("hello}", "bye}"))})
    assert other.status_code == 409


async def test_publishing_needs_the_role(program: httpx.AsyncClient) -> None:
    narrow = (await program.post("/api/v1/tokens", json={"scopes": ["staff"]})).json()["token"]
    headers = {"authorization": f"Bearer {narrow}"}
    answer = await program.post("/api/v1/definitions", content=good, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["detail"] == "'ana' may not publish definitions."


async def test_connections_show_no_settings(program: httpx.AsyncClient) -> None:
    found = (await program.get("/api/v1/connections")).json()["items"]
    assert [(each["name"], len(each["operations"])) for each in found] == [("erp", 2)]
    assert "settings" not in found[0]
    never = {"capability": "orders", "state": "never", "version": "", "at": None, "by": ""}
    assert found[0]["implements"] == [never]


async def test_events_come_structured_and_binary(program: httpx.AsyncClient) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "t", "data": {"a": 1}}
    structured = {"content-type": "application/cloudevents+json; charset=utf-8"}
    binary = {"ce-id": "1", "ce-source": "/shop", "ce-type": "t", "ce-specversion": "1.0"}
    one = await program.post("/api/v1/events", json=event, headers=structured)
    again = await program.post("/api/v1/events", json={"a": 1}, headers=binary)
    assert (one.status_code, one.json()["new"], again.json()["new"]) == (202, True, False)
    assert one.json()["sequence"] == again.json()["sequence"]


@pytest.mark.parametrize(
    ("content", "headers", "detail"),
    [
        ("[]", {"content-type": "application/cloudevents+json"}, "A structured event is a JSON object."),
        ("{}", {"content-type": "application/cloudevents+json"}, "This is not a CloudEvent."),
        ("{}", {"content-type": "application/json"}, "The request holds no event."),
        ("{", {"ce-id": "1"}, "The body is not JSON."),
        ("{}", {"ce-id": "1", "ce-source": "/shop", "ce-type": ""}, "This is not a CloudEvent."),
        (
            "{}",
            {"ce-id": "1", "ce-source": "/shop", "ce-type": "a", "ce-subject": "a%00b"},
            "This is not a CloudEvent.",
        ),
        ("{}", {"ce-id": "1%1F", "ce-source": "/shop", "ce-type": "a"}, "This is not a CloudEvent."),
        ("{}", {"content-type": "application/cloudevents-batch+json"}, "A batch is an array of events."),
        ("[3]", {"content-type": "application/cloudevents-batch+json"}, "A structured event is a JSON object."),
        (
            "",
            {"content-type": "application/cloudevents+avro"},
            "Events do not come as application/cloudevents+avro here.",
        ),
        (b"\xff", {"ce-id": "1", "content-type": "text/plain"}, "The body is not UTF-8 text."),
    ],
)
async def test_what_is_no_event_is_refused(
    program: httpx.AsyncClient, content: str | bytes, headers: dict[str, str], detail: str
) -> None:
    answer = await program.post("/api/v1/events", content=content, headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


async def test_binary_events_carry_any_data(program: httpx.AsyncClient) -> None:
    attributes = {"ce-source": "/binary", "ce-type": "com.example.any", "ce-subject": "caf%C3%A9", "ce-tenant": "7"}
    sent = [
        ("text/plain", b"hello"),
        ("application/octet-stream", b"\x00\x01"),
        ("application/vnd.x+json", b'{"a": 1}'),
        ("", b""),
    ]
    for number, (kind, content) in enumerate(sent):
        headers = {**attributes, "ce-id": str(number), **({"content-type": kind} if kind else {})}
        assert (await program.post("/api/v1/events", content=content, headers=headers)).status_code == 202
    page = (await program.get("/api/v1/events", params={"type": "com.example.any", "limit": 3})).json()
    rest = (await program.get(page["next"])).json()
    assert [len(page["items"]), len(rest["items"]), rest["next"]] == [3, 1, None]
    logged = [each["event"] for each in [*page["items"], *rest["items"]]][::-1]
    whole = {"specversion": "1.0", "source": "/binary", "type": "com.example.any", "subject": "café", "tenant": "7"}
    assert logged == [
        {**whole, "id": "0", "datacontenttype": "text/plain", "data": "hello"},
        {**whole, "id": "1", "datacontenttype": "application/octet-stream", "data_base64": "AAE="},
        {**whole, "id": "2", "datacontenttype": "application/vnd.x+json", "data": {"a": 1}},
        {**whole, "id": "3"},
    ]
    assert page["items"][0]["routed"]


async def test_a_batch_is_taken_whole_or_not_at_all(program: httpx.AsyncClient) -> None:
    batch = {"content-type": "application/cloudevents-batch+json"}
    good = [{"id": str(number), "source": "/batch", "type": "com.example.batch"} for number in range(2)]
    bad = await program.post("/api/v1/events", json=[*good, {"id": "x", "source": "/batch"}], headers=batch)
    assert (bad.status_code, bad.headers["content-type"]) == (422, "application/problem+json")
    assert (await program.get("/api/v1/events", params={"source": "/batch"})).json()["items"] == []
    taken = await program.post("/api/v1/events", json=[*good, good[0]], headers=batch)
    assert [each["new"] for each in taken.json()] == [True, True, False]
    many = await program.post("/api/v1/events", json=good * 51, headers=batch)
    assert many.status_code == 413


async def test_the_event_log_takes_only_its_own_page_tokens(program: httpx.AsyncClient) -> None:
    answer = await program.get("/api/v1/events", params={"after": "x"})
    assert (answer.status_code, answer.json()["detail"]) == (422, "The page token is not one that Cauce gave out.")


async def test_a_request_that_cannot_be_read_is_a_problem_without_its_values(program: httpx.AsyncClient) -> None:
    answer = await program.post("/api/v1/tokens", json={"expires_in_days": "a-secret"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/expires_in_days"
    assert "a-secret" not in answer.text


async def test_unknown_addresses_and_methods_are_problems(program: httpx.AsyncClient) -> None:
    for method, path, status in (("GET", "/api/v1/nothing", 404), ("DELETE", "/api/v1/me", 405)):
        answer = await program.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_who_drops_a_request_halfway_is_no_bug(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"host", b"cauce.test")]
    scope = {"type": "http", "method": "POST", "path": "/login", "query_string": b"", "headers": headers}
    await app({**scope, "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1)}, gone, send)
    assert (sent[0]["status"], "internal error" in caplog.text) == (499, False)


async def test_a_bug_shows_its_number_and_nothing_else(
    app: FastAPI, program: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state, "sessions", None)
    answer = await program.get("/login")
    assert answer.status_code == 500

    async def fail(*_: object) -> None:
        raise RuntimeError("the secret")

    monkeypatch.setattr("cauce.services.connections.list_connections", fail)
    answer = await program.get("/api/v1/connections")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "the secret" not in answer.text


async def test_every_operation_is_described_with_its_errors(program: httpx.AsyncClient) -> None:
    document = (await program.get("/api/v1/openapi.json")).json()
    operations = [
        (path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()
    ]
    assert len(operations) > 20
    for path, method, operation in operations:
        assert operation["description"], (path, method)
        assert path == "/api/v1/health" or "401" in operation["responses"], (path, method)
        assert operation.get("security") or path == "/api/v1/health", (path, method)
        body: Any = operation.get("requestBody")
        assert body is None or examples_of(document, body), (path, method)


def examples_of(document: Any, body: Any) -> bool:
    """Return whether a body has an example, or its model has one for some field."""
    for media in body["content"].values():
        reference = media["schema"].get("$ref", "").rpartition("/")[2]
        fields = document["components"]["schemas"].get(reference, {}).get("properties", {})
        if "example" in media or any("examples" in each for each in fields.values()):
            return True
    return False


async def test_what_starts_by_time_is_listed_and_paused(program: httpx.AsyncClient, app: FastAPI) -> None:
    scheduled = good.replace("do:", "schedule: {cron: '0 7 * * *'}\ndo:")
    actor = Actor("boss", frozenset({"admin"}))
    await definitions.publish(app.state.hub, actor, [load_yaml(scheduled, "hello.yaml")])
    (row,) = (await program.get("/api/v1/schedules?definition=test.hello")).json()["items"]
    assert (row["kind"], row["when"], row["timezone"], row["next_at"]) == ("cron", "0 7 * * *", "UTC", None)
    assert row["problem"] == "Temporal does not answer."
    (row,) = (await program.post("/api/v1/schedules/test.hello/pause")).json()["items"]
    assert row["paused"] is True
    (row,) = (await program.post("/api/v1/schedules/test.hello/resume")).json()["items"]
    assert row["paused"] is False
    assert (await program.post("/api/v1/schedules/test.other/pause")).status_code == 404


async def test_where_events_go_is_listed(program: httpx.AsyncClient, app: FastAPI) -> None:
    text = """
connection: monitor
kind: http
settings: {base_url: 'http://127.0.0.1:1'}
operations: {take: {calls: POST /events, effect: write}}
events: {types: ['com.example.*'], operation: take}
"""
    actor = Actor("boss", frozenset({"admin"}))
    await definitions.publish(app.state.hub, actor, [load_yaml(text, "monitor.yaml")])
    (row,) = (await program.get("/api/v1/events/sinks")).json()
    assert row == {
        "connection": "monitor",
        "types": ["com.example.*"],
        "waiting": 0,
        "failures": 0,
        "problem": "",
        "refused": 0,
        "lately": [],
    }
