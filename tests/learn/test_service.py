import json

import numpy as np
import pytest

from edgekeeper.config import Config, GatesConfig, LineConfig, SearchConfig
from edgekeeper.errors import UsageError
from edgekeeper.ledger import count_trials
from edgekeeper.market import bars_hash
from edgekeeper.worlds import make_world


def test_a_refit_leaves_a_package_and_its_verdict(desk):
    desk.signal(desk.until(400))
    made = desk.learn.refit("linear", desk.at(400))
    assert desk.registry.list() == (made,)
    (row,) = desk.packages().iter_rows(named=True)
    assert (row["hash"], row["line"], row["refit_index"]) == (made, "linear", 0)
    assert row["fitted_at_ns"] == row["window_end_ns"] == desk.at(400)
    assert row["verdict"] == "accepted"
    metrics = json.loads(row["metrics_json"])
    assert metrics["samples"] > 50
    assert 0.4 < metrics["hold_out_auc"] < 0.8
    assert set(json.loads(row["reasons_json"])) == {"plausible", "not worse than its predecessor"}


def test_the_package_says_what_it_was_made_of(desk):
    desk.signal(desk.until(400))
    made = desk.registry.load(desk.learn.refit("trees", desk.at(400)))
    provenance = made.manifest.provenance
    assert provenance.created_at == desk.at(400)
    assert (provenance.lineage.line, provenance.lineage.refit) == ("trees", 0)
    assert provenance.lineage.parent is None
    assert provenance.data.last == desk.at(400)
    assert provenance.data.hash == bars_hash(desk.bars.until(desk.at(400)))
    assert provenance.data.symbols == desk.bars.symbols
    assert provenance.gates["outcome"] == "accepted"
    assert provenance.gates["hold_out_uses"] == 1


def test_a_stored_package_forecasts_on_the_services_features(desk):
    desk.signal(desk.until(400))
    package = desk.registry.load(desk.learn.refit("linear", desk.at(400)))
    data = desk.learn.training_data("linear")
    rows = slice(1_210, 1_240)
    forecasts = package.forecast(data.matrix[rows], data.volatility[rows])
    assert np.isfinite(forecasts.probability).all()


def test_too_little_data_is_no_fit_and_leaves_no_trace(desk):
    desk.signal(desk.until(450))
    assert desk.learn.refit("linear", desk.at(40)) is None
    assert desk.packages().height == 0
    assert desk.registry.list() == ()
    desk.learn.refit("linear", desk.at(400))
    assert desk.packages()["refit_index"].to_list() == [0]


def test_without_signals_there_is_nothing_to_learn_from(desk):
    assert desk.learn.refit("linear", desk.at(400)) is None


def test_only_signals_up_to_now_are_read(open_desk, planted):
    """A ledger that already holds tomorrow's signals makes no difference today."""
    honest, early = open_desk(planted), open_desk(planted)
    honest.signal(honest.until(400))
    early.signal(early.until(519))
    assert honest.learn.refit("linear", honest.at(400)) == early.learn.refit(
        "linear", early.at(400)
    )
    assert early.learn._signalled.sum() == early.until(400).stop
    honest.signal(slice(honest.until(400).stop, honest.until(480).stop))
    assert honest.learn.refit("linear", honest.at(480)) == early.learn.refit(
        "linear", early.at(480)
    )


def test_signals_are_what_is_learned_from(open_desk, planted):
    every, some = open_desk(planted), open_desk(planted)
    every.signal(every.until(400))
    some.signal(slice(0, every.until(400).stop, 2))
    rows = [
        desk.registry.load(desk.learn.refit("linear", desk.at(400))).manifest.provenance.data.rows
        for desk in (every, some)
    ]
    assert rows[1] == pytest.approx(rows[0] / 2, abs=2)


@pytest.mark.parametrize("strange", ["symbol", "time"])
def test_signals_of_other_symbols_and_times_are_none_of_our_bars(open_desk, planted, strange):
    plain, mixed = open_desk(planted), open_desk(planted)
    plain.signal(plain.until(400))
    mixed.signal(mixed.until(400))
    rows = mixed.until(300)
    if strange == "symbol":
        mixed.signal(rows, symbol="ELSEWHERE")
    else:
        mixed.signal(rows, event_time_ns=planted.event_time[rows] + 7)
    assert plain.learn.refit("linear", plain.at(400)) == mixed.learn.refit("linear", mixed.at(400))
    assert mixed.learn._signalled.sum() == plain.learn._signalled.sum()


@pytest.mark.parametrize("line", ["linear", "trees"])
def test_a_refit_does_not_know_the_future(open_desk, planted, line):
    whole = open_desk(planted)
    cut = open_desk(planted.rows(0, int(planted.instant_offsets[441])))
    made = []
    for desk in (whole, cut):
        desk.signal(desk.until(440))
        made.append([desk.learn.refit(line, desk.at(t)) for t in (400, 440)])
    assert made[0] == made[1]
    assert None not in made[0]


