"""The learning loop: from the record to candidates and refits."""

from edgekeeper.learn.drift_service import DriftService
from edgekeeper.learn.drift_watch import DriftWatch, RefitRequest
from edgekeeper.learn.schedule import RefitSchedule
from edgekeeper.learn.service import LearnService

__all__ = ["DriftService", "DriftWatch", "LearnService", "RefitRequest", "RefitSchedule"]
