"""A day or a week of a run, read back: forecasts, money, moves, drift, and what to decide."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.labels import Labels
from edgekeeper.ledger import Ledger
from edgekeeper.report.attribution import closed_trades
from edgekeeper.report.curves import basket_returns
from edgekeeper.report.expected_evidence import ExpectedEvidence, expected_evidence
from edgekeeper.report.recorded import rows_at
from edgekeeper.report.to_do import Task, read_to_do
from edgekeeper.stats.bootstrap import mean_interval
from edgekeeper.stats.performance import drawdowns
from edgekeeper.stats.scores import Scores, score_probabilities
from edgekeeper.types import SIDES, BoolArray, Float64Array, Int64Array

__all__ = [
    "AccountReview",
    "Advice",
    "LineReview",
    "LossChange",
    "Review",
    "advise",
    "review_period",
]

ACCOUNTS = ("edgekeeper", "rules", "always_newest")
_MINE = "edgekeeper"
_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class LineReview:
    """Forecasts of a line whose outcome became known within the stretch, and all before it.

    ``stated`` and ``happened`` are the mean forecast and the share that came true: calibration.
    """

    line: str
    stage: str
    recent: Scores | None
    before: Scores | None
    stated: float
    happened: float


@dataclass(frozen=True, slots=True)
class AccountReview:
    """Growth of an account over the stretch, its worst fall within it, and trades it closed."""

    name: str
    growth: float
    worst_fall: float
    trades: int
    profit: float
    equity: Float64Array


@dataclass(frozen=True, slots=True)
class LossChange:
    """Mean Brier loss of late against before, an interval of the late one included.

    ``worse`` means: by more than the configured share, and beyond chance.
    """

    line: str
    bars: int
    before: float
    recent: float
    low: float
    high: float
    worse: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """What to decide. It is a recommendation: nothing is done by it."""

    decision: Literal["full refit", "tune", "online updates"]
    reason: str
    command: str


@dataclass(frozen=True, slots=True)
class Review:
    """One stretch of a run.

    Attributes
    ----------
    since_ns, until_ns : int
        Instants after the first and up to the second.
    time_ns : int64 [t]
        Instants of the accounts' equity, some while before the stretch as well.
    fits : sequence of (line, package, verdict)
    moves : sequence of str
    decisions : mapping of decision to int
    """

    since_ns: int
    until_ns: int
    lines: Sequence[LineReview]
    accounts: Sequence[AccountReview]
    time_ns: Int64Array
    basket: float
    loss: LossChange | None
    fits: Sequence[tuple[str, str, str]]
    moves: Sequence[str]
    decisions: Mapping[str, int]
    expected: Sequence[tuple[str, ExpectedEvidence]]
    to_do: Sequence[Task]


def review_period(
    ledger: Ledger, bars: Bars, labels: Labels, config: Config, *, days: int, until_ns: int
) -> Review:
    """Read a stretch of so many days up to an instant; nothing later is looked at.

    Parameters
    ----------
    bars, labels
        Up to ``until_ns``.
    """
    since = until_ns - days * _DAY_NS
    stages = _stages(ledger, until_ns)
    names = [line.name for line in config.lines]
    lines, losses = [], {}
    for name in names:
        made = _forecasts(ledger, bars, labels, name, until_ns)
        if made is not None:
            lines.append(_line(name, stages.get(name, "candidate"), made, since))
            losses[name] = made
    judged = next((n for n in names if stages.get(n) == "production" and n in losses), None)
    judged = judged or next((line.line for line in lines), None)
    time_ns, accounts = _accounts(ledger, since, until_ns, days)
    moves = ledger.read("stages", since_ns=since + 1, until_ns=until_ns)
    fits = ledger.read(
        "packages", ["line", "hash", "verdict"], since_ns=since + 1, until_ns=until_ns
    )
    decided = ledger.read(
        "decisions", ["decision"], where={"account": _MINE}, since_ns=since + 1, until_ns=until_ns
    )
    inside = (bars.instants > since) & (bars.instants <= until_ns)
    expected = [(name, expected_evidence(ledger, name, until_ns=until_ns)) for name in names]
    return Review(
        since_ns=since,
        until_ns=until_ns,
        lines=lines,
        accounts=accounts,
        time_ns=time_ns,
        basket=float(np.prod(1.0 + basket_returns(bars)[inside]) - 1.0),
        loss=None if judged is None else _loss_change(judged, losses[judged], config),
        fits=[(line, package, verdict) for line, package, verdict in fits.iter_rows()],
        moves=[f"{row['line']} {row['reason']}" for row in moves.iter_rows(named=True)],
        decisions=dict(decided["decision"].value_counts().iter_rows()),
        expected=[(name, one) for name, one in expected if one is not None],
        to_do=read_to_do(ledger, since + 1, until_ns),
    )


def _stages(ledger: Ledger, until_ns: int) -> dict[str, str]:
    rows = ledger.read("stages", ["line", "to_stage"], until_ns=until_ns)
    return {str(line): str(stage) for line, stage in rows.iter_rows()}


@dataclass(frozen=True, slots=True)
class _Made:
    """Forecasts of a line with known outcomes, both sides, in the order they became known."""

    known_ns: Int64Array
    decided_ns: Int64Array
    probability: Float64Array
    won: BoolArray


def _forecasts(
    ledger: Ledger, bars: Bars, labels: Labels, line: str, until_ns: int
) -> _Made | None:
    columns = [f"probability_{side}" for side in SIDES]
    frame = ledger.read(
        "forecasts", ["event_time_ns", "symbol", *columns], where={"line": line}, until_ns=until_ns
    )
    frame = frame.drop_nulls()
    rows = rows_at(bars, frame["event_time_ns"].to_numpy(), frame["symbol"].to_list())
    said = frame.select(columns).to_numpy()
    known = labels.known_time[rows]
    there = (known <= until_ns) & np.isfinite(labels.net_return[rows])
    row, side = np.nonzero(there)
    if len(row) == 0:
        return None
    order = np.argsort(known[row, side], kind="stable")
    row, side = row[order], side[order]
    return _Made(
        known[row, side],
        bars.event_time[rows[row]],
        said[row, side].astype(np.float64),
        labels.net_return[rows[row], side] > 0.0,
    )


def _line(name: str, stage: str, made: _Made, since: int) -> LineReview:
    recent = made.known_ns > since
    stated = happened = math.nan
    if recent.any():
        stated = float(made.probability[recent].mean())
        happened = float(made.won[recent].mean())
    scores = [
        score_probabilities(made.won[part], made.probability[part]) if part.any() else None
        for part in (recent, ~recent)
    ]
    return LineReview(name, stage, scores[0], scores[1], stated, happened)


def _loss_change(line: str, made: _Made, config: Config) -> LossChange | None:
    """Compare the newest instants' losses with all before; None with too few on either side."""
    instants, place = np.unique(made.decided_ns, return_inverse=True)
    recent = config.drift.recent_bars
    if len(instants) < 2 * recent:
        return None
    squares = (made.won - made.probability) ** 2
    loss = np.bincount(place, weights=squares) / np.bincount(place)
    before, after = loss[:-recent], loss[-recent:]
    usual, late = float(before.mean()), float(after.mean())
    low, high = mean_interval(after, block=min(2 * config.labels.horizon_bars, recent // 2))
    worse = late > usual * (1.0 + config.drift.performance_change) and low > usual
    return LossChange(line, recent, usual, late, low, high, worse)


def _accounts(
    ledger: Ledger, since: int, until_ns: int, days: int
) -> tuple[Int64Array, list[AccountReview]]:
    """Equity of the accounts, drawn from twelve stretches before on; figures of this one alone."""
    frame = ledger.read(
        "equity", ["event_time_ns", "account", "equity"],
        where={"account": list(ACCOUNTS)}, since_ns=until_ns - 13 * days * _DAY_NS,
        until_ns=until_ns,
    ).sort("event_time_ns")  # fmt: skip
    time_ns = np.empty(0, dtype=np.int64)
    found = []
    for name in ACCOUNTS:
        part = frame.filter(pl.col("account") == name)
        if part.height == 0:
            continue
        time_ns = part["event_time_ns"].to_numpy()
        equity = part["equity"].cast(pl.Float64).to_numpy()
        first = max(int(np.searchsorted(time_ns, since, side="right")) - 1, 0)
        stretch = equity[first:]
        trades = closed_trades(ledger, name)
        inside = trades.picked(trades.frame["exit_time_ns"].is_between(since + 1, until_ns))
        found.append(
            AccountReview(
                name,
                float(stretch[-1] / stretch[0] - 1.0),
                float(drawdowns(stretch).max()),
                len(inside),
                float(inside.profit.sum()),
                equity,
            )
        )
    return time_ns, found


def advise(review: Review, drift: str | None) -> Advice:
    """Recommend what R9 asks for: a full refit upon drift, tuning upon worse forecasts, else go on.

    Parameters
    ----------
    drift : str or None
        What has drifted, as a sentence; None: nothing beyond chance, or nothing could be compared.
    """
    line = review.loss.line if review.loss else next((one.line for one in review.lines), "LINE")
    if drift is not None:
        command = f'edgekeeper models refit {line} --reason "drift"'
        return Advice("full refit", drift, command)
    loss = review.loss
    if loss is not None and loss.worse:
        reason = (
            f"the loss of {loss.line} over the last {loss.bars} bars is {loss.recent:.4f} "
            f"(95 %: {loss.low:.4f} to {loss.high:.4f}) against {loss.before:.4f} before, and no "
            "input has drifted"
        )
        return Advice("tune", reason, "edgekeeper tune --bars … --trials 100")
    return Advice(
        "online updates",
        "no drift and no loss of performance beyond chance: outcomes are taken in as they come, "
        "and refits keep their schedule",
        "",
    )
