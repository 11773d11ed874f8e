"""``Book``: an account or a virtual book, stepped over market data by the compiled step."""

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.errors import BadData
from edgekeeper.simulator import state as at
from edgekeeper.simulator.guards import rearm_model
from edgekeeper.simulator.state import BookState
from edgekeeper.simulator.step import Chunk, Log, advance
from edgekeeper.types import Float64Array, Forecasts, Int8Array

__all__ = ["Book", "MarketFeed", "book_parameters"]


def book_parameters(
    config: Config, *, periods_per_year: float, virtual: bool, cost_multiple: float = 1.0
) -> Float64Array:
    """Flatten a configuration into the parameters of the compiled step."""
    parameters = np.zeros(at.N_PARAMETERS)
    costs = config.costs
    side_bps = costs.fee_bps + costs.half_spread_bps + costs.slippage_bps
    values = {
        at.COST: cost_multiple * side_bps * 1e-4,
        at.BORROW_PER_BAR: cost_multiple * costs.borrow_bps_year * 1e-4 / periods_per_year,
        at.TARGET_WIDTH: config.labels.target,
        at.STOP_WIDTH: config.labels.stop,
        at.HORIZON: config.labels.horizon_bars,
        at.TAKE_ABOVE: config.policy.take_above,
        at.REDUCE_ABOVE: config.policy.reduce_above,
        at.REDUCE_SIZE: config.policy.reduce_size,
        at.MAX_NOVELTY: config.policy.max_novelty,
        at.SHORTING: config.policy.shorting,
        at.MAX_POSITION: config.limits.max_position,
        at.MAX_POSITIONS: config.limits.max_positions,
        at.MAX_RISK: config.limits.max_risk,
        at.MAX_GROSS: config.limits.max_gross,
        at.STREAK_LIMIT: config.guards.loss_streak,
        at.MODEL_DRAWDOWN: config.guards.model_drawdown,
        at.LATENCY_LIMIT_MS: config.guards.latency_ms,
        at.LATENCY_TIMES: config.guards.latency_times,
        at.REARM_AFTER_BARS: config.guards.rearm_after_bars,
        at.ACCOUNT_DRAWDOWN: config.guards.account_drawdown,
        at.DAILY_LOSS: config.guards.daily_loss,
        at.VIRTUAL: virtual,
        at.FALLBACK: at.FALLBACK_CASH if config.fallback == "cash" else at.FALLBACK_RULES,
    }
    for index, value in values.items():
        parameters[index] = float(value)
    return parameters


class MarketFeed:
    """Bars with what is needed to decide on them, cut into chunks of instants.

    Parameters
    ----------
    bars : Bars
    volatility : float64 [N]
        Predicted standard deviation of the next bar's log return; NaN while warming up.
    rule : int8 [N]
        The rules' signal: +1 long, -1 short, 0 none.
    max_age_ns : int
        Bars known later than this after their close lead to no new entries.
    latency_ms : float64 [T], optional
        Recorded prediction latency of each instant; 0 where nothing was recorded.
    """

    def __init__(
        self,
        bars: Bars,
        volatility: Float64Array,
        rule: Int8Array,
        *,
        max_age_ns: int,
        latency_ms: Float64Array | None = None,
    ) -> None:
        if volatility.shape != (len(bars),) or rule.shape != (len(bars),):
            raise BadData(
                f"expected volatility and rule for each of {len(bars)} bars, got "
                f"{volatility.shape} and {rule.shape}"
            )
        self.bars = bars
        self.offsets = bars.instant_offsets
        self.instants = bars.instants
        self.volatility = np.ascontiguousarray(volatility, dtype=np.float64)
        self.rule = np.ascontiguousarray(rule, dtype=np.int8)
        self.fresh = (bars.known_time - bars.event_time <= max_age_ns).astype(np.int8)
        self.latency_ms = np.zeros(len(self.instants)) if latency_ms is None else latency_ms
        self.open = bars.adjusted("open")
        self.high = bars.adjusted("high")
        self.low = bars.adjusted("low")
        self.close = bars.adjusted("close")

    def chunk(self, first: int, last: int, forecasts: Forecasts | None = None) -> Chunk:
        """Instants ``first:last``; ``forecasts`` covers exactly their rows, or is absent."""
        start, stop = int(self.offsets[first]), int(self.offsets[last])
        if forecasts is None:
            forecasts = Forecasts.empty(stop - start)
        elif len(forecasts) != stop - start:
            raise BadData(f"expected {stop - start} forecasts, got {len(forecasts)}")
        rows = slice(start, stop)
        return Chunk(
            offsets=self.offsets[first : last + 1] - start,
            time=self.instants[first:last],
            latency_ms=self.latency_ms[first:last],
            symbol=self.bars.symbol[rows],
            open=self.open[rows],
            high=self.high[rows],
            low=self.low[rows],
            close=self.close[rows],
            volatility=self.volatility[rows],
            probability=forecasts.probability,
            expected=forecasts.expected_return,
            novelty=forecasts.novelty,
            rule=self.rule[rows],
            fresh=self.fresh[rows],
        )


