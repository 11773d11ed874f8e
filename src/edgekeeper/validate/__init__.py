"""Validation: an honest verdict on a fit, from data that nothing in its making has read."""

from edgekeeper.validate.gates import Gate, Verdict, judge
from edgekeeper.validate.hold_out import HoldOutData, HoldOutResult

__all__ = ["Gate", "HoldOutData", "HoldOutResult", "Verdict", "judge"]
