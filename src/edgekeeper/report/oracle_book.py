"""What the truth about a made market would earn, through the same policy and at the same costs."""

import numpy as np

from edgekeeper.config import Config
from edgekeeper.features import evaluate
from edgekeeper.fills import EXIT_REASONS
from edgekeeper.models import Outcomes, fit_heads
from edgekeeper.simulator import Book, MarketFeed, book_parameters
from edgekeeper.train import barrier_of
from edgekeeper.types import Float64Array
from edgekeeper.worlds import MOST_SYMBOLS, World, visible_state

__all__ = ["oracle_gains", "visible_oracle_gains"]

_STOP = EXIT_REASONS.index("stop")


def oracle_gains(world: World, config: Config, *, relative: bool = False) -> Float64Array | None:
    """Gain of each bar, float64 [T], of a line that knows the hidden state; None without an edge.

    Its score is the state itself, with the sign it has at that bar: neither has to be guessed from
    bars. Heads turn it into forecasts as they do for any learner, fitted on all outcomes of the
    market, and a virtual book trades them. So bands, sizes and costs are those of a line. A
    ``relative`` oracle compares the symbols of a bar, as lines with that target do: what states
    share is a bet on the market as a whole, which costs it more in risk than it brings.
    """
    if world.relation is None:
        return None
    return _gains(world, config, np.abs(world.state) * np.sign(world.alpha), relative)


def visible_oracle_gains(
    world: World, config: Config, *, relative: bool = False
) -> Float64Array | None:
    """Gain of each bar, float64 [T], of a line that knows how bars are made, and sees bars alone.

    Its score is what bars up to then let expect of the state, all parameters known as they are at
    that bar (:func:`worlds.visible_state`), with the sign they have. All else is as for
    :func:`oracle_gains`, heads that know all outcomes included. None without an edge, and where
    there are too many symbols to filter.
    """
    if world.relation is None or len(world.bars.symbols) > MOST_SYMBOLS:
        return None
    sign = np.repeat(world.relation.edge.sign, len(world.bars.symbols))
    return _gains(world, config, visible_state(world).mean * sign, relative)


def _gains(world: World, config: Config, score: Float64Array, relative: bool) -> Float64Array:
    """Gain of each bar of a virtual book over a score whose heads know all outcomes."""
    bars = world.bars
    volatility = evaluate(config.labels.volatility, bars)
    labels = barrier_of(config).label(bars, volatility)
    known = np.isfinite(labels.net_return).all(axis=1)
    held = np.where(labels.bars_held > 0, labels.bars_held, np.nan).astype(np.float64)
    stopped = np.where(np.isfinite(held), labels.exit_reason == _STOP, np.nan)
    weight = np.where(known, 1.0 / np.maximum(labels.bars_held.mean(axis=1), 1.0), 0.0)
    heads = fit_heads(
        score,
        volatility,
        Outcomes(labels.net_return, stopped, held),
        weight,
        horizon=config.labels.horizon_bars,
        event_time=bars.event_time if relative else None,
    )
    novelty = np.zeros(len(score))
    forecasts = heads.forecast(score, volatility, novelty, event_time=bars.event_time)
    feed = MarketFeed(
        bars, volatility, np.zeros(len(bars), dtype=np.int8), max_age_ns=np.iinfo(np.int64).max
    )
    parameters = book_parameters(config, periods_per_year=bars.periods_per_year, virtual=True)
    book = Book(parameters, len(bars.symbols))
    book.use_model(True)
    log = book.step(feed.chunk(0, len(bars.instants), forecasts))
    return np.diff(log.equity[:, 0], prepend=0.0)
