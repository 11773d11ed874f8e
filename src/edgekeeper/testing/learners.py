"""Conformance kit for learners: what every one of them, also yours, has to pass.

Run all checks on a learner with :func:`check_learner`, or one test per check::

    @pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
    def test_my_learner(check):
        check(MyLearner)

Every check raises ``AssertionError`` with what was expected and what came. A learner that looks
at several bars gets the features of the bars before as further columns, as a line lays them out.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from edgekeeper.models.inference import Graph
from edgekeeper.models.learners.contract import LearnerClass, look_back_of
from edgekeeper.models.sums import summed_in_order
from edgekeeper.splits import PurgedKFold
from edgekeeper.types import Fitted, Float32Array, Float64Array, TrainingRows

__all__ = ["CHECKS", "SLOW_CHECKS", "check_learner", "market_like"]

_SEED = 20_240_601
_PARITY = 1e-6
_ALL_SIZES = (1, 2, 3, 7, 16, 64, 1_000, 4_096)
_ALL_THREADS = (1, 3)


Check = Callable[[LearnerClass], None]


def market_like(
    rows: int, columns: int = 8, *, edge: float = 0.0, seed: int = _SEED
) -> TrainingRows:
    """Return features with gaps, targets and overlap weights.

    ``edge`` is the slope of the log-odds in the first column, bent by the sign of the second:
    0 for none, 1 for one that no honest market has.
    """
    random = np.random.default_rng(seed)
    features = random.standard_t(4, size=(rows, columns)).astype(np.float32)
    log_odds = edge * (features[:, 0] + 0.5 * features[:, 0] * np.sign(features[:, 1]))
    target = (random.random(rows) < 1.0 / (1.0 + np.exp(-log_odds))).astype(np.float64)
    features[random.random(features.shape) < 0.05] = np.nan
    weight = random.uniform(0.1, 1.0, rows)
    return replace(TrainingRows.of(features, target, weight), folds=PurgedKFold())


def check_states_itself(learner: LearnerClass) -> None:
    """Name, missing-value policy, JSON parameters; a search space of parameters it has."""
    made = learner()
    parameters = made.parameters()
    _require(bool(learner.name and learner.missing_values), "a name and a policy for NaN", learner)
    _require(json.loads(json.dumps(parameters)) == parameters, "JSON parameters", parameters)
    space = learner.space()
    _require(bool(space) and set(space) <= set(parameters), "a space of its parameters", space)


def check_deterministic(learner: LearnerClass) -> None:
    """The same rows and seed give the same bits, on any threads, and leave the rows alone."""
    rows = _seen_by(learner, market_like(1_500, edge=0.5))
    parts: tuple[Float32Array | Float64Array, ...] = (rows.features, rows.target, rows.weight)
    before = [part.copy() for part in parts]
    first = _fit(learner, rows)
    with summed_in_order():
        second = _fit(learner, rows)
    same = np.array_equal(first.score(rows.features), second.score(rows.features))
    _require(same, "equal scores", "others")
    width = rows.features.shape[1]
    _require(first.to_onnx(width) == second.to_onnx(width), "equal graphs", "others")
    untouched = all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(before, parts, strict=True)
    )
    _require(untouched, "rows left as they were", "changed ones")


def check_threads(learner: LearnerClass) -> None:
    """However many threads there are outside, what a refit makes has the same bits."""
    from threadpoolctl import threadpool_limits

    rows = _seen_by(learner, market_like(2_000, 12, edge=0.5))
    width = rows.features.shape[1]
    outcomes = []
    for threads in _ALL_THREADS:
        with threadpool_limits(limits=threads), summed_in_order():
            fitted = _fit(learner, rows)
            outcomes.append((fitted.to_onnx(width), fitted.score(rows.features).tobytes()))
    for threads, outcome in zip(_ALL_THREADS, outcomes, strict=True):
        _require(outcome == outcomes[0], "the same bits as on one thread", f"others on {threads}")


def check_finds_edge(learner: LearnerClass) -> None:
    """Where an edge is planted, later rows are forecast better than by the base rate."""
    gain = _gain(learner, edge=0.5)
    _require(gain > 0.02, "a log-loss .02 below the base rate's", gain)


def check_harmless_on_noise(learner: LearnerClass) -> None:
    """Where nothing is to be learned, later rows are forecast no worse than by the base rate."""
    gain = _gain(learner, edge=0.0)
    _require(gain > -0.005, "a log-loss at most .005 above the base rate's", gain)


def check_permuted_labels(learner: LearnerClass) -> None:
    """With all labels dealt out anew, no skill is left: what remains came from a leak."""
    gain = _gain(learner, edge=1.0, permuted=True)
    _require(-0.005 < gain < 0.003, "no gain from labels that mean nothing", gain)


def check_weights_count(learner: LearnerClass) -> None:
    """Weightless rows and a scale of all weights change nothing; heavier winners raise scores."""
    rows = _seen_by(learner, market_like(1_200, edge=0.5))
    rows.weight[600:] = 0.0
    turned = rows.target.copy()
    turned[600:] = 1.0 - turned[600:]
    variants = (rows, replace(rows, target=turned), replace(rows, weight=4.0 * rows.weight))
    scores = [_fit(learner, variant).score(rows.features) for variant in variants]
    _require(np.array_equal(scores[0], scores[1]), "weightless rows ignored", "other scores")
    _require(np.array_equal(scores[0], scores[2]), "a scale that does not matter", "other scores")
    heavier = replace(rows, weight=np.where(rows.target == 1.0, 3.0, 1.0) * rows.weight)
    rise = float(np.mean(_fit(learner, heavier).score(rows.features) - scores[0]))
    _require(rise > 0.1, "scores that rise with the winners' weight", rise)


def check_odd_columns(learner: LearnerClass) -> None:
    """Constant, all-NaN, huge and infinite columns do no harm; later values there neither."""
    training = market_like(1_000, columns=6, edge=0.5)
    features = training.features
    features[:, 2], features[:, 3] = 7.0, np.nan
    features[:, 4] *= 1e30
    features[::50, 5] = np.inf
    fitted = _fit(learner, _seen_by(learner, training))
    later = features.copy()
    later[:, 2], later[:, 3] = -1.0, 3.0
    later[0] = np.nan
    for plain in (training, replace(training, features=later)):
        rows = _seen_by(learner, plain).features
        scores = fitted.score(rows)
        _require(bool(np.isfinite(scores).all()), "finite scores", scores)
        _check_parity(fitted, rows)


def check_poor_data(learner: LearnerClass) -> None:
    """One class, ten rows, one row, only ties but one, nothing but NaN: still a finite score."""
    whole = _seen_by(learner, market_like(300))
    features = whole.features
    cases = {
        "one class": replace(whole, target=np.ones(300)),
        "the other class": replace(whole, target=np.zeros(300)),
        "ten rows": whole.take(np.arange(10)),
        "one row": whole.take(np.arange(1)),
        "ties": replace(whole, target=np.where(np.arange(300) == 5, 1.0, 0.5)),
        "nothing but NaN": replace(whole, features=np.full_like(features, np.nan)),
    }
    for case, rows in cases.items():
        fitted = _fit(learner, rows)
        scores = fitted.score(features)
        sane = scores.shape == (300,) and bool((np.abs(scores) < 20.0).all())
        _require(sane, f"moderate scores from {case}", scores)
        _check_parity(fitted, features)


def check_onnx(learner: LearnerClass) -> None:
    """The graph gives the learner's scores, NaN rows included, the same bits for any batch."""
    rows, validation, later = (
        _seen_by(learner, market_like(size, 60, edge=1.0, seed=_SEED + i))
        for i, size in enumerate((3_000, 500, 4_096))
    )
    fitted = _fit(learner, rows, validation)
    features = later.features
    features[::10, ::2] = np.nan
    features[0] = np.nan
    _check_parity(fitted, features)
    graph = Graph(fitted.to_onnx(features.shape[1]), features.shape[1])
    together = graph.score(features)
    for size in _ALL_SIZES:
        parts = [graph.score(features[i : i + size]) for i in range(0, len(features), size)]
        _require(np.array_equal(np.concatenate(parts), together), "the same bits", size)


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "states itself": check_states_itself,
        "deterministic": check_deterministic,
        "threads": check_threads,
        "finds a planted edge": check_finds_edge,
        "harmless on noise": check_harmless_on_noise,
        "permuted labels": check_permuted_labels,
        "weights count": check_weights_count,
        "odd columns": check_odd_columns,
        "poor data": check_poor_data,
        "onnx": check_onnx,
    }
)


