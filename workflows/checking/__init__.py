"""Checks what the schemas cannot: that definitions mean something, and fit what they refer to."""

from workflows.checking.check import check
from workflows.checking.codes import CODES, WARNINGS
from workflows.checking.known import Known, OperationContract, World, world_of

__all__ = ["CODES", "WARNINGS", "Known", "OperationContract", "World", "check", "world_of"]
