"""Where the pages lead people, by what they may see."""

from api.pages.problems import message
from cauce.services.dead_letters import readers
from cauce.services.hub import Actor

places = (
    ("inbox", message("Inbox"), "inbox"),
    ("instances", message("Instances"), "instances"),
    ("definitions", message("Definitions"), "definitions"),
    ("connections", message("Connections"), "connections"),
    ("dead-letters", message("Dead letters"), "dead-letters"),
)


def navigation_for(actor: Actor | None) -> list[tuple[str, str, str]]:
    """Return the places that somebody is led to; the desk only where its page is for them."""
    sees_desk = actor is not None and actor.may(*readers)
    return [each for each in places if sees_desk or each[0] != "dead-letters"]
