from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from edgekeeper.config import LineConfig
from edgekeeper.errors import Refused, UsageError
from edgekeeper.models import LEARNERS, fit_heads, load_package
from edgekeeper.models.estimators import wrap
from edgekeeper.models.learners import LightGBM, Logistic, share_windows
from edgekeeper.rollout import recipe_of
from edgekeeper.splits import InnerSplitter
from edgekeeper.train import fit_model, make_learner, ready_to_fit


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"learner": "lightgmb"}, ["unknown learner 'lightgmb'", "did you mean 'lightgbm'"]),
        ({"learner": ""}, ["unknown learner ''", "logistic"]),
        (
            {"learner": "logistic", "parameters": {"rigde": 1.0}},
            ["no parameter 'rigde'", "did you mean 'ridge'"],
        ),
        ({"learner": "logistic", "parameters": {"ridge": -1.0}}, ["positive ridge"]),
        ({"learner": "logistic", "parameters": {"ridge": "much"}}, ["lines.mine.parameters"]),
        ({"learner": "lightgbm", "parameters": {"depth": "deep"}}, ["lines.mine.parameters"]),
        ({"learner": "vote", "parameters": {"members": "svn"}}, ["vote.members", "'svm'"]),
        ({"learner": "vote", "parameters": {"weights": "1, 2"}}, ["vote.weights", "expected 4"]),
        ({"learner": "vote", "parameters": {"weights": "0, 0, 0, 0"}}, ["not all zero"]),
        ({"learner": "vote", "parameters": {"weights": "1, a, 1, 1"}}, ["numbers with commas"]),
        ({"learner": "stack", "parameters": {"settings": "svm.ridge = 1"}}, ["no member"]),
        ({"learner": "stack", "parameters": {"settings": "xgboost.dept = 1"}}, ["'depth'"]),
        ({"learner": "stack", "parameters": {"settings": "xgboost.depth = x"}}, ["a number"]),
        ({"learner": "stack", "parameters": {"settings": "rounds"}}, ["learner.parameter"]),
        ({"learner": "stack", "parameters": {"members": " , "}}, ["got none"]),
        ({"learner": "average", "parameters": {"fits": 0}}, ["average.fits"]),
        ({"learner": "recent", "parameters": {"judged": 1.5}}, ["recent"]),
        ({"learner": "regime", "parameters": {"default": "svm"}}, ["regime.default"]),
        ({"learner": "components", "parameters": {"how": "regimes"}}, ["'regime'"]),
    ],
)
def test_a_learner_with_a_fault_is_refused_by_name(settings, words):
    with pytest.raises(UsageError) as caught:
        make_learner(LineConfig(name="mine", **settings))
    assert all(word in str(caught.value) for word in words)


def test_parameters_reach_the_learner():
    learner = make_learner(LineConfig(name="a", learner="logistic", parameters={"ridge": 5.0}))
    assert learner.parameters()["ridge"] == 5.0
    assert make_learner(LineConfig(name="a", learner="logistic")).parameters()["ridge"] != 5.0


@pytest.mark.parametrize("index", [0, 1])
def test_the_same_fit_twice_is_the_same_model(workshop, index):
    line = workshop.lines[index]
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)
    once, twice = (fit_model(data, rows, line, workshop.config, seed=3) for _ in range(2))
    assert workshop.digest(once, data) == workshop.digest(twice, data)


def test_the_seed_matters_where_chance_does(workshop):
    trees, linear = workshop.lines
    for line, same in ((trees, False), (linear, True)):
        data = workshop.data(line)
        rows = data.known_rows(workshop.now)
        one, two = (fit_model(data, rows, line, workshop.config, seed=s) for s in (3, 4))
        scores = [model.fitted.score(data.matrix[rows]) for model in (one, two)]
        assert np.array_equal(*scores) is same


