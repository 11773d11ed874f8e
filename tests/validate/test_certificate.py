"""The certificate on markets whose truth is known, and what may never pass."""

import json
import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from edgekeeper.bars import Bars
from edgekeeper.config import Config, parse_config
from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.resampling import TimeBlocks
from edgekeeper.stats.trials import effective_trials
from edgekeeper.validate import count_trials, recorded_trials
from edgekeeper.validate.book_figures import book_figures
from edgekeeper.workbench import compare, validate
from edgekeeper.workbench.cases import case_of
from edgekeeper.worlds import make_world

WORLD = make_world("planted", seed=4, symbols=4, bars=900, net_sharpe=6.0)
BARS = WORLD.bars


def outcomes():
    """Net returns of both sides, as the judge will label them."""
    frame = BARS.to_polars().select("timestamp", "symbol", side=pl.lit("long"),
                                    probability=pl.lit(0.5))  # fmt: skip
    return case_of(frame, BARS, Config()).labels.net_return


def frame(probability):
    """Forecasts of both sides from an array [N, 2]."""
    base = BARS.to_polars().select("timestamp", "symbol")
    parts = [
        base.with_columns(side=pl.lit(side), probability=pl.Series(probability[:, column]))
        for column, side in enumerate(("long", "short"))
    ]
    return pl.concat(parts).filter(pl.col("probability").is_not_nan())


@pytest.fixture(scope="module")
def knowing():
    """A forecaster who knows three outcomes in five, and chance otherwise."""
    rng = np.random.default_rng(0)
    net = outcomes()
    success = np.where(rng.random(net.shape) < 0.6, net > 0.0, rng.random(net.shape) < 0.5)
    return frame(np.where(np.isfinite(net), np.where(success, 0.62, 0.38), np.nan))


@pytest.fixture(scope="module")
def guessing():
    return frame(np.random.default_rng(1).uniform(0.2, 0.8, (len(BARS), 2)))


@pytest.fixture(scope="module")
def known(knowing):
    return validate(knowing, BARS, trials=4, profile="asked", name="knowing")


@pytest.fixture(scope="module")
def guessed(guessing):
    return validate(guessing, BARS, trials=4, name="guessing")


def test_guessing_is_refused_with_reasons(guessed):
    assert guessed.verdict == "refused"
    failed = {gate.name for gate in guessed.gates if not gate.passed}
    assert "deflated Sharpe ratio" in failed
    assert len(guessed.reasons) == len(failed)
    auc = guessed.certificate.evaluation.score_figures["auc"]
    assert auc.low < 0.5 < auc.high


def test_a_seer_is_held_as_implausible(known):
    """Three outcomes in five known: no honest forecaster has a Sharpe ratio like that."""
    assert known.verdict == "needs approval"
    assert not known.gates[1].passed
    assert "too good to be true" in known.gates[1].detail


def test_with_the_ceilings_lifted_what_is_really_good_passes(knowing):
    config = parse_config({"gates": {"max_sharpe": 1e6, "max_auc": 1.0, "min_regime_trades": 0}})
    judged = validate(knowing, BARS, config, trials=1000)
    assert judged.verdict == "passed", judged.reasons
    assert judged.certificate.proven
    assert judged.certificate.deflated_sharpe > 0.95
    assert judged.certificate.years_missing == 0.0
    unknown = validate(knowing, BARS, config)
    assert unknown.verdict == "refused"
    assert [g.name for g in unknown.gates if not g.passed] == [
        "trials known", "deflated Sharpe ratio",
    ]  # fmt: skip
    assert "--trials N" in unknown.reasons[0]


def test_every_gate_says_what_it_was_asked_on(known):
    certificate = known.certificate
    for gate in certificate.gates[1:]:
        assert gate.trials == 4.0
        assert gate.window == certificate.evaluation.case.window
        assert gate.sense
        assert math.isfinite(gate.threshold)
    record = json.loads(json.dumps(certificate.record(), default=str))
    assert [gate["name"] for gate in record["gates"]] == [gate.name for gate in certificate.gates]
    names = [gate.name for gate in certificate.gates]
    assert names.index("plausible") < names.index("trades") < names.index("accuracy")


