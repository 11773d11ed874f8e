"""A run by condition: what its account's trades earned, and how well its forecasts did."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.labels import Labels
from edgekeeper.ledger import Ledger
from edgekeeper.report.measure_names import MEASURE_NAMES
from edgekeeper.report.recorded import Recorded, rows_at
from edgekeeper.report.wording import count, percent, signed
from edgekeeper.stats.breakdown import Part
from edgekeeper.stats.resampling import TimeBlocks
from edgekeeper.types import SIDES, Forecasts
from edgekeeper.validate.case import Case, ObjectArray
from edgekeeper.validate.forecast_conditions import figures_by_condition, regimes_of

__all__ = [
    "CONDITION_HEADS",
    "condition_row",
    "run_conditions",
    "silent_case",
    "sources_of",
    "told_conditions",
]

CONDITION_HEADS = ("Condition", "Count", "Mean", "95 % interval", "q")
_ACCOUNT = "edgekeeper"
_TOLD = 0.10


def run_conditions(
    ledger: Ledger,
    bars: Bars,
    labels: Labels,
    recorded: Recorded | None,
    config: Config,
    regimes: ObjectArray | None = None,
) -> dict[str, list[Part]]:
    """Figures by condition of a run; empty where it neither traded nor forecast.

    Parameters
    ----------
    regimes : object [N], optional
        Of each bar, where they are known already.
    """
    names = ["decision_time_ns", "symbol", "side", "net_return", "model"]
    trades = ledger.read("trades", names, where={"account": _ACCOUNT})
    if trades.height == 0 and recorded is None:
        return {}
    case = silent_case(bars, labels) if recorded is None else recorded.case
    rows = rows_at(bars, trades["decision_time_ns"].to_numpy(), trades["symbol"].to_list())
    blocks = TimeBlocks(len(bars.instants), 2 * config.labels.horizon_bars)
    return figures_by_condition(
        case,
        rows,
        (trades["side"] == SIDES[1]).to_numpy().astype(np.int64),
        trades["net_return"].cast(pl.Float64).fill_null(math.nan).to_numpy(),
        blocks,
        regimes_of(bars) if regimes is None else regimes,
        least_symbol=config.gates.min_symbol_trades,
        sources=sources_of(ledger, trades, config),
    )


def sources_of(ledger: Ledger, trades: pl.DataFrame, config: Config) -> list[str]:
    """Who was behind each trade: ``model``, ``rules``, or those of several strategies that agreed.

    Parameters
    ----------
    ledger : Ledger
    trades : frame
        With ``decision_time_ns``, ``symbol``, ``side`` and ``model``.
    config : Config
    """
    plain = ["rules" if model is None else "model" for model in trades["model"]]
    if not config.rules.several:
        return plain
    votes = ledger.read(
        "signals",
        ["event_time_ns", "symbol", "side", "source"],
        where={"source": [f"rules:{voter.called}" for voter in config.rules.several]},
    )
    agreed: dict[tuple[int, str, str], list[str]] = {}
    for time_ns, symbol, side, source in votes.iter_rows():
        agreed.setdefault((time_ns, symbol, side), []).append(source.removeprefix("rules:"))
    keys = trades.select("decision_time_ns", "symbol", "side").rows()
    return [
        " + ".join(agreed.get(key, [name])) if name == "rules" else name
        for key, name in zip(keys, plain, strict=True)
    ]


def silent_case(bars: Bars, labels: Labels) -> Case:
    """Return a run in which nobody forecast."""
    nothing = np.full(len(bars), math.nan)
    return Case(
        name="rules",
        bars=bars,
        volatility=nothing,
        labels=labels,
        forecasts=Forecasts.empty(len(bars)),
        probability=np.full((len(bars), 2), math.nan),
        rules=np.zeros(len(bars), dtype=np.int8),
        first_ns=int(bars.instants[0]),
    )


def told_conditions(conditions: Mapping[str, Sequence[Part]]) -> list[tuple[str, Part]]:
    """Conditions that differ from nothing at a false discovery rate of 10 %, surest first."""
    told = [
        (measure, part)
        for measure, parts in conditions.items()
        for part in parts
        if min(part.q_below, part.q_above) <= _TOLD
    ]
    return sorted(told, key=lambda one: min(one[1].q_below, one[1].q_above))


def condition_row(measure: str, part: Part) -> tuple[str, ...]:
    """One condition as text; ``measure`` is named where it is given."""
    name = f"{part.condition} {part.value}"
    return (
        f"{MEASURE_NAMES[measure]}, {name}" if measure else name,
        count(part.count),
        signed(part.mean, 2),
        f"{signed(part.low, 2)} to {signed(part.high, 2)}",
        percent(min(part.q_below, part.q_above)),
    )