@pytest.mark.parametrize("index", [0, 1])
def test_a_fit_reads_its_rows_and_no_others(workshop, index):
    """Poison every row that was not asked for: nothing changes."""
    line = workshop.lines[index]
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)[::2]
    expected = workshop.digest(fit_model(data, rows, line, workshop.config, seed=3), data)
    others = np.setdiff1d(np.arange(len(data.bars)), rows)
    matrix, net = data.matrix.copy(), data.labels.net_return.copy()
    matrix[others], net[others] = 1e6, net[others][:, ::-1]
    poisoned = replace(data, matrix=matrix, labels=replace(data.labels, net_return=net))
    found = fit_model(poisoned, rows, line, workshop.config, seed=3)
    assert workshop.digest(found, data) == expected


def test_heads_are_calibrated_on_rows_the_learner_never_saw(workshop):
    """Poisoning the calibration rows changes the heads, and nothing of the learner."""
    line = workshop.lines[0]
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)
    parts = InnerSplitter().split(data.labels.start_time, data.labels.end_time, rows)
    assert data.labels.end_time[parts.fit].max() < data.labels.start_time[parts.stop].min()
    assert data.labels.end_time[parts.stop].max() < data.labels.start_time[parts.calibrate].min()
    net = data.labels.net_return.copy()
    net[parts.calibrate] = net[parts.calibrate][:, ::-1]
    poisoned = replace(data, labels=replace(data.labels, net_return=net))
    one = fit_model(data, rows, line, workshop.config, seed=3)
    two = fit_model(poisoned, rows, line, workshop.config, seed=3)
    count = len(data.features)
    assert one.fitted.to_onnx(count) == two.fitted.to_onnx(count)
    assert workshop.digest(one, data) != workshop.digest(two, data)


@pytest.mark.parametrize("learner", [Logistic, LightGBM])
def test_a_final_fit_forecasts_under_heads_of_one_that_never_saw_their_rows(workshop, learner):
    asked = {"learner": learner.name, "parameters": {}, "final_fit": True}
    line = workshop.lines[0].model_copy(update=asked)
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)
    parts = InnerSplitter().split(data.labels.start_time, data.labels.end_time, rows)
    assert data.labels.end_time[parts.fit].max() < data.labels.start_time[parts.stop].min()
    assert data.labels.end_time[parts.stop].max() < data.labels.start_time[parts.calibrate].min()
    seen, fits = [], []

    class Spied(learner):
        def fit(self, rows, *, validation, seed):
            seen.append((rows, validation))
            fits.append(super().fit(rows, validation=validation, seed=seed))
            return fits[-1]

    model = fit_model(data, rows, line, workshop.config, seed=3, learner=Spied())
    weight = np.zeros(len(data.bars))
    weight[rows] = data.uniqueness(rows)
    stops = learner is LightGBM
    whole = InnerSplitter().whole(data.labels.start_time, data.labels.end_time, rows)
    wanted = [(parts.fit, parts.stop), whole if stops else (rows, None)]
    for (got, later), (fit, stop) in zip(seen, wanted, strict=True):
        assert np.array_equal(got.features, data.training_rows(fit, weight).features, True)
        assert (later is None) is (stop is None)
        if stop is not None:
            spare = data.training_rows(stop, weight)
            assert np.array_equal(later.features, spare.features, True)
            assert not np.isin(stop, fit).any()
    assert model.fitted is fits[1]
    heads = fit_heads(
        fits[0].score(data.matrix[parts.calibrate]), data.volatility[parts.calibrate],
        data.outcomes(parts.calibrate), weight[parts.calibrate],
        horizon=workshop.config.labels.horizon_bars,
    )  # fmt: skip
    scaled = whole[1] if stops else parts.calibrate
    score = fits[1].score(data.matrix[scaled])
    assert model.heads.centre == pytest.approx(np.average(score, weights=weight[scaled]))
    same = replace(model.heads, centre=heads.centre, scale=heads.scale)
    assert same.to_json() == heads.to_json()


