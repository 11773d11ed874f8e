"""Hopes beside what was measured. Never a gate: a hope is no floor, and a floor no promise."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.labels import Labels
from edgekeeper.ledger import Ledger
from edgekeeper.report.recorded import read_recorded
from edgekeeper.report.story import Story
from edgekeeper.report.wording import MISSING, number, percent
from edgekeeper.stats.resampling import Interval, TimeBlocks
from edgekeeper.stats.score_resampling import score_intervals
from edgekeeper.validate.book_figures import RISK_A_YEAR, book_figures

__all__ = ["HOPES", "Hope", "Target", "measure_targets", "target_rows"]

_ACCOUNT = "edgekeeper"


@dataclass(frozen=True, slots=True)
class Hope:
    """What was hoped for: a figure, where it stood before, where it should go.

    ``percent`` says how it is written.
    """

    name: str
    figure: str
    before: float
    after: float
    percent: bool


HOPES = (
    Hope("Accuracy", "accuracy", 0.75, 0.78, True),
    Hope("Accuracy, the bolder hope", "accuracy", 0.90, 0.96, True),
    Hope("F1", "f1", 0.75, 0.78, False),
    Hope("Sharpe ratio", "sharpe", 1.2, 1.5, False),
    Hope("Worst fall", "max_drawdown", -0.18, -0.15, True),
    Hope("Win rate", "win_rate", 0.58, 0.62, True),
    Hope("Annual return", "annual_return", 0.15, 0.22, True),
    Hope("Profit factor", "profit_factor", 1.3, 1.6, False),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A hope beside what a run measured of it, with its 95 % interval; NaN where it cannot."""

    hope: Hope
    measured: Interval
    baseline: Interval


def measure_targets(
    story: Story, ledger: Ledger, bars: Bars, labels: Labels, config: Config
) -> list[Target]:
    """Measure every hope on a finished run: forecasts as recorded, Edgekeeper's own account.

    The baseline is the account of the rules alone; of accuracy, always guessing the majority.
    """
    blocks = TimeBlocks(len(story.time_ns), 2 * config.labels.horizon_bars)
    found = _scores(ledger, bars, labels, story, blocks)
    own = _account(ledger, _ACCOUNT, story, bars, config, blocks)
    rules = _account(ledger, "rules", story, bars, config, blocks)
    unknown = Interval(math.nan)
    base = {"accuracy": found.pop("majority", unknown), **rules}
    measured = {**found, **own}
    return [
        Target(hope, measured.get(hope.figure, unknown), base.get(hope.figure, unknown))
        for hope in HOPES
    ]


def _scores(
    ledger: Ledger, bars: Bars, labels: Labels, story: Story, blocks: TimeBlocks
) -> dict[str, Interval]:
    told = [line.name for line in story.lines if len(line.time_ns)]
    order = {line.name: 0 if line.stage == "production" else 1 for line in story.lines}
    for line in sorted(told, key=lambda name: order[name]):
        recorded = read_recorded(ledger, bars, labels, line)
        if recorded is not None:
            case = recorded.case
            rows, side = np.nonzero(case.scored)
            position = case.instant[rows] + case.first
            return score_intervals(
                case.success[rows, side], case.probability[rows, side], position, blocks
            )
    return {}


def _account(
    ledger: Ledger, name: str, story: Story, bars: Bars, config: Config, blocks: TimeBlocks
) -> dict[str, Interval]:
    """Figures of an account at its own risk; falls are negative, as hopes write them."""
    equity = np.concatenate(([config.cash], story.books[name].equity))
    returns = np.diff(equity) / equity[:-1]
    trades = ledger.read(
        "trades", ["decision_time_ns", "net_return", "quantity", "entry_price"],
        where={"account": name},
    )  # fmt: skip
    net = trades["net_return"].cast(pl.Float64).fill_null(math.nan).to_numpy()
    stake = (
        trades["quantity"].cast(pl.Float64) * trades["entry_price"].cast(pl.Float64)
    ).to_numpy()
    period = np.searchsorted(story.time_ns, trades["decision_time_ns"].to_numpy())
    per_year = bars.periods_per_year
    # A book whose unit is the target risk is left at its own scale.
    unit = RISK_A_YEAR / math.sqrt(per_year)
    figures = book_figures(returns, (net, net * stake, period), unit, per_year, blocks)
    fall = figures["max_drawdown"]
    return {**figures, "max_drawdown": Interval(-fall.value, -fall.high, -fall.low)}


def target_rows(targets: list[Target]) -> list[tuple[str, str, str, str]]:
    """Hopes in words: name, before and after, measured with interval, baseline."""
    return [
        (
            it.hope.name,
            f"{_say(it.hope.before, it.hope)} → {_say(it.hope.after, it.hope)}",
            _say_interval(it.measured, it.hope),
            _say(it.baseline.value, it.hope),
        )
        for it in targets
    ]


def _say(value: float, hope: Hope) -> str:
    if not math.isfinite(value):
        return MISSING
    return percent(value) if hope.percent else number(value)


def _say_interval(figure: Interval, hope: Hope) -> str:
    text = _say(figure.value, hope)
    if not math.isfinite(figure.low):
        return text
    return f"{text} ({_say(figure.low, hope)} to {_say(figure.high, hope)})"
