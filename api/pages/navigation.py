"""Where the pages lead people, by what they may see."""

from api.pages.problems import message
from cauce.services import clocks, dead_letters, monitor
from cauce.services.hub import Actor

places = (
    ("inbox", message("Inbox"), "inbox"),
    ("clocks", message("Clocks"), "clock"),
    ("instances", message("Instances"), "instances"),
    ("definitions", message("Definitions"), "definitions"),
    ("connections", message("Connections"), "connections"),
    ("syncs", message("Syncs"), "syncs"),
    ("monitor", message("Monitor"), "monitor"),
    ("dead-letters", message("Dead letters"), "dead-letters"),
)
_readers = {"clocks": clocks.overseers, "monitor": monitor.readers, "dead-letters": dead_letters.readers}


def navigation_for(actor: Actor | None) -> list[tuple[str, str, str]]:
    """Return the places that somebody is led to; some pages are not for everybody."""
    return [each for each in places if each[0] not in _readers or (actor and actor.may(*_readers[each[0]]))]
