import math

import numpy as np
import pytest

from edgekeeper.config import Config, EvidenceConfig, LineConfig, RolloutConfig
from edgekeeper.rollout import (
    ALLOWED,
    BookBars,
    Line,
    LineEvidence,
    Stage,
    next_move,
    recipe_hash,
    recipe_of,
)

BY_STEPS = RolloutConfig()
AT_ONCE = RolloutConfig(shadow_epochs=0, steps=())
CONFIG = EvidenceConfig(horizon_epochs=1_000, min_trades=50)


def feed(made, gains, incumbent=0.0):
    """Gains in scales of one volatility; exposure swings, so that its average is near nothing."""
    n, evidence = len(gains), made.evidence
    made.epochs += n
    side = np.where((np.arange(evidence.bars, evidence.bars + n) % 2) == 0, 1.0, -1.0)[:, None]
    book = BookBars(np.asarray(gains, dtype=float), side, side)
    other = BookBars(np.full(n, incumbent), -side, -side)
    evidence.update(book, other, np.zeros((n, 1)), np.ones((n, 1, 1)))


def line(stage=Stage.SHADOW, gains=(), trades=100, incumbent=0.0, config=CONFIG):
    made = Line("trees", {}, 0, stage=stage, level=0.05, test=1, trades=trades)
    made.evidence = LineEvidence(1, config)
    if len(gains):
        feed(made, np.asarray(gains), incumbent)
    return made


GOOD = np.full(300, 0.5)


def test_nothing_is_demanded_of_a_line_without_evidence():
    assert next_move(Line("a", {}, 0), CONFIG, AT_ONCE) is None
    assert next_move(line(), CONFIG, AT_ONCE) is None


@pytest.mark.parametrize("stage", [Stage.CANDIDATE, Stage.RETIRED])
def test_neither_candidates_nor_the_retired_move_by_evidence(stage):
    assert next_move(line(stage, GOOD), CONFIG, AT_ONCE) is None


def test_three_rejections_and_enough_trades_promote():
    move = next_move(line(gains=GOOD), CONFIG, AT_ONCE)
    assert move is not None
    assert (move.source, move.target) == (Stage.SHADOW, Stage.PRODUCTION)
    assert move.verdict == "promoted"
    assert "after 300 bars and 100 trades" in move.reason
    assert move.evidence["log_cash"] >= move.evidence["threshold"] == pytest.approx(math.log(20))
    assert move.evidence["log_exposure"] >= math.log(20)
    assert move.evidence["log_incumbent"] >= math.log(20)


def test_a_promotion_waits_for_the_last_of_the_three():
    for name in ("cash", "exposure", "incumbent"):
        made = line(gains=GOOD)
        assert made.evidence is not None
        made.evidence.bets[name].log_wealth = math.log(20) - 1e-9
        assert next_move(made, CONFIG, AT_ONCE) is None
        made.evidence.bets[name].log_wealth = math.log(20)
        assert next_move(made, CONFIG, AT_ONCE) is not None


def test_a_promotion_waits_for_enough_trades():
    assert next_move(line(gains=GOOD, trades=49), CONFIG, AT_ONCE) is None
    assert next_move(line(gains=GOOD, trades=50), CONFIG, AT_ONCE) is not None


def test_a_worse_challenger_is_refused():
    """It beats cash and its exposure, and earns less than what trades now."""
    worse = line(gains=np.full(999, 0.2), incumbent=0.3)
    assert worse.evidence is not None
    assert worse.evidence.bets["cash"].log_wealth > math.log(20)
    assert worse.evidence.bets["exposure"].log_wealth > math.log(20)
    assert next_move(worse, CONFIG, AT_ONCE) is None
    feed(worse, [0.2], incumbent=0.3)
    move = next_move(worse, CONFIG, AT_ONCE)
    assert move is not None
    assert (move.target, move.verdict) == (Stage.RETIRED, "refused")
    assert "did not earn more than the line that trades now" in move.reason


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cash", "did not earn more than cash"),
        ("exposure", "its own average exposure, held passively"),
        ("incumbent", "the line that trades now"),
    ],
)
def test_a_refusal_names_the_null_that_stands_firmest(name, words):
    made = line(gains=np.full(1_000, 0.4))
    assert made.evidence is not None
    made.evidence.bets[name].log_wealth = math.log(2.5)
    move = next_move(made, CONFIG, AT_ONCE)
    assert move is not None
    assert move.verdict == "refused"
    assert words in move.reason
    assert "(evidence 2.50, needed 20)" in move.reason
    assert "within its 1000 epochs" in move.reason


