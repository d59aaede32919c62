"""The tables, by subject; importing this package makes them all known to the metadata."""

from cauce.store.models.access import LoginSession, SecondFactor
from cauce.store.models.alerts import Alert, Turn
from cauce.store.models.assignment import AbsenceEntry, PersonProfile, Rota
from cauce.store.models.attachments import Attachment
from cauce.store.models.by_hand import DoneByHand
from cauce.store.models.cases import Case
from cauce.store.models.catalog import Blob, Definition
from cauce.store.models.certificates import Certificate
from cauce.store.models.clocks import Clock
from cauce.store.models.comments import Comment
from cauce.store.models.dead_letters import DeadLetter
from cauce.store.models.deliveries import Received
from cauce.store.models.directory import DirectoryGroup, DirectoryUser
from cauce.store.models.drift import Contract, DriftCase
from cauce.store.models.inbox import InboxView, TaskText
from cauce.store.models.limits import ConnectionShare, ConnectionState
from cauce.store.models.links import PublicLink
from cauce.store.models.lookups import Lookup
from cauce.store.models.measures import Measure
from cauce.store.models.notifications import Letter, Notification, NotificationChoice
from cauce.store.models.pairs import PairedRow
from cauce.store.models.people import ApiToken, Customer, Interaction, User
from cauce.store.models.permissions import GrantRow
from cauce.store.models.reconciliations import Reconciliation
from cauce.store.models.recordings import MaskingKey, RecordedExchange, RecordingSwitch
from cauce.store.models.records import (
    AuditEntry,
    Event,
    EventConsumption,
    EventKey,
    EventStart,
    EventSubscription,
    SetAside,
)
from cauce.store.models.register import RegisterEntry, RegisterStep
from cauce.store.models.roadmaps import (
    RoadmapBaseline,
    RoadmapCost,
    RoadmapDecision,
    RoadmapEvent,
    RoadmapJournal,
    RoadmapRun,
    RoadmapStep,
)
from cauce.store.models.schedules import Schedule
from cauce.store.models.sinks import EventSink
from cauce.store.models.starting import EventSet, StartRule
from cauce.store.models.syncs import CrossReference, SyncRun, SyncState
from cauce.store.models.test_runs import TestRun
from cauce.store.models.work import Draft, LedgerEntry, StartDraft, Task

__all__ = [
    "AbsenceEntry",
    "Alert",
    "ApiToken",
    "Attachment",
    "AuditEntry",
    "Blob",
    "Case",
    "Certificate",
    "Clock",
    "Comment",
    "ConnectionShare",
    "ConnectionState",
    "Contract",
    "CrossReference",
    "Customer",
    "DeadLetter",
    "Definition",
    "DirectoryGroup",
    "DirectoryUser",
    "DoneByHand",
    "Draft",
    "DriftCase",
    "Event",
    "EventConsumption",
    "EventKey",
    "EventSet",
    "EventSink",
    "EventStart",
    "EventSubscription",
    "GrantRow",
    "InboxView",
    "Interaction",
    "LedgerEntry",
    "Letter",
    "LoginSession",
    "Lookup",
    "MaskingKey",
    "Measure",
    "Notification",
    "NotificationChoice",
    "PairedRow",
    "PersonProfile",
    "PublicLink",
    "Received",
    "Reconciliation",
    "RecordedExchange",
    "RecordingSwitch",
    "RegisterEntry",
    "RegisterStep",
    "RoadmapBaseline",
    "RoadmapCost",
    "RoadmapDecision",
    "RoadmapEvent",
    "RoadmapJournal",
    "RoadmapRun",
    "RoadmapStep",
    "Rota",
    "Schedule",
    "SecondFactor",
    "SetAside",
    "StartDraft",
    "StartRule",
    "SyncRun",
    "SyncState",
    "Task",
    "TaskText",
    "TestRun",
    "Turn",
    "User",
]
