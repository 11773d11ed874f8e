import numpy as np
import pytest

from edgekeeper.config import Config, RulesConfig
from edgekeeper.errors import UsageError
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.simulator import Book, MarketFeed, book_parameters
from edgekeeper.trade import RuleSignals, rule_signals
from edgekeeper.trade.strategies import READY, ready_strategy


def rules(name):
    return RulesConfig(strategy=name)


@pytest.mark.parametrize("name", READY)
def test_each_trades_real_bars_through_the_simulator(name, real):
    config = Config(rules=rules(name))
    feed = MarketFeed(
        real,
        evaluate(config.labels.volatility, real),
        rule_signals(config.rules, real),
        max_age_ns=10**12,
    )
    terms = book_parameters(config, periods_per_year=real.periods_per_year, virtual=True)
    log = Book(terms, len(real.symbols)).step(feed.chunk(0, len(real.instants)))
    trades = log.trades[: int(log.counts[0])]
    assert len(trades) > 5
    assert (trades[:, 0] > 0).any(), "it goes long"
    assert (trades[:, 0] < 0).any(), "and short"
    assert (trades[:, 6] > 0).all(), "at a cost"


@pytest.mark.parametrize("name", READY)
def test_none_looks_ahead_and_all_are_the_same_live(name, real, growing, other_future):
    ready = ready_strategy(name)
    FeatureSet({"long": ready.entry_long, "short": ready.entry_short}).check(real)
    whole, cut = rule_signals(rules(name), real), 1_200
    assert np.array_equal(rule_signals(rules(name), real.rows(0, cut)), whole[:cut])
    other = rule_signals(rules(name), other_future(real, cut))
    assert np.array_equal(other[:cut], whole[:cut])
    assert not np.array_equal(other, whole), "the comparison can fail"
    assert np.array_equal(growing(RuleSignals(rules(name)), real, 300, 60), whole)


def test_scoring_counts_its_conditions(real):
    conditions = [
        "rsi(close, 14) > 50",
        "macd_histogram() > 0",
        "plus_di(14) > minus_di(14)",
        "ema(close, 9) > ema(close, 21)",
        "volume > sma(volume, 20)",
    ]
    score = FeatureSet({f"c{k}": text for k, text in enumerate(conditions)}).matrix(real)
    expected = (score.sum(axis=1) >= 4) & (score[:, 4] == 1)
    assert np.array_equal(rule_signals(rules("scoring"), real) == 1, expected)


def test_an_unknown_strategy_is_named_with_the_nearest():
    with pytest.raises(UsageError, match=r"rules\.strategy: .*'scorign'.*'scoring'.*breakout"):
        RuleSignals(rules("scorign"))


def test_all_are_explained():
    for name in READY:
        ready = ready_strategy(name)
        assert ready.name == name
        assert len(ready.description) > 20
        assert ready.source