def test_too_few_trades_are_named_as_the_reason_where_they_are():
    move = next_move(line(gains=np.full(1_000, 0.4), trades=7), CONFIG, AT_ONCE)
    assert move is not None
    assert (move.target, move.verdict) == (Stage.RETIRED, "refused")
    assert "too few trades within its 1000 epochs: 7, needed 50" in move.reason


def test_before_its_horizon_a_line_without_evidence_stays():
    assert next_move(line(gains=np.zeros(999)), CONFIG, AT_ONCE) is None
    assert next_move(line(gains=np.zeros(1_000)), CONFIG, AT_ONCE) is not None


@pytest.mark.parametrize("stage", [Stage.SHADOW, Stage.PRODUCTION])
def test_a_ruined_line_is_closed_wherever_it_stands(stage):
    move = next_move(line(stage, [*GOOD, -25.0]), CONFIG, AT_ONCE)
    assert move is not None
    assert (move.source, move.target) == (stage, Stage.RETIRED)
    assert "more than 20 times its predicted volatility" in move.reason
    assert move.evidence["log_cash"] is None


def test_a_champion_stays_while_it_earns_what_it_did():
    made = line(Stage.PRODUCTION, GOOD)
    assert made.evidence is not None
    assert next_move(made, CONFIG, AT_ONCE) is None
    made.evidence.watch_for_harm()
    feed(made, np.full(2_000, 0.3))
    assert next_move(made, CONFIG, AT_ONCE) is None


def test_a_champion_that_disappoints_retreats_into_shadow():
    made = line(Stage.PRODUCTION, GOOD)
    assert made.evidence is not None
    made.evidence.watch_for_harm()
    feed(made, np.full(150, -0.4))
    move = next_move(made, CONFIG, AT_ONCE)
    assert move is not None
    assert (move.source, move.target) == (Stage.PRODUCTION, Stage.SHADOW)
    assert move.verdict == "retreated"
    assert move.evidence["harm"] >= move.evidence["harm_threshold"] == 2520.0


def test_a_retreat_acts_on_what_is_not_a_number():
    made = line(Stage.PRODUCTION, GOOD)
    assert made.evidence is not None
    made.evidence.watch_for_harm()
    assert made.evidence.harm is not None
    made.evidence.harm.update(np.array([math.nan]))
    move = next_move(made, CONFIG, AT_ONCE)
    assert move is not None
    assert move.verdict == "retreated"


def test_a_champion_is_never_refused_for_the_length_of_its_reign():
    made = line(Stage.PRODUCTION, np.zeros(3_000))
    assert next_move(made, CONFIG, AT_ONCE) is None


def test_a_line_without_any_budget_left_can_never_be_promoted():
    made = line(gains=GOOD)
    made.level = 0.0
    assert made.threshold == math.inf
    assert next_move(made, CONFIG, AT_ONCE) is None


def test_every_move_is_one_that_is_allowed():
    seen = set()
    cases = [
        line(gains=GOOD),
        line(gains=np.zeros(1_000)),
        line(gains=[-30.0]),
        line(Stage.PRODUCTION, [-30.0]),
    ]
    retreating = line(Stage.PRODUCTION, GOOD)
    assert retreating.evidence is not None
    retreating.evidence.watch_for_harm()
    feed(retreating, np.full(150, -0.5))
    for made in [*cases, retreating]:
        move = next_move(made, CONFIG, AT_ONCE)
        assert move is not None
        assert move.target in ALLOWED[move.source]
        seen.add((move.source, move.target))
    for made in (
        line(gains=GOOD),
        at_step(step=0),
        at_step(step=2),
        at_step(gains=[-30.0]),
        harmed(),
    ):
        move = next_move(made, CONFIG, BY_STEPS)
        assert move is not None
        assert move.target in ALLOWED[move.source]
        seen.add((move.source, move.target))
    by_gates = {(Stage.CANDIDATE, Stage.SHADOW), (Stage.CANDIDATE, Stage.RETIRED)}
    allowed = {(source, target) for source, targets in ALLOWED.items() for target in targets}
    assert seen == allowed - by_gates
    assert ALLOWED[Stage.RETIRED] == ()


