"""Requirement 1: a replay of the first n bars decides, up to there, as a replay of all bars."""

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.rollout import Stage
from edgekeeper.worlds import make_world

TABLES = (
    "signals",
    "forecasts",
    "decisions",
    "orders",
    "fills",
    "trades",
    "equity",
    "guards",
    "lines",
    "stages",
    "evidence",
    "packages",
)
CUT = 330


def facts(run, until):
    """Every fact of the run up to an instant, table by table; links and packages included."""
    now = int(run.bars.instants[until - 1])
    return {table: run.ledger.read(table, until_ns=now) for table in TABLES}


def assert_same_past(one, two, until):
    """The head of trade's chain seals all its facts up to there; tables say where they differ."""
    for table, expected in facts(one, until).items():
        found = two.ledger.read(table, until_ns=int(one.bars.instants[until - 1]))
        assert found.equals(expected), table
    assert two.heads[until - 1] == one.heads[until - 1]
    assert two.champions[:until] == one.champions[:until]
    assert two.pointers[:until] == one.pointers[:until]


def shuffled_after(bars, cut):
    """The same bars; from instant ``cut`` on, each instant has the prices of another one."""
    row, width = int(bars.instant_offsets[cut]), len(bars.symbols)
    instants = np.random.default_rng(0).permutation(np.arange(cut, len(bars.instants)))
    later = (instants[:, None] * width + np.arange(width)).ravel()
    source = np.concatenate([np.arange(row), later])
    return Bars.from_arrays(
        symbol=np.asarray(bars.symbols)[bars.symbol],
        event_time=bars.event_time,
        **{n: getattr(bars, n)[source] for n in ("open", "high", "low", "close", "volume")},
    )


def listed_late(bars, name, instant):
    """The same bars, but the third symbol is called ``name`` and has none before ``instant``."""
    names = np.asarray(bars.symbols, dtype=object)
    names[2] = name
    keep = (bars.symbol != 2) | (bars.event_time >= bars.instants[instant])
    return Bars.from_arrays(
        symbol=names[bars.symbol][keep],
        event_time=bars.event_time[keep],
        **{n: getattr(bars, n)[keep] for n in ("open", "high", "low", "close", "volume")},
    )


def test_the_run_is_worth_comparing(flip):
    """Before the cut a line was promoted, traded and retreated; packages were swapped."""
    verdicts = [move.verdict for epoch, move in flip.moves if epoch < CUT]
    assert verdicts[:2] == ["promoted", "retreated"]
    known = facts(flip, CUT)
    assert known["packages"].height >= 4
    assert known["decisions"]["model"].drop_nulls().len() > 0
    assert known["evidence"].height > 100
    assert len(set(flip.heads)) == 420


@pytest.mark.parametrize("until", [240, CUT])
def test_the_first_bars_alone_decide_the_same(flip, start_run, until):
    part = start_run(flip.bars.rows(0, int(flip.bars.instant_offsets[until]))).all()
    assert_same_past(flip, part, until)
    assert part.ledger.head("trade") == flip.heads[until - 1]


def test_a_shuffled_future_decides_the_same(flip, start_run):
    other = start_run(shuffled_after(flip.bars, CUT)).all()
    assert_same_past(flip, other, CUT)
    assert other.heads[-1] != flip.heads[-1]


@pytest.mark.parametrize("name", ["AAA000", "ZZZ000"])
def test_a_symbol_that_is_listed_later_changes_nothing_before(start_run, name):
    """Neither its place in the alphabet nor the width of the arrays reaches back."""
    world = make_world("planted", seed=3, symbols=3, bars=300, net_sharpe=8.0)
    bars = listed_late(world.bars, name, 270)
    whole = start_run(bars).all()
    before = int(np.searchsorted(bars.event_time, bars.instants[270]))
    early = np.asarray(bars.symbols)[bars.symbol[:before]]
    part = start_run(
        Bars.from_arrays(
            symbol=early,
            event_time=bars.event_time[:before],
            **{n: getattr(bars, n)[:before] for n in ("open", "high", "low", "close", "volume")},
        )
    ).all()
    assert len(part.bars.symbols) == 2
    assert any(seat.line.stage is not Stage.CANDIDATE for seat in part.trade.roster.seats.values())
    for table in TABLES:
        now = int(bars.instants[269])
        assert part.ledger.read(table, until_ns=now).equals(
            whole.ledger.read(table, until_ns=now)
        ), table
    assert part.heads == whole.heads[:270]


def test_the_same_run_twice_has_the_same_hash(flip, start_run):
    until = 240
    one, two = (
        start_run(flip.bars.rows(0, int(flip.bars.instant_offsets[until]))).all() for _ in range(2)
    )
    assert one.heads == two.heads == flip.heads[:until]
    assert one.ledger.head("learn") == two.ledger.head("learn")


def test_another_past_has_another_hash(flip, start_run):
    """The comparisons above can fail: one price changed by a thousandth, and the heads part."""
    bars = flip.bars.rows(0, int(flip.bars.instant_offsets[260]))
    close = bars.close.copy()
    row = int(bars.instant_offsets[100])
    close[row] *= 0.999
    low = np.minimum(bars.low, close)
    changed = Bars.from_arrays(
        symbol=np.asarray(bars.symbols)[bars.symbol],
        event_time=bars.event_time,
        open=bars.open,
        high=bars.high,
        low=low,
        close=close,
        volume=bars.volume,
    )
    other = start_run(changed).all()
    assert other.heads[99] == flip.heads[99]
    assert other.heads[-1] != flip.heads[259]


def test_what_is_known_of_signals_does_not_look_ahead(start_run, eager):
    """A line that reads the track record of signals is trained and traded on the same numbers."""
    line = eager.lines[0].model_copy(update={"features": ("returns", "signal_context")})
    config = eager.model_copy(update={"lines": (line,)})
    bars = make_world("planted", seed=3, symbols=3, bars=300, net_sharpe=8.0).bars
    whole = start_run(bars, config).all()
    data = whole.learn.training_data(line.name)
    rate = data.matrix[:, data.features.names.index("source_win_rate_20")]
    assert len(np.unique(rate[np.isfinite(rate)])) > 5
    part = start_run(bars.rows(0, int(bars.instant_offsets[270])), config).all()
    assert part.table("packages").height >= 2
    assert_same_past(whole, part, 270)
    np.testing.assert_array_equal(
        part.learn.training_data(line.name).matrix, data.matrix[: len(part.bars)]
    )
