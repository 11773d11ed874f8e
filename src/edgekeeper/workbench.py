"""Single steps by hand: train one model, validate one package, back-test one package.

The loop of ``replay`` does all of this by itself; these are for looking closer.
"""

import math
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config, LineConfig
from edgekeeper.errors import BadData, UsageError
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.market import bars_hash
from edgekeeper.models import DataWindow, Lineage, Provenance, build_package, summed_in_order
from edgekeeper.registry import Package, Registry
from edgekeeper.rollout import BookBars, LineEvidence, MarketRisk, recipe_hash, recipe_of
from edgekeeper.simulator import Book, MarketFeed, book_parameters
from edgekeeper.splits import HoldOut
from edgekeeper.stats.performance import Performance, measure
from edgekeeper.stats.scores import Scores, log_loss, score_probabilities
from edgekeeper.trade import rule_signals
from edgekeeper.train import TrainingData, barrier_of, feature_set_of, seed_of, train_candidate
from edgekeeper.types import Float32Array, Float64Array, Forecasts, Int64Array, Learner
from edgekeeper.validate import HoldOutData, Verdict, judge
from edgekeeper.validate.hold_out import mean_and_error

__all__ = ["BacktestResult", "Certificate", "Trained", "backtest", "train", "validate"]

Answer = Literal["passed", "refused", "needs approval"]

_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Trained:
    """A package, what its hold-out said, and where it lies if a folder was given."""

    package: Package
    verdict: Verdict
    folder: Path | None


@summed_in_order()
def train(
    bars: Any,
    *,
    learner: str | Learner = "lightgbm",
    features: tuple[str, ...] | None = None,
    config: Config | None = None,
    out: str | Path | None = None,
) -> Trained:
    """Train, judge and package one model on all bars given.

    Parameters
    ----------
    bars : Bars or frame
    learner : str or Learner
        A name of ``edgekeeper.models.LEARNERS``, or one of your own: see ``edgekeeper.wrap``.
    features : tuple of str, optional
        Catalogues; the usual ones by default.
    config : Config, optional
        Labels, costs, gates and seed are taken from it.
    out : path, optional
        Registry folder to save the package in.

    Raises
    ------
    Refused
        Too few outcomes to learn from.

    Examples
    --------
    >>> from edgekeeper.worlds import make_world
    >>> trained = train(make_world("noise", seed=1, symbols=4, bars=600).bars, learner="logistic")
    >>> trained.verdict.outcome, len(trained.package.hash)
    ('accepted', 64)
    """
    bars = bars if isinstance(bars, Bars) else Bars.from_frame(bars)
    config = config or Config()
    line = _line_of(learner)
    if features is not None:
        line = line.model_copy(update={"features": tuple(features)})
    chosen, _ = feature_set_of(line, bars)
    data = TrainingData.prepare(bars, chosen, config)
    now = int(bars.event_time[-1])
    candidate = train_candidate(
        data,
        line,
        config,
        now_ns=now,
        seed=seed_of(config.seed, recipe_hash(recipe_of(line, config)), 0),
        hold_out=HoldOut(config.gates.holdout_share),
        learner=None if isinstance(learner, str) else learner,
    )
    view = HoldOutData(bars, data.matrix, data.volatility, data.labels, candidate.hold_out, now)
    verdict = judge(candidate.judged, None, view, config)
    provenance = Provenance(
        created_at=now,
        code_version=version("edgekeeper"),
        lineage=Lineage(line.name),
        data=DataWindow(
            first=int(bars.event_time[candidate.rows[0]]),
            last=now,
            rows=len(candidate.rows),
            symbols=bars.symbols_present,
            hash=bars_hash(bars),
        ),
        labels=config.labels.model_dump(mode="json"),
        op_versions=chosen.op_versions,
        metrics=verdict.hold_out.metrics(),
        gates={"outcome": verdict.outcome},
    )
    sealed = build_package(
        candidate.shipped,
        provenance,
        features=data.matrix[candidate.rows[-10_000:]],
        volatility=data.volatility[candidate.rows[-10_000:]],
    )
    folder = Registry(out).save(sealed) if out is not None else None
    return Trained(Package.from_files(sealed.files), verdict, folder)


def _line_of(learner: str | Learner) -> LineConfig:
    if isinstance(learner, str):
        return LineConfig(name=learner, learner=learner)
    settings = {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in learner.parameters().items()
    }
    return LineConfig(name=learner.name, learner=learner.name, parameters=settings)


@dataclass(frozen=True, slots=True)
class _Unseen:
    """A package's forecasts over bars, with their outcomes; ``rows`` are those it never saw."""

    bars: Bars
    volatility: Float64Array
    matrix: Float32Array
    forecasts: Forecasts
    rows: Int64Array