class Book:
    """State plus parameters. ``step`` may be called with one bar or with a whole history.

    Parameters
    ----------
    parameters : float64 [N_PARAMETERS]
        From :func:`book_parameters`; the book keeps its own copy.
    symbols : int
    cash : float
        Starting balance; 0 for a virtual book.
    """

    def __init__(self, parameters: Float64Array, symbols: int, cash: float = 0.0) -> None:
        self.parameters = parameters.copy()
        self.symbols = symbols
        self.state = BookState.start(symbols, cash)

    @property
    def halted(self) -> bool:
        """Whether a person has to resume the account."""
        return bool(self.state.account[at.HALTED])

    @property
    def paused(self) -> bool:
        """Whether the fallback trades in the model's place."""
        return bool(self.state.account[at.PAUSED])

    @property
    def equity(self) -> float:
        """Cash plus positions at the last prices."""
        return float(self.state.account[at.EQUITY])

    def use_model(self, present: bool) -> None:
        """Say whether a champion decides; a new one starts with a clean record."""
        self.parameters[at.HAS_MODEL] = float(present)
        rearm_model(self.state.account)

    def resume(self) -> None:
        """Lift a halt, as a person's act; drawdown is measured afresh from here."""
        self.state.account[at.HALTED] = 0.0
        self.state.account[at.PEAK_EQUITY] = self.state.account[at.EQUITY]
        self.state.account[at.DAY_START_EQUITY] = self.state.account[at.EQUITY]

    def halt(self) -> None:
        """Stop all new entries until :meth:`resume`."""
        self.state.account[at.HALTED] = 1.0

    def step(self, chunk: Chunk) -> Log:
        """Advance over a chunk; returns what was decided, filled, closed and guarded."""
        log = self._new_log(len(chunk.symbol), len(chunk.time))
        state = self.state
        advance(chunk, state.positions, state.clocks, state.account, self.parameters, log)
        return log

    def _new_log(self, rows: int, instants: int) -> Log:
        virtual = bool(self.parameters[at.VIRTUAL])
        shape = (instants, self.symbols) if virtual else (0, 0)
        return Log(
            decision=np.empty(rows, np.int8),
            direction=np.empty(rows, np.int8),
            reason=np.empty(rows, np.int8),
            source=np.empty(rows, np.int8),
            value=np.zeros(rows),
            stop=np.zeros(rows),
            target=np.zeros(rows),
            equity=np.empty((instants, 4)),
            held=np.empty(shape),
            opened=np.empty(shape),
            trades=np.empty((2 * rows, len(at.TRADE_COLUMNS))),
            trade_keys=np.empty((2 * rows, 7), np.int64),
            fills=np.empty((3 * rows, 3)),
            fill_keys=np.empty((3 * rows, 4), np.int64),
            guards=np.empty((2 * instants, 3), np.int64),
            guard_values=np.empty(2 * instants),
            counts=np.zeros(3, np.int64),
            rank=np.zeros(rows),
            planned=np.empty(3),
        )
