"""Inputs, answers, events and requests that do not fit: refused with the field's place, and nothing has changed."""

import json

import httpx
import pytest

from tests.bad_input.site import Site

CUSTOMER = {"customer": {"email": "ana@example.test"}}


def problem(answer: httpx.Response, status: int, code: str) -> str:
    """Return the sentences of problem details, which must be of this kind."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    return f"{body['detail']} {body.get('hint', '')}"


@pytest.fixture
def asked(site: Site) -> tuple[str, str]:
    """Return a new instance that waits for an answer, and the id of its task."""
    instance = site.start("bad.ask", CUSTOMER)
    return instance, site.open_task(instance)["id"]


@pytest.mark.parametrize(
    ("given", "pointer", "words"),
    [
        ({"customer": {"email": 5}}, "/customer/email", "`email` must be text, not a number."),
        ({"customer": {}}, "/customer/email", "`email` is missing."),
        ({"customer": {"email": "a"}}, "/customer/email", "3"),
        ([1], "", "The data must be a map, not a list."),
        (None, "", "The data must be a map, not null."),
    ],
)
def test_input_that_fails_its_schema_starts_nothing(site: Site, given: object, pointer: str, words: str) -> None:
    answer = site.call("POST", "/instances", json={"definition": "bad.ask", "input": given, "key": "unfit"})
    problem(answer, 422, "input")
    (error,) = answer.json()["errors"]
    assert (error["pointer"], words in error["problem"]) == (pointer, True), error
    done = site.cauce("start", "bad.ask", "--input", json.dumps(given), "--key", "unfit", "--json")
    assert (done.exit_code, done.error["errors"]) == (2, [error])
    assert error["problem"] in done.stderr
    assert site.call("GET", "/instances/bad.ask/unfit").status_code == 404


def test_text_that_is_no_json_is_told_with_its_line(site: Site) -> None:
    done = site.cauce("start", "bad.ask", "--input", '{"a": 1,\n b: 2}', "--json")
    assert (done.exit_code, done.error["code"]) == (2, "input")
    assert "(line 2, column 2)" in done.error["detail"]
    assert done.error["hint"] == "Text in JSON needs double quotes."


def test_unknown_process_is_told_with_its_near_name(site: Site) -> None:
    done = site.cauce("start", "bad.aks", "--json")
    assert (done.exit_code, done.error["hint"]) == (1, "Did you mean bad.ask?")
    assert problem(site.call("POST", "/instances", json={"definition": "bad.aks"}), 404, "not-found").endswith(
        "There is no published process 'bad.aks'. Did you mean bad.ask?"
    )


def test_answer_that_fails_the_form_leaves_the_task_open(site: Site, asked: tuple[str, str]) -> None:
    _, task = asked
    answer = site.call("POST", f"/tasks/{task}/complete", "ana", json={"answer": {"score": "high", "more": 1}})
    problem(answer, 422, "input")
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/score", "/more"}
    done = site.cauce("tasks", "complete", task, "--input", '{"score": 101}', "--as", "ana", "--json")
    assert (done.exit_code, done.error["errors"][0]["pointer"]) == (2, "/score")
    assert "100" in done.error["errors"][0]["problem"]
    assert site.call("GET", f"/tasks/{task}", "ana").json()["state"] == "open"
    assert site.call("POST", f"/tasks/{task}/complete", "ana", json={"answer": {"score": 1}}).status_code == 200


def test_task_is_completed_once(site: Site, asked: tuple[str, str]) -> None:
    instance, task = asked
    site.call("POST", f"/tasks/{task}/complete", "ana", json={"answer": {"score": 1}}).raise_for_status()
    again = site.call("POST", f"/tasks/{task}/complete", "rosa", json={"answer": {"score": 2}})
    assert problem(again, 409, "conflict") == "The task was completed by 'ana'. Reload the inbox."
    done = site.cauce("tasks", "complete", task, "--input", '{"score": 2}', "--as", "rosa", "--json")
    assert (done.exit_code, done.error["detail"]) == (1, "The task was completed by 'ana'.")
    assert site.ended(instance)["output"]["answer"] == {"score": 1}


def test_task_of_another_is_refused(site: Site, asked: tuple[str, str]) -> None:
    _, task = asked
    of_others = site.call("POST", f"/tasks/{task}/complete", "luis", json={"answer": {"score": 2}})
    assert "There is no task" in problem(of_others, 404, "not-found")
    site.call("POST", f"/tasks/{task}/claim", "rosa").raise_for_status()
    for path in ("claim", "complete"):
        claimed = site.call("POST", f"/tasks/{task}/{path}", "ana", json={"answer": {"score": 2}})
        assert problem(claimed, 409, "conflict") == "The task is claimed by 'rosa'. Ask them to give it back."
    site.call("POST", f"/tasks/{task}/complete", "rosa", json={"answer": {"score": 2}}).raise_for_status()


def test_task_that_is_not_there(site: Site) -> None:
    assert "There is no task nonsense." in problem(site.call("POST", "/tasks/nonsense/claim"), 404, "not-found")


def test_request_that_is_too_large(site: Site) -> None:
    answer = site.call("POST", "/instances", content=b" " * 8_000_001, headers={"content-type": "application/json"})
    assert "The request is larger than 8,000,000 bytes." in problem(answer, 413, "too-large")


def test_request_in_pieces_that_is_too_large(site: Site) -> None:
    pieces = (b" " * 1_000_000 for _ in range(9))
    answer = site.call("POST", "/events", content=pieces, headers={"content-type": "application/cloudevents+json"})
    assert "The request is larger than 8,000,000 bytes." in problem(answer, 413, "too-large")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[1, 2]", b"nonsense", b"", b"[" * 100_000])
def test_body_that_cannot_be_read(site: Site, body: bytes) -> None:
    answer = site.call("POST", "/instances", content=body, headers={"content-type": "application/json"})
    assert "cannot be read." in problem(answer, 422, "input")


def test_body_of_another_media_type(site: Site) -> None:
    for media_type in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
        answer = site.call("POST", "/instances", content=b"definition=bad.ask", headers={"content-type": media_type})
        assert "The request cannot be read." in problem(answer, 422, "input")


def test_who_is_not_logged_in_gets_nothing(site: Site) -> None:
    for token in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic YTpi"}):
        for path in ("/api/v1/tasks", "/api/v1/instances", "/api/v1/openapi.json"):
            answer = site.rest.get(path, headers=token)
            problem(answer, 401, "unauthenticated")
            assert answer.headers["www-authenticate"] == "Bearer"
    assert site.rest.get("/inbox").headers["location"] == "/login?next=%2Finbox"


def test_wrong_role_names_the_right_ones(site: Site) -> None:
    answer = site.call("POST", "/instances", "eva", json={"definition": "bad.add"})
    assert "'eva' may not start instances. It takes one of the roles staff" in problem(answer, 403, "forbidden")
    answer = site.call("POST", "/instances/bad.add/x/cancel", "ana")
    assert "'ana' may not cancel instances." in problem(answer, 403, "forbidden")
    done = site.cauce("start", "bad.add", "--as", "eva", "--json")
    assert (done.exit_code, done.error["code"]) == (1, "forbidden")


@pytest.mark.parametrize(
    ("event", "pointers"),
    [
        ({"source": "/shop", "type": "x"}, ["/id"]),
        ({"id": "1"}, ["/source", "/type"]),
        ({"id": "1", "source": "", "type": 5}, ["/source", "/type"]),
        ({"id": "1", "source": "/s", "type": "x", "specversion": "0.3"}, ["/specversion"]),
    ],
)
def test_event_without_its_attributes(site: Site, event: object, pointers: list[str]) -> None:
    headers = {"content-type": "application/cloudevents+json"}
    answer = site.call("POST", "/events", content=json.dumps(event), headers=headers)
    assert "This is not a CloudEvent." in problem(answer, 422, "input")
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


def test_what_is_no_event_at_all(site: Site) -> None:
    headers = {"content-type": "application/cloudevents+json"}
    assert "The body is not JSON." in problem(site.call("POST", "/events", content="{", headers=headers), 422, "input")
    assert "is a JSON object" in problem(site.call("POST", "/events", content="[]", headers=headers), 422, "input")
    assert "The request holds no event." in problem(site.call("POST", "/events", json={}), 422, "input")


@pytest.mark.parametrize("cursor", ["nonsense", "AAAA", "eyJ4IjoxfQ==", "'; drop table tasks; --", "%00"])
def test_page_that_nobody_gave_out(site: Site, cursor: str) -> None:
    for path, name in (("/tasks", "after"), ("/instances", "page")):
        answer = site.call("GET", path, params={name: cursor})
        assert "is not one that Cauce gave out. Start at the first page." in problem(answer, 422, "input")


@pytest.mark.parametrize("limit", ["0", "201", "many", "-1"])
def test_size_of_a_page(site: Site, limit: str) -> None:
    answer = site.call("GET", "/tasks", params={"limit": limit})
    problem(answer, 422, "input")
    assert answer.json()["errors"][0]["pointer"] == "/limit"


def test_nothing_of_this_was_a_bug(site: Site) -> None:
    log = (site.folder / "api.log").read_text(errors="replace")
    assert "internal error" not in log
    assert "Traceback" not in log
