"""The order in which a roadmap can be worked through, or the circle that keeps it from having one."""

from collections.abc import Sequence

from cauce.errors import InputError
from workflows.roadmap.model import Activity


def ordered(activities: Sequence[Activity]) -> list[int]:
    """Return the positions of activities so that each one comes after what it waits for.

    Raises:
        InputError: Some wait for each other in a circle.
    """
    place = {each.id: number for number, each in enumerate(activities)}
    waits = [[place[link.on] for link in each.links if link.on in place] for each in activities]
    followers: list[list[int]] = [[] for _ in activities]
    for number, before in enumerate(waits):
        for each in before:
            followers[each].append(number)
    open_ = [len(before) for before in waits]
    found = [number for number, count in enumerate(open_) if not count]
    for number in found:
        for each in followers[number]:
            open_[each] -= 1
            if not open_[each]:
                found.append(each)
    if len(found) < len(activities):
        names = circle(activities)
        raise InputError(f"These wait for each other in a circle: {', '.join(names)}.", hint="Take one `after` out.")
    return found


def circle(activities: Sequence[Activity]) -> list[str]:
    """Return the ids of some activities that wait for each other in a circle, in that order; none if there is none."""
    waits = {each.id: [link.on for link in each.links] for each in activities}
    waits = {each: [on for on in before if on in waits] for each, before in waits.items()}
    left = dict(waits)
    while free := [each for each, before in left.items() if not any(on in left for on in before)]:
        for each in free:
            del left[each]
    if not left:
        return []
    path = [next(iter(left))]
    while True:
        following = next(on for on in left[path[-1]] if on in left)
        if following in path:
            return path[path.index(following) :][::-1]
        path.append(following)