def check_million_rows(learner: LearnerClass) -> None:
    """A million rows are fitted, and a strong edge in them is found."""
    rows, validation = (
        _seen_by(learner, market_like(size, columns=4, edge=0.5, seed=_SEED + i))
        for i, size in enumerate((1_000_000, 20_000))
    )
    fitted = _fit(learner, rows, validation)
    some = rows.take(np.arange(0, len(rows), 20))
    scores = fitted.score(some.features)
    _require(bool(np.isfinite(scores).all()), "finite scores", scores)
    right = float(np.mean((scores > 0.0) == (some.target == 1.0)))
    _require(right > 0.55, "more than 55 % right", right)


SLOW_CHECKS: Mapping[str, Check] = MappingProxyType({"a million rows": check_million_rows})


def check_learner(learner: LearnerClass) -> int:
    """Run all checks on one learner, slow ones too; return how many there were."""
    for check in (*CHECKS.values(), *SLOW_CHECKS.values()):
        check(learner)
    return len(CHECKS) + len(SLOW_CHECKS)


def _fit(
    learner: LearnerClass, rows: TrainingRows, validation: TrainingRows | None = None
) -> Fitted:
    return learner().fit(rows, validation=validation, seed=_SEED)


def _seen_by(learner: LearnerClass, rows: TrainingRows) -> TrainingRows:
    """Rows with the features of the bars before, oldest first; NaN before the first bar."""
    steps = look_back_of(learner)
    if steps == 1:
        return rows
    before = np.full((steps - 1, rows.features.shape[1]), np.nan, dtype=np.float32)
    bars = np.concatenate([before, rows.features])
    windows = [bars[k : k + len(rows)] for k in range(steps)]
    return replace(rows, features=np.concatenate(windows, axis=1))


