"""Fits: by time and purged, judged on what they never saw, packaged without pickle, in a child."""

import json
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from edgekeeper.clock import ManualClock
from edgekeeper.config import GatesConfig, RefitsConfig, parse_config
from edgekeeper.errors import BadData, Refused, UsageError
from edgekeeper.learn import FitRequest
from edgekeeper.sidecar.fit import FitRows, fit_signals
from edgekeeper.sidecar.inputs import Inputs, SignalRow
from edgekeeper.sidecar.learning import fitting_process
from edgekeeper.sidecar.model import load_model, save_model

_WORLD = run_path(str(Path(__file__).with_name("world.py")))
lived, trades = _WORLD["lived"], _WORLD["trades"]
_HOUR = 3_600 * 10**9


def rows(count=400, edge=0.4, seed=0, side="both", **said):
    random = np.random.default_rng(seed)
    x = random.normal(size=count)
    won = random.random(count) < 0.5 + edge * np.tanh(x)
    signals = tuple(
        SignalRow(
            n * _HOUR, "A", "long", "bot", 0.5,
            {"x": None if n % 9 == 0 else float(x[n]), **said}, {},
        )
        for n in range(count)
    )  # fmt: skip
    start = np.arange(count, dtype=np.int64) * _HOUR
    return FitRows(
        signals, start + _HOUR // 2, np.where(won, 0.01, -0.01), (~won).astype(float),
        np.ones(count),
    )  # fmt: skip


def fitted(folder, found, learner="logistic", **gates):
    package = fit_signals(
        found, "signals-" + learner, learner, GatesConfig(**{"max_auc": 0.999, **gates})
    )
    save_model(folder, package)
    return load_model(folder, package.hash)


@pytest.mark.parametrize("learner", ["logistic", "lightgbm"])
def test_what_the_feature_says_is_learned_and_survives_packaging(tmp_path, learner):
    model = fitted(tmp_path, rows(800), learner)
    assert model.manifest["verdict"] == "accepted"
    assert model.manifest["metrics"]["hold_out_auc"] > 0.65
    high, low = (
        model.forecast(SignalRow(5 * _HOUR, "A", "long", "bot", 0.5, {"x": x}, {}))
        for x in (1.5, -1.5)
    )
    assert high.probability > 0.55 > 0.45 > low.probability
    assert high.expected_return > 0 > low.expected_return
    assert high.risk < low.risk
    assert high.lower < high.expected_return < high.upper
    assert 25 < high.minutes < 35
    assert model.break_even == pytest.approx(0.5, abs=0.01)
    again = fit_signals(rows(800), "signals-" + learner, learner, GatesConfig(max_auc=0.999))
    assert again.hash == model.hash  # the same rows make the same package


def test_noise_says_nothing_and_too_good_waits_for_a_person(tmp_path):
    model = fitted(tmp_path, rows(600, edge=0.0))
    assert model.manifest["metrics"]["hold_out_auc"] < 0.65
    held = fitted(tmp_path, rows(600, edge=0.499), max_auc=0.6)
    assert held.manifest["verdict"] == "needs_approval"
    assert "too good to be true" in held.manifest["reason"]


def test_a_dependence_that_turned_round_is_vetoed(tmp_path):
    old, new = rows(480, 0.45, 1), rows(120, -0.45, 2)
    shift = 480 * _HOUR
    later = tuple(
        SignalRow(s.event_time_ns + shift, s.symbol, s.side, s.source, s.confidence, s.features, {})
        for s in new.signals
    )
    both = FitRows(
        old.signals + later, np.concatenate([old.closed_ns, new.closed_ns + shift]),
        np.concatenate([old.net_return, new.net_return]),
        np.concatenate([old.stopped, new.stopped]), np.ones(600),
    )  # fmt: skip
    model = fitted(tmp_path, both)
    assert model.manifest["verdict"] == "vetoed"


def test_outcomes_that_became_known_within_the_hold_out_train_nothing_of_the_judged_fit():
    """Signals that were open across the cut are in neither part."""
    found = rows(400)
    late = found.closed_ns.copy()
    late[300:320] += 60 * _HOUR
    open_across = FitRows(found.signals, late, found.net_return, found.stopped, found.weight)
    other = found.net_return.copy()
    other[300:320] = -other[300:320]
    changed = FitRows(found.signals, late, other, found.stopped, found.weight)
    gates = GatesConfig(max_auc=0.999)
    one, two = (
        json.loads(fit_signals(r, "l", "logistic", gates).files["manifest.json"])["metrics"]
        for r in (open_across, changed)
    )
    assert one == two


def test_columns_are_decided_by_training_alone():
    found = rows(50)
    inputs = Inputs.of(found.signals)
    assert inputs.names == (
        "hour", "weekday", "side", "confidence", "symbol A", "source bot", "x", "x by side",
    )  # fmt: skip
    new = SignalRow(0, "NEW", "short", None, None, {"x": 2.0, "never seen": 1.0}, {})
    row = inputs.encode([new])[0]
    assert row[[0, 1, 2, 4, 5, 6, 7]].tolist() == [0.0, 3.0, -1.0, 0.0, 0.0, 2.0, -2.0]
    assert np.isnan(row[3])  # not zero
    assert inputs.known(new) == (1, 1)
    assert Inputs.from_json(inputs.to_json()) == inputs
    with pytest.raises(BadData):
        Inputs.from_json({"features": "x"})


def test_too_little_and_unknown_learners_are_refused():
    with pytest.raises(Refused, match="too few outcomes"):
        fit_signals(rows(3), "l", "logistic", GatesConfig())
    with pytest.raises(UsageError, match="did you mean 'logistic'"):
        fit_signals(rows(100), "l", "logistics", GatesConfig())


def test_a_touched_package_is_not_loaded(tmp_path):
    model = fitted(tmp_path, rows())
    path = tmp_path / "signal-models" / model.hash / "manifest.json"
    path.write_text(path.read_text().replace('"break_even":0.5', '"break_even":0.1'))
    with pytest.raises(BadData, match="tampered"):
        load_model(tmp_path, model.hash)
    for name in ("../" * 32, "", "ab"):
        with pytest.raises(BadData, match="hash"):
            load_model(tmp_path, name)


def test_a_process_of_its_own_fits_the_same(tmp_path):
    settings = parse_config({"sidecar": {"lines": ["logistic"], "min_outcomes": 60}})
    folder = tmp_path / "run"
    x, net = trades(20, 8, 0.3, 1)
    lived(folder, settings, x, net)
    from edgekeeper.watch import keep_local

    keep_local(folder, settings)
    process = fitting_process(folder, RefitsConfig())
    try:
        process.ask(FitRequest("signals-logistic", ManualClock(2**62).now_ns(), 0))
        (answer,) = process.answers(60.0)
    finally:
        process.close()
    assert answer.problem == ""
    assert load_model(folder, answer.package).manifest["data"]["rows"] == 160
