"""What `cauce roadmap` says."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cauce.cli import app, roadmap_runs
from cauce.errors import InputError

runner = CliRunner()
ROADMAPS = Path(__file__).parents[3] / "definitions" / "roadmaps"
WAVES = str(ROADMAPS / "branch-waves.yaml")
DONE = """\
activity,started,finished,percent,parts,management
order-branches,2028-01-10,2028-01-14,,,1800.50
adapt-material,2028-01-17,,40,,
"""


def run(*arguments: str) -> Any:
    done = runner.invoke(app, ["roadmap", "plan", *arguments])
    assert done.exit_code == 0, done.output
    return done


def plan(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json").stdout)
    return found


def steps(found: dict[str, Any]) -> dict[str, Any]:
    return {each["id"]: each for each in found["steps"]}


def test_a_plan_by_the_name_of_the_roadmap() -> None:
    found = plan("branch-waves")
    assert (found["start"], found["finish"], found["working_days"]) == ("2028-01-10", "2028-04-11", 67)
    assert found["critical_paths"][0][:3] == ["order-branches", "adapt-material", "GO"]
    assert steps(found)["train.islands"]["after"] == ["GO", "LIVE.north FS+10d"]


def test_a_plan_is_shown_as_a_table_in_a_language() -> None:
    done = run(WAVES, "--language", "es")
    assert "Delegaciones por olas" in done.stdout
    assert "From 2028-01-10 to 2028-04-11, 67 working days." in done.stderr


def test_another_start_moves_all_of_it_and_says_by_how_much() -> None:
    found = plan(WAVES, "--start", "2028-01-17")
    assert steps(found)["order-branches"]["start_shift"] == 5
    assert found["baseline_finish"] == "2028-04-11"


def test_what_happened_so_far_moves_what_follows(tmp_path: Path) -> None:
    (tmp_path / "done.csv").write_text("\ufeff" + DONE, encoding="utf-8")
    found = plan(WAVES, "--actuals", str(tmp_path / "done.csv"), "--status", "2028-01-21")
    after = steps(found)
    assert (after["order-branches"]["state"], after["order-branches"]["finish_shift"]) == ("done", 2)
    assert (after["adapt-material"]["finish"], after["adapt-material"]["finish_shift"]) == ("2028-01-26", 5)
    assert after["DONE"]["finish_shift"] == 5


def test_a_plan_is_compared_with_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "before.json").write_text(run(WAVES, "--start", "2028-01-17", "--json").stdout, encoding="utf-8")
    found = plan(WAVES, "--baseline", str(tmp_path / "before.json"))
    assert {each["start_shift"] for each in found["steps"] if each["id"] != "G"} >= {-5}
    (tmp_path / "before.json").write_text("{}", encoding="utf-8")
    assert (
        "is no plan"
        in runner.invoke(app, ["roadmap", "plan", WAVES, "--baseline", str(tmp_path / "before.json")]).stderr
    )


def test_other_forms() -> None:
    rows = list(csv.DictReader(run(WAVES, "--as", "csv", "--language", "es").stdout.splitlines()))
    assert (rows[0]["title"], rows[0]["critical"], rows[3]["kind"]) == (
        "Qué delegaciones y en qué orden",
        "yes",
        "gate",
    )
    chart = run(WAVES, "--as", "mermaid").stdout.splitlines()
    assert chart[:2] == ["gantt", "  title Branches in waves"]
    assert "  Train (north) :crit, s4, 2028-01-20, 2028-01-27" in chart
    assert "  LIVE.north The wave is live :crit, milestone, s8, 2028-02-04, 0d" in chart
    feed = run(WAVES, "--as", "ical").stdout_bytes.decode()
    assert feed.count("BEGIN:VEVENT") == 21
    assert (
        "DTSTART;VALUE=DATE:20280110\r\nDTEND;VALUE=DATE:20280113\r\nSUMMARY:Which branches\\, in which order\r\n"
        in feed
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("who,started\n", "There is no column `who`."),
        ("started\n", "There is no column `activity`."),
        ("activity,started\norder-branches,soon\n", "Line 2: `soon` in the column started is no day."),
        ("activity,percent\norder-branches,120\n", "Line 2: `120` in the column percent is out of range."),
        ("activity,percent\norder-branches,NaN\n", "Line 2: `NaN` in the column percent is out of range."),
        ("activity,data\norder-branches,much\n", "Line 2: `much` in the column data is no number."),
        ("activity,remaining\norder-branches,1.5\n", "Line 2: `1.5` in the column remaining is no whole number."),
        ("activity,parts\norder-branches,a\n", "Line 2: `a` in the column parts are no parts."),
        ("activity\na\na\n", "Line 3: `a` is there twice."),
        ("activity,started\nnothing,2028-01-10\n", "There is no activity `nothing` in the roadmap."),
        ('activity\n"a\n', "This is not a CSV file"),
        ("activity\n" + "".join(f"a{number}\n" for number in range(20_001)), "The file has more than 20,000 rows."),
    ],
)
def test_what_is_wrong_with_what_happened_is_told(tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / "done.csv").write_text(rows, encoding="utf-8")
    done = runner.invoke(app, ["roadmap", "plan", WAVES, "--actuals", str(tmp_path / "done.csv")])
    assert (done.exit_code, message in done.stderr) == (2, True), done.stderr


def test_what_is_no_roadmap_is_refused(tmp_path: Path) -> None:
    form = ROADMAPS.parent / "calendars" / "office-madrid.yaml"
    assert "is no roadmap" in runner.invoke(app, ["roadmap", "plan", str(form)]).stderr
    assert "There is no file" in runner.invoke(app, ["roadmap", "plan", "nowhere.yaml"]).stderr
    wrong = (ROADMAPS / "branch-waves.yaml").read_text(encoding="utf-8").replace("owner: hr", "owner: hrr")
    (tmp_path / "wrong.yaml").write_text(wrong, encoding="utf-8")
    assert "unknown-owner" in runner.invoke(app, ["roadmap", "plan", str(tmp_path / "wrong.yaml")]).stderr
    assert (
        "9999-12-31 is out of range." in runner.invoke(app, ["roadmap", "plan", WAVES, "--start", "9999-12-31"]).stderr
    )
    assert "is no day" in runner.invoke(app, ["roadmap", "plan", WAVES, "--start", "soon"]).stderr


def test_figures_of_a_roadmap_after_its_first_weeks(tmp_path: Path) -> None:
    (tmp_path / "done.csv").write_text(DONE, encoding="utf-8")
    arguments = (WAVES, "--actuals", str(tmp_path / "done.csv"), "--status", "2028-01-21", "--metric", "adoption=0.5")
    done = runner.invoke(app, ["roadmap", "figures", *arguments, "--json"])
    found = json.loads(done.stdout)
    # Planned by then: 1,500, 2,500 and 800, and in the first wave two days of five of 4,000 and two of three of 3,000.
    assert (found["rows"][-1]["pv"], found["rows"][-1]["ev"], found["rows"][-1]["ac"]) == (
        "8400.00",
        "1500.00",
        "1800.50",
    )
    assert (found["budget"], found["budget_with_contingency"]) == ("33050.00", "36355.00")
    assert sum(float(each["amount"]) for each in found["lines"]) == 33_050
    shown = runner.invoke(app, ["roadmap", "figures", *arguments])
    assert (shown.exit_code, "eac_typical" in shown.stdout) == (0, True)
    assert "Ends on 2028-04-20 by the plan, 2028-04-11 as written" in shown.stderr


def test_figures_that_may_trigger_risks_are_numbers() -> None:
    done = runner.invoke(app, ["roadmap", "figures", "crm-rollout", "--metric", "adoption=0.5", "--json"])
    assert json.loads(done.stdout)["fired"] == ["R-11"]
    wrong = runner.invoke(app, ["roadmap", "figures", "crm-rollout", "--metric", "adoption=true"])
    assert (wrong.exit_code, "is no number" in wrong.stderr) == (2, True)


@pytest.mark.parametrize("name", ["crm-rollout", "/2027", "crm-rollout/", ""])
def test_what_names_no_roadmap_that_runs_says_how_to_write_it(name: str) -> None:
    with pytest.raises(InputError, match="names no roadmap that runs"):
        roadmap_runs.identity(name)


def test_a_roadmap_that_runs_is_named_by_its_key() -> None:
    assert {roadmap_runs.identity(each) for each in ("shop/1", "roadmap:shop/1")} == {"roadmap:shop/1"}
