import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.config import RulesConfig, parse_config
from edgekeeper.errors import UsageError
from edgekeeper.trade import RuleSignals, rule_signals

DAY = 86_400 * 10**9


@pytest.fixture
def bars():
    """Six days whose context says what each of two voters and the regime are."""
    close = np.full(6, 10.0)
    return Bars.from_arrays(
        symbol=["A"] * 6,
        event_time=(1 + np.arange(6)) * DAY,
        open=close, high=close, low=close, close=close,
        context={
            "X.a": np.array([1.0, 1.0, 1.0, 0.0, -1.0, 1.0]),
            "X.b": np.array([1.0, 0.0, -1.0, 0.0, -1.0, -1.0]),
            "X.regime": np.array([np.nan, 0.0, 0.0, 1.0, 1.0, 2.0]),
        },
    )  # fmt: skip


def voter(name, **more):
    return {"name": name, "entry_long": f"X.{name} > 0", "entry_short": f"X.{name} < 0", **more}


def several(*voters, **more):
    return RulesConfig(several=voters, **more)


def test_the_mean_vote_has_to_be_beyond_the_threshold(bars):
    both = voter("a"), voter("b")
    assert rule_signals(several(*both), bars).tolist() == [1, 1, 0, 0, -1, 0]
    assert rule_signals(several(*both, threshold=0.5), bars).tolist() == [1, 0, 0, 0, -1, 0]


def test_weights_count_and_regimes_change_them(bars):
    heavy = several(voter("a", weight=3.0), voter("b"))
    assert rule_signals(heavy, bars).tolist() == [1, 1, 1, 0, -1, 1]
    told = several(
        voter("a", regimes={"volatile": 0.0}),
        voter("b", regimes={"ranging": 3.0}),
        regime="X.regime",
    )
    # Ranging on days 2 and 3: a's vote is a quarter, not beyond it; volatile on the last: b alone.
    assert rule_signals(told, bars).tolist() == [1, 0, -1, 0, -1, -1]


def test_all_weights_zero_is_no_signal(bars):
    silent = several(
        *(voter(name, regimes={"volatile": 0.0}) for name in "ab"), regime="X.regime", threshold=0.0
    )
    assert rule_signals(silent, bars).tolist() == [1, 1, 0, 0, -1, 0]


def test_each_vote_is_kept_under_its_name(bars):
    rules = RuleSignals(several(voter("a"), voter("b")))
    rules.extend(bars)
    assert {name: vote.tolist() for name, vote in rules.votes.items()} == {
        "a": [1, 1, 1, 0, -1, 1],
        "b": [1, 0, -1, 0, -1, -1],
    }


def test_a_growing_tape_says_what_the_whole_says(real, growing, other_future):
    rules = RulesConfig(
        several=[
            {"strategy": "scoring", "regimes": {"ranging": 0.5, "trending": 1.5}},
            {"strategy": "breakout", "weight": 2.0, "regimes": {"volatile": 0.0}},
            {"strategy": "mean_reversion", "regimes": {"ranging": 2.0, "trending": 0.25}},
        ],
        threshold=0.2,
    )
    whole, cut = rule_signals(rules, real), 1_500
    assert set(whole.tolist()) == {-1, 0, 1}
    assert np.array_equal(growing(RuleSignals(rules), real, 400, 50), whole)
    assert np.array_equal(rule_signals(rules, other_future(real, cut))[:cut], whole[:cut])


def test_a_regime_that_cannot_be_read_is_named(bars):
    with pytest.raises(UsageError, match=r"rules\.regime: "):
        RuleSignals(several(voter("a", regimes={"volatile": 2.0}), regime="regmie(250)"))
    with pytest.raises(UsageError, match=r"rules\.several\.c\.entry_long: "):
        RuleSignals(several({"name": "c", "entry_long": "close >"}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[rules.several]]\nweight = 1.0", "one of strategy, file"),
        ('[[rules.several]]\nentry_long = "close > 1"', "expected a name"),
        ('[[rules.several]]\nstrategy = "scoring"\nfile = "a.py"', "got both"),
        ('[[rules.several]]\nstrategy = "scoring"\nentry_long = "close > 1"', "one of strategy"),
        ('[[rules.several]]\nstrategy = "scoring"\nregimes = {calm = 1.0}', "ranging"),
        ('[[rules.several]]\nstrategy = "scoring"\nregimes = {ranging = -1.0}', "factors"),
        ('[[rules.several]]\nstrategy = "scoring"\nweight = 0.0', "greater than 0"),
        ("rules.several = [{strategy='scoring'}, {strategy='scoring'}]", "name of its own"),
        ("rules = {strategy='scoring', several=[{strategy='breakout'}]}", "more than one"),
        ("rules = {strategy='scoring', file='a.py'}", "got both"),
        ("rules = {strategy='scoring', entry_long='close > 1'}", "got both"),
        ("rules.file_hash = 'abc'", "file_hash"),
    ],
)
def test_choices_that_contradict_are_refused(text, words):
    with pytest.raises(UsageError, match=words):
        parse_config(text)


def test_the_expressions_of_the_defaults_may_stand_beside_a_choice():
    config = parse_config("rules.strategy = 'scoring'")
    assert parse_config(config.model_dump()).hash() == config.hash()
