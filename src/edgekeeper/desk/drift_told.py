"""What `drift` found, ready to be shown, written or printed as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgekeeper.learn.seat_drift import SeatDrift
    from edgekeeper.report.drift_page import DriftSection
    from edgekeeper.validate.feature_drift import DriftComparison

__all__ = ["ToldDrift", "drift_json", "told_of_run"]


@dataclass(frozen=True, slots=True)
class ToldDrift:
    """A verdict, the comparisons behind it, and its figures."""

    lead: str
    sections: "Sequence[DriftSection]"
    notes: Sequence[str]
    json: dict[str, Any]
    importance: Sequence[tuple[str, ...]] = ()


def told_of_run(seat: "SeatDrift") -> ToldDrift:
    """Return what was found of the model in a run's seat."""
    from edgekeeper.report.drift_page import DriftSection
    from edgekeeper.report.wording import day, percent

    title = f"Inputs of {seat.line}, bars from {day(seat.recent_ns)} on"
    sections = [DriftSection(title, seat.inputs)]
    if seat.model is not None:
        sections.append(DriftSection("Forecasts and how they came out", seat.model))
    lead = " ".join(
        f"{name}: {section.sentence}"
        for name, section in zip(("Inputs", "Forecasts"), sections, strict=False)
    )
    figures = {
        **drift_json(seat.inputs),
        "drift": seat.drift,
        "line": seat.line,
        "package": seat.package,
        "fitted_ns": seat.fitted_ns,
        "recent_ns": seat.recent_ns,
        "forecasts": None if seat.model is None else drift_json(seat.model),
        "importance": {name: {"before": then, "after": now} for name, then, now in seat.importance},
        "sentence": lead,
        "notes": seat.notes,
    }
    shares = [(name, percent(then), percent(now)) for name, then, now in seat.importance]
    return ToldDrift(lead, sections, seat.notes, figures, shares)


def drift_json(found: "DriftComparison") -> dict[str, Any]:
    """Figures of a comparison."""
    alarm = found.alarm
    alarms = []
    if alarm is not None:
        alarms.append(
            {
                "kind": alarm.kind,
                "features": alarm.features,
                "rose": alarm.rose,
                "since": found.since_instant,
                "at": found.alarm_instant,
                "sentence": alarm.sentence,
            }
        )
    return {
        "drift": found.drift,
        "level": found.level,
        "features": list(found.changed),
        "correlations": [
            {
                "first": pair.first,
                "second": pair.second,
                "before": pair.before,
                "after": pair.after,
                "adjusted_p": pair.q_value,
            }
            for pair in found.changed_pairs
        ],
        "alarms": alarms,
        "persistent": found.persistent,
        "columns": {
            column.name: {
                "psi": column.psi,
                "ks": column.ks,
                "p": column.p_value,
                "adjusted_p": column.q_value,
                "effective_observations": column.effective,
                "stability": column.stability,
                "missing_before": column.missing_before,
                "missing_after": column.missing_after,
                "missing_p": column.missing_p_value,
                "windows": column.windows,
            }
            for column in found.columns
        },
        "window_ends": found.window_ends,
    }