def _gain(learner: LearnerClass, *, edge: float, permuted: bool = False) -> float:
    """Log-loss of the base rate less that of the learner, on rows it has not seen."""
    sizes = (4_000, 1_000, 4_000)
    parts = [market_like(size, edge=edge, seed=_SEED + i) for i, size in enumerate(sizes)]
    if permuted:
        random = np.random.default_rng(_SEED)
        parts = [replace(part, target=random.permutation(part.target)) for part in parts]
    rows, validation, later = (_seen_by(learner, part) for part in parts)
    fitted = _fit(learner, rows, validation)
    rate = float(np.average(rows.target, weights=rows.weight))
    base = np.full(len(later), np.log(rate / (1.0 - rate)))
    return _log_loss(base, later.target) - _log_loss(fitted.score(later.features), later.target)


def _log_loss(log_odds: Float64Array, target: Float64Array) -> float:
    return float(np.mean(np.logaddexp(0.0, log_odds) - target * log_odds))


def _check_parity(fitted: Fitted, features: Float32Array) -> None:
    packaged = Graph(fitted.to_onnx(features.shape[1]), features.shape[1]).score(features)
    gap = float(np.abs(packaged - fitted.score(features)).max())
    _require(gap <= _PARITY, f"a graph within {_PARITY:g} of the learner", gap)


def _require(holds: bool, expected: str, got: object) -> None:
    if not holds:
        raise AssertionError(f"expected {expected}, got {got!r}")
