"""The recipe all kinds share: volatility, hidden state, carriers, prices, volume, and the truth."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.types import Float64Array, Int64Array
from edgekeeper.worlds.edge import Edge
from edgekeeper.worlds.oracle import calibrate, hold_weights, realised_sharpe
from edgekeeper.worlds.paths import Prices, draw_prices
from edgekeeper.worlds.processes import PERIODS_PER_YEAR, Nature, Volatility, ar1, draw_volatility
from edgekeeper.worlds.relation import Relation
from edgekeeper.worlds.volume import draw_volume
from edgekeeper.worlds.world import World

__all__ = ["Setting", "draw_market", "session_closes"]

_FIRST_DAY = np.datetime64("2010-01-04")
_CLOSE_HOUR_UTC = 21
_HOUR_NS = 3_600 * 10**9
_DAY_NS = 24 * _HOUR_NS
_HIGHEST_DRIFT_SHARPE = 1.5
_CORRELATION_OF_RETURNS = 0.4


@dataclass(frozen=True, slots=True)
class Setting:
    """What every kind of world is asked for, and the generator it draws from."""

    rng: np.random.Generator
    seed: int
    symbols: int
    bars: int
    drift_sharpe: float | None


def session_closes(bars: int) -> Int64Array:
    """Closes of business days from 2010-01-04 at 21:00 UTC, int64 [bars]."""
    days = np.busday_offset(_FIRST_DAY, np.arange(bars))
    return days.astype(np.int64) * _DAY_NS + _CLOSE_HOUR_UTC * _HOUR_NS


def draw_market(
    setting: Setting, kind: str, edge: Edge | None, nature: Nature = "fat_tailed"
) -> World:
    """Draw a whole market, with or without an edge, and say what is true about it."""
    rng, shape = setting.rng, (setting.bars, setting.symbols)
    volatility = draw_volatility(rng, *shape, nature)
    drift, sharpe = _draw_drift(rng, volatility, setting.drift_sharpe)
    state, alpha, carried = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    widening = np.ones(shape)
    if edge is not None:
        found = calibrate(edge.net_sharpe, edge.persistence, setting.symbols)
        state = ar1(rng.standard_normal(shape), edge.persistence)
        aim = state * edge.sign[:, None]
        alpha = found.strength * volatility.predictable[1:] * aim
        carried = edge.visibility * np.cos(edge.angle)[:, None] * state
        widening = _widening(edge.visibility * np.sin(edge.angle)[:, None], state)
    in_session = np.vstack([np.zeros((1, setting.symbols)), alpha[:-1]])
    variance = volatility.variance * widening
    prices = draw_prices(rng, variance, drift, in_session, volatility.jump)
    usual_move = volatility.predictable[:-1] * np.sqrt(widening)
    best, relation = 0.0, None
    bars, volume_level = _as_bars(rng, prices, usual_move, carried)
    if edge is not None:
        weights = hold_weights(aim, volatility.predictable[1:], found.rate, found.band)
        best = realised_sharpe(weights, prices.open)
        relation = Relation(edge, found.strength, volatility.typical, drift, volume_level)
    return World(
        bars=bars,
        kind=kind,
        seed=setting.seed,
        state=state.ravel(),
        alpha=alpha.ravel(),
        drift=np.tile(drift, setting.bars),
        best_net_sharpe=best,
        drift_sharpe=sharpe,
        relation=relation,
    )


def _draw_drift(
    rng: np.random.Generator, volatility: Volatility, asked: float | None
) -> tuple[Float64Array, float]:
    """Mean return of a bar for each symbol, and the annual Sharpe ratio of holding all of them."""
    drawn = float(rng.uniform(0.0, _HIGHEST_DRIFT_SHARPE))
    sharpe = drawn if asked is None else float(asked)
    symbols = len(volatility.typical)
    # Holding all at equal risk diversifies: its Sharpe ratio is this many times one symbol's.
    gain = np.sqrt(symbols / (1.0 + (symbols - 1) * _CORRELATION_OF_RETURNS))
    return sharpe / gain / np.sqrt(PERIODS_PER_YEAR) * volatility.typical, sharpe


def _widening(visibility: Float64Array, state: Float64Array) -> Float64Array:
    """Factor of mean one on each bar's variance that shows the state in its range."""
    return np.exp(visibility * state - visibility**2 / 2.0)


def _as_bars(
    rng: np.random.Generator, prices: Prices, usual_move: Float64Array, carried: Float64Array
) -> tuple[Bars, Float64Array]:
    """Bars, and the level of each symbol's log volume."""
    bars, symbols = prices.close.shape
    move = np.abs(np.log(prices.close / prices.open)) / usual_move
    names = [f"SIM{s:03d}" for s in range(symbols)]
    volume, level = draw_volume(rng, move, carried)
    made = Bars.from_arrays(
        symbol=np.tile(names, bars),
        event_time=np.repeat(session_closes(bars), symbols),
        open=prices.open.ravel(),
        high=prices.high.ravel(),
        low=prices.low.ravel(),
        close=prices.close.ravel(),
        volume=volume.ravel(),
    )
    return made, level
