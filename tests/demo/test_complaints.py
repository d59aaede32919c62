import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cauce.store.models import Task
from demo.complaints import EVENT_TYPE, STOPS, answer, complaints, event
from demo.inbox import Staff
from schemas.source import load_file

ROOT = Path(__file__).parents[2]
FORMS = (
    "classify-complaint", "plan-investigation", "register-reply", "investigate-complaint", "propose-remedy",
    "approve-remedy", "write-answer", "register-acceptance", "confirm-remedy", "analyse-cause", "answer-area",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    file = tmp_path_factory.mktemp("accounting") / "accounting.db"
    with closing(sqlite3.connect(file)) as db, db:
        db.executescript((ROOT / "demo" / "sql" / "accounting.sql").read_text(encoding="utf-8"))
        rows = [(f"C{n:06d}", f"Empresa {n}", f"B{n:08d}", "gold", 30, 1.0) for n in range(1, 40)]
        db.executemany("INSERT INTO customer VALUES (?, ?, ?, ?, ?, ?)", rows)
    return complaints(file)


def test_a_complaint_rests_in_each_stage(made: list[dict[str, object]]) -> None:
    stops = [each["script"]["stop"] for each in made]  # type: ignore[index]  # the generator's own shape
    assert {stop: stops.count(stop) for stop in STOPS} == dict.fromkeys(STOPS, 1)
    assert len({each["id"] for each in made}) == len(made)
    assert event(made[0])["type"] == EVENT_TYPE


@pytest.mark.parametrize("form", FORMS)
def test_what_the_staff_enters_fits_the_form(form: str, made: list[dict[str, object]]) -> None:
    document = load_file(ROOT / "definitions" / "forms" / f"{form}.yaml").data
    given = [answer(form, {"complaint": each}) for each in made]
    for each in given:
        assert each is None or Draft202012Validator(document["schema"]).is_valid(each)
    left = [each["script"]["stop"] for each, entered in zip(made, given, strict=True) if entered is None]  # type: ignore[index]  # as above
    assert len(left) <= 1


def test_what_is_left_to_people_is_no_complaint_before_its_place_to_rest(made: list[dict[str, object]]) -> None:
    staff = Staff(None, leave_every=1)  # type: ignore[arg-type]  # it asks nobody
    found = [
        staff.answer(Task(form="plan-investigation", name="plan", business_key="", data={"complaint": each}))
        for each in made
    ]
    left = [each["script"]["stop"] for each, entered in zip(made, found, strict=True) if entered is None]  # type: ignore[index]  # as above
    assert left == ["investigation"]
    assert staff.answer(Task(form="qualify-lead", name="qualify", business_key="L-1", data={"lead": {}})) is None


def test_what_is_no_complaint_is_left_to_others() -> None:
    assert answer("qualify-lead", {"lead": {}}) is None
    assert answer("classify-complaint", {"complaint": {"code": "R-1"}}) is None