def _forecast_all(package: Package, bars: Bars) -> _Unseen:
    matrix = FeatureSet(package.features).matrix(bars)
    volatility = evaluate(package.manifest.volatility, bars)
    seen_until = package.manifest.provenance.data.last
    return _Unseen(
        bars,
        volatility,
        matrix,
        package.forecast(matrix, volatility),
        np.flatnonzero(bars.event_time > seen_until),
    )


@dataclass(frozen=True, slots=True)
class Certificate:
    """What can be said of a package from bars that came after everything it was fitted on.

    Attributes
    ----------
    evidence : mapping
        Wealth of the bets against cash, own average exposure and the rules; 20 is proof at 5 %.
    """

    verdict: Answer
    reasons: tuple[str, ...]
    scores: Scores
    performance: Performance
    evidence: dict[str, float]
    figures: dict[str, Any] = field(default_factory=dict)


def validate(package: Package, bars: Any, config: Config | None = None) -> Certificate:
    """Judge a package on bars after its data window; earlier bars only warm features up.

    Raises
    ------
    BadData
        No bar comes after the package's data window.
    """
    bars = bars if isinstance(bars, Bars) else Bars.from_frame(bars)
    config = config or Config()
    view = _forecast_all(package, bars)
    if len(view.rows) == 0:
        raise BadData(
            "expected bars after the package's data window, which ends "
            f"{_day(package.manifest.provenance.data.last)}, got none: bars that a model has seen "
            "cannot judge it"
        )
    labels = barrier_of(config).label(bars, view.volatility)
    rows = view.rows[np.isfinite(labels.net_return[view.rows]).all(axis=1)]
    outcome = labels.net_return[rows] > 0.0
    probability = view.forecasts.probability[rows]
    scores = score_probabilities(outcome.ravel(), probability.ravel())
    equity, evidence, trades = _virtual(view, config)
    reasons = []
    if len(rows) < config.gates.min_samples:
        reasons.append(
            f"{len(rows)} outcomes, expected {config.gates.min_samples}: wait for more bars"
        )
    if trades < config.evidence.min_trades:
        reasons.append(
            f"{trades} trades in its virtual book, expected {config.evidence.min_trades}: a model "
            "that hardly trades proves nothing"
        )
    worse = _worse_than_base_rate(view, labels.start_time, rows, outcome, config)
    if worse:
        reasons.append(worse)
    performance = measure(equity, bars.periods_per_year)
    implausible = scores.auc > config.gates.max_auc or performance.sharpe > config.gates.max_sharpe
    if implausible:
        reasons.append("too good to be true: look for a column that knows the future")
    figures = {
        "bars_after_window": len(view.rows),
        "outcomes": len(rows),
        "trades": trades,
        "proven": min(evidence.values()) >= 1.0 / _LEVEL,
        "window_ends": _day(package.manifest.provenance.data.last),
    }
    verdict: Answer = "needs approval" if implausible else "refused" if reasons else "passed"
    return Certificate(
        verdict,
        tuple(reasons),
        scores,
        performance,
        evidence,
        figures,
    )


def _worse_than_base_rate(
    view: _Unseen, start: Int64Array, rows: Int64Array, outcome: Any, config: Config
) -> str:
    """Say so if the forecasts lose clearly against stating the base rate."""
    if len(rows) == 0:
        return ""
    base = np.broadcast_to(outcome.mean(axis=0), outcome.shape)
    gap = log_loss(outcome, view.forecasts.probability[rows]) - log_loss(outcome, base)
    known = np.isfinite(gap).all(axis=1)
    _, index = np.unique(start[rows[known]], return_inverse=True)
    by_instant = np.bincount(index, weights=gap[known].mean(axis=1)) / np.bincount(index)
    mean, error = mean_and_error(by_instant, config.labels.horizon_bars)
    if mean > config.gates.veto_errors * error:
        return (
            f"forecasts are worse than the base rate: log loss {mean:+.4f}, standard error "
            f"{error:.4f}"
        )
    return ""


