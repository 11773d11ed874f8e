"""What a run has done and where it stands, in sums: what the metrics are made from."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field

__all__ = ["ACCOUNT", "LATENCY_BUCKETS", "Account", "Line", "RunFigures"]

ACCOUNT = "edgekeeper"
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_Money = defaultdict[tuple[str, str], float]


def _money() -> _Money:
    return defaultdict(float)


@dataclass(slots=True)
class Account:
    """An account's money at its newest bar."""

    equity: float = math.nan
    high: float = -math.inf
    gross_exposure: float = math.nan
    net_exposure: float = math.nan

    @property
    def drawdown(self) -> float:
        """Fall from its high, 0 to 1."""
        return 1.0 - self.equity / self.high if self.high > 0.0 else math.nan


@dataclass(slots=True)
class Line:
    """A line's stage and its evidence, in logarithms; minus infinity: that bet is ruined."""

    stage: str = "candidate"
    log_evidence: dict[str, float] = field(default_factory=dict)
    log_threshold: float = math.nan
    log_harm: float = math.nan
    last_fit_ns: int | None = None
    last_drift_ns: int | None = None


@dataclass(slots=True)
class RunFigures:
    """Sums over a whole run, and its newest state.

    Attributes
    ----------
    decisions : counter of (decision, symbol)
    reasons : counter of reason
        Why the account skipped.
    fits : counter of (line, verdict)
    requests : counter of (line, reason)
    alerts : counter of severity
    last_alert_ns : mapping of (rule, severity) to market time
    standing : mapping of (rule, severity) to whether it is not over yet
    trades : counter of (account, by, result)
    gains, losses, costs : mapping of (account, by)
        In base currency; losses as positive amounts.
    orders : counter of (kind, outcome)
    links : mapping of role to length of its chain
    latency : list of int
        Forecasts by bucket of :data:`LATENCY_BUCKETS`, above the last one last.
    recent : mapping of (metric, cause) to (value, count)
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    decisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    fits: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    alerts: Counter[str] = field(default_factory=Counter)
    last_alert_ns: dict[tuple[str, str], int] = field(default_factory=dict)
    standing: dict[tuple[str, str], bool] = field(default_factory=dict)
    trades: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    gains: _Money = field(default_factory=_money)
    losses: _Money = field(default_factory=_money)
    costs: _Money = field(default_factory=_money)
    orders: Counter[tuple[str, str]] = field(default_factory=Counter)
    links: dict[str, int] = field(default_factory=dict)
    latency: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BUCKETS) + 1))
    latency_sum: float = 0.0
    last_latency: float = math.nan
    bars: int = 0
    instants: int = 0
    last_bar_ns: int | None = None
    last_taken_ns: int | None = None
    halted: bool = False
    paused: bool = False
    recent: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)
