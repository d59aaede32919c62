"""A person sends the case back: the process goes on at an earlier task, with what that one began with.

What was done since then stays done, and the context stays as it is: a case that is mended is not one that never was.
Where a repair (`workflows.repair`) makes an operator's step back undone, this is a step of the process itself.
"""

from cauce.contract import JSON
from workflows.instance import Frame, GoBack, Instance
from workflows.repair import forget


def place_of(frame: Frame, name: str) -> tuple[str, str] | None:
    """Return the open list and the place in it of an earlier task, looked for from the inside out; None without one."""
    journal = frame.instance.journal
    around = [home for home in journal.marks if frame.path.startswith(f"{home}/") and home in journal.lists]
    for home in sorted(around, key=len, reverse=True):
        for task in journal.marks[home]:
            index, _, known = task.partition("/")
            if known == name and int(index) < journal.lists[home][0]:
                return home, task
    return None


def way_back(frame: Frame, answer: dict[str, JSON]) -> GoBack:
    """Return what takes the process to the task that a person chose."""
    place = place_of(frame, answer["returnTo"])
    if place is None:
        # It was there when the task was opened, and what has begun in an open list stays in it.
        message = f"{answer['returnTo']} is not open"
        raise AssertionError(message)
    note = {"task": frame.task.common.name, "by": answer["by"], "at": answer["at"], "reason": answer["reason"]}
    frame.instance.note_way(frame.task.common.reference, f"sent back to {answer['returnTo']}")
    return GoBack(*place, note)


def begin_again(instance: Instance, back: GoBack) -> tuple[int, JSON]:
    """Let the list go on from the task that it was sent back to; returns its index, and what it began with."""
    journal = instance.journal
    begun = journal.marks[back.home]
    kept = begun[back.task]
    # What was too large to be kept is replaced by what the later task began with.
    data = kept[0] if kept else journal.lists[back.home][1]
    order = list(begun)
    for later in order[order.index(back.task) :]:
        forget(journal, f"{back.home}/{later}")
        if later != back.task:
            del begun[later]
    journal.returned = {"path": f"{back.home}/{back.task}", **back.note}
    return int(back.task.partition("/")[0]), data


def told(frame: Frame) -> dict[str, JSON] | None:
    """Return why the case came back to this task, or to one that it is in; it is told once."""
    journal = frame.instance.journal
    path = journal.returned.get("path")
    if path is None or not f"{frame.path}/".startswith((f"{path}/", f"{path}[")):
        return None
    note = {key: value for key, value in journal.returned.items() if key != "path"}
    journal.returned = {}
    return note
