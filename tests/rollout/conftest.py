import numpy as np
import pytest

from edgekeeper.rollout import BookBars, MarketRisk


class Records:
    """Random books in a random market, as evidence sees them."""

    def __init__(self, seed, bars=400, symbols=3, missing=0.05):
        rng = np.random.default_rng(seed)
        self.returns = 0.01 * rng.standard_t(5, (bars, symbols))
        self.returns[rng.random(self.returns.shape) < missing] = np.nan
        self.covariance = MarketRisk(symbols, 63).update(self.returns)
        self.book = self._book(rng)
        self.incumbent = self._book(rng)

    def _book(self, rng):
        shape = self.returns.shape
        held = rng.choice([-100.0, 0.0, 0.0, 100.0], shape) * rng.uniform(0.5, 1.5, shape)
        enters = (held == 0.0) & (rng.random(shape) < 0.3)
        opened = np.where(enters, 80.0, np.where(rng.random(shape) < 0.2, 0.0, held))
        held[:3], opened[:3] = 0.0, 0.0
        market = np.nan_to_num(self.returns)
        gain = (opened * market).sum(axis=1) - 0.02 * enters.sum(axis=1)
        return BookBars(gain, held, opened)

    def part(self, first, last):
        pick = slice(first, last)
        books = [
            BookBars(b.gain[pick], b.held[pick], b.opened[pick])
            for b in (self.book, self.incumbent)
        ]
        return *books, self.returns[pick], self.covariance[pick]

    def all(self):
        return self.part(0, len(self.returns))


@pytest.fixture
def records():
    return Records
