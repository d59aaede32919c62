"""A small roadmap in its course, for tests: what people do with it, day by day, without a server."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from cauce.roadmaps import Done, Request, RoadmapNews, RoadmapStart
from workflows.roadmap.running.course import Course, Moment
from workflows.roadmap.running.daily import next_day
from workflows.roadmap.running.journal import Journal
from workflows.roadmap.running.turns import Turns

JSON = Any
MONDAY = date(2027, 1, 4)
SMALL: Mapping[str, JSON] = {
    "roadmap": "shop",
    "title": "Shop",
    "start": "2027-01-04",
    "owners": {"sponsor": {"title": "S", "group": "sponsors"}, "crew": {"title": "C", "group": "crew"}},
    "phases": [
        {
            "id": "P1",
            "title": "Think",
            "activities": [
                {
                    "id": "decide",
                    "title": "D",
                    "pillar": "strategy",
                    "owner": "sponsor",
                    "days": 5,
                    "cost": {"management": 1000},
                },
                {
                    "id": "draw",
                    "title": "Draw",
                    "pillar": "processes",
                    "owner": "crew",
                    "days": 8,
                    "cost": {"data": 500},
                    "after": [{"activity": "decide", "type": "SS", "lag": 2}],
                },
            ],
            "gate": {
                "id": "G1",
                "title": "Go",
                "approvers": ["sponsor"],
                "evidence": [{"document": "Drawing", "activity": "draw"}, {"fact": "dead-letters", "most": 0}],
            },
        },
        {
            "id": "P2",
            "title": "Build",
            "activities": [
                {
                    "id": "build",
                    "title": "B",
                    "pillar": "technology",
                    "owner": "crew",
                    "days": 20,
                    "cost": {"integration": 9000},
                },
                {
                    "id": "teach",
                    "title": "T",
                    "pillar": "people",
                    "owner": "crew",
                    "days": 3,
                    "after": ["build"],
                    "cost": {"training": 900},
                },
            ],
            "gate": {"id": "G2", "title": "Live", "approvers": ["sponsor", "crew"], "quorum": 1, "fourEyes": True},
        },
    ],
    "thresholds": {"cpi": {"amber": 0.95, "red": 0.9}, "spi": {"amber": 0.95, "red": 0.9}},
    "changes": [{"decides": "crew", "cost": 2, "days": 0}, {"decides": "sponsor"}],
    "risks": [
        {
            "id": "R1",
            "title": "R",
            "probability": 2,
            "impact": 3,
            "owner": "crew",
            "response": "R",
            "trigger": {"title": "T", "metric": "adoption", "below": 0.7},
        }
    ],
}


@dataclass
class Project:
    """Takes turns, and keeps all that was told."""

    document: JSON = field(default_factory=lambda: json.loads(json.dumps(SMALL)))
    today: date = MONDAY
    news: list[RoadmapNews] = field(default_factory=list)
    begins: bool = True

    def __post_init__(self) -> None:
        start = RoadmapStart("shop", "1", "1", self.document, None, "2027-01-04", "ana")
        self.start = start
        self.course = Course(Journal.begun(start), identity="roadmap:shop/1")
        self.turns = Turns(self.course)
        if self.begins:
            self.begin()

    def begin(self, happened: Sequence[JSON] = ()) -> None:
        self.news.append(self.turns.begin("ana", self.moment, happened).news)

    @property
    def moment(self) -> Moment:
        return Moment(datetime.combine(self.today, time(9), UTC).isoformat(), self.today)

    @property
    def journal(self) -> Journal:
        return self.course.journal

    def act(self, request: Request, answers: Sequence[JSON] = ()) -> Done:
        self.turns.check(request, self.moment)
        turn = self.turns.take(request, self.moment, answers)
        self.news.append(turn.news)
        return turn.done

    def wait_until(self, day: date) -> None:
        """Let days pass, one by one."""
        while self.today < day:
            self.pass_days(date.fromordinal(self.today.toordinal() + 1))

    def sleep_until(self, day: date) -> None:
        """Let days pass as the timer does: those on which something happens by itself, up to one and with it."""
        while (following := next_day(self.course, self.today)) <= day:
            self.pass_days(following)

    def pass_days(self, day: date) -> None:
        """Let a day come."""
        self.today = day
        self.news.append(self.turns.pass_day(self.moment).news)

    @property
    def events(self) -> list[JSON]:
        return [event for each in self.news for event in each.events]

    def kinds(self) -> list[str]:
        return [event["kind"] for event in self.events]

    def tasks(self) -> dict[str, str]:
        """Return the open tasks with the days on which they are due."""
        return {name: task["due"][:10] for name, task in self.journal.tasks.items()}

    def step(self, name: str) -> JSON:
        return self.turns.told[name]


def evidence(signs: str) -> list[JSON]:
    """Return what a gate's evidence might be: a + for each that holds, a - for each that does not."""
    return [{"holds": each == "+", "text": f"evidence {number}", "waived": None} for number, each in enumerate(signs)]
