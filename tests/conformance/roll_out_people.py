"""Who works through a roll-out, and what they answer to what is asked of them beside the work."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cauce.services.hub import Actor

JSON = Any
Answers = Mapping[str, Sequence[JSON]]


def _of(name: str, group: str, *roles: str) -> Actor:
    return Actor(name, frozenset({"staff", *roles}), frozenset({group}))


PEOPLE: Final[Mapping[str, Actor]] = {
    "management": _of("mara", "management"),
    "sponsors": _of("sam", "sponsors"),
    "project-managers": _of("pia", "project-managers", "manager"),
    "finance": _of("fina", "finance"),
    "steering": _of("sara", "steering"),
    "marketing": _of("marta", "marketing"),
    "privacy": _of("dora", "privacy"),
    "key-users": _of("keiko", "key-users"),
    "process-owners": _of("berta", "process-owners"),
    "designers": _of("dana", "designers", "designer"),
    "data-owners": _of("dario", "data-owners"),
    "quality": _of("quim", "quality"),
    "hr": _of("hugo", "hr"),
    "communications": _of("carla", "communications"),
    "it": _of("ivan", "it"),
    "architects": _of("arno", "architects"),
    "integrators": _of("igor", "integrators", "integrator"),
    "pilot-users": _of("pilar", "pilot-users"),
    "support": _of("sonia", "support"),
}
PLANNER: Final = PEOPLE["project-managers"]
# Who does work of a phase does not decide on it alone.
BOARD: Final = _of("bruno", "management")
EVERYBODY: Final = Actor("ana", frozenset({"admin"}))


# What people answer to what is asked of them beside the work.
ASIDE: Final[Mapping[str, JSON]] = {
    "risk": {"decision": "accepted", "note": "It is watched"},
    "correct": {"note": "It is known why"},
}
# What people answer to the processes that do activities: one answer after the other, the last one again.
FILE: Final = "a file"
PEOPLE_TRAINED: Final = [{"person": f"P{number}", "came": number > 0, "points": 80} for number in range(20)]
PROVED: Final = {"what": "adoption", "value": 0.82}
ANSWERS: Final[Mapping[str, Answers]] = {
    "roadmap.gather-requirements": {
        "hold": [
            {
                "requirements": [
                    {"area": "Sales", "text": each, "kind": "functional", "priority": "must", "criterion": "Shown"}
                    for each in ("An offer in a minute", "Prices of the ERP", "Who promised what")
                ],
                "minutes": FILE,
            }
        ]
    },
    "roadmap.quality-audit": {
        "plan": [{"heldOn": "2027-01-01", "checklist": [{"item": "Every process has a test"}]}],
        "hold": [{"answers": [{"item": "Every process has a test", "met": "yes"}], "report": FILE}],
    },
    "roadmap.inspect-deliverable": {
        "hand-in": [{"version": "1", "files": [FILE]}, {"version": "2", "files": [FILE]}],
        "inspect": [{"result": "rejected", "defects": "Nothing about complaints"}, {"result": "accepted"}],
    },
    "roadmap.train": {"hold": [{"people": PEOPLE_TRAINED, "list": FILE}]},
    "roadmap.pilot": {
        "plan": [
            {
                "unit": "Getafe",
                "people": 8,
                "weeks": 4,
                "criteria": [{"what": "adoption", "target": 0.7, "better": "more"}],
            }
        ],
        "review": [{"incidents": 1, "severe": 0}],
        "measure": [{"measured": [PROVED], "wayBack": True, "report": FILE}],
        "decide": [{"decision": "pass", "reason": "They work with it"}],
    },
    "roadmap.cut-over": {
        "prepare": [
            {
                "startsAt": "2026-01-01T08:00:00+01:00",
                "steps": [{"what": "Open the new inbox", "group": "it", "undo": "Close it"}],
                **dict.fromkeys(("dataSigned", "wayBack", "support"), True),
            }
        ],
        "decide": [{"decision": "go", "reason": "Nothing is missing"}],
        "do-step": [{"result": "done"}],
        "verify": [{"works": "yes", "checks": "An order", "evidence": FILE}],
    },
    "roadmap.hypercare": {
        "review": [{"opened": 2, "open": 0, "severe": 0, "adoption": 0.84, "backlog": 1}],
        "hand-over": [{"known": "None", "contact": "Sonia", "taken": True, "list": FILE}],
    },
    "roadmap.measure-benefits": {
        "measure": [
            {
                "benefits": [
                    {"id": "fewer-errors", "planned": 15000, "measured": 16000, "source": "Accounting"},
                    {"id": "kept-customers", "planned": 5000, "measured": 4500, "source": "Sales"},
                ]
            }
        ],
        "confirm": [{"decision": "confirm"}],
    },
}
# What is finished only when something else is, though both may be due on the same day.
TOGETHER: Final = {"audit-quality": "accept"}