def _virtual(view: _Unseen, config: Config) -> tuple[Float64Array, dict[str, float], int]:
    """Return (equity at 1 % risk a bar, wealth of the bets, trades) of the unseen bars' book."""
    bars = view.bars
    feed = _feed(view, config)
    first = int(np.searchsorted(bars.instants, bars.event_time[view.rows[0]]))
    last = len(bars.instants)
    parameters = book_parameters(
        config.model_copy(update={"fallback": "rules"}),
        periods_per_year=bars.periods_per_year,
        virtual=True,
    )
    mine, rules = (Book(parameters, len(bars.symbols)) for _ in range(2))
    mine.use_model(True)
    log = mine.step(feed.chunk(first, last, _part(view.forecasts, view.rows)))
    other = rules.step(feed.chunk(first, last))
    gains = np.diff(log.equity[:, 0], prepend=0.0)
    evidence = LineEvidence(len(bars.symbols), config.evidence)
    returns = _returns(feed)
    covariance = MarketRisk(len(bars.symbols), config.evidence.covariance_span).update(returns)
    evidence.update(
        BookBars(gains, log.held, log.opened),
        BookBars(np.diff(other.equity[:, 0], prepend=0.0), other.held, other.opened),
        returns[first:last],
        covariance[first:last],
    )
    wealth = {name: math.exp(bet.log_wealth) for name, bet in evidence.bets.items()}
    unit = np.std(gains) or 1.0
    return np.cumprod(np.append(1.0, 1.0 + 0.01 * gains / unit)), wealth, int(log.counts[0])


def _returns(feed: MarketFeed) -> Float64Array:
    """Close-to-close returns [T, S], NaN where a symbol has no bar."""
    bars = feed.bars
    returns = np.full((len(feed.instants), len(bars.symbols)), math.nan)
    instant = np.repeat(np.arange(len(feed.instants)), np.diff(feed.offsets))
    for code in range(len(bars.symbols)):
        rows = np.flatnonzero(bars.symbol == code)
        returns[instant[rows[1:]], code] = np.diff(feed.close[rows]) / feed.close[rows[:-1]]
    return returns


def _feed(view: _Unseen, config: Config) -> MarketFeed:
    return MarketFeed(
        view.bars,
        view.volatility,
        rule_signals(config.rules, view.bars),
        max_age_ns=int(config.guards.max_age_seconds * 1e9),
    )


def _part(forecasts: Forecasts, rows: Int64Array) -> Forecasts:
    return Forecasts(*(getattr(forecasts, name)[rows] for name in Forecasts.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """One fixed package on one account over all bars given.

    ``note`` says how many of the bars the package was fitted on: those flatter it.
    """

    time_ns: Int64Array
    equity: Float64Array
    performance: Performance
    double_cost: Performance
    rules: Performance
    trades: int
    note: str

    @property
    def figures(self) -> dict[str, Any]:
        """Flat figures for programs."""
        return {
            "equity_net": float(self.equity[-1]),
            "trades": self.trades,
            "note": self.note,
            **asdict(self.performance),
            "double_cost": asdict(self.double_cost),
            "rules": asdict(self.rules),
        }


def backtest(package: Package, bars: Any, config: Config | None = None) -> BacktestResult:
    """Trade one fixed package over history, under the account's limits, guards and costs.

    Raises
    ------
    UsageError
        The package was fitted for other brackets than the configuration's.
    """
    bars = bars if isinstance(bars, Bars) else Bars.from_frame(bars)
    config = config or Config()
    fitted_for = package.manifest.provenance.labels
    if fitted_for and dict(fitted_for) != config.labels.model_dump(mode="json"):
        raise UsageError(
            f"the package was fitted for brackets {dict(fitted_for)}, the configuration has "
            f"{config.labels.model_dump(mode='json')}: use the same [labels]"
        )
    view = _forecast_all(package, bars)
    feed = _feed(view, config)
    last = len(feed.instants)

    def account(multiple: float, forecasts: Forecasts | None) -> tuple[Float64Array, int]:
        parameters = book_parameters(
            config,
            periods_per_year=bars.periods_per_year,
            virtual=False,
            cost_multiple=multiple,
        )
        book = Book(parameters, len(bars.symbols), config.cash)
        if forecasts is not None:
            book.use_model(True)
        log = book.step(feed.chunk(0, last, forecasts))
        return log.equity[:, 0], int(log.counts[0])

    equity, trades = account(1.0, view.forecasts)
    seen = len(bars) - len(view.rows)
    note = (
        "all bars came after the package was fitted"
        if seen == 0
        else f"{seen} of {len(bars)} bars lie inside or before the package's data window, which "
        f"ends {_day(package.manifest.provenance.data.last)}: what it earns there proves nothing"
    )

    def performance(curve: Float64Array) -> Performance:
        return measure(np.concatenate(([config.cash], curve)), bars.periods_per_year)

    return BacktestResult(
        time_ns=feed.instants,
        equity=equity,
        performance=performance(equity),
        double_cost=performance(account(2.0, view.forecasts)[0]),
        rules=performance(account(1.0, None)[0]),
        trades=trades,
        note=note,
    )


def _day(time_ns: int) -> str:
    return str(np.datetime64(time_ns, "ns").astype("datetime64[D]"))
