"""A run's figures as families of samples."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgekeeper.monitoring.families import counter, gauge, histogram, state_set
from edgekeeper.monitoring.run_figures import ACCOUNT, LATENCY_BUCKETS, Account, RunFigures

if TYPE_CHECKING:
    from prometheus_client.core import Metric

__all__ = ["run_families"]

_STAGES = ("candidate", "shadow", "ab_test", "production", "retired")
_VERDICTS = ("accepted", "vetoed", "needs_approval")
_SEVERITIES = ("critical", "warning", "info")
_RECENT = {
    "accuracy": (
        "recent_accuracy_ratio",
        "Share of the model's newest trades that ended as it forecast.",
    ),
    "win_rate_gap": (
        "recent_win_rate_gap_ratio",
        "Win rate of the model's newest trades less that of the rules alone.",
    ),
    "forecast_shift": (
        "recent_forecast_shift",
        "Population stability index of a line's newest forecasts against those before.",
    ),
}


def run_families(figures: RunFigures) -> "Iterator[Metric]":
    """Yield everything that the record tells."""
    yield from _money(figures)
    yield from _states(figures)
    yield from _decided(figures)
    yield from _lines(figures)
    yield from _told(figures)


def _money(figures: RunFigures) -> "Iterator[Metric]":
    accounts = figures.accounts
    label = ("account",)
    yield gauge("equity", "Equity at the newest bar, in the run's currency.",
                {(name,): one.equity for name, one in accounts.items()}, label)  # fmt: skip
    yield gauge("drawdown_ratio", "Fall of equity from its high, 0 to 1.",
                {(name,): one.drawdown for name, one in accounts.items()}, label)  # fmt: skip
    yield gauge("gross_exposure_ratio", "Sum of position values over equity.",
                {(name,): one.gross_exposure for name, one in accounts.items()}, label)  # fmt: skip
    yield gauge("net_exposure_ratio", "Long less short position values, over equity.",
                {(name,): one.net_exposure for name, one in accounts.items()}, label)  # fmt: skip
    keys = ("account", "by")
    yield counter("trades", "Closed trades, by who decided (model or fallback) and result.",
                  figures.trades, (*keys, "result"))  # fmt: skip
    yield counter("trade_gains", "Net profit of trades that won, in the run's currency.",
                  figures.gains, keys)  # fmt: skip
    yield counter("trade_losses", "Net loss of trades that lost, as a positive amount.",
                  figures.losses, keys)  # fmt: skip
    yield counter("trade_costs", "Fees, spread, slippage and borrowing of closed trades.",
                  figures.costs, keys)  # fmt: skip


def _states(figures: RunFigures) -> "Iterator[Metric]":
    mine = figures.accounts.get(ACCOUNT, Account())
    standing = "active"
    if figures.halted:
        standing = "halted" if mine.gross_exposure == 0.0 else "reducing"
    yield state_set("account", "Whether the account may trade; reducing: halted, positions left.",
                    ("active", "reducing", "halted"), {(): standing})  # fmt: skip
    trades = any(line.stage == "production" for line in figures.lines.values())
    model = "fallback" if not trades else "paused" if figures.paused else "trading"
    yield state_set("model", "Whether a model trades, is paused, or none has earned its place.",
                    ("trading", "paused", "fallback"), {(): model})  # fmt: skip


def _decided(figures: RunFigures) -> "Iterator[Metric]":
    yield counter("decisions", "Decisions of the account on signals.",
                  figures.decisions, ("decision", "symbol"))  # fmt: skip
    yield counter("skips", "Decisions to skip, by the check of the funnel that settled it.",
                  {(reason,): count for reason, count in figures.reasons.items()},
                  ("reason",))  # fmt: skip
    yield histogram("forecast_seconds", "Time that the forecasts of an instant took.",
                    LATENCY_BUCKETS, figures.latency, figures.latency_sum)  # fmt: skip
    last = figures.last_latency
    yield gauge("forecast_last_seconds", "Time that the forecasts of the newest instant took.",
                None if math.isnan(last) else last)  # fmt: skip
    yield counter("bars", "Bars of closed epochs.", figures.bars)
    yield counter("instants", "Instants whose bars were taken live.", figures.instants)
    yield gauge("last_bar_timestamp_seconds", "When the newest bar closed, market time.",
                _seconds(figures.last_bar_ns))  # fmt: skip
    yield gauge("last_bar_taken_timestamp_seconds", "When the newest bars were taken, wall time.",
                _seconds(figures.last_taken_ns))  # fmt: skip
    for metric, (name, meaning) in _RECENT.items():
        found = {c: seen for (m, c), seen in figures.recent.items() if m == metric}
        yield gauge(name, meaning, {(cause,): value for cause, (value, _) in found.items()},
                    ("of",))  # fmt: skip
        yield gauge(f"{name.removesuffix('_ratio')}_results", f"Results behind {name}.",
                    {(cause,): count for cause, (_, count) in found.items()}, ("of",))  # fmt: skip


def _lines(figures: RunFigures) -> "Iterator[Metric]":
    lines = figures.lines
    yield state_set("line_stage", "Where a line stands.", _STAGES,
                    {(name,): line.stage for name, line in lines.items()}, ("line",))  # fmt: skip
    yield gauge("line_log_evidence", "Logarithm of the evidence against a null; all must fall.",
                {(name, null): value for name, line in lines.items()
                 for null, value in line.log_evidence.items()}, ("line", "null"))  # fmt: skip
    known = {name: line for name, line in lines.items() if line.log_evidence}
    yield gauge("line_log_threshold", "Logarithm of the evidence that each null needs to fall.",
                {(name,): line.log_threshold for name, line in known.items()},
                ("line",))  # fmt: skip
    yield gauge("line_log_harm", "Logarithm of the statistic that sends a line back to shadow.",
                {(name,): line.log_harm for name, line in known.items()
                 if not math.isnan(line.log_harm)}, ("line",))  # fmt: skip
    none = {(name, verdict): 0 for name in lines for verdict in _VERDICTS}
    yield counter("fits", "Fits by what the gates said.", {**none, **figures.fits},
                  ("line", "verdict"))  # fmt: skip
    yield gauge("last_fit_timestamp_seconds", "Market time of a line's newest fit.",
                {(name,): line.last_fit_ns / 1e9 for name, line in lines.items()
                 if line.last_fit_ns}, ("line",))  # fmt: skip
    yield gauge("last_drift_timestamp_seconds", "When drift last asked for a refit of a line.",
                {(name,): line.last_drift_ns / 1e9 for name, line in lines.items()
                 if line.last_drift_ns}, ("line",))  # fmt: skip
    yield counter("drift_requests", "Refits asked for because of drift.",
                  figures.requests, ("line", "reason"))  # fmt: skip


def _told(figures: RunFigures) -> "Iterator[Metric]":
    yield counter("alerts", "Alerts on record.",
                  {(word,): figures.alerts[word] for word in _SEVERITIES},
                  ("severity",))  # fmt: skip
    yield gauge("alert_standing", "Whether an alert of this rule is not over yet.",
                {key: float(held) for key, held in figures.standing.items()},
                ("rule", "severity"))  # fmt: skip
    yield gauge("alert_last_timestamp_seconds", "When a rule raised its newest alert.",
                {key: when / 1e9 for key, when in figures.last_alert_ns.items()},
                ("rule", "severity"))  # fmt: skip
    yield counter("orders", "Orders of people and of the loops, and what became of them.",
                  figures.orders, ("kind", "outcome"))  # fmt: skip
    yield counter("ledger_links", "Links of the record's hash chains.",
                  {(role,): count for role, count in figures.links.items()}, ("role",))  # fmt: skip


def _seconds(when_ns: int | None) -> float | None:
    return None if when_ns is None else when_ns / 1e9
