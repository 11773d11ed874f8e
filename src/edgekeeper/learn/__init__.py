"""The learning loop: from the record to candidates and refits."""

from edgekeeper.learn.drift_service import DriftService, Said
from edgekeeper.learn.drift_watch import DriftWatch, RefitRequest
from edgekeeper.learn.policy_service import PolicyService
from edgekeeper.learn.process import LearnerProcess
from edgekeeper.learn.requests import FitAnswer, FitRequest
from edgekeeper.learn.schedule import RefitSchedule
from edgekeeper.learn.service import LearnService
from edgekeeper.learn.training_metrics import training_metrics
from edgekeeper.learn.wish import Wish

__all__ = [
    "DriftService",
    "DriftWatch",
    "FitAnswer",
    "FitRequest",
    "LearnService",
    "LearnerProcess",
    "PolicyService",
    "RefitRequest",
    "RefitSchedule",
    "Said",
    "Wish",
    "training_metrics",
]