def test_intervals_hold_their_figures(known):
    table = known.to_polars()
    assert set(table["of"]) >= {"scores", "forecasts", "rules", "always_take", "buy_and_hold"}
    sure = table.filter(pl.col("low").is_not_null())
    assert sure.height > 30
    assert sure.filter(pl.col("low") > pl.col("high")).is_empty()
    means = sure.filter(pl.col("figure").is_in(["accuracy", "auc", "brier", "sharpe", "win_rate"]))
    assert means.filter(~pl.col("value").is_between("low", "high")).is_empty()


def test_twice_the_costs_is_less(known):
    books = known.certificate.evaluation.books
    assert books["twice_the_costs"]["sharpe"].value < books["forecasts"]["sharpe"].value
    total = {name: books[name]["total_return"].value for name in ("forecasts", "twice_the_costs")}
    assert total["twice_the_costs"] < total["forecasts"]


def test_conditions_are_adjusted_together(guessed):
    table = guessed.by_condition()
    assert set(table["measure"]) == {"net_return", "accuracy_gain", "brier_gain"}
    assert {"regime", "weekday", "symbol", "side", "confidence"} <= set(table["condition"])
    assert "hour" not in set(table["condition"]), "daily bars have no hours"
    tested = table.drop_nulls("p_above")
    assert (tested["q_above"] >= tested["p_above"]).all()
    losing = guessed.certificate.evaluation.conditions["brier_gain"]
    assert all(part.mean < 0.0 for part in losing if part.condition == "side")


def test_the_page_and_the_picture_need_nothing_from_outside(known, tmp_path):
    page = known._repr_html_()
    assert "<script src" not in page
    assert page.count("http") == page.count("http-equiv")
    assert "Always take" in page
    saved = known.plot().save(tmp_path / "books.svg")
    assert saved.read_text() == known.plot()._repr_svg_()
    assert saved.read_text().count("<path") > 4


def test_names_cannot_break_the_page(knowing):
    judged = validate(knowing, BARS, trials=1, name="<script>alert(1)</script>")
    assert "<script>alert" not in judged.html()


# -- what is refused --------------------------------------------------------------------------


def test_forecasts_without_a_known_outcome_are_refused():
    newest = BARS.to_polars().filter(pl.col("timestamp") == pl.col("timestamp").max())
    given = newest.select("timestamp", "symbol", side=pl.lit("long"), probability=pl.lit(0.5))
    with pytest.raises(BadData, match="whose outcome is known, got none"):
        validate(given, BARS, trials=1)


def test_forecasts_for_a_single_bar_give_figures_without_intervals(knowing):
    early = knowing.filter(pl.col("timestamp") == knowing["timestamp"].sort()[400])
    judged = validate(early, BARS.until(int(BARS.instants[410])), trials=1)
    assert judged.verdict != "passed"
    assert math.isnan(judged.certificate.evaluation.score_figures["accuracy"].low)


def test_certain_forecasts_have_a_finite_loss(knowing):
    sure = knowing.with_columns(probability=(pl.col("probability") > 0.5).cast(pl.Float64))
    figures = validate(sure, BARS, trials=1).certificate.evaluation.scores
    assert math.isfinite(figures.log_loss)


def test_prices_that_never_move_have_no_sharpe_ratio():
    still = BARS.rows(0, 400)
    flat = np.full(len(still), 100.0)
    frozen = replace(still, open=flat, high=flat, low=flat, close=flat)
    given = still.to_polars().select("timestamp", "symbol", side=pl.lit("long"),
                                     probability=pl.lit(0.6))  # fmt: skip
    with pytest.raises(BadData, match="whose outcome is known"):
        validate(given, frozen, trials=1)


# -- trials ----------------------------------------------------------------------------------


def test_trials_are_told_recorded_or_unknown():
    assert count_trials(None).number is None
    assert count_trials(None, recorded=50).number == 50
    assert count_trials(60, recorded=50).effective == 60.0
    with pytest.raises(UsageError, match="from 50 up, got 49"):
        count_trials(49, recorded=50)
    with pytest.raises(UsageError, match="this variant is one already"):
        count_trials(0)
    assert recorded_trials({"trials": {"count": 7}}) == 7
    assert recorded_trials({"trials": 3}) == 3
    assert [recorded_trials({"trials": odd}) for odd in (True, "9", 0, None)] == [None] * 4
    assert recorded_trials({}) is None