def test_next_move_is_a_pure_function_of_the_record():
    made = line(gains=GOOD)
    assert next_move(made, CONFIG, AT_ONCE) == next_move(made, CONFIG, AT_ONCE)
    assert made.stage is Stage.SHADOW


# -- recipes ----------------------------------------------------------------------------------


def test_a_recipe_is_what_shapes_the_line_and_nothing_else():
    config = Config()
    base = recipe_hash(recipe_of(config.lines[0], config))

    def changed(**update):
        other = config.model_copy(update=update)
        return recipe_hash(recipe_of(other.lines[0], other))

    assert changed(cash=5.0) == base
    assert changed(limits=config.limits.model_copy(update={"max_position": 0.5})) == base
    assert changed(seed=1) != base
    assert changed(labels=config.labels.model_copy(update={"horizon_bars": 11})) != base
    assert changed(costs=config.costs.model_copy(update={"fee_bps": 9.0})) != base
    assert changed(policy=config.policy.model_copy(update={"shorting": False})) != base
    assert changed(lines=(LineConfig(name="other"),)) != base


def test_lines_forecast_from_shadow_to_production():
    assert [Line("a", {}, 0, stage=stage).forecasts for stage in Stage] == [
        False,
        True,
        True,
        True,
        False,
    ]


def at_step(step=0, gains=GOOD, epochs=5, **changes):
    """A line in its A/B test that has been at a step for some epochs."""
    made = line(Stage.AB_TEST, gains)
    made.step, made.step_epochs, made.share = step, epochs, BY_STEPS.steps[step]
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def harmed():
    made = at_step()
    made.evidence.watch_for_harm()
    feed(made, np.full(150, -0.5))
    return made


def test_a_promotion_begins_with_the_first_share():
    move = next_move(line(gains=GOOD), CONFIG, BY_STEPS)
    assert (move.target, move.verdict, move.share) == (Stage.AB_TEST, "promoted", 0.1)


def test_shadow_lasts_its_time_whatever_the_evidence():
    made = line(gains=GOOD)
    made.epochs = 3
    assert next_move(made, CONFIG, BY_STEPS) is None


def test_steps_are_taken_in_order_and_not_before_their_time():
    assert next_move(at_step(epochs=4), CONFIG, BY_STEPS) is None
    moves = [next_move(at_step(step), CONFIG, BY_STEPS) for step in range(3)]
    assert [(move.target, move.share) for move in moves] == [
        (Stage.AB_TEST, 0.25),
        (Stage.AB_TEST, 0.5),
        (Stage.PRODUCTION, 1.0),
    ]


def test_harm_ends_a_test_at_once():
    move = next_move(harmed(), CONFIG, BY_STEPS)
    assert (move.target, move.verdict) == (Stage.SHADOW, "retreated")


def test_a_persons_word_carries_a_line_no_further_than_its_first_step():
    made = at_step(gains=np.zeros(300), without_evidence=True, epochs=400)
    assert next_move(made, CONFIG, BY_STEPS) is None
    proved = at_step(without_evidence=True)
    move = next_move(proved, CONFIG, BY_STEPS)
    assert (move.target, move.verdict, move.share) == (Stage.AB_TEST, "proved", 0.1)


def test_nor_beyond_its_horizon():
    made = at_step(gains=np.zeros(300), without_evidence=True)
    made.epochs = CONFIG.horizon_epochs
    move = next_move(made, CONFIG, BY_STEPS)
    assert (move.target, move.verdict) == (Stage.RETIRED, "refused")


@pytest.mark.parametrize("steps", [[0.5, 0.25], [0.0, 0.1], [0.5, 1.0], [0.1, 0.1]])
def test_steps_have_to_rise(steps):
    with pytest.raises(ValueError, match="rising shares"):
        RolloutConfig(steps=steps)
