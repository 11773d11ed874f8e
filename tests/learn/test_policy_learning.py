"""Policy from outcomes: quiet on noise, right on a planted flaw."""

from contextlib import contextmanager

import numpy as np
import pytest

from edgekeeper.config import Config
from edgekeeper.errors import UsageError
from edgekeeper.features import evaluate
from edgekeeper.learn.policy_learning import Proposal, learn_policy
from edgekeeper.ledger import Ledger
from edgekeeper.train import barrier_of
from edgekeeper.types import Forecasts
from edgekeeper.validate.books import run_book
from edgekeeper.validate.case import Case
from edgekeeper.worlds import make_world

CONFIG = Config(labels={"horizon_bars": 3})
PAIRED = ("expected_return", "lower", "upper", "risk", "bars_held")


@contextmanager
def recorded(seed, law, bars=320):
    """A noise market, and forecasts of line ``a`` on record that ``law`` draws from outcomes."""
    market = make_world("noise", seed=seed, symbols=2, bars=bars, drift_sharpe=0.0).bars
    volatility = evaluate(CONFIG.labels.volatility, market)
    labels = barrier_of(CONFIG).label(market, volatility)
    said, probability = law(labels.net_return, np.random.default_rng(seed))
    columns = {
        "event_time_ns": market.event_time,
        "symbol": [market.symbols[code] for code in market.symbol],
        "line": "a", "package": "p", "novelty": 0.0,
    }  # fmt: skip
    for index, side in enumerate(("long", "short")):
        columns[f"probability_{side}"] = probability[:, index]
        for name in PAIRED:
            columns[f"{name}_{side}"] = said[:, index]
    with Ledger.open(":memory:") as ledger:
        with ledger.transaction("trade", event_time_ns=0) as tx:
            tx.append("forecasts", columns)
        yield ledger, market, labels, volatility


def learned(seed, law, config=CONFIG):
    with recorded(seed, law) as (ledger, market, labels, volatility):
        return learn_policy(ledger, market, labels, volatility, config, "a")


def blind(net, rng):
    """Forecasts that know nothing."""
    return rng.normal(0.0, 0.01, net.shape), rng.uniform(0.4, 0.8, net.shape)


def too_sure(net, rng):
    """High probabilities are right; those just above the threshold are mostly wrong."""
    won = net > 0.0
    sure = rng.random(net.shape) < 0.5
    wrong = rng.random(net.shape) < 0.85
    chance = np.where(sure & won, 0.95, np.where(wrong & ~won, 0.70, 0.10))
    return np.where(chance > 0.5, 0.01, -0.01), chance


def test_noise_is_seldom_worth_a_change():
    lessons = [learned(seed, blind) for seed in range(4)]
    assert all(lesson.tried >= 10 for lesson in lessons)
    assert sum(bool(lesson.proposals) for lesson in lessons) <= 1


def test_a_flaw_of_the_threshold_is_found_and_mending_it_helps_elsewhere():
    lesson = learned(100, too_sure)
    proposals = {one.setting: one for one in lesson.proposals}
    assert proposals, lesson.best
    one = proposals.get("policy.take_above") or next(iter(proposals.values()))
    assert one.low > 0.0
    assert one.p_value <= 0.025
    section, name = one.setting.split(".")
    changed = CONFIG.model_dump()
    changed[section][name] = one.proposed
    mended = [sharpe_elsewhere(101, config) for config in (CONFIG, Config(**changed))]
    assert mended[1] > mended[0]


def sharpe_elsewhere(seed, config):
    """Ratio a bar of a virtual book on another market under the same law."""
    market = make_world("noise", seed=seed, symbols=2, bars=320, drift_sharpe=0.0).bars
    volatility = evaluate(CONFIG.labels.volatility, market)
    labels = barrier_of(CONFIG).label(market, volatility)
    said, probability = too_sure(labels.net_return, np.random.default_rng(seed))
    forecasts = Forecasts(probability, *[said] * 5, np.zeros(len(market)))
    case = Case(
        "a", market, volatility, labels, forecasts, probability,
        np.zeros(len(market), np.int8), int(market.instants[0]),
    )  # fmt: skip
    gain = run_book(case, config, "forecasts").gain
    return gain.mean() / gain.std()


def test_what_lies_beyond_the_recipe_is_marked():
    inside = Proposal("labels.stop", 1.0, 0.8, 0.1, 0.0, 0.2, 0.01)
    beyond = Proposal("labels.stop", 1.0, 1.4, 0.1, 0.0, 0.2, 0.01)
    assert inside.change == pytest.approx(-0.2)
    assert (inside.needs_approval, beyond.needs_approval) == (False, True)


def test_too_little_to_learn_from():
    with recorded(1, blind, bars=90) as (ledger, market, labels, volatility):
        assert learn_policy(ledger, market, labels, volatility, CONFIG, "a") is None
        assert learn_policy(ledger, market, labels, volatility, CONFIG, "nobody") is None
        with pytest.raises(UsageError):
            learn_policy(ledger, market, labels, volatility, CONFIG, "a", level=0.0)