def test_refits_of_two_lines_are_kept_apart(desk):
    desk.signal(desk.until(519))
    for instant in (400, 460):
        for line in ("linear", "trees"):
            desk.learn.refit(line, desk.at(instant))
    packages = desk.packages()
    assert packages["line"].to_list() == ["linear", "trees"] * 2
    assert packages["refit_index"].to_list() == [0, 0, 1, 1]
    assert packages["hash"].n_unique() == 4
    loaded = [desk.registry.load(h).manifest for h in packages["hash"]]
    assert len({manifest.seed for manifest in loaded}) == 4
    parents = [manifest.provenance.lineage.parent for manifest in loaded]
    assert parents[:2] == [None, None]
    assert parents[2:] == packages["hash"].to_list()[:2]


def test_only_accepted_fits_become_predecessors(open_desk, planted, config):
    """With a veto at the slightest loss some refits are vetoed; parents skip them."""
    strict = config.model_copy(update={"gates": GatesConfig(min_samples=50, veto_errors=0.0)})
    desk = open_desk(planted, strict)
    desk.signal(desk.until(519))
    for instant in range(300, 520, 20):
        desk.learn.refit("linear", desk.at(instant))
    packages = desk.packages()
    assert set(packages["verdict"]) == {"accepted", "vetoed"}
    expected = None
    for row in packages.iter_rows(named=True):
        parent = desk.registry.manifest(row["hash"]).provenance.lineage.parent
        assert parent == expected
        if row["verdict"] == "accepted":
            expected = row["hash"]


def test_a_leaking_line_is_recorded_as_needing_approval(open_desk, config):
    line = LineConfig(
        name="leaky",
        learner="logistic",
        features=("returns",),
        extra_features={"hint": "HINT.value"},
    )
    bars = make_world("leak", seed=2, symbols=3, bars=420).bars
    desk = open_desk(bars, config.model_copy(update={"lines": (line,)}))
    desk.signal(desk.until(419))
    desk.learn.refit("leaky", desk.at(410))
    (row,) = desk.packages().iter_rows(named=True)
    assert row["verdict"] == "needs_approval"
    assert "implausible" in json.loads(row["reasons_json"])["plausible"]["detail"]


def test_the_same_features_are_computed_once(desk):
    assert desk.learn.training_data("linear") is desk.learn.training_data("trees")
    assert desk.learn.training_data("linear") is not desk.learn.training_data("other")
    assert desk.learn.training_data("other").labels is desk.learn.training_data("linear").labels


def test_features_that_are_left_out_are_told(open_desk, planted, config):
    line = LineConfig(name="a", features=("returns",), extra_features={"fear": "VIX.close"})
    desk = open_desk(planted, config.model_copy(update={"lines": (line,)}))
    assert desk.learn.left_out("a") == {"fear": ("VIX.close",)}


@pytest.mark.parametrize(
    "fault",
    [
        {"features": ("retuns",)},
        {"learner": "oracle"},
        {"learner": "logistic", "parameters": {"rigde": 1.0}},
        {"extra_features": {"x": "emma(close, 3)"}},
    ],
)
def test_a_line_with_a_fault_is_refused_before_anything_is_learned(
    open_desk, planted, config, fault
):
    line = LineConfig(name="mine", **fault)
    with pytest.raises(UsageError, match=r"lines\.mine"):
        open_desk(planted, config.model_copy(update={"lines": (line,)}))


def test_one_symbol_has_no_peers_to_learn_from(open_desk, config):
    alone = make_world("noise", seed=1, symbols=1, bars=100).bars
    line = LineConfig(name="mine", learner="logistic", target="relative")
    with pytest.raises(UsageError, match=r"lines\.mine\.target"):
        open_desk(alone, config.model_copy(update={"lines": (line,)}))


def test_facts_of_learning_have_a_chain_of_their_own(desk):
    desk.signal(desk.until(400))
    before = desk.ledger.head("trade")
    desk.learn.refit("linear", desk.at(400))
    assert desk.ledger.head("trade") == before
    assert desk.ledger.verify("learn").links == 1


@pytest.mark.parametrize("rule", ["random", "optuna"])
def test_a_search_once_a_year_is_on_record_and_its_choice_used_until_the_next(
    planted, open_desk, rule
):
    rule = SearchConfig(rule=rule, trials=5, every_epochs=60, rows=200)
    line = LineConfig(name="linear", learner="logistic", features=("returns",), search=rule)
    desk = open_desk(planted, Config(gates=GatesConfig(min_samples=50), lines=(line,)))
    desk.signal(desk.until(500))
    made = [desk.learn.refit("linear", desk.at(n), n) for n in (400, 430, 459, 460)]
    trials = desk.ledger.read("trials")
    assert trials["event_time_ns"].to_list() == [desk.at(400)] * 5 + [desk.at(460)] * 5
    chosen = [json.loads(row)["chosen"] for row in trials["metrics_json"].to_list()]
    assert sum(chosen[:5]) == sum(chosen[5:]) == 1
    wanted = json.loads(trials["configuration_json"].to_list()[chosen.index(True)])
    for package in made[:3]:
        parameters = desk.registry.load(package).manifest.parameters
        assert all(wanted[name] == value for name, value in parameters.items())
    assert count_trials(trials).trials == 10
