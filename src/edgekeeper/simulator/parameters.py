"""Parameters of the compiled step: a configuration, flattened into one record."""

import numpy as np

from edgekeeper.config import Config
from edgekeeper.errors import UsageError
from edgekeeper.simulator.records import Records, record_dtype

__all__ = [
    "FALLBACK_CASH",
    "FALLBACK_RULES",
    "PARAMETERS",
    "POLICY",
    "SIZE_BY_KELLY",
    "SIZE_BY_VOLATILITY",
    "Parameters",
    "book_parameters",
]

FALLBACK_CASH, FALLBACK_RULES = 0, 1
SIZE_FIXED, SIZE_BY_KELLY, SIZE_BY_VOLATILITY = range(3)
_SIZINGS = {"fixed": SIZE_FIXED, "kelly": SIZE_BY_KELLY, "volatility": SIZE_BY_VOLATILITY}
_BPS = 1e-4


class Parameters:
    """What shapes a book's decisions and fills; constant over its life but for ``has_model``."""

    cost: float  # fraction of the value, of each fill
    borrow_per_bar: float  # fraction of a short's entry value, each bar held
    target_width: float  # barrier distances in units of volatility over the horizon
    stop_width: float
    horizon: int
    take_above: float
    reduce_above: float
    reduce_size: float
    max_novelty: float
    shorting: bool
    sizing: int  # SIZE_FIXED, SIZE_BY_KELLY or SIZE_BY_VOLATILITY
    kelly_fraction: float
    probability_error: float
    volatility_share: float  # volatility of a bar at which the largest position is just right
    max_position: float
    max_positions: int
    max_risk: float
    max_gross: float
    loss_streak: int
    model_drawdown: float
    latency_ms: float
    latency_times: int
    rearm_after_bars: int
    account_drawdown: float
    daily_loss: float
    flatten_on_halt: bool
    virtual: bool
    fallback: int  # FALLBACK_CASH or FALLBACK_RULES
    has_model: bool


PARAMETERS = record_dtype(Parameters)
POLICY = ("take_above", "reduce_above", "reduce_size", "target_width", "stop_width")
"""What a line may have of its own; everything else is the book's."""


def book_parameters(
    config: Config, *, periods_per_year: float, virtual: bool, cost_multiple: float = 1.0
) -> Records:
    """Flatten a configuration into the record of the compiled step, ``Parameters [1]``.

    Parameters
    ----------
    config : Config
    periods_per_year : float
        Bars of one symbol in a year; borrowing is charged by the bar.
    virtual : bool
        Whether the book is virtual: volatility units, no limits, no guards.
    cost_multiple : float
        Factor on all costs, borrowing included.

    Raises
    ------
    UsageError
        No bars a year, or a negative multiple.
    """
    if not 0.0 < periods_per_year < np.inf:
        raise UsageError(f"expected a positive number of bars a year, got {periods_per_year!r}")
    if not 0.0 <= cost_multiple < np.inf:
        raise UsageError(f"expected a cost multiple of zero or more, got {cost_multiple!r}")
    costs = config.costs
    side_bps = costs.fee_bps + costs.half_spread_bps + costs.slippage_bps
    values = {
        "cost": cost_multiple * side_bps * _BPS,
        "borrow_per_bar": cost_multiple * costs.borrow_bps_year * _BPS / periods_per_year,
        "target_width": config.labels.target,
        "stop_width": config.labels.stop,
        "horizon": config.labels.horizon_bars,
        **config.policy.model_dump(),
        "sizing": _SIZINGS[config.policy.sizing],
        "volatility_share": config.policy.position_volatility
        / (np.sqrt(periods_per_year) * config.limits.max_position),
        **config.limits.model_dump(),
        **config.guards.model_dump(exclude={"max_age_seconds"}),
        "virtual": virtual,
        "fallback": FALLBACK_CASH if config.fallback == "cash" else FALLBACK_RULES,
        "has_model": False,
    }
    parameters = np.zeros(1, PARAMETERS)
    for name in Parameters.__annotations__:
        parameters[name] = values[name]
    return parameters
