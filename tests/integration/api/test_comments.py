"""Comments on tasks: the page, and REST."""

import httpx

from tests.integration.api.conftest import Browser

task = "/tasks/00000000-0000-5000-8000-000000000001"
within = {"hx-request": "true"}


async def test_a_comment_is_shown_with_the_names_in_it_and_nothing_of_it_is_markup(ana: Browser) -> None:
    answer = await ana.post(f"{task}/comments", {"text": "<img src=x onerror=alert(1)> @luis?\nyes"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{task}#comments")
    page = (await ana.get(task)).text
    assert '&lt;img src=x onerror=alert(1)&gt; <strong class="mention">@luis</strong>?\nyes' in page
    assert "<img" not in page
    text = {"csrf": await ana.token(), "text": "more"}
    part = await ana.client.post(f"{task}/comments", data=text, headers=within)
    assert ("Your comment is there." in part.text, "<html" in part.text) == (True, False)
    assert (await ana.get(f"{task}/comments?before=2")).text.count('class="said"') == 1


async def test_a_name_of_nobody_who_may_see_the_task_is_refused_with_what_was_written(ana: Browser) -> None:
    answer = await ana.post(f"{task}/comments", {"text": "@igor & co"})
    assert answer.status_code == 422
    assert "Nobody called &#39;igor&#39; may see this task. Those who may: @admin, @ana, @luis, @rosa." in answer.text
    assert ">@igor &amp; co</textarea>" in answer.text
    part = await ana.client.post(
        f"{task}/comments", data={"csrf": await ana.token(), "text": " "}, headers={**within, "accept-language": "es"}
    )
    assert (part.status_code, "Escriba algo antes." in part.text) == (200, True)


async def test_rest_adds_and_lists_comments_in_pages(program: httpx.AsyncClient) -> None:
    address = f"/api/v1{task}/comments"
    for text in ("one", "two @luis", "three"):
        answer = await program.post(address, json={"text": text})
        assert answer.status_code == 201
    first = (await program.get(f"{address}?limit=2")).json()
    assert [(each["text"], each["mentions"]) for each in first["items"]] == [("three", []), ("two @luis", ["luis"])]
    assert [each["text"] for each in (await program.get(first["next"])).json()["items"]] == ["one"]
    refused = await program.post(address, json={"text": "@nobody"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/text")
    assert (await program.post(address, json={"text": "x" * 4001})).status_code == 422
    (instance,) = {each["instance"] for each in first["items"]}
    found = (await program.get(f"/api/v1/instances/{instance}/comments")).json()
    assert [each["text"] for each in found["items"]] == ["three", "two @luis", "one"]
