"""Calibration in words: what forecasts stated, beside what happened."""

import math
from typing import Any

from edgekeeper.report.calibration import calibration_picture, knowing_nothing
from edgekeeper.report.recorded import Recorded
from edgekeeper.report.sections import Section
from edgekeeper.report.wording import count, number, percent

__all__ = ["calibration_figures", "calibration_section"]

_TITLE = "Whether forecasts mean what they say"
_HEADS = ("Stated", "Happened", "95 % band", "Independent observations")


def calibration_section(recorded: Recorded | None) -> Section:
    """Stated against observed chances of a line, as they were recorded at the time."""
    picture = None if recorded is None else calibration_picture(recorded.reliability)
    if recorded is None or picture is None:
        none = "No forecast has a known outcome yet."
        return Section(_TITLE, sentences=(none,))
    scores = recorded.scores
    said = (
        picture.sentence,
        f"Right {percent(scores.accuracy)} of {count(scores.count)} times, where always guessing "
        f"one side is right {percent(scores.majority)}; Brier score {number(scores.brier, 4)}, "
        f"where stating the base rate scores {number(knowing_nothing(scores)[0], 4)}.",
    )
    rows = [
        (
            percent(one["stated"]),
            percent(one["observed"]),
            f"{percent(one['low'])} to {percent(one['high'])}",
            count(one["effective"]),
        )
        for one in _bins(recorded)
    ]
    return Section(_TITLE, f"line {recorded.case.name}, calibration", said, _HEADS, rows)


def calibration_figures(recorded: Recorded | None) -> dict[str, Any] | None:
    """Return the same for programs."""
    if recorded is None or recorded.reliability is None:
        return None
    scores = recorded.scores
    return {
        "line": recorded.case.name,
        "count": scores.count,
        "accuracy": scores.accuracy,
        "majority": scores.majority,
        "auc": scores.auc,
        "brier": scores.brier,
        "brier_of_base_rate": knowing_nothing(scores)[0],
        "bins": _bins(recorded),
    }


def _bins(recorded: Recorded) -> list[dict[str, float]]:
    table = recorded.reliability
    if table is None:
        return []
    names = ("stated", "observed", "low", "high", "effective", "weight")
    columns = [getattr(table, name).tolist() for name in names]
    return [
        dict(zip(names, values, strict=True))
        for values in zip(*columns, strict=True)
        if all(math.isfinite(value) for value in values)
    ]
