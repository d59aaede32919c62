"""A run of a roadmap as a row, for tests that need only its name, key and beginning."""

from datetime import UTC, datetime

from cauce.store.models import RoadmapRun


def begun(roadmap: str, key: str) -> RoadmapRun:
    """Return a run that began on the day of January that its key says."""
    at = datetime(2027, 1, int(key), tzinfo=UTC)
    days = dict.fromkeys(("start", "finish", "baseline_finish"), at.date())
    texts = dict.fromkeys(("version", "title", "state", "planner", "sponsor", "by"), "-")
    counts = dict.fromkeys(("done", "steps", "event"), 1)
    identity = f"roadmap:{roadmap}/{key}"
    return RoadmapRun(
        id=identity, roadmap=roadmap, key=key, begun_at=at, risks=[], owners={}, **days, **texts, **counts
    )
