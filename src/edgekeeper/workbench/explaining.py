"""Take a package's scores apart: over many bars, or of one."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.errors import BadData, UsageError, nearest
from edgekeeper.explain import (
    Attribution,
    Overview,
    attribution_of,
    background_of,
    evenly_spaced,
    explain_scores,
    overview_of,
    peer_rows,
)
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.registry import Package
from edgekeeper.types import Float32Array
from edgekeeper.validate.forecast_conditions import regimes_of
from edgekeeper.workbench.forecasting import with_signals

__all__ = ["ExplainedSignal", "explain", "explain_signal"]

_USUAL = 32


@dataclass(frozen=True, slots=True)
class ExplainedSignal:
    """The score of one bar, taken apart."""

    symbol: str
    time_ns: int
    attribution: Attribution


def explain(
    package: Package,
    bars: Bars | None,
    config: Config,
    *,
    graph: bytes | None = None,
    rows: int = 200,
) -> Overview:
    """Say what a package listens to, in all and by market regime.

    Parameters
    ----------
    package : Package
    bars : Bars or None
        Without any, rows are drawn from the distributions that the package carries.
    config : Config
    graph : bytes, optional
        The package's own: a sum of trees is then taken apart exactly.
    rows : int
        How many are explained, evenly spaced.

    Raises
    ------
    BadData
        No bar with a known feature.
    """
    names = list(package.features)
    if bars is None:
        usual = background_of(package.manifest.reference, _USUAL)
        drawn = background_of(package.manifest.reference, rows, seed=1)
        return overview_of(explain_scores(package, drawn, usual, graph=graph, orders=1), names)
    matrix = _matrix(package, bars, config)
    place = evenly_spaced(matrix, rows)
    usual = matrix[evenly_spaced(matrix, _USUAL)]
    found = explain_scores(package, matrix[place], usual, graph=graph, orders=1)
    return overview_of(found, names, [str(name) for name in regimes_of(bars)[place]])


def explain_signal(
    package: Package,
    bars: Bars,
    config: Config,
    *,
    symbol: str,
    at_ns: int | None = None,
    graph: bytes | None = None,
) -> ExplainedSignal:
    """Take apart the score of the last bar of a symbol at or before ``at_ns``.

    Of a package that compares symbols, how the score differs from the mean of those of the bar.

    Raises
    ------
    UsageError
        A symbol without bars, naming the nearest that has some.
    BadData
        No bar that early, or one at which no feature is known yet.
    """
    if symbol not in bars.symbols:
        raise UsageError(
            f"expected a symbol of the bars, got {symbol[:60]!r}{nearest(symbol, bars.symbols)} "
            f"(known: {', '.join(bars.symbols[:20])})"
        )
    own = np.flatnonzero(bars.symbol == bars.symbols.index(symbol))
    if at_ns is not None:
        own = own[bars.event_time[own] <= at_ns]
    if len(own) == 0:
        raise BadData(f"expected a bar of {symbol} up to then, got none: name a later time")
    row = own[-1]
    matrix = _matrix(package, bars, config)
    picked = np.ascontiguousarray(matrix[row : row + 1])
    if np.isnan(picked).all():
        raise BadData(
            f"{symbol}: expected a known feature at that bar, got none: the model abstains while "
            "its features are warming up; name a later time"
        )
    if package.manifest.heads.relative:
        bar = bars.event_time == bars.event_time[row]
        usual = peer_rows(matrix[bar], evaluate(package.manifest.volatility, bars)[bar])
        if len(usual) == 0:
            raise BadData(
                f"{symbol}: expected a known volatility of some symbol at that bar, got none: the "
                "model abstains while it is warming up; name a later time"
            )
        found = explain_scores(package, picked, usual, graph=graph, orders=16).from_base
    else:
        # Usual are bars up to this one: an explanation looks no further than the model.
        usual = matrix[evenly_spaced(matrix[: row + 1], _USUAL)]
        found = explain_scores(package, picked, usual, graph=graph, orders=16)
    attribution = attribution_of(found, 0, list(package.features), picked)
    return ExplainedSignal(symbol, int(bars.event_time[row]), attribution)


def _matrix(package: Package, bars: Bars, config: Config) -> Float32Array:
    features = FeatureSet(package.features)
    asks = any(name.startswith("signal.") for name in features.columns)
    return features.matrix(with_signals(bars, config) if asks else bars)
