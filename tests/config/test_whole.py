import math

import pytest
from pydantic import ValidationError

from edgekeeper.config import Config, LineConfig, parse_config
from edgekeeper.errors import UsageError
from edgekeeper.rollout import recipe_hash, recipe_of


def test_defaults_are_those_of_the_design():
    config = Config()
    evidence = config.evidence
    assert (evidence.false_discovery_rate, evidence.worst_bar) == (0.10, 20.0)
    assert (evidence.exposure_window, evidence.false_retreat_bars) == (252, 2520.0)
    assert (evidence.harm_fraction, evidence.harm_clip) == (0.8, 5.0)
    assert (config.policy.take_above, config.policy.reduce_above) == (0.60, 0.40)
    assert (config.guards.account_drawdown, config.guards.daily_loss) == (0.15, 0.03)
    assert (config.gates.max_auc, config.gates.max_sharpe) == (0.80, 8.0)
    assert config.gates.holdout_share == 0.20
    assert (config.epoch, config.fallback) == ("session", "rules")


def test_toml_and_a_mapping_of_the_same_shape_give_the_same():
    text = 'seed = 7\n[labels]\nhorizon_bars = 5\n[[lines]]\nname = "a"\nlearner = "logistic"\n'
    mapping = {
        "seed": 7,
        "labels": {"horizon_bars": 5},
        "lines": [{"name": "a", "learner": "logistic"}],
    }
    assert parse_config(text) == parse_config(mapping)
    assert parse_config(text).hash() == parse_config(mapping).hash()


def test_nothing_given_means_the_defaults():
    assert parse_config("") == Config()
    assert parse_config({}).hash() == Config().hash()


def test_the_hash_is_stable_over_spelling_and_changes_with_every_setting():
    assert parse_config("cash = 100000").hash() == parse_config("cash = 100000.0").hash()
    assert len(Config().hash()) == 64
    changes = [
        "seed = 1",
        'epoch = "bar"',
        'fallback = "cash"',
        "cash = 1.0",
        "[costs]\nfee_bps = 1.5",
        "[policy]\nshorting = false",
        '[rules]\nentry_long = "close > 0"',
        "[evidence]\nmin_trades = 51",
        '[[lines]]\nname = "trees"',
        '[[lines]]\nname = "trees"\nparameters = {trees = 3}',
    ]
    hashes = {parse_config(text).hash() for text in changes} | {Config().hash()}
    assert len(hashes) == len(changes) + 1


def test_the_hash_survives_a_round_trip_through_json():
    config = parse_config('[[lines]]\nname = "a"\nparameters = {depth = 3, rate = 0.5, on = true}')
    again = Config.model_validate_json(config.model_dump_json())
    assert again.hash() == config.hash()


def test_configuration_is_frozen():
    config = Config()
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 1
    with pytest.raises(ValidationError, match="frozen"):
        config.labels.horizon_bars = 3
    with pytest.raises(ValidationError, match="frozen"):
        config.lines[0].name = "other"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sed = 1", ["unknown key 'sed'", "did you mean 'seed'", "cash"]),
        ("[labels]\nhorizn_bars = 3", ["'labels.horizn_bars'", "'horizon_bars'"]),
        ("[evidense]\nmin_trades = 3", ["'evidense'", "'evidence'"]),
        ('[[lines]]\nname = "a"\nlerner = "x"', ["'lines.0.lerner'", "'learner'"]),
        ("[[rules.several]]\nstrateg = 'x'", ["'rules.several.0.strateg'", "'strategy'"]),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(text, words):
    with pytest.raises(UsageError) as caught:
        parse_config(text)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed = 1.5", "seed"),
        ("seed = -1", "seed"),
        ('seed = "many"', "seed"),
        ("cash = nan", "cash"),
        ("cash = inf", "cash"),
        ("cash = 0", "cash"),
        ('currency = "usd"', "currency"),
        ('fallback = "hope"', "fallback"),
        ('epoch = "year"', "epoch"),
        ("[costs]\nfee_bps = -1", "costs.fee_bps"),
        ("[costs]\nfee_bps = nan", "costs.fee_bps"),
        ("[guards]\nmax_age_seconds = inf", "guards.max_age_seconds"),
        ("[gates]\nmax_sharpe = inf", "gates.max_sharpe"),
        ("[labels]\nhorizon_bars = 0", "labels.horizon_bars"),
        ("[policy]\ntake_above = 0.6\nreduce_above = 0.7", "reduce_above at or below"),
        ("[evidence]\nfalse_discovery_rate = 1", "evidence.false_discovery_rate"),
        ('[[lines]]\nname = "a b"', "lines.0.name"),
        ('[[lines]]\nname = ""', "lines.0.name"),
        ('[[lines]]\nlearner = "x"', "lines.0.name"),
        ('[[lines]]\nname = "a"\n[[lines]]\nname = "a"', "a name of its own for each line"),
        ('[[lines]]\nname = "rules"', "other than 'rules'"),
        ('[[lines]]\nname = "a"\nfeatures = []', "features or extra_features"),
        ('[[lines]]\nname = "a"\nparameters = {x = inf}', "lines.0.parameters"),
        ("[lines]\nname = 1", "lines"),
        ("seed", "not valid TOML"),
        ("\x00", "not valid TOML"),
        ("[a]\n[a]", "not valid TOML"),
    ],
)
def test_bad_values_are_refused_by_name(text, words):
    with pytest.raises(UsageError) as caught:
        parse_config(text)
    assert words in str(caught.value)


@pytest.mark.parametrize("source", [[], None, b"seed = 1", 3])
def test_what_is_neither_text_nor_mapping_is_refused(source):
    with pytest.raises(UsageError, match="top level"):
        parse_config(source)


def test_several_faults_are_told_at_once_and_huge_values_are_cut():
    with pytest.raises(UsageError) as caught:
        parse_config({"seed": "9" * 10_000 + "x", "cash": -1})
    message = str(caught.value)
    assert "seed" in message
    assert "cash" in message
    assert len(message) < 500


def test_a_line_of_own_features_alone_is_fine():
    line = LineConfig(name="mine", features=(), extra_features={"gap": "open / lag(close, 1)"})
    assert math.isfinite(len(line.extra_features))
    assert parse_config({"lines": [line.model_dump()]}).lines == (line,)


def test_a_line_that_learns_directions_is_what_it_was_before_there_was_a_choice():
    """The hash of the defaults before lines had a target, when trees came first: old runs go on."""
    plain = parse_config(
        {
            "lines": [
                {"name": "trees", "learner": "lightgbm"},
                {"name": "linear", "learner": "logistic"},
            ]
        }
    )
    assert plain.hash() == "a6218d1411a13b068ee93577a7a3465dd6ee7fab8a5f769b9ee1ab0a7d4cdf1d"
    named = parse_config({"lines": [{"name": "a", "target": "direction"}]})
    assert named.hash() == parse_config({"lines": [{"name": "a"}]}).hash()
    other = parse_config({"lines": [{"name": "a", "target": "relative"}]})
    assert other.hash() != named.hash()
    recipes = [recipe_hash(recipe_of(one.lines[0], one)) for one in (named, other)]
    assert recipes[0] != recipes[1]
    assert "target" not in recipe_of(named.lines[0], named)["line"]
