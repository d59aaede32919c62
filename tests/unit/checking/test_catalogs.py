"""Where the raw document of a function is that people see in a repository, and which functions may call which."""

import pytest

from workflows.checking.catalogs import callee, raw_addresses
from workflows.checking.functions import Graph

RAW = "https://raw.githubusercontent.com/serverlessworkflow/catalog"
PLACE = "functions/log/1.0.0/function.yaml"


@pytest.mark.parametrize(
    ("root", "first"),
    [
        ("https://github.com/serverlessworkflow/catalog/tree/main", f"{RAW}/refs/heads/main/{PLACE}"),
        ("https://github.com/serverlessworkflow/catalog/tree/main/", f"{RAW}/refs/heads/main/{PLACE}"),
        ("https://github.com/serverlessworkflow/catalog/blob/dev/deep", f"{RAW}/refs/heads/dev/deep/{PLACE}"),
        ("https://github.com/serverlessworkflow/catalog", f"{RAW}/HEAD/{PLACE}"),
        ("https://github.com/serverlessworkflow/catalog.git/", f"{RAW}/HEAD/{PLACE}"),
        (f"https://github.com/serverlessworkflow/catalog/tree/{'a' * 40}", f"{RAW}/{'a' * 40}/{PLACE}"),
        ("https://gitlab.com/a/b/c", f"https://gitlab.com/a/b/c/-/raw/HEAD/{PLACE}"),
        ("https://gitlab.com/a/b/-/tree/main", f"https://gitlab.com/a/b/-/raw/main/{PLACE}"),
        ("https://git.example/a/-/blob/v1/sub", f"https://git.example/a/-/raw/v1/sub/{PLACE}"),
        ("https://catalog.example/root/", f"https://catalog.example/root/{PLACE}"),
    ],
)
def test_catalog_in_a_repository_is_read_raw(root: str, first: str) -> None:
    assert raw_addresses(root, PLACE)[0] == first


def test_tag_of_a_repository_is_tried_after_the_branch_of_its_name() -> None:
    assert raw_addresses("https://github.com/o/r/tree/v1", "f.yaml") == (
        "https://raw.githubusercontent.com/o/r/refs/heads/v1/f.yaml",
        "https://raw.githubusercontent.com/o/r/v1/f.yaml",
    )


@pytest.mark.parametrize(
    "address", [f"{RAW}/main/{PLACE}", "https://x.example/f.yaml", "https://github.com/o/r", "https://x.example/f?x=/"]
)
def test_address_of_a_document_itself_stays(address: str) -> None:
    assert raw_addresses(address) == (address,)


def test_page_of_a_document_is_read_raw() -> None:
    assert raw_addresses("https://github.com/o/r/blob/main/f.yaml")[0] == (
        "https://raw.githubusercontent.com/o/r/refs/heads/main/f.yaml"
    )


@pytest.mark.parametrize("name", ["log:../1@c", "l/g:1@c", "log:1@c/../d", ":1@c", "log:@c", "log:1@unknown", "log@c"])
def test_name_that_no_catalog_can_have_is_none(name: str) -> None:
    assert callee(name, (), {"c": {"endpoint": "https://x.example"}}, {}) is None


def test_functions_that_call_each_other_too_often_are_too_many_tasks() -> None:
    own: dict[str, dict[str, object]] = {
        f"f{i}": {"do": [{"a": {"call": f"f{i + 1}"}}, {"b": {"call": f"f{i + 1}"}}]} for i in range(14)
    }
    own["f14"] = {"set": {"x": 1}}
    (problem,) = Graph(own, {}, {}).problems({"": {"do": [{"a": {"call": "f0"}}]}})
    assert problem == "With the functions that are called, these are more than 10,000 tasks."
    assert list(Graph(own, {}, {}).problems({"": {"do": [{"a": {"call": "f6"}}]}})) == []


def test_functions_may_not_call_each_other_too_deep() -> None:
    own = {f"f{i}": {"call": f"f{i + 1}"} for i in range(20)}
    (problem,) = Graph(own, {}, {}).problems({"": {"do": [{"a": {"call": "f0"}}]}})
    assert problem == "Functions call each other more than 16 deep."


def test_functions_from_outside_that_call_each_other_in_a_circle_are_found() -> None:
    catalogs = {"c": {"endpoint": "https://x.example"}}
    fetched = {"a:1@c": {"call": "b:1@c"}, "b:1@c": {"do": [{"x": {"call": "a:1@c"}}]}}
    (problem,) = Graph({}, catalogs, {}, fetched).problems({"": {"do": [{"a": {"call": "a:1@c"}}]}})
    assert problem == "The function `a:1@c` calls itself, through `b:1@c`."