def test_returns_of_the_trials_say_how_many_they_amount_to():
    rng = np.random.default_rng(0)
    own = rng.standard_normal((500, 5))
    told = count_trials(None, returns=own)
    assert told.effective == pytest.approx(effective_trials(np.corrcoef(own, rowvar=False)))
    assert 0.0 <= told.overfit.probability <= 1.0
    # Ten more of which nothing is known count as much each.
    assert count_trials(15, returns=own).effective == pytest.approx(3.0 * told.effective)


# -- comparing -------------------------------------------------------------------------------


def test_the_better_forecaster_is_found_and_the_order_does_not_matter(known, guessed):
    there = compare([known, guessed]).to_polars()
    back = compare([guessed, known]).to_polars()
    np.testing.assert_allclose(
        there["difference"].to_numpy(), -back["difference"].to_numpy(), atol=1e-12
    )
    for figure in ("log_loss", "brier", "auc", "sharpe"):
        row = there.row(by_predicate=pl.col("figure") == figure, named=True)
        assert row["better"] == "knowing", figure
        assert row["low"] * row["high"] > 0.0
        assert row["q_value"] >= row["p_value"]


def test_a_forecaster_is_not_better_than_itself(known, knowing):
    table = compare({"a": known, "b": knowing}, BARS).to_polars()
    np.testing.assert_allclose(table["difference"].to_numpy(), 0.0, atol=1e-15)
    assert set(table["better"]) == {""}


def test_chance_is_seldom_called_better():
    rng = np.random.default_rng(5)
    many = {str(i): frame(rng.uniform(0.3, 0.7, (len(BARS), 2))) for i in range(4)}
    table = compare(many, BARS).to_polars()
    assert table.height == 6 * 10
    assert (table["better"] != "").sum() <= 3


def test_comparing_needs_common_ground(known, guessed, knowing):
    with pytest.raises(UsageError, match="at least two"):
        compare([known])
    with pytest.raises(UsageError, match="bars beside packages and frames"):
        compare([known, knowing])
    with pytest.raises(UsageError, match="different names"):
        compare([known, known])
    fewer = Bars.from_frame(BARS.rows(0, len(BARS) - 4).to_polars())
    with pytest.raises(BadData, match="the same bars"):
        compare([guessed, validate(knowing, fewer, trials=1, name="x")])
    longs = knowing.filter(pl.col("side") == "long")
    shorts = knowing.filter(pl.col("side") == "short")
    with pytest.raises(BadData, match="both forecast, got none"):
        compare({"a": longs, "b": shorts}, BARS)
    dearer = parse_config({"costs": {"fee_bps": 9.0}})
    with pytest.raises(BadData, match="the same brackets and costs"):
        compare([guessed, validate(knowing, BARS, dearer, trials=1, name="x")])


# -- figures of books --------------------------------------------------------------------------


def test_figures_of_a_book_by_hand():
    gain = np.tile([0.02, -0.01], 126)
    net, profit = np.array([0.1, -0.05, 0.2]), np.array([1.0, -2.0, 3.0])
    trades = (net, profit, np.array([0, 1, 2]))
    unit = float(np.std(gain, ddof=1))
    found = book_figures(gain, trades, unit, 252.0, TimeBlocks(252, 10))
    assert found["sharpe"].value == pytest.approx(0.005 / unit * math.sqrt(252))
    assert found["win_rate"].value == pytest.approx(2 / 3)
    assert found["profit_factor"].value == pytest.approx(2.0)
    scaled = gain * 0.1 / math.sqrt(252) / unit
    assert found["total_return"].value == pytest.approx(np.prod(1.0 + scaled) - 1.0)
    assert found["max_drawdown"].value == pytest.approx(-scaled.min())


def test_what_is_not_defined_is_not_a_number():
    none = (np.empty(0), np.empty(0), np.empty(0, dtype=np.int64))
    idle = book_figures(np.zeros(300), none, 0.0, 252.0, TimeBlocks(300, 10))
    assert all(math.isnan(figure.value) for figure in idle.values())
    winners = (np.ones(3), np.ones(3), np.arange(3))
    rng = np.random.default_rng(0).standard_normal(300)
    lossless = book_figures(rng, winners, 1.0, 252.0, TimeBlocks(300, 10))
    assert math.isnan(lossless["profit_factor"].value)
    assert lossless["win_rate"].value == 1.0
