"""Synthetic stories: the shape of a run, from seeded random walks."""

import math
from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.report.story import BOOKS, BookStory, Drawdown, LineStory, Mark, Story
from edgekeeper.stats.calibration import reliability
from edgekeeper.stats.performance import measure, monthly_returns
from edgekeeper.stats.scores import score_probabilities

DAY_NS = 86_400 * 10**9
START_NS = 10_957 * DAY_NS  # 2000-01-01


def _book(name, growth, rng, bars, costs):
    equity = 100_000 * np.exp(np.cumsum(rng.normal(growth / 252, 0.01, bars)))
    figures = measure(equity, 252)
    dearer = measure(equity * np.exp(-np.arange(bars) * costs / 252), 252)
    return BookStory(name, equity, figures, dearer, int(400 * costs), 0.62, 1e5 * costs)


def _line(name, stage, verdict, reason, time_ns, drift, rng, trades_from):
    n = len(time_ns)
    paths = [np.cumsum(rng.normal(drift - k * 0.001, 0.05, n)) for k in range(3)]
    harm = np.full(n, np.nan)
    if trades_from:
        harm[trades_from:] = np.exp(np.maximum.accumulate(rng.normal(2, 2, n - trades_from)))
    return LineStory(
        name=name,
        learner="lightgbm",
        stage=stage,
        verdict=verdict,
        reasons=(reason,),
        refits=34,
        level=0.05,
        time_ns=time_ns,
        log_cash=paths[0],
        log_exposure=paths[1],
        log_incumbent=paths[2],
        log_threshold=np.full(n, math.log(20)),
        harm=harm,
        harm_threshold=2520.0,
    )


def build_story(*, bars=2500, seed=0, promoted=True, title="A planted edge that flips", step=None):
    """Make one market's story; ``step`` is the distance between two bars in nanoseconds."""
    rng = np.random.default_rng(seed)
    time_ns = START_NS + np.arange(bars) * (step or DAY_NS * 365 // 252)
    growth = dict(zip(BOOKS, (0.08, -0.12, -0.02, 0.05), strict=True))
    books = {
        name: _book(name, growth[name], rng, bars, 0.01 * (k + 1)) for k, name in enumerate(BOOKS)
    }
    own = books["edgekeeper"].equity

    def at(share):
        return int(time_ns[int(share * (bars - 1))])

    since = time_ns[bars // 5 :]
    lines = [
        _line(
            "everyday",
            "retired",
            "refused",
            "No evidence within its 2,520 bars: it did not earn more than its own average "
            "exposure, held passively (evidence 0.31, needed 20).",
            since, -0.001, rng, 0,
        )
    ]  # fmt: skip
    marks = [Mark(at(0.95), "refusal", "The line everyday was refused: no evidence.")]
    if promoted:
        lines.insert(0, _line(
            "trend", "shadow", "retreated",
            "It earned less than 80% of what it earned before its promotion (harm 2,611 against "
            "2,520); it starts again in shadow.",
            since, 0.003, rng, int(len(since) * 0.4),
        ))  # fmt: skip
        marks += [
            Mark(at(0.52), "promotion", "The line trend beat cash, its exposure and the rules."),
            Mark(at(0.6), "pause", "Five losses in a row: the rules trade."),
            Mark(at(0.7), "truth", "The planted edge changes its sign."),
            Mark(at(0.75), "retreat", "The line trend lost its edge and went back to shadow."),
        ]
    chance = np.clip(rng.normal(0.5, 0.04, 4000), 0.35, 0.65)
    outcome = rng.random(4000) < chance
    return Story(
        name=title.lower().replace(" ", "-"),
        title=title,
        sentence="An edge was found after 412 trading days, traded for two years, and given up "
        "81 days after it turned."
        if promoted
        else "No edge found here: two candidates were tried, and neither beat luck.",
        details=("Always-newest swapped its model 34 times and lost 21.0% on the way.",),
        caveats=("The market is synthetic: its truth is known, and real ones are harder.",),
        symbols=("AAA", "BBB", "CCC"),
        time_ns=time_ns,
        books=books,
        exposure=np.clip(np.cumsum(rng.normal(0, 0.05, bars)) % 2.0, 0, 1),
        marks=marks,
        lines=lines,
        monthly=monthly_returns(time_ns, own),
        drawdowns=(
            Drawdown(at(0.1), at(0.2), at(0.3), 0.14),
            Drawdown(at(0.6), at(0.9), None, 0.09),
        ),
        decisions={"take": 812, "reduce": 240, "skip": 13_948},
        reasons={
            "expected return does not cover its costs": 9_700,
            "accepted": 1_052,
            "no champion, and no rule signal": 3_100,
            "a position of this side is already open": 1_148,
        },
        scores=score_probabilities(outcome, chance),
        reliability=reliability(chance, outcome.astype(float)),
        feature_importance=[(f"ret(close, {k})", 0.24 / (k + 1)) for k in range(20)],
        assumptions=(
            ("Fills", "Decided at the close, filled at the next open."),
            ("Costs", "5 bps a side: fee 1, half spread 2, slippage 2."),
        ),
        ledger_hash="9f2c" * 16,
        wall_seconds=48.3,
        next_steps=("edgekeeper replay --bars YOUR.csv", "edgekeeper why AAA"),
    )


@pytest.fixture(scope="session")
def make_story():
    return build_story


@pytest.fixture
def empty_story():
    """What a run leaves that stopped before its first bar."""
    nothing = np.empty(0)
    book = BookStory("edgekeeper", nothing, measure(nothing, 252), None, 0, math.nan, math.nan)
    return replace(
        build_story(bars=10),
        time_ns=np.empty(0, dtype=np.int64), books={"edgekeeper": book}, exposure=nothing,
        marks=(), lines=(), monthly={}, drawdowns=(), decisions={}, reasons={}, scores=None,
        reliability=None, feature_importance=(), assumptions=(), ledger_hash="", details=(),
        caveats=(), symbols=(), wall_seconds=0.0, next_steps=(),
    )  # fmt: skip
