"""Plans of other programs: what goes out comes back as it was, and what cannot be read says why."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cauce.errors import CauceError
from cauce.services.roadmaps import plans
from cauce.services.roadmaps.exchange.importing import imported
from cauce.services.roadmaps.formats import formats
from cauce.services.roadmaps.plans import Asked, PlanView
from schemas import Source, load_file
from schemas.source import load_yaml
from workflows.checking import check

DEFINITIONS = Path(__file__).parents[3] / "definitions"
CALENDAR = load_file(DEFINITIONS / "calendars" / "office-madrid.yaml")
HEAD = '<Project xmlns="http://schemas.microsoft.com/project"><StartDate>2027-01-11T08:00:00</StartDate>'
# As another program writes it: no custom fields, links to headings, hours, percents.
FOREIGN = f"""{HEAD}<Title>Move the shop</Title><Tasks>
<Task><UID>0</UID><Name>Move</Name><OutlineLevel>0</OutlineLevel><Summary>1</Summary></Task>
<Task><UID>1</UID><Name>Prepare</Name><OutlineLevel>1</OutlineLevel><Summary>1</Summary></Task>
<Task><UID>2</UID><Name>Pack the boxes</Name><OutlineLevel>2</OutlineLevel><Duration>PT20H0M0S</Duration>
 <Cost>150000</Cost><ConstraintType>4</ConstraintType><ConstraintDate>2027-01-13T08:00:00</ConstraintDate></Task>
<Task><UID>3</UID><Name>Pack the boxes</Name><OutlineLevel>2</OutlineLevel><Duration>PT8H0M0S</Duration>
 <Deadline>2027-02-01T17:00:00</Deadline></Task>
<Task><UID>4</UID><Name>Ready</Name><OutlineLevel>2</OutlineLevel><Duration>PT0H0M0S</Duration>
 <PredecessorLink><PredecessorUID>2</PredecessorUID><Type>1</Type></PredecessorLink>
 <PredecessorLink><PredecessorUID>3</PredecessorUID><Type>1</Type></PredecessorLink></Task>
<Task><UID>5</UID><Name>Move</Name><OutlineLevel>1</OutlineLevel><Summary>1</Summary>
 <PredecessorLink><PredecessorUID>1</PredecessorUID><Type>1</Type></PredecessorLink></Task>
<Task><UID>6</UID><Name>Drive</Name><OutlineLevel>2</OutlineLevel><Duration>PT16H0M0S</Duration>
 <PredecessorLink><PredecessorUID>4</PredecessorUID><Type>3</Type><LinkLag>9600</LinkLag><LagFormat>7</LagFormat></PredecessorLink>
 <PredecessorLink><PredecessorUID>99</PredecessorUID><Type>1</Type></PredecessorLink></Task>
