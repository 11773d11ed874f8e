"""What the report of a back-test tells: figures and series, no layout."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgekeeper.report.story import Drawdown
from edgekeeper.stats.performance import Performance
from edgekeeper.types import Float64Array, Int64Array

__all__ = [
    "Activity",
    "BacktestStory",
    "CostsPaid",
    "Impact",
    "Look",
    "StopsGapped",
    "Stretch",
    "TunedWindow",
    "WalkForwardStory",
]


@dataclass(frozen=True, slots=True)
class CostsPaid:
    """Money that trading took, part by part.

    ``impact`` is estimated from participation and is not in the account's equity; ``gap_through``
    is what stops lost beyond their price, which is in it without being a fee. ``total`` is what the
    account paid: the first four.
    """

    fees: float
    half_spread: float
    slippage: float
    borrow: float
    impact: float
    gap_through: float

    @property
    def total(self) -> float:
        """What the account paid."""
        return self.fees + self.half_spread + self.slippage + self.borrow


@dataclass(frozen=True, slots=True)
class StopsGapped:
    """Stops hit, how many of them filled beyond their price, and the worst, of its value."""

    stops: int
    gapped: int
    worst: float


@dataclass(frozen=True, slots=True)
class Activity:
    """How busy an account was. Exposures are shares of equity; NaN where nothing was traded.

    Attributes
    ----------
    turnover : float
        Value of all fills in a year, as a multiple of mean equity.
    time_in_market : float
        Share of the bars that ended with a position.
    """

    trades: int
    win_rate: float
    profit_factor: float
    mean_exposure: float
    max_exposure: float
    mean_net_exposure: float
    time_in_market: float
    turnover: float
    mean_bars_held: float
    median_bars_held: float
    median_days_held: float


@dataclass(frozen=True, slots=True)
class Impact:
    """Market impact by participation, and the capacity that follows from it.

    Attributes
    ----------
    rule : str
        In words, coefficient included.
    fills, without_volume : int
        Fills, and those in a bar of unknown or no volume, which are charged nothing.
    median_participation, largest_participation : float
        Share of a bar's volume that a fill was.
    mean_bps : float
        Impact of the fills that could be judged, of their value.
    capacity : float
        Starting equity at which impact takes all that was earned, or at which the largest fill
        would be the whole volume of its bar; 0 without profit, NaN without volume.
    bound : str
        Which of the two, or why there is none.
    """

    rule: str
    fills: int
    without_volume: int
    median_participation: float
    largest_participation: float
    mean_bps: float
    capacity: float
    bound: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """One account over consecutive bars. ``books`` are what is compared, in order.

    Attributes
    ----------
    time_ns : int64 [T]
    equity : mapping of str to float64 [T]
        Of ``model``, ``with_impact``, ``double_cost`` and ``rules``.
    exposure : float64 [T]
        Gross exposure of the model's account, as a share of its equity.
    """

    time_ns: Int64Array
    equity: Mapping[str, Float64Array]
    exposure: Float64Array
    books: Mapping[str, Performance]
    costs: CostsPaid
    gaps: StopsGapped
    activity: Activity
    impact: Impact
    monthly: Mapping[str, float]
    drawdowns: tuple[Drawdown, ...]

    def record(self) -> dict[str, Any]:
        """Figures for programs, without the series."""
        return {
            "first_ns": int(self.time_ns[0]),
            "last_ns": int(self.time_ns[-1]),
            "bars": len(self.time_ns),
            "equity_net": float(self.equity["model"][-1]),
            "trades": self.activity.trades,
            **asdict(self.books["model"]),
            **{name: asdict(book) for name, book in self.books.items() if name != "model"},
            "costs": {**asdict(self.costs), "total": self.costs.total},
            "stops": asdict(self.gaps),
            "activity": asdict(self.activity),
            "impact": asdict(self.impact),
            "monthly": dict(self.monthly),
            "drawdowns": [asdict(fall) for fall in self.drawdowns],
        }


@dataclass(frozen=True, slots=True)
class TunedWindow:
    """What was chosen on one training window, and what it was worth on the bars after it."""

    train_first_ns: int
    train_last_ns: int
    test_first_ns: int
    test_last_ns: int
    setting: Mapping[str, float | str]
    promised_sharpe: float
    delivered_sharpe: float


@dataclass(frozen=True, slots=True)
class Look:
    """One setting on one training window: a trial.

    Attributes
    ----------
    profile : float64 [blocks]
        Mean return of a bar in consecutive blocks, by which looks are told to be alike.
    """

    window: int
    setting: Mapping[str, float | str]
    sharpe: float
    profile: Float64Array
    chosen: bool


@dataclass(frozen=True, slots=True)
class WalkForwardStory:
    """Policy parameters chosen again and again on the past alone.

    Attributes
    ----------
    windows : tuple of TunedWindow
    looks : tuple of Look
        Every setting on every training window: that many trials.
    time_ns, equity, untuned_equity : [T]
        Of one account over all test windows, with the choices and with the configuration as it is.
    overfitting : float
        Probability that the best setting of one half of the bars is below the median of the other.
    """

    windows: tuple[TunedWindow, ...]
    looks: tuple[Look, ...]
    time_ns: Int64Array
    equity: Float64Array
    untuned_equity: Float64Array
    tuned: Performance
    untuned: Performance
    overfitting: float
    probability_of_loss: float

    @property
    def trials(self) -> int:
        """Settings looked at, all windows together."""
        return len(self.looks)

    @property
    def settings(self) -> int:
        """Settings looked at in each window."""
        return len(self.looks) // len(self.windows)

    def record(self) -> dict[str, Any]:
        """Figures for programs, without the series."""
        return {
            "settings": self.settings,
            "trials": self.trials,
            "windows": [asdict(window) for window in self.windows],
            "tuned": asdict(self.tuned),
            "untuned": asdict(self.untuned),
            "overfitting": self.overfitting,
            "probability_of_loss": self.probability_of_loss,
        }


@dataclass(frozen=True, slots=True)
class BacktestStory:
    """A back-test: the bars the model has not seen, and apart from them those it has.

    ``unseen`` or ``seen`` is None where there is no such bar. Only ``unseen`` is evidence.
    """

    model: str
    line: str
    currency: str
    cash: float
    unseen: Stretch | None
    seen: Stretch | None
    walk_forward: WalkForwardStory | None
    note: str
    assumptions: tuple[str, ...]
