"""Where the pages lead people, by what they may see."""

from api.pages.problems import message
from cauce.services import clocks, dead_letters, monitor
from cauce.services.hub import Actor
from cauce.services.roadmaps import plans
from cauce.services.teamwork import team

places = (
    ("inbox", message("Inbox"), "inbox"),
    ("team", message("Team"), "team"),
    ("clocks", message("Clocks"), "clock"),
    ("roadmaps", message("Roadmaps"), "roadmap"),
    ("instances", message("Instances"), "instances"),
    ("definitions", message("Definitions"), "definitions"),
    ("connections", message("Connections"), "connections"),
    ("syncs", message("Syncs"), "syncs"),
    ("monitor", message("Monitor"), "monitor"),
    ("dead-letters", message("Dead letters"), "dead-letters"),
)
_readers = {
    "team": team.watchers,
    "clocks": clocks.overseers,
    "roadmaps": plans.readers,
    "monitor": monitor.readers,
    "dead-letters": dead_letters.readers,
}
# What follows a "g" on the keyboard.
place_keys = {
    "inbox": "i",
    "team": "t",
    "clocks": "c",
    "roadmaps": "r",
    "instances": "n",
    "definitions": "d",
    "connections": "o",
    "syncs": "s",
    "monitor": "m",
    "dead-letters": "l",
    "notifications": "b",
}


def navigation_for(actor: Actor | None) -> list[tuple[str, str, str]]:
    """Return the places that somebody is led to; some pages are not for everybody."""
    return [each for each in places if each[0] not in _readers or (actor and actor.may(*_readers[each[0]]))]
