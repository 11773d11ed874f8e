"""What the hold-out says of a judged model: forecast scores, and money in its virtual book."""

import math
from dataclasses import asdict, dataclass

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.labels import Labels
from edgekeeper.models import Model
from edgekeeper.simulator import Book, MarketFeed, book_parameters
from edgekeeper.stats.performance import sharpe_ratio
from edgekeeper.stats.scores import Scores, log_loss, score_probabilities
from edgekeeper.types import Float32Array, Float64Array, Forecasts, Int8Array, Int64Array
from edgekeeper.validate.case import Case

__all__ = [
    "HoldOutData",
    "HoldOutResult",
    "hold_out_case",
    "judge_on_hold_out",
    "loss_by_instant",
    "mean_and_error",
    "virtual_gains",
]


@dataclass(frozen=True, slots=True)
class HoldOutData:
    """Bars with features and outcomes, and the rows of them that are held out.

    Attributes
    ----------
    matrix : float32 [N, F]
    volatility : float64 [N]
    labels : Labels [N]
    rows : int64 [m]
        Held-out rows, in canonical order.
    now_ns : int
        Nothing after this instant is read.
    rules : int8 [N], optional
        Signals of the rules, for profiles that compare with them.
    """

    bars: Bars
    matrix: Float32Array
    volatility: Float64Array
    labels: Labels
    rows: Int64Array
    now_ns: int
    rules: Int8Array | None = None

    @property
    def window(self) -> tuple[int, int]:
        """First decision held out, and the last instant read."""
        return int(self.bars.event_time[self.rows[0]]), self.now_ns

    @property
    def span(self) -> tuple[int, int]:
        """Rows from the first held out to the last known."""
        times = self.bars.event_time
        first = int(np.searchsorted(times, times[self.rows[0]]))
        return first, int(np.searchsorted(times, self.now_ns, "right"))

    def forecasts(self, model: Model, rows: slice | Int64Array) -> Forecasts:
        """What a model says of some rows."""
        return model.forecast(self.matrix[rows], self.volatility[rows], self.bars.event_time[rows])


@dataclass(frozen=True, slots=True)
class HoldOutResult:
    """Scores of both sides' success probabilities, and the virtual book's net Sharpe ratio."""

    scores: Scores
    sharpe: float
    base_loss: float

    def metrics(self) -> dict[str, float]:
        """Flat figures for manifest and ledger."""
        figures = {f"hold_out_{k}": float(v) for k, v in asdict(self.scores).items()}
        return figures | {"hold_out_sharpe": self.sharpe, "hold_out_base_loss": self.base_loss}


def virtual_gains(
    bars: Bars, volatility: Float64Array, forecasts: Forecasts, config: Config
) -> Float64Array:
    """Net gain a bar, in volatility units, of a virtual book that trades these forecasts: [T]."""
    feed = MarketFeed(
        bars,
        volatility,
        np.zeros(len(bars), np.int8),
        max_age_ns=int(config.guards.max_age_seconds * 1e9),
    )
    parameters = book_parameters(config, periods_per_year=bars.periods_per_year, virtual=True)
    book = Book(parameters, len(bars.symbols))
    book.use_model(True)
    log = book.step(feed.chunk(0, len(feed.instants), forecasts))
    return np.diff(log.equity[:, 0], prepend=0.0)


def judge_on_hold_out(model: Model, data: HoldOutData, config: Config) -> HoldOutResult:
    """Score a model on rows that nothing in its making has read."""
    hold_out = data.rows
    first, last = data.span
    rows = slice(first, last)
    forecasts = data.forecasts(model, rows)
    gains = virtual_gains(data.bars.rows(first, last), data.volatility[rows], forecasts, config)
    picked = hold_out - first
    outcome = data.labels.net_return[hold_out] > 0.0
    probability = forecasts.probability[picked]
    base = np.broadcast_to(outcome.mean(axis=0), outcome.shape)
    return HoldOutResult(
        scores=score_probabilities(outcome.ravel(), probability.ravel()),
        sharpe=sharpe_ratio(gains, data.bars.periods_per_year),
        base_loss=float(log_loss(outcome, base).mean()),
    )


def hold_out_case(model: Model, data: HoldOutData, name: str) -> Case:
    """Return a model's forecasts of the hold-out as a case; only its rows are scored."""
    first, last = data.span
    part = slice(first, last)
    forecasts = data.forecasts(model, part)
    probability = np.full((last - first, 2), np.nan)
    probability[data.rows - first] = forecasts.probability[data.rows - first]
    labels = data.labels
    none = np.zeros(last - first, dtype=np.int8)
    return Case(
        name=name,
        bars=data.bars.rows(first, last),
        volatility=data.volatility[part],
        labels=Labels(**{n: getattr(labels, n)[part] for n in Labels.__dataclass_fields__}),
        forecasts=forecasts,
        probability=probability,
        rules=none if data.rules is None else data.rules[part],
        first_ns=int(data.bars.event_time[first]),
    )


def loss_by_instant(model: Model, data: HoldOutData) -> Float64Array:
    """Mean log loss of a model at each distinct decision time held out, in time order."""
    rows = data.rows
    forecasts = data.forecasts(model, rows)
    outcome = data.labels.net_return[rows] > 0.0
    loss = log_loss(outcome, forecasts.probability).mean(axis=1)
    _, index = np.unique(data.labels.start_time[rows], return_inverse=True)
    return np.bincount(index, weights=loss) / np.bincount(index)


def mean_and_error(difference: Float64Array, block: int) -> tuple[float, float]:
    """Mean of a dependent series and its standard error, from means of blocks of ``block``."""
    blocks = len(difference) // block
    if blocks < 2:
        return float(difference.mean()) if len(difference) else math.nan, math.inf
    means = difference[: blocks * block].reshape(blocks, block).mean(axis=1)
    return float(difference.mean()), float(means.std(ddof=1) / math.sqrt(blocks))
