import numpy as np
import pytest

from edgekeeper.config import Config
from edgekeeper.report.book_rates import (
    Share,
    mean_oracle_share,
    median_recovery,
    online_gains,
    visible_oracle_reach,
    visible_oracle_shares,
)
from edgekeeper.report.market_books import book_figures, recovery_bars
from edgekeeper.report.oracle_book import oracle_gains, visible_oracle_gains
from edgekeeper.worlds import make_world


def gains(mean, n, seed=0):
    return mean + np.random.default_rng(seed).standard_normal(n)


def of_each(runs, **oracles):
    """The same oracles for every line."""
    return {name: oracles for books in runs.values() for name in books}


def test_books_are_compared_over_the_bars_that_all_have():
    short, long = gains(0.2, 300), gains(0.1, 500, seed=1)
    oracle = gains(0.4, 700, seed=2)
    runs = {"without": {"a": (100, long), "b": (0, long)}, "with": {"a": (150, short)}}
    found = book_figures(runs, of_each(runs, oracle=oracle, visible_oracle=None), 252.0, None)
    assert list(found) == ["a"]
    book = found["a"]
    assert (book["first"], book["bars"], book["earned"]) == (150, 300, None)
    both = oracle[150:450]
    assert book["visible_oracle"] is None
    assert book["oracle"] == pytest.approx(252**0.5 * both.mean() / both.std(ddof=1), abs=1e-4)
    mine = long[50:350]
    expected = 252**0.5 * mine.mean() / mine.std(ddof=1)
    assert book["without"] == {"sharpe": pytest.approx(expected, abs=1e-4), "recovery": None}


def test_recovery_counts_from_the_flip():
    lost = np.concatenate([np.full(200, 1.0), np.full(80, -1.0), np.full(200, 1.0)])
    gone = np.concatenate([np.full(200, 1.0), np.full(280, -1.0)])
    books = {"without": {"a": (20, gone)}, "with": {"a": (20, lost)}}
    found = book_figures(books, of_each(books, oracle=None), 252.0, 220)["a"]
    assert found["earned"] is True
    assert found["without"]["recovery"] is None
    assert found["with"]["recovery"] == 80 + 32  # 31 losses and 32 gains in the window
    assert recovery_bars(np.ones(62)) is None
    assert recovery_bars(np.ones(63)) == 63


def row(without, with_=None, oracle=2.0, recovery=(None, None), earned=True):
    book = {
        "oracle": oracle,
        "earned": earned,
        "without": {"sharpe": without, "recovery": recovery[0]},
    }
    if with_ is not None:
        book["with"] = {"sharpe": with_, "recovery": recovery[1]}
    return {"books": {"a": book}}


def test_shares_are_ratios_of_means():
    rows = [row(1.0, 2.0, 2.0), row(0.0, 1.0, 4.0)]
    assert mean_oracle_share(rows) == {"a": {"without": pytest.approx(1 / 6), "with": 0.5}}
    assert mean_oracle_share([row(1.0)]) == {"a": {"without": 0.5, "with": None}}
    assert mean_oracle_share([row(1.0, oracle=None)]) == {}


def with_both(without, with_, oracle, visible):
    given = row(without, with_, oracle)
    given["books"]["a"]["visible_oracle"] = visible
    return given


def test_shares_of_what_bars_show_have_an_interval():
    rows = [with_both(1.0, 2.0, 4.0, 2.0), with_both(1.0, None, 4.0, 3.0)]
    found = visible_oracle_shares(rows)["a"]
    assert found["with"] is None, "one of the markets was not run that way"
    assert found["without"].share == pytest.approx(2 / 5)
    # Off the ratio by 1 - .8 and 1 - 1.2; deviation .4 / sqrt(2), t of one degree 12.706.
    half = 12.7062 * 0.4 / 2**0.5 / 2**0.5 / 2.5
    assert found["without"].high - found["without"].share == pytest.approx(half, rel=1e-4)
    assert found["without"].low + found["without"].high == pytest.approx(0.8)
    assert visible_oracle_reach(rows)["a"].share == pytest.approx(5 / 8)
    assert visible_oracle_shares(rows[:1])["a"]["with"] == Share(1.0, None, None)


def test_lines_kept_before_there_was_a_second_oracle_are_left_out_of_its_shares():
    rows = [row(1.0), with_both(1.0, None, 4.0, 2.0), with_both(1.0, None, None, None)]
    assert visible_oracle_shares(rows)["a"]["without"].share == 0.5
    assert visible_oracle_reach(rows)["a"].share == 0.5
    assert visible_oracle_shares(rows[:1]) == visible_oracle_reach(rows[:1]) == {}


def test_what_never_recovers_counts_as_for_ever_and_what_never_earned_not_at_all():
    rows = [
        row(1, 1, recovery=(None, 70)),
        row(1, 1, recovery=(None, 90)),
        row(1, 1, recovery=(300, None)),
        row(1, 1, recovery=(63, 63), earned=False),
    ]
    assert median_recovery(rows) == {"a": {"without": float("inf"), "with": 90.0}}
    assert median_recovery(rows[-1:]) == {}


def test_what_online_learning_adds_has_an_interval():
    rows = [row(1.0, 1.5), row(0.0, -0.1), row(0.5, 0.7)]
    gain = online_gains(rows)["a"]
    assert gain.mean == pytest.approx(0.2)
    assert gain.low < 0.0 < gain.high
    assert online_gains(rows[:1])["a"].low is None
    assert online_gains([row(1.0)]) == {}


def test_the_oracle_earns_before_and_after_a_flip_and_nothing_without_an_edge():
    world = make_world("flip", seed=3, symbols=4, bars=500, net_sharpe=6.0)
    earned = oracle_gains(world, Config())
    assert earned.shape == (500,)
    ratios = [
        252**0.5 * part.mean() / part.std() for part in (earned[50:300], earned[300:])
    ]  # fmt: skip
    assert min(ratios) > 1.0
    noise = make_world("noise", seed=3, symbols=2, bars=100)
    assert oracle_gains(noise, Config()) is visible_oracle_gains(noise, Config()) is None


def test_who_sees_bars_alone_earns_less_than_who_knows_the_state_and_more_where_bars_show_more():
    worlds = [
        make_world("slow_drift", seed=seed, symbols=8, bars=800, net_sharpe=6.0)
        for seed in (21, 22, 23)
    ]
    hidden = np.stack([oracle_gains(world, Config()) for world in worlds])
    visible = np.stack([visible_oracle_gains(world, Config()) for world in worlds])
    assert visible.shape == hidden.shape == (3, 800)

    def ratio(gain, part):
        return np.mean([252**0.5 * one[part].mean() / one[part].std() for one in gain])

    whole, early, late = slice(50, 800), slice(50, 300), slice(550, 800)
    assert 1.0 < ratio(visible, whole) < ratio(hidden, whole)
    assert ratio(visible, early) / ratio(hidden, early) > 0.75
    assert ratio(visible, late) / ratio(hidden, late) < ratio(visible, early) / ratio(hidden, early)

    # An oracle that bets on no market is the harder one to come near to.
    for oracle, plain in ((oracle_gains, hidden), (visible_oracle_gains, visible)):
        apart = np.stack([oracle(world, Config(), relative=True) for world in worlds])
        assert ratio(apart, whole) > 1.02 * ratio(plain, whole)