@pytest.mark.parametrize(
    "learner",
    [kind() for kind in LEARNERS.values() if not getattr(kind, "stops_early", True)]
    + [wrap(HistGradientBoostingClassifier(max_iter=5), name="sklearns")],
    ids=lambda learner: learner.name,
)
def test_who_never_stops_early_does_not_look_at_validation_rows(workshop, learner):
    assert not learner.stops_early
    data = workshop.data(workshop.lines[1])
    rows = data.known_rows(workshop.now)
    weight = np.ones(len(data.bars))
    some, later = (data.training_rows(part, weight) for part in (rows[:400], rows[400:]))
    with_, without = (learner.fit(some, validation=v, seed=1) for v in (later, None))
    assert np.array_equal(with_.score(later.features), without.score(later.features))


@pytest.mark.parametrize("target", ["direction", "relative"])
def test_a_final_fit_on_shared_windows_is_that_on_rows_of_its_own(workshop, target):
    line = workshop.lines[1].model_copy(update={"final_fit": True, "target": target})
    data = workshop.data(line)
    learner = make_learner(line)
    shared = share_windows(learner, data.table), share_windows(learner, data.table)
    known = data.known_rows(workshop.now)
    for rows in (known[: len(known) // 2], known):
        alone = fit_model(data, rows, line, workshop.config, seed=3)
        found = ready_to_fit(data, rows, line, workshop.config, seed=3, windows=shared)()
        given = (data.matrix, data.volatility, data.bars.event_time)
        one, two = (each.forecast(*given) for each in (alone, found))
        assert two.probability == pytest.approx(one.probability, abs=1e-9, nan_ok=True)


def test_the_model_says_what_it_was_made_of(workshop):
    line = workshop.lines[1]
    data = workshop.data(line)
    model = fit_model(data, data.known_rows(workshop.now), line, workshop.config, seed=9)
    assert dict(model.features) == dict(data.features.expressions)
    assert (model.learner, model.seed) == ("logistic", 9)
    assert model.volatility == workshop.config.labels.volatility


@pytest.mark.parametrize("count", [0, 2, 40])
def test_rows_too_few_to_split_are_refused(workshop, count):
    line = workshop.lines[1]
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)[:count]
    with pytest.raises(Refused, match="line linear"):
        fit_model(data, rows, line, workshop.config, seed=1)


@pytest.mark.parametrize("final", [False, True])
def test_who_learned_which_symbols_did_better_forecasts_against_them(workshop, final):
    line = workshop.lines[1].model_copy(update={"target": "relative", "final_fit": final})
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)
    model = fit_model(data, rows, line, workshop.config, seed=1)
    assert model.heads.relative
    time = data.bars.event_time
    whole = model.forecast(data.matrix, data.volatility, time).expected_return
    known = np.isfinite(whole).all(axis=1)
    # Both sides share one intercept, so what is left of them has no mean over a bar's symbols.
    z = (whole[:, 0] - whole[:, 1]) / data.volatility
    bar = np.searchsorted(data.bars.instants, time[known])
    assert np.abs(np.bincount(bar, weights=z[known])[np.unique(bar)]).max() < 1e-9
    cut = int(data.bars.instant_offsets[300])
    part = model.forecast(data.matrix[:cut], data.volatility[:cut], time[:cut]).expected_return
    assert np.array_equal(part, whole[:cut], equal_nan=True)
    alone = fit_model(data, rows, workshop.lines[1], workshop.config, seed=1)
    assert not alone.heads.relative


def test_trees_that_share_their_bins_are_told_how_much_a_row_counts(workshop):
    line = workshop.lines[0].model_copy(update={"target": "relative"})
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)

    def scores(of, *, together):
        windows = tuple(share_windows(make_learner(line), of.table) for _ in range(2))
        options = {"windows": windows} if together else {}
        fit = ready_to_fit(of, rows, line, workshop.config, seed=3, **options)
        return fit().fitted.score(of.matrix[rows])

    alike = replace(data, emphasis=np.ones(len(data.bars)))
    alone, shared = (scores(data, together=both) for both in (False, True))
    told_alike = scores(alike, together=True)
    # Bins differ a little (see BinnedWindows), so do the trees.
    assert np.corrcoef(alone, shared)[0, 1] > np.corrcoef(alone, told_alike)[0, 1] > 0.5
    weight = np.random.default_rng(1).permutation(data.emphasis)
    assert not np.array_equal(scores(replace(data, emphasis=weight), together=True), shared)


