"""From a package or a frame of forecasts to the case that is judged."""

from typing import Any

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config, parse_config
from edgekeeper.errors import BadData
from edgekeeper.features import evaluate
from edgekeeper.labels import Labels
from edgekeeper.registry import Package
from edgekeeper.trade import rule_signals
from edgekeeper.train import barrier_of
from edgekeeper.types import Float64Array, Forecasts, Int8Array
from edgekeeper.validate import Case, ForecastFrame, read_forecasts
from edgekeeper.workbench.forecasting import day_of, forecast_all

__all__ = ["case_of", "config_for"]


def config_for(config: Config | None, profile: str | None) -> Config:
    """Return the configuration, with another profile of gates where one is named."""
    config = config or Config()
    if profile is None or profile == config.gates.profile:
        return config
    gates = {**config.gates.model_dump(), "profile": profile}
    return parse_config({**config.model_dump(), "gates": gates})


def case_of(
    forecasts: Any, bars: Bars, config: Config, name: str = "", *, dates_as_bars: bool = False
) -> Case:
    """Return the case of a package, judged on what it has not seen, or of a frame.

    Raises
    ------
    BadData
        No bar comes after the package's data window; or what :func:`read_forecasts` refuses.
    """
    rules = rule_signals(config.rules, bars)
    if isinstance(forecasts, Package):
        return _of_package(forecasts, bars, config, name, rules)
    read = read_forecasts(forecasts, bars, dates_as_bars=dates_as_bars)
    return _of_frame(read, bars, config, name, rules)


def _of_package(package: Package, bars: Bars, config: Config, name: str, rules: Int8Array) -> Case:
    window_ends = package.manifest.provenance.data.last
    if not (bars.event_time > window_ends).any():
        raise BadData(
            f"expected bars after the package's data window, which ends {day_of(window_ends)}, "
            "got none: bars that a model has seen cannot judge it"
        )
    volatility, made = forecast_all(package, bars, config)
    notes = [f"judged on bars after {day_of(window_ends)}, where the package's data window ends"]
    fitted_for = package.manifest.provenance.labels
    if fitted_for and dict(fitted_for) != config.labels.model_dump(mode="json"):
        notes.append("the package was fitted for other brackets than those it is judged by")
    return Case(
        name=name or f"{package.manifest.provenance.lineage.line} {package.hash[:8]}",
        bars=bars,
        volatility=volatility,
        labels=barrier_of(config).label(bars, volatility),
        forecasts=made,
        probability=made.probability,
        rules=rules,
        first_ns=int(bars.event_time[bars.event_time > window_ends].min()),
        notes=tuple(notes),
    )


def _of_frame(read: ForecastFrame, bars: Bars, config: Config, name: str, rules: Int8Array) -> Case:
    volatility = evaluate(config.labels.volatility, bars)
    labels: Labels = barrier_of(config).label(bars, volatility)
    return Case(
        name=name or "forecasts",
        bars=bars,
        volatility=volatility,
        labels=labels,
        forecasts=_traded(read.probability, volatility, config),
        probability=read.probability,
        rules=rules,
        first_ns=read.first_ns,
        tags=read.tags,
        notes=(
            *read.notes,
            "the expected return of a forecast was taken from its probability and the brackets: "
            "a win brings the target, a loss takes the stop, both pay costs",
        ),
    )


def _traded(probability: Float64Array, volatility: Float64Array, config: Config) -> Forecasts:
    """Forecasts that a book can trade: expectations follow from probability and barriers.

    Of a side about which nothing is said, nothing good is expected.
    """
    labels, costs = config.labels, config.costs
    width = (volatility * np.sqrt(labels.horizon_bars))[:, None]
    both_fills = 2e-4 * (costs.fee_bps + costs.half_spread_bps + costs.slippage_bps)
    win, loss = labels.target * width - both_fills, labels.stop * width + both_fills
    said = np.isfinite(probability)
    silent = ~said.any(axis=1)
    sure = np.where(said, probability, 0.0)
    expected = np.where(said, sure * win - (1.0 - sure) * loss, -1.0)
    # A bar too early for a volatility has no brackets either.
    silent |= ~np.isfinite(expected).all(axis=1)
    for values in (sure, expected):
        values[silent] = np.nan
    return Forecasts(
        probability=sure,
        expected_return=expected,
        lower=np.broadcast_to(-loss, sure.shape),
        upper=np.broadcast_to(win, sure.shape),
        risk=1.0 - sure,
        bars_held=np.full(sure.shape, float(labels.horizon_bars)),
        novelty=np.where(silent, np.nan, 0.0),
    )
