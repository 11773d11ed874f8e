"""Validation: an honest verdict on a fit, from data that nothing in its making has read."""

from edgekeeper.validate.gates import Gate, Verdict, judge
from edgekeeper.validate.hold_out import HoldOutData, HoldOutResult
from edgekeeper.validate.track_record import TrackRecord, judge_track_record

__all__ = [
    "Gate",
    "HoldOutData",
    "HoldOutResult",
    "TrackRecord",
    "Verdict",
    "judge",
    "judge_track_record",
]
