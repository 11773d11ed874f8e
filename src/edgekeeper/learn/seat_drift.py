"""What a package was trained on beside recent bars: inputs, forecasts, losses, importance."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData
from edgekeeper.explain import score_sensitivity
from edgekeeper.features import FeatureSet
from edgekeeper.labels import Labels
from edgekeeper.ledger import Ledger
from edgekeeper.registry import Package
from edgekeeper.types import LONG, Float32Array
from edgekeeper.validate.drift_table import DriftTable
from edgekeeper.validate.feature_drift import DriftComparison, compare_tables

__all__ = ["SeatDrift", "compare_seat"]

_MODEL_COLUMNS = ("forecast", "outcome - forecast", "Brier loss")


@dataclass(frozen=True, slots=True)
class SeatDrift:
    """A package's world then and now.

    Attributes
    ----------
    line, package : str
    fitted_ns, recent_ns : int
        Last bar it was trained on, and first bar that counts as recent.
    inputs : DriftComparison
        Of its features.
    model : DriftComparison or None
        Of what the line forecast, how far outcomes were from it, and the loss; each forecast was
        made before its outcome. None with too few.
    importance : tuple of (name, share then, share now)
        Of what moves the package's score.
    notes : tuple of str
    """

    line: str
    package: str
    fitted_ns: int
    recent_ns: int
    inputs: DriftComparison
    model: DriftComparison | None
    importance: tuple[tuple[str, float, float], ...]
    notes: tuple[str, ...]

    @property
    def drift(self) -> bool:
        """Whether anything that is tested changed."""
        return self.inputs.drift or (self.model is not None and self.model.drift)


def compare_seat(
    package: Package,
    matrix: Float32Array,
    bars: Bars,
    labels: Labels,
    ledger: Ledger,
    *,
    recent_bars: int,
    level: float = 0.05,
) -> SeatDrift:
    """Compare the rows a package was trained on with the bars since, at least ``recent_bars``.

    Raises
    ------
    BadData
        Too few bars on either side.
    """
    made = package.manifest.provenance
    instants = bars.instants
    if len(instants) <= recent_bars:
        raise BadData(f"expected more than {recent_bars} bars, got {len(instants)}: ask for fewer")
    recent = int(min(made.data.last + 1, instants[-recent_bars]))
    notes = []
    if recent <= made.data.last:
        notes.append("Part of the recent bars was trained on too: too few came after the fit.")
    inputs = DriftTable(tuple(package.features), matrix.astype(np.float64), bars.event_time)
    named = FeatureSet(package.features).of_the_market or tuple(package.features)
    then = inputs.between(made.data.first, recent)
    now = inputs.between(recent, int(instants[-1]) + 1)
    model = _model(ledger, bars, labels, made.lineage.line)
    compared = None
    if model is not None:
        parts = (
            model.between(int(instants[0]), recent),
            model.between(recent, int(instants[-1]) + 1),
        )
        if min(len(part.instants) for part in parts) >= 20:
            compared = compare_tables(*parts, level=level)
    if compared is None:
        notes.append("Too few forecasts with a known outcome to compare.")
    shares = [score_sensitivity(package, table.values.astype(np.float32)) for table in (then, now)]
    return SeatDrift(
        line=made.lineage.line,
        package=package.hash,
        fitted_ns=made.data.last,
        recent_ns=recent,
        inputs=compare_tables(then.only(named), now.only(named), level=level),
        model=compared,
        importance=tuple((name, share, shares[1][name]) for name, share in shares[0].items()),
        notes=tuple(notes),
    )


def _model(ledger: Ledger, bars: Bars, labels: Labels, line: str) -> DriftTable | None:
    """What a line forecast of each bar, beside how it came out; None without a forecast."""
    made = ledger.read(
        "forecasts", ["event_time_ns", "symbol", "probability_long"], where={"line": line}
    ).drop_nulls()
    if made.height == 0:
        return None
    net = labels.net_return[:, LONG]
    outcomes = pl.DataFrame(
        {
            "event_time_ns": bars.event_time,
            "symbol": np.array(bars.symbols, dtype=object)[bars.symbol].tolist(),
            "won": np.where(np.isnan(net), np.nan, net > 0.0),
        }
    )
    joined = made.join(outcomes, on=["event_time_ns", "symbol"], how="inner")
    joined = joined.filter(pl.col("won").is_not_nan()).sort("event_time_ns", maintain_order=True)
    said, won = joined["probability_long"].to_numpy(), joined["won"].to_numpy()
    values = np.stack([said, won - said, (won - said) ** 2], axis=1)
    return DriftTable(_MODEL_COLUMNS, values, joined["event_time_ns"].to_numpy())
