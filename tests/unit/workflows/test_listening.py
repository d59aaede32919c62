"""Listeners and repairs of the journal."""

from cauce.contract import Repair
from workflows.journal import Journal
from workflows.repair import repair


def test_skipping_a_listener_ends_it_with_what_it_had_used_up() -> None:
    path = "/do/0/hear"
    state = {"token": "t-1", "listening": True, "used": [7]}
    journal = Journal(
        "run", 0.0, lists={"/do": [0, None]}, states={path: state}, marks={"/do": {"0/hear": [None, None]}}
    )
    repair(journal, Repair("skip", path, value=[1], with_value=True))
    assert journal.deaf == [["t-1", [7]]]
    assert journal.states == {}
