"""What Microsoft Project's XML calls things (MSPDI; https://learn.microsoft.com/office-project/xml-data-interchange)."""

from collections.abc import Mapping
from typing import Final

from workflows.roadmap.model import FACTORS, LinkType

NAMESPACE: Final = "http://schemas.microsoft.com/project"
# What has no field of its own is in custom fields, which come back from there as they were.
TEXTS: Final[Mapping[str, str]] = {
    "id": "188743731",
    "pillar": "188743734",
    "owner": "188743737",
    "run": "188743740",
    "input": "188743743",
}
COSTS: Final[Mapping[str, str]] = dict(zip(FACTORS, ("188743786", "188743787", "188743788", "188743938"), strict=True))
GATE: Final = "188743752"
# The name that Project itself has for each of these fields, and the heading that people see over it.
FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    TEXTS["id"]: ("Text1", "Id"),
    TEXTS["pillar"]: ("Text2", "Pillar"),
    TEXTS["owner"]: ("Text3", "Owner"),
    TEXTS["run"]: ("Text4", "Process"),
    TEXTS["input"]: ("Text5", "Input of the process"),
    GATE: ("Flag1", "Gate"),
    **{number: (f"Cost{at}", factor.capitalize()) for at, (factor, number) in enumerate(COSTS.items(), 1)},
}
LINKS: Final[Mapping[LinkType, str]] = {"FF": "0", "FS": "1", "SF": "2", "SS": "3"}
CONSTRAINTS: Final[Mapping[str, str]] = {
    "startNoEarlier": "4",
    "startNoLater": "5",
    "finishNoEarlier": "6",
    "finishNoLater": "7",
}
DAY_HOURS: Final = 8
DAY_MINUTES: Final = DAY_HOURS * 60
# Lags are in tenths of minutes, amounts in hundredths.
LAG_UNIT: Final = 10
MONEY_UNIT: Final = 100
IN_DAYS: Final = "7"
