"""From a ledger and its bars to a :class:`Story`: figures are read back, not remembered.

Everything told was decided before the outcome was known: forecasts are scored as they were
recorded at the time, whichever package made them.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.explain import score_sensitivity
from edgekeeper.labels import Labels
from edgekeeper.ledger import Ledger
from edgekeeper.models import PackagedModel
from edgekeeper.report.curves import (
    Curves,
    buy_and_hold,
    read_curves,
    worst_drawdowns,
)
from edgekeeper.report.expected_evidence import expected_evidence
from edgekeeper.report.recorded import read_recorded
from edgekeeper.report.run_conditions import run_conditions
from edgekeeper.report.sentences import verdict_sentence
from edgekeeper.report.sizing_words import sizing_words
from edgekeeper.report.story import BookStory, LineStory, Mark, MarkKind, Story
from edgekeeper.stats.performance import Performance, measure, monthly_returns
from edgekeeper.stats.wealth import LARGEST_LOG
from edgekeeper.trade import rules_in_words
from edgekeeper.types import Float32Array, Float64Array

__all__ = ["ABOUT_BARS", "Market", "tell"]

ABOUT_BARS = "About these bars"
_DOUBLE = "_double_cost"


@dataclass(frozen=True, slots=True)
class Market:
    """What a person should know of a market beside its bars."""

    name: str = "bars"
    title: str = "Your bars"
    caveats: Sequence[str] = ()
    assumptions: Sequence[str] = ()
    truth: Sequence[Mark] = field(default_factory=tuple)


def tell(
    ledger: Ledger,
    bars: Bars,
    labels: Labels,
    config: Config,
    market: Market,
    *,
    newest: PackagedModel | None = None,
    matrix: Float32Array | None = None,
    wall_seconds: float = math.nan,
) -> Story:
    """Read a finished run and tell it.

    Parameters
    ----------
    labels : Labels [N]
        Outcomes of the bars, to score forecasts by.
    newest, matrix
        A package and the features of the bars, for what the model listens to.
    """
    curves = read_curves(ledger)
    lines = _lines(ledger, config)
    books = _books(ledger, bars, curves, config)
    marks = [*_marks(ledger), *market.truth]
    recorded = read_recorded(ledger, bars, labels, _furthest(lines))
    decisions = ledger.read("decisions", ["decision", "reason"], where={"account": "edgekeeper"})
    sentence, details = verdict_sentence(lines, books, marks, config)
    equity = curves.equity["edgekeeper"]
    return Story(
        name=market.name,
        title=market.title,
        sentence=sentence,
        details=details,
        caveats=tuple(market.caveats),
        symbols=bars.symbols_present,
        time_ns=curves.time_ns,
        books=books,
        exposure=curves.gross["edgekeeper"],
        marks=sorted(marks, key=lambda mark: mark.time_ns),
        lines=lines,
        monthly=monthly_returns(curves.time_ns, equity),
        drawdowns=worst_drawdowns(curves.time_ns, equity),
        decisions=dict(Counter(decisions["decision"].to_list())),
        reasons=dict(Counter(decisions["reason"].to_list()).most_common()),
        scores=None if recorded is None else recorded.scores,
        reliability=None if recorded is None else recorded.reliability,
        conditions=run_conditions(ledger, bars, labels, recorded, config),
        feature_importance=_importance(newest, matrix),
        assumptions=_assumptions(config, bars, market),
        ledger_hash=ledger.head("trade"),
        wall_seconds=wall_seconds,
        next_steps=(),
    )


def _importance(
    package: PackagedModel | None, matrix: Float32Array | None
) -> tuple[tuple[str, float], ...]:
    if package is None or matrix is None:
        return ()
    return tuple(list(score_sensitivity(package, matrix).items())[:15])


def _books(ledger: Ledger, bars: Bars, curves: Curves, config: Config) -> dict[str, BookStory]:
    trades = ledger.read("trades", ["account", "costs"])
    periods = bars.periods_per_year
    start = config.cash

    def performance(equity: Float64Array) -> Performance:
        return measure(np.concatenate(([start], equity)), periods)

    books = {}
    for name in ("edgekeeper", "always_newest", "rules"):
        own = trades.filter(pl.col("account") == name)
        double = curves.equity.get(name + _DOUBLE)
        books[name] = BookStory(
            name=name,
            equity=curves.equity[name],
            performance=performance(curves.equity[name]),
            double_cost=None if double is None else performance(double),
            trades=own.height,
            mean_gross_exposure=float(np.nanmean(curves.gross[name])),
            costs_paid=float(own["costs"].cast(pl.Float64).sum()),
        )
    held = buy_and_hold(bars, curves.gross["edgekeeper"], start)
    books["buy_and_hold"] = BookStory(
        name="buy_and_hold",
        equity=held,
        performance=performance(held),
        double_cost=None,
        trades=0,
        mean_gross_exposure=books["edgekeeper"].mean_gross_exposure,
        costs_paid=0.0,
    )
    return books


def _marks(ledger: Ledger) -> list[Mark]:
    marks = []
    kinds: dict[str, MarkKind] = {
        "promoted": "promotion",
        "retreated": "retreat",
        "refused": "refusal",
    }
    for row in ledger.read("stages").iter_rows(named=True):
        verdict, _, reason = row["reason"].partition(": ")
        if verdict in kinds:
            text = f"{row['line']} {verdict}: {reason}"
            marks.append(Mark(row["event_time_ns"], kinds[verdict], text))
    guards = ledger.read("guards", where={"account": "edgekeeper"})
    for row in guards.iter_rows(named=True):
        if row["event"] in ("pause", "halt"):
            marks.append(Mark(row["event_time_ns"], row["event"], row["cause"]))
    return marks


def _lines(ledger: Ledger, config: Config) -> list[LineStory]:
    stages = ledger.read("stages")
    packages = ledger.read("packages")
    evidence = ledger.read("evidence")
    stories = []
    for line in config.lines:
        moves = stages.filter(pl.col("line") == line.name)
        fits = packages.filter(pl.col("line") == line.name)
        path = evidence.filter(pl.col("line") == line.name).sort("event_time_ns")
        reasons = moves["reason"].to_list()
        verdicts = [reason.partition(": ")[0] for reason in reasons]
        held = fits.filter(pl.col("verdict") != "accepted")
        stage = moves["to_stage"][-1] if moves.height else "candidate"
        verdict = verdicts[-1] if verdicts else _waiting(fits)

        def log(name: str, path: pl.DataFrame = path) -> Float64Array:
            return path[name].cast(pl.Float64).fill_null(math.nan).to_numpy()

        threshold = log("threshold")
        stories.append(
            LineStory(
                name=line.name,
                learner=line.learner,
                stage=stage,
                verdict=verdict,
                reasons=tuple(reasons) + tuple(_veto_reasons(held)),
                refits=fits.height,
                level=float(np.exp(-threshold[-1])) if len(threshold) else math.nan,
                time_ns=path["event_time_ns"].to_numpy(),
                log_cash=log("log_e_cash"),
                log_exposure=log("log_e_exposure"),
                log_incumbent=log("log_e_incumbent"),
                log_threshold=threshold,
                harm=np.exp(np.minimum(log("log_harm"), LARGEST_LOG)),
                harm_threshold=config.evidence.false_retreat_bars,
                expected=expected_evidence(ledger, line.name),
            )
        )
    return stories


def _waiting(fits: pl.DataFrame) -> str:
    if fits.height == 0:
        return "not enough bars for a first fit"
    return "held: needs approval" if fits["verdict"][-1] == "needs_approval" else "vetoed"


def _veto_reasons(held: pl.DataFrame) -> list[str]:
    counts = Counter(held["verdict"].to_list())
    words = []
    if counts["vetoed"]:
        words.append(
            f"{counts['vetoed']} refits vetoed: clearly worse on the hold-out than the fit before"
        )
    if counts["needs_approval"]:
        words.append(f"{counts['needs_approval']} fits held: too good to be true")
    return words


def _furthest(lines: Sequence[LineStory]) -> str:
    """Name of the line that got furthest; empty where none forecast."""
    told = [line for line in lines if len(line.time_ns)]
    order = {"production": 0, "shadow": 1}
    return min(told, key=lambda line: order.get(line.stage, 2)).name if told else ""


def _assumptions(config: Config, bars: Bars, market: Market) -> tuple[tuple[str, str], ...]:
    costs, labels, policy = config.costs, config.labels, config.policy
    guards, evidence, limits = config.guards, config.evidence, config.limits
    own = [(ABOUT_BARS, text) for text in market.assumptions]
    side = costs.fee_bps + costs.half_spread_bps + costs.slippage_bps
    return (
        *own,
        ("Orders", "decided at a bar's close, filled at the next bar's open or later"),
        (
            "Costs of a side",
            f"{side:g} bps: fee {costs.fee_bps:g}, half spread {costs.half_spread_bps:g}, "
            f"slippage {costs.slippage_bps:g}; borrowing {costs.borrow_bps_year:g} bps a year",
        ),
        (
            "Brackets",
            f"target {labels.target:g} and stop {labels.stop:g} volatilities over "
            f"{labels.horizon_bars} bars; stops gap through; a bar that touches both is a stop",
        ),
        ("Cash", "earns nothing; dividends are reinvested; one currency, " + config.currency),
        ("Shorting", "allowed" if policy.shorting else "off"),
        (
            "Bands",
            f"take above {policy.take_above:.0%}, reduce to {policy.reduce_size:.0%} of size "
            f"above {policy.reduce_above:.0%}, where 50 % is the signal's own break-even; and "
            "never without a positive expectation after costs" + _own_policies(config),
        ),
        ("Sizes", sizing_words(policy)),
        (
            "Limits",
            f"{limits.max_position:.0%} of equity a position, {limits.max_positions} positions, "
            f"{limits.max_risk:.0%} at risk a trade, {limits.max_gross:.0%} at work in all",
        ),
        (
            "Pause",
            f"{guards.loss_streak} losing bars in a row, or the model {guards.model_drawdown:.0%} "
            f"down: the fallback ({config.fallback}) trades for {guards.rearm_after_bars} bars",
        ),
        (
            "Halt",
            f"account {guards.account_drawdown:.0%} down, or {guards.daily_loss:.0%} in a day: "
            "no new entries until a person resumes",
        ),
        ("Rules", rules_in_words(config.rules)),
        (
            "Evidence",
            "three nulls must fall: cash, own average exposure over "
            f"{evidence.exposure_window} bars, the incumbent; false discoveries at most "
            f"{evidence.false_discovery_rate:.0%}; {evidence.horizon_epochs} epochs to prove it",
        ),
        (
            "Worst bar",
            f"evidence claims its level for losses up to {evidence.worst_bar:g} times the "
            "volatility predicted for a bar; a larger one closes the line",
        ),
        (
            "Shipped fits",
            "see all known data; a twin fitted on the older "
            f"{1 - config.gates.holdout_share:.0%} was judged on the newest "
            f"{config.gates.holdout_share:.0%}",
        ),
        (
            "Buy and hold",
            "an equal-weight basket holding, each bar, what Edgekeeper had at work the bar "
            "before; no costs charged",
        ),
        ("Bars a year", f"{bars.periods_per_year:g}, for annual figures"),
    )


def _own_policies(config: Config) -> str:
    """Lines that decide otherwise."""
    own = {one.name: one.policy for one in config.lines if one.policy is not None}
    said = [f"{name}{' (moved by its outcomes)' if one.learn else ''}" for name, one in own.items()]
    return f"; by a policy of its own: {', '.join(said)}" if said else ""