</Tasks><Resources><Resource><UID>1</UID><Name>Eva Ruiz</Name></Resource></Resources>
<Assignments><Assignment><UID>1</UID><TaskUID>2</TaskUID><ResourceUID>1</ResourceUID></Assignment></Assignments></Project>"""
TABLE = "id,phase,title,days,after\na,P,Think,3,\nb,P,Act,2,a SS+1d\n"


def shipped(name: str) -> Source:
    return load_file(DEFINITIONS / "roadmaps" / f"{name}.yaml")


def planned(document: Mapping[str, Any]) -> PlanView:
    return plans.planned({**document, "calendar": "office-madrid"}, CALENDAR.data, Asked())


@pytest.mark.parametrize("form", ["mspdi", "csv"])
@pytest.mark.parametrize("name", ["crm-rollout", "branch-waves", "connector-project"])
def test_a_plan_that_went_out_comes_back_with_its_days(name: str, form: str) -> None:
    document = shipped(name).data
    there = planned(document)
    text = formats[form][1](there, "es")
    draft = imported(text.encode(), f"plan.{'csv' if form == 'csv' else 'xml'}", name)
    back = planned({**draft.document, "start": document["start"]})
    told = [(each.id.replace(".", "-"), each.start, each.finish, each.total_float, each.owner) for each in there.steps]
    assert [(each.id, each.start, each.finish, each.total_float, each.owner) for each in back.steps] == told
    assert sum(sum(each.cost.values()) for each in back.steps) == sum(sum(each.cost.values()) for each in there.steps)
    assert [each.run for each in back.steps] == [told_its_wave(each) for each in there.steps]


def told_its_wave(step: Any) -> Any:
    """Return what does an activity in a plan without waves, where its process has to be told of which it is."""
    if step.run is None or not step.wave:
        return step.run
    return {**step.run, "input": {**step.run.get("input", {}), "wave": step.wave}}


@pytest.mark.parametrize("form", ["mspdi", "csv"])
def test_what_a_process_is_told_goes_along_or_is_said_to_be_missing(form: str) -> None:
    activity: dict[str, Any] = {"title": "T", "pillar": "people", "owner": "o", "days": 1, "cost": {"training": 1}}
    long: dict[str, Any] = {"process": "roadmap.train", "input": {"audience": "everybody " * 30}}
    runs: list[Any] = [{"process": "roadmap.train", "input": {"audience": '${ "áé" }'}}, long, {"process": "Not One"}]
    activities = [{**activity, "id": f"a{number}", "run": run} for number, run in enumerate(runs)]
    phase = {"id": "P", "title": "P", "waves": [{"id": "north", "title": "N"}], "activities": activities}
    gate = {"id": "G", "title": "G", "approvers": ["o"]}
    document = {"roadmap": "r", "title": "R", "start": "2027-01-11", "owners": {"o": {"title": "O"}}}
    text = formats[form][1](planned({**document, "phases": [{**phase, "gate": gate}]}), "en")
    draft = imported(text.encode(), f"plan.{'csv' if form == 'csv' else 'xml'}", "r")
    found = [each.get("run") for each in draft.document["phases"][0]["activities"]]
    told = {"wave": "north", **long["input"]}
    kept = {"process": "roadmap.train"} if form == "mspdi" else {"process": "roadmap.train", "input": told}
    assert found == [{**runs[0], "input": {"wave": "north", "audience": '${ "áé" }'}}, kept, None]
    said = [each for each in draft.remarks if "process" in each or "cannot be read" in each]
    assert len(said) == (2 if form == "mspdi" else 1)
    assert "done by `Not One` there, which is no process" in said[-1]


def test_what_comes_from_elsewhere_is_a_draft_that_says_what_it_lacks() -> None:
    draft = imported(FOREIGN.encode(), "plan.xml")
    document = draft.document
    first, second = document["phases"]
    assert (document["roadmap"], document["start"]) == ("move-the-shop", "2027-01-11")
    assert [(each["id"], each["days"], each["owner"]) for each in first["activities"]] == [
        ("pack-the-boxes", 3, "Eva-Ruiz"),
        ("pack-the-boxes-2", 1, "project-manager"),
    ]
    assert first["activities"][0]["constraint"] == {"startNoEarlier": "2027-01-13"}
    assert first["activities"][0]["cost"] == {"management": 1500}
    assert (first["gate"]["id"], first["gate"]["title"], "after" in first["gate"]) == ("G1", "Ready", False)
    assert second["activities"][0]["after"] == [
        *("pack-the-boxes", "pack-the-boxes-2", "G1"),
        {"activity": "G1", "type": "SS", "lag": 2},
    ]
    said = "\n".join(draft.remarks)
    for part in ("2.50 days there", "outside this file", "No milestone ends `Move`", "without a pillar: 3"):
        assert part in said
    assert draft.text().startswith("# `Pack the boxes` lasts 2.50 days there")


def test_a_draft_is_a_roadmap_but_for_the_reasons_that_a_person_has_to_give() -> None:
    source = load_yaml(imported(TABLE.encode(), "shop.csv").text(), "shop.yaml")
    found = [each.problem for each in check([source]) if each.severity == "error"]
    assert len(found) == 4
    assert all(each.endswith("nothing says why.") for each in found), found


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("p.xml", b"\xd0\xcf\x11\xe0 binary", "Project's own format"),
        ("p.xml", b"<Project/>", "not Microsoft Project's XML"),
        ("p.xml", b'<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>', "not Microsoft Project's XML"),
        ("p.xml", f"{HEAD}<Title>T</Title></Project>".encode(), "no tasks"),
        ("p.xml", FOREIGN.replace("PT8H0M0S", "soon").encode(), "'soon', which is no duration"),
        ("p.xml", FOREIGN.replace("150000", "lots").encode(), "'lots', which is no number"),
        ("p.xml", FOREIGN.replace("2027-02-01T", "2027-02-31T").encode(), "which is no day"),
        ("p.xml", FOREIGN.replace("<Tasks>", "<MinutesPerDay>0</MinutesPerDay><Tasks>").encode(), "0 minutes"),
        ("p.xml", FOREIGN.replace("Move the shop", "¡!").encode(), "no name for the roadmap"),
        ("p.xml", f"{HEAD}<Tasks>{'<Task/>' * 10_001}</Tasks></Project>".encode(), "more than 10,000 tasks"),
        ("p.xml", b" " * (16 * 2**20 + 1), "more than 16 MB"),
        ("p.csv", b"\xff", "not UTF-8"),
        ("p.csv", b"id,phase,title\n", "no column `days`"),
        ("p.csv", TABLE.replace("Act,2", "Act,two").encode(), "Line 3: 'two' are no days"),
        ("p.csv", TABLE.replace("SS+1d", "XX").encode(), "is no link"),
        ("p.csv", TABLE.replace("a SS", "z SS").encode(), "waits for `z`"),
        ("p.csv", TABLE.replace("b,P", "a,P").encode(), "`a` is there twice"),
        ("p.csv", b"id,phase,title,days,data\na,P,T,1,-3\n", "'-3' is no cost"),
        ("p.csv", b"id,phase,title,days\n,P,T,1\n", "Line 2 has no id"),
        ("p.csv", b'id,phase,title,days\n"a,P,T,1\n', "not a CSV file"),
    ],
)
def test_what_cannot_be_taken_over_says_why(file: str, content: bytes, said: str) -> None:
    with pytest.raises(CauceError, match=said.replace(".", r"\.")):
        imported(content, file)
