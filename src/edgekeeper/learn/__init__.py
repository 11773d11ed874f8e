"""The learning loop: from the record to candidates and refits."""

from edgekeeper.learn.schedule import RefitSchedule
from edgekeeper.learn.service import LearnService

__all__ = ["LearnService", "RefitSchedule"]
