"""Several policies in one book: each row is decided by the one that is named for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import BadData
from edgekeeper.simulator import Book, MarketFeed, book_parameters

NAMES = ("verdicts", "value", "stop", "target", "equity")


def market(sim, seed):
    bars = sim.random_market(seed, symbols=3, instants=50)
    rng = np.random.default_rng(seed)
    feed = MarketFeed(
        bars,
        np.full(len(bars), 0.03),
        rng.integers(-1, 2, len(bars)).astype(np.int8),
        max_age_ns=10**18,
    )
    return feed, sim.random_forecasts(seed + 1, len(bars))


def settings_of(sim, **policy):
    labels = {"horizon_bars": 5, "target": policy.pop("target", 1.0)}
    return sim.config(labels=labels, policy=policy)


def parameters(config):
    return book_parameters(config, periods_per_year=252.0, virtual=False)


@given(seed=st.integers(0, 10**6), take=st.floats(0.5, 0.9), target=st.floats(0.3, 3.0))
def test_rows_of_a_policy_are_decided_as_in_a_book_that_has_only_it(sim, seed, take, target):
    feed, forecasts = market(sim, seed)
    own, other = settings_of(sim), settings_of(sim, take_above=take, target=target)
    several = Book(parameters(own), 3, 1e5, policies=2)
    several.set_policy(2, parameters(other))
    alone = Book(parameters(other), 3, 1e5)
    for book in (several, alone):
        book.use_model(True)
    everywhere = np.full(len(feed.bars), 2, dtype=np.uint16)
    logs = [
        several.step(feed.chunk(0, len(feed.instants), forecasts, policy=everywhere)),
        alone.step(feed.chunk(0, len(feed.instants), forecasts)),
    ]
    for name in NAMES:
        first, second = (getattr(log, name).tobytes() for log in logs)
        assert first == second, name


def test_rules_follow_the_book_s_own_policy(sim):
    feed, forecasts = market(sim, 5)
    books = [Book(parameters(settings_of(sim)), 3, 1e5, policies=1) for _ in range(2)]
    books[0].set_policy(1, parameters(settings_of(sim, target=2.5)))
    nobody = np.zeros(len(feed.bars), dtype=np.bool_)
    logs = []
    for book in books:
        book.use_model(True)
        everywhere = np.ones(len(feed.bars), dtype=np.uint16)
        chunk = feed.chunk(0, len(feed.instants), forecasts, nobody, everywhere)
        logs.append(book.step(chunk))
    assert (logs[0].verdicts[:, 0] > 0).any()
    for name in NAMES:
        assert getattr(logs[0], name).tobytes() == getattr(logs[1], name).tobytes(), name


def test_costs_and_limits_stay_the_book_s(sim):
    book = Book(parameters(settings_of(sim)), 3, 1e5, policies=1)
    costly = sim.config(costs={"fee_bps": 50}, policy={"take_above": 0.9})
    book.set_policy(1, parameters(costly))
    assert book.parameters["cost"].tolist() == [0.0, 0.0]
    assert book.parameters["take_above"].tolist() == [0.6, 0.9]


def test_one_policy_a_row(sim):
    feed, _ = market(sim, 5)
    with pytest.raises(BadData, match="policy"):
        feed.chunk(0, 2, forecasts=None, policy=np.ones(1, dtype=np.uint16))
