"""Trade one fixed package over history, under the account's limits, guards and costs."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.errors import BadData, UsageError
from edgekeeper.registry import Package
from edgekeeper.report.backtest_chart import equity_of
from edgekeeper.report.backtest_page import render_backtest
from edgekeeper.report.backtest_story import BacktestStory
from edgekeeper.report.picture import Picture, draw
from edgekeeper.report.sizing_words import sizing_words
from edgekeeper.simulator import MarketFeed
from edgekeeper.trade import rule_signals
from edgekeeper.workbench.forecasting import day_of, forecast_all
from edgekeeper.workbench.impact import ImpactRule
from edgekeeper.workbench.stretch import History, account_over
from edgekeeper.workbench.walk_forward import walk_forward as tune

__all__ = ["BacktestResult", "backtest"]


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """One fixed package on one account, with ways to look at it."""

    story: BacktestStory

    @property
    def note(self) -> str:
        """How many of the bars the package was fitted on: those flatter it and count apart."""
        return self.story.note

    @property
    def figures(self) -> dict[str, Any]:
        """Figures for programs: the unseen bars at the top level, others under ``seen``."""
        it = self.story
        return {
            **(it.unseen.record() if it.unseen else {}),
            "evidence": it.unseen is not None,
            "currency": it.currency,
            "cash": it.cash,
            "note": it.note,
            "assumptions": list(it.assumptions),
            "seen": it.seen.record() if it.seen else None,
            "walk_forward": it.walk_forward.record() if it.walk_forward else None,
        }

    def plot(self) -> Picture:
        """The account at once and twice the costs beside the rules, as a picture."""
        shown = self.story.unseen or self.story.seen
        return draw(equity_of(shown) if shown else None)

    def html(self) -> str:
        """The report as one page that needs nothing else."""
        return render_backtest(self.story, generated_from="edgekeeper backtest")

    def _repr_html_(self) -> str:
        return self.html()


def backtest(
    package: Package,
    bars: Any,
    config: Config | None = None,
    *,
    walk_forward: int | None = None,
    impact: Literal["square-root", "linear"] = "square-root",
    impact_coefficient: float = 1.0,
) -> BacktestResult:
    """Trade one fixed package over history, under the account's limits, guards and costs.

    Bars inside or before the package's data window are traded by an account of their own and shown
    apart: only the others are evidence.

    Parameters
    ----------
    package : Package
    bars : Bars or frame
        Earlier bars warm features up.
    config : Config, optional
        Costs, limits, guards, and the policy with its sizing.
    walk_forward : int, optional
        Choose bands, width of the bracket and sizing anew in so many windows, each on the unseen
        bars before it.
    impact : {"square-root", "linear"}
        How market impact grows with a fill's share of the volume.
    impact_coefficient : float
        Of that rule.

    Raises
    ------
    UsageError
        The package was fitted for other brackets than the configuration's; too few unseen bars to
        walk forward on.
    BadData
        No bars.

    Examples
    --------
    >>> from edgekeeper import train
    >>> from edgekeeper.worlds import make_world
    >>> bars = make_world("noise", seed=1, symbols=4, bars=800).bars
    >>> early = bars.until(int(bars.instants[599]))
    >>> package = train(early, learner="logistic", features=("returns",)).package
    >>> result = backtest(package, bars)
    >>> result.figures["bars"], result.figures["seen"]["bars"]
    (200, 600)
    """
    rule = ImpactRule(impact, impact_coefficient)
    bars = bars if isinstance(bars, Bars) else Bars.from_frame(bars)
    config = config or Config()
    if len(bars) == 0:
        raise BadData("expected bars to trade on, got none")
    _same_brackets(package, config)
    volatility, forecasts = forecast_all(package, bars, config)
    feed = MarketFeed(
        bars,
        volatility,
        rule_signals(config.rules, bars),
        max_age_ns=int(config.guards.max_age_seconds * 1e9),
    )
    history = History(bars, feed, forecasts, config)
    window_ends = package.manifest.provenance.data.last
    first, last = int(np.searchsorted(feed.instants, window_ends, "right")), len(feed.instants)
    story = BacktestStory(
        model=package.hash,
        line=package.manifest.provenance.lineage.line,
        currency=config.currency,
        cash=config.cash,
        unseen=account_over(history, first, last, rule) if first < last else None,
        seen=account_over(history, 0, first, rule) if first > 0 else None,
        walk_forward=None if walk_forward is None else tune(history, first, walk_forward),
        note=_note(bars, window_ends),
        assumptions=_assumptions(config, bars, rule),
    )
    return BacktestResult(story)


def _same_brackets(package: Package, config: Config) -> None:
    fitted_for = package.manifest.provenance.labels
    if fitted_for and dict(fitted_for) != config.labels.model_dump(mode="json"):
        raise UsageError(
            f"the package was fitted for brackets {dict(fitted_for)}, the configuration has "
            f"{config.labels.model_dump(mode='json')}: use the same [labels]"
        )


def _note(bars: Bars, window_ends: int) -> str:
    seen = int((bars.event_time <= window_ends).sum())
    if seen == 0:
        return "all bars came after the package was fitted"
    return (
        f"{seen} of {len(bars)} bars lie inside or before the package's data window, which ends "
        f"{day_of(window_ends)}: what it earns there proves nothing"
    )


def _assumptions(config: Config, bars: Bars, rule: ImpactRule) -> tuple[str, ...]:
    costs = config.costs
    return (
        "decided at a close, filled at the next open; a stop that is gapped through fills at the "
        "open; a bar that touches stop and target is a stop",
        f"each fill pays {costs.fee_bps:g} bps of fees, {costs.half_spread_bps:g} of half spread "
        f"and {costs.slippage_bps:g} of slippage; shorts pay {costs.borrow_bps_year:g} a year",
        f"market impact on top, estimated and not in the account's equity: {rule}",
        f"sizes: {sizing_words(config.policy)}",
        f"a year has {bars.periods_per_year:,.0f} bars; every bar counts, those in cash included, "
        "and cash earns nothing",
        "what is still open on the last bar is valued there, and pays no exit",
        "capacity: the starting equity at which impact takes all that was earned, or one fill "
        "would be the whole volume of its bar, whichever is less",
    )
