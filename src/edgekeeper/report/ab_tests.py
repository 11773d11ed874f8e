"""A/B tests of a run: what the challenger's signals made, against the others' and the rules'."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.ledger import Ledger
from edgekeeper.report.attribution import ClosedTrades, closed_trades
from edgekeeper.report.group_figures import GroupFigures, group_figures, missing_data
from edgekeeper.report.recorded import rows_at
from edgekeeper.stats.dealt_groups import DealtEvidence, dealing_evidence, redealt_p_value
from edgekeeper.stats.resampling import Interval, TimeBlocks, interval_of
from edgekeeper.trade.dealing import arm_of
from edgekeeper.types import BoolArray, Float64Array, Int64Array
from edgekeeper.validate.case import ObjectArray

__all__ = ["AbTest", "Step", "ab_steps", "measure_ab_tests"]

_MINE, _RULES = "edgekeeper", "rules"


@dataclass(frozen=True, slots=True)
class Step:
    """Instants after ``since_ns`` up to ``until_ns`` at which a line decided a share of signals."""

    line: str
    since_ns: int
    until_ns: int
    share: float


@dataclass(frozen=True, slots=True)
class AbTest:
    """One line's A/B test, from its promotion to its end.

    Attributes
    ----------
    ended : bool
        Whether it is over.
    dealt, mine : int
        Signals dealt out, and those of them the line decided.
    groups : sequence of GroupFigures
        The line's signals, the others', and the account of the rules over the same time.
    difference, against_rules : Interval
        Mean net return of a trade: the line's less the others', and less the rules'.
    evidence : DealtEvidence
        Valid however often one looks.
    p_value : float
        Exact at a single look; NaN where nothing was traded.
    missing : sequence of str
        Which minima of trades the line's group does not reach.
    """

    line: str
    steps: Sequence[Step]
    ended: bool
    dealt: int
    mine: int
    groups: Sequence[GroupFigures]
    difference: Interval
    against_rules: Interval
    evidence: DealtEvidence
    p_value: float
    missing: Sequence[str]


def ab_steps(ledger: Ledger, last_ns: int) -> list[list[Step]]:
    """Steps of each A/B test of a run, oldest first; one that goes on ends at ``last_ns``."""
    moves = ledger.read("stages", ["event_time_ns", "line", "to_stage", "evidence_json"])
    tests: list[list[Step]] = []
    going: dict[str, list[Step]] = {}
    for row in moves.iter_rows(named=True):
        line, now = row["line"], int(row["event_time_ns"])
        if line in going:
            before = going[line].pop()
            going[line].append(Step(line, before.since_ns, now, before.share))
        if row["to_stage"] != "ab_test":
            going.pop(line, None)
            continue
        held = json.loads(row["evidence_json"] or "{}")
        share = float((held[0] if isinstance(held, list) else held).get("share", 0.0))
        if line not in going:
            going[line] = []
            tests.append(going[line])
        going[line].append(Step(line, now, last_ns, share))
    return [[step for step in test if step.until_ns > step.since_ns] for test in tests]


def measure_ab_tests(
    ledger: Ledger, bars: Bars, regimes: ObjectArray, config: Config, blocks: TimeBlocks
) -> list[AbTest]:
    """Measure every A/B test of a run; who decided which signal is dealt out once more.

    Parameters
    ----------
    blocks : TimeBlocks
        Of the instants of ``bars``.
    """
    last_ns = int(bars.instants[-1])
    tests = [steps for steps in ab_steps(ledger, last_ns) if steps]
    if not tests:
        return []
    every = [step for steps in tests for step in steps]
    trades, rules = closed_trades(ledger, _MINE), closed_trades(ledger, _RULES)
    decisions = ledger.read("decisions", ["event_time_ns", "symbol"], where={"account": _MINE})
    order = [line.name for line in config.lines]
    return [
        _measured(steps, every, order, decisions, trades, rules, bars, regimes, config, blocks)
        for steps in tests
    ]


def _measured(
    steps: list[Step],
    every: list[Step],
    order: list[str],
    decisions: pl.DataFrame,
    trades: ClosedTrades,
    rules: ClosedTrades,
    bars: Bars,
    regimes: ObjectArray,
    config: Config,
    blocks: TimeBlocks,
) -> AbTest:
    line, since, until = steps[0].line, steps[0].since_ns, steps[-1].until_ns
    signals = decisions.filter(pl.col("event_time_ns").is_between(since + 1, until))
    mine, share = _dealt(signals, line, steps, every, order)
    keys = signals.with_columns(pl.Series("mine", mine))
    inside = trades.picked(trades.frame["decision_time_ns"].is_between(since + 1, until))
    joined = inside.frame.join(
        keys, left_on=["decision_time_ns", "symbol"], right_on=["event_time_ns", "symbol"],
        how="left", maintain_order="left",
    )  # fmt: skip
    by_line = joined["mine"].fill_null(False)
    ours, others = inside.picked(by_line), inside.picked(~by_line)
    base = rules.picked(rules.frame["decision_time_ns"].is_between(since + 1, until))
    groups = [
        _figures(name, part, bars, blocks, config.cash)
        for name, part in ((line, ours), ("the others", others), ("rules alone", base))
    ]
    earned = inside.frame.select("decision_time_ns", "symbol").with_columns(
        pl.Series("gain", inside.profit / config.cash)
    )
    gain = signals.join(
        earned, left_on=["event_time_ns", "symbol"], right_on=["decision_time_ns", "symbol"],
        how="left", maintain_order="left",
    )["gain"].fill_null(0.0).fill_nan(0.0).to_numpy()  # fmt: skip
    lot = (share > 0.0) & (share < 1.0)
    symbols = ours.frame["symbol"].to_list()
    rows = rows_at(bars, ours.frame["decision_time_ns"].to_numpy(), symbols)
    return AbTest(
        line=line,
        steps=steps,
        ended=until < int(bars.instants[-1]),
        dealt=signals.height,
        mine=int(mine.sum()),
        groups=groups,
        difference=_difference(ours, others, bars, blocks),
        against_rules=_difference(ours, base, bars, blocks),
        evidence=dealing_evidence(gain[lot], mine[lot], share[lot]),
        p_value=redealt_p_value(gain[lot], mine[lot], share[lot]),
        missing=missing_data(
            config.gates,
            [str(name) for name in regimes[rows]],
            symbols,
            bars.symbols_present,
        ),
    )


def _dealt(
    signals: pl.DataFrame, line: str, steps: list[Step], every: list[Step], order: list[str]
) -> tuple[BoolArray, Float64Array]:
    """Whether the line decided each signal, and the chance it had."""
    time = signals["event_time_ns"].to_numpy()
    names = signals["symbol"].to_list()
    mine, share = np.zeros(len(time), dtype=np.bool_), np.zeros(len(time))
    for step in steps:
        # Within a step others may come and go: each stretch between two such moves is dealt anew.
        cuts = {step.since_ns, step.until_ns}
        cuts |= {t for s in every for t in (s.since_ns, s.until_ns)}
        edges = sorted(t for t in cuts if step.since_ns <= t <= step.until_ns)
        for low, high in pairwise(edges):
            rows = np.flatnonzero((time > low) & (time <= high))
            shares = {s.line: s.share for s in every if s.since_ns <= low and high <= s.until_ns}
            there = [name for name in order if name in shares]
            arms = arm_of([f"{names[i]}@{time[i]}" for i in rows], [shares[n] for n in there])
            mine[rows] = arms == there.index(line)
            share[rows] = step.share
    return mine, share


def _figures(
    name: str, trades: ClosedTrades, bars: Bars, blocks: TimeBlocks, cash: float
) -> GroupFigures:
    net, period = _net(trades), _period(trades, bars)
    return group_figures(name, net, np.nan_to_num(trades.profit), period, blocks, cash)


def _net(trades: ClosedTrades) -> Float64Array:
    return trades.frame["net_return"].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _period(trades: ClosedTrades, bars: Bars) -> Int64Array:
    return np.searchsorted(bars.instants, trades.frame["decision_time_ns"].to_numpy())


def _difference(
    ours: ClosedTrades, others: ClosedTrades, bars: Bars, blocks: TimeBlocks
) -> Interval:
    """Difference of the means, both from the same draws of blocks."""
    if len(ours) == 0 or len(others) == 0:
        return Interval(float("nan"))
    means, values = [], []
    for part in (ours, others):
        net = _net(part)
        sums = blocks.sums(_period(part, bars), np.stack([np.ones_like(net), net], axis=1))
        with np.errstate(invalid="ignore", divide="ignore"):
            means.append(sums[:, 1] / sums[:, 0])
        values.append(float(net.mean()))
    return interval_of(values[0] - values[1], means[0] - means[1])
