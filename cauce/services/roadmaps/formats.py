"""The forms in which a plan is handed to other programs, by name: the media type of each and what writes it."""

from collections.abc import Callable, Mapping
from typing import Final

from cauce.services.roadmaps.exchange.mspdi_writing import as_mspdi
from cauce.services.roadmaps.plans import PlanView
from cauce.services.roadmaps.rendering import as_csv, as_ical, as_mermaid

Render = Callable[[PlanView, str], str]
formats: Final[Mapping[str, tuple[str, Render]]] = {
    "csv": ("text/csv", as_csv),
    "mermaid": ("text/plain", as_mermaid),
    "ical": ("text/calendar", as_ical),
    "mspdi": ("application/xml", as_mspdi),
}
