"""A day or a week of a run, told: how it went, what to decide, what waits for a person."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgekeeper.errors import BadData
from edgekeeper.learn.seat_drift import SeatDrift
from edgekeeper.ledger import Ledger
from edgekeeper.report.balance import measure_balance
from edgekeeper.report.drift_words import drift_sentence
from edgekeeper.report.review import advise, review_period
from edgekeeper.report.review_words import tell_review
from edgekeeper.report.sections import Telling
from edgekeeper.report.wording import day
from edgekeeper.stats.resampling import TimeBlocks
from edgekeeper.workbench.drifting import drift_at
from edgekeeper.workbench.run_bars import RunData, read_run

__all__ = ["Reviewed", "review"]

_DAYS = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review and the name of its files, without an ending."""

    name: str
    telling: Telling


def review(
    run: str | Path,
    *,
    period: Literal["day", "week"] = "week",
    until_ns: int | None = None,
    ledger_url: str | None = None,
) -> Reviewed:
    """Review the last day or week up to an instant; what came later is not read.

    Parameters
    ----------
    run : path
        Folder that ``replay`` or ``paper`` left.
    until_ns : int, optional
        The newest bar without it.

    Raises
    ------
    BadData
        No run on record, no bars, or a moment before the first one.
    """
    folder = Path(run)
    with Ledger.open(ledger_url or folder / "ledger.sqlite", read_only=True) as ledger:
        data = read_run(folder, ledger, until_ns)
        end = int(data.bars.instants[-1])
        found = review_period(
            ledger, data.bars, data.labels, data.config, days=_DAYS[period], until_ns=end
        )
        seat, why_not = _drift(folder, ledger, data)
        blocks = TimeBlocks(len(data.bars.instants), 2 * data.config.labels.horizon_bars)
        balance = measure_balance(ledger, data.bars, data.labels, (), blocks)
        telling = tell_review(
            found,
            advise(found, None if seat is None else _drifted(seat)),
            balance,
            title=f"{folder.absolute().name}: the {period} to {day(end)}",
            currency=data.config.currency,
            importance=() if seat is None else seat.importance,
            notes=(why_not,) if why_not else seat.notes if seat is not None else (),
        )
        return Reviewed(f"review-{period}-{day(end)}", telling)


def _drift(folder: Path, ledger: Ledger, data: RunData) -> tuple[SeatDrift | None, str]:
    """Compare the model that decides with its past; say why where that cannot be."""
    try:
        return drift_at(folder, ledger, data, recent_bars=data.config.drift.recent_bars), ""
    except BadData as error:
        return None, f"Drift was not looked at: {error}"


def _drifted(seat: SeatDrift) -> str | None:
    """What has drifted, in a sentence; None: nothing that is tested."""
    said = [
        f"{name}: {drift_sentence(found).removeprefix('Drift: ')}"
        for name, found in (("inputs", seat.inputs), ("forecasts", seat.model))
        if found is not None and found.drift
    ]
    return " ".join(said).rstrip(".") or None
