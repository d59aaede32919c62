"""What the entries of activities come to: told in totals, so that a thousand of them are one event."""

from cauce.errors import InputError
from cauce.roadmaps import BookCosts
from workflows.roadmap.running import acts
from workflows.roadmap.running.course import Course
from workflows.roadmap.running.journal import Event


def book_costs(course: Course, given: BookCosts) -> list[Event]:
    """Take the totals of activities, in the plan or left behind by it; older ones than known change nothing."""
    for name, totals in given.costs.items():
        # What has left the plan since then is kept as well: the money is spent.
        if name in course.activities and course.activity(name).gate:
            raise InputError(f"`{name}` is a gate.", hint="Enter costs for an activity.")
        # Credits may be more than what was bought.
        acts.cost({factor: amount.removeprefix("-") for factor, amount in totals.items()})
    if given.through <= course.journal.booked:
        return []
    return [{"kind": "costs-booked", "by": given.by, "costs": given.costs, "through": given.through}]
