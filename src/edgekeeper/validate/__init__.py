"""Validation: an honest verdict on a fit, from data that nothing in its making has read."""

from edgekeeper.validate.case import Case
from edgekeeper.validate.certificate import Certificate, HoldOutUse, certify
from edgekeeper.validate.evaluation import Evaluation, evaluate_case
from edgekeeper.validate.forecast_frame import ForecastFrame, read_forecasts
from edgekeeper.validate.gate import Gate
from edgekeeper.validate.gates import Verdict, judge
from edgekeeper.validate.hold_out import HoldOutData, HoldOutResult
from edgekeeper.validate.paired import Difference, compare_cases, differences_to_polars
from edgekeeper.validate.profiles import MeasuredRate, floors_of, measured_rate
from edgekeeper.validate.track_record import TrackRecord, judge_track_record
from edgekeeper.validate.trials_told import TrialsTold, count_trials, recorded_trials

__all__ = [
    "Case",
    "Certificate",
    "Difference",
    "Evaluation",
    "ForecastFrame",
    "Gate",
    "HoldOutData",
    "HoldOutResult",
    "HoldOutUse",
    "MeasuredRate",
    "TrackRecord",
    "TrialsTold",
    "Verdict",
    "certify",
    "compare_cases",
    "count_trials",
    "differences_to_polars",
    "evaluate_case",
    "floors_of",
    "judge",
    "judge_track_record",
    "measured_rate",
    "read_forecasts",
    "recorded_trials",
]