STEPS = {
    "learner": "stack",
    "parameters": {"members": "lightgbm, logistic", "settings": "lightgbm.rounds = 10"},
    "features": ("returns", "volume"),
    "selection": {"correlation": 0.9, "by": "importance", "keep": 4, "scaling": "standard"},
    "augmentation": {"by": "bootstrap", "samples": 200},
}


@pytest.fixture(scope="module")
def stepped(workshop):
    line = LineConfig(name="stepped", **STEPS)
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)
    return line, data, rows, fit_model(data, rows, line, workshop.config, seed=3)


def test_a_package_asks_only_for_features_that_were_kept(workshop, stepped):
    _, data, rows, model = stepped
    assert len(model.features) == 4 < len(data.features)
    assert all(data.features.expressions[name] == text for name, text in model.features.items())
    sealed = workshop.sealed(model, data)
    package = load_package(sealed.files)
    place = [list(data.features.expressions).index(name) for name in model.features]
    chosen = rows[-200:]
    whole = model.forecast(data.matrix[chosen], data.volatility[chosen])
    served = package.forecast(data.matrix[chosen][:, place], data.volatility[chosen])
    assert served.probability == pytest.approx(whole.probability, abs=1e-9, nan_ok=True)
    assert np.array_equal(served.novelty, whole.novelty)


def test_the_manifest_says_what_was_chosen_and_how_surely(workshop, stepped):
    line, data, _, model = stepped
    parameters = load_package(workshop.sealed(model, data).files).manifest.parameters
    assert parameters["selection"]["keep"] == line.selection.keep
    assert set(parameters["stability"]) <= set(data.features.expressions)
    assert sum(parameters["stability"].values()) == pytest.approx(4.0)
    assert parameters["found"]["stacked"] is True
    assert parameters["scaling"] == "standard"
    assert parameters["augmentation"]["samples"] == 200


def test_no_step_reads_rows_after_the_fit(workshop, stepped):
    """Poison the calibration rows, and rows that were not asked for: the graph stays."""
    line, data, rows, model = stepped
    parts = InnerSplitter().split(data.labels.start_time, data.labels.end_time, rows)
    others = np.setdiff1d(np.arange(len(data.bars)), np.concatenate((parts.fit, parts.stop)))
    matrix, direction = data.matrix.copy(), data.tasks.direction.copy()
    matrix[others], direction[others] = 1e6, 1.0 - direction[others]
    poisoned = replace(data, matrix=matrix, tasks=replace(data.tasks, direction=direction))
    found = fit_model(poisoned, rows, line, workshop.config, seed=3)
    assert found.fitted.to_onnx(4) == model.fitted.to_onnx(4)
    assert dict(found.features) == dict(model.features)
    assert found.parameters == model.parameters


def test_steps_of_a_final_fit_are_chosen_where_those_of_the_first_are(workshop, stepped):
    """Poison the calibration rows: the graph changes, what was chosen does not."""
    line, data, rows, model = stepped
    final = line.model_copy(update={"final_fit": True})
    parts = InnerSplitter().split(data.labels.start_time, data.labels.end_time, rows)
    known = fit_model(data, rows, final, workshop.config, seed=3)
    direction = data.tasks.direction.copy()
    direction[parts.calibrate] = 1.0 - direction[parts.calibrate]
    poisoned = replace(data, tasks=replace(data.tasks, direction=direction))
    found = fit_model(poisoned, rows, final, workshop.config, seed=3)
    assert found.fitted.to_onnx(4) != known.fitted.to_onnx(4)
    for one in (known, found):
        assert dict(one.features) == dict(model.features)
        assert one.parameters["selection"] == model.parameters["selection"]


def test_steps_are_part_of_a_recipe_only_where_they_are_used(workshop):
    plain = recipe_of(LineConfig(name="a"), workshop.config)["line"]
    assert not {"selection", "augmentation", "search"} & set(plain)
    stepped = recipe_of(LineConfig(name="a", selection={"keep": 3}), workshop.config)["line"]
    assert stepped["selection"]["keep"] == 3
