import numpy as np
import pytest

from edgekeeper.config import Config, CostsConfig, LabelsConfig
from edgekeeper.simulator import MarketFeed
from edgekeeper.trade import ACCOUNTS, DOUBLE_COST
from edgekeeper.trade.accounts import Accounts
from edgekeeper.types import Forecasts

CONFIG = Config(
    costs=CostsConfig(fee_bps=3, half_spread_bps=0, slippage_bps=0, borrow_bps_year=2_000),
    labels=LabelsConfig(horizon_bars=3),
)


@pytest.fixture
def feed(one_symbol):
    close = 100 * np.exp(np.cumsum(0.01 * np.random.default_rng(0).standard_normal(80)))
    bars = one_symbol(close)
    rule = np.tile(np.array([1, -1, 0, -1], dtype=np.int8), 20)
    return MarketFeed(bars, np.full(80, 0.01), rule, max_age_ns=10**12)


def make(config=CONFIG):
    return Accounts(config, 252.0, 1)


def test_all_accounts_run_twice():
    accounts = make()
    for name in ACCOUNTS:
        assert accounts.book(name).equity == accounts.book(name + DOUBLE_COST).equity == 100_000
        assert accounts.package(name) is None


@pytest.mark.parametrize("name", ACCOUNTS)
def test_twice_the_costs_doubles_all_of_them(name):
    """Fees, spread and slippage, and what is paid for borrowing, in every account."""
    accounts = make()
    single, double = (accounts.book(n).parameters for n in (name, name + DOUBLE_COST))
    assert double["cost"][0] == pytest.approx(2 * single["cost"][0])
    assert single["borrow_per_bar"][0] > 0
    assert double["borrow_per_bar"][0] == pytest.approx(2 * single["borrow_per_bar"][0])


def test_without_a_model_all_three_follow_the_rules(feed):
    accounts = make()
    logs = accounts.step(feed, 0, 80, {})
    for name in ACCOUNTS:
        assert np.array_equal(logs[name].equity, logs["rules"].equity)
        assert logs[name].counts[0] > 5
    assert logs["rules_double_cost"].equity[-1, 0] < logs["rules"].equity[-1, 0]


def test_the_baseline_trades_the_rules_whatever_the_fallback(feed):
    accounts = make(CONFIG.model_copy(update={"fallback": "cash"}))
    logs = accounts.step(feed, 0, 80, {})
    assert logs["edgekeeper"].counts[0] == 0
    assert (logs["edgekeeper"].equity[:, 0] == 100_000).all()
    reference = make().step(feed, 0, 80, {})
    for name in ("rules", "rules_double_cost"):
        assert np.array_equal(logs[name].equity, reference[name].equity)


class Named:
    """Stands for a package: accounts only look at its hash."""

    hash = "ab" * 32


def test_a_model_decides_for_its_account_alone(feed):
    accounts = make()
    accounts.use("edgekeeper", Named())
    assert accounts.package("edgekeeper") == accounts.package("edgekeeper_double_cost") == "ab" * 32
    assert accounts.package("rules") is None
    n = len(feed.bars)
    long = np.tile([0.9, 0.1], (n, 1))
    forecasts = Forecasts(long, long - 0.5, long, long, long, long, np.zeros(n))
    logs = accounts.step(feed, 0, 80, {"edgekeeper": forecasts})
    assert (logs["edgekeeper"].source == 1).any()
    assert (logs["rules"].source == 0).all()
    # At twice the costs the same forecasts are acted upon.
    assert (logs["edgekeeper_double_cost"].source == 1).any()


def test_a_pause_belongs_to_a_model_and_ends_with_it(feed):
    """Forecasts that fail pause the model; a refit leaves the pause, a new champion ends it."""
    accounts = make()
    accounts.use("edgekeeper", Named())
    accounts.step(feed, 0, 5, {"edgekeeper": Forecasts.empty(5)})
    book = accounts.book("edgekeeper")
    assert book.paused
    assert accounts.book("edgekeeper_double_cost").paused
    assert not accounts.book("rules").paused
    refit = Named()
    refit.hash = "cd" * 32
    accounts.use("edgekeeper", refit)
    assert book.paused
    accounts.champion_changed("edgekeeper")
    assert not book.paused
    assert not accounts.book("edgekeeper_double_cost").paused


def test_a_model_that_leaves_takes_its_pause_with_it(feed):
    accounts = make()
    accounts.use("edgekeeper", Named())
    accounts.step(feed, 0, 5, {"edgekeeper": Forecasts.empty(5)})
    accounts.use("edgekeeper", None)
    assert not accounts.book("edgekeeper").paused
    assert accounts.package("edgekeeper") is None
    logs = accounts.step(feed, 5, 80, {})
    assert (logs["edgekeeper"].source == 0).all()
    assert logs["edgekeeper"].counts[0] > 0
