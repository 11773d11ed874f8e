"""Worlds by name. A new kind is one file like its neighbours, and one line in ``KINDS``."""

import inspect
import math
from collections.abc import Callable
from zlib import crc32

import numpy as np

from edgekeeper.errors import UsageError, nearest
from edgekeeper.worlds.flip import flip
from edgekeeper.worlds.leak import leak
from edgekeeper.worlds.market import Setting
from edgekeeper.worlds.noise import noise
from edgekeeper.worlds.planted import planted
from edgekeeper.worlds.slow_drift import slow_drift
from edgekeeper.worlds.world import World

__all__ = ["KINDS", "make_world"]

KINDS: dict[str, Callable[..., World]] = {
    "noise": noise,
    "planted": planted,
    "flip": flip,
    "slow_drift": slow_drift,
    "leak": leak,
}


def make_world(
    kind: str,
    *,
    seed: int,
    symbols: int = 8,
    bars: int = 2500,
    drift_sharpe: float | None = None,
    **options: float | str,
) -> World:
    """Draw a market of daily bars with a known truth; the same arguments give the same bits.

    Parameters
    ----------
    kind : str
        ``noise``: nothing to find but drift. ``planted``: a hidden state shows in the volume and
        moves the next bars. ``flip``: the same, until its meaning turns round. ``slow_drift``:
        what shows the state turns slowly from the volume to the range of the bars. ``leak``:
        noise with a column that knows the future.
    seed : int
        See :func:`worlds.seeds` for the written ranges.
    symbols, bars : int
        1 to 1000 symbols, 30 to 100 000 bars of each.
    drift_sharpe : float or None
        Annual Sharpe ratio of holding everything at equal risk; None draws it from 0 to 1.5, so
        that being long must not pass for skill.
    **options
        Of the kind: ``net_sharpe``, ``half_life``, ``visibility`` (those with an edge);
        ``nature`` (noise), ``flip_at`` (flip);
        ``turn`` (slow_drift); ``declared``, ``horizon`` (leak).

    Raises
    ------
    UsageError
        An unknown kind or option, or a value out of range.

    Examples
    --------
    >>> world = make_world("planted", seed=1, symbols=2, bars=100, net_sharpe=3.0)
    >>> len(world.bars), world.bars.symbols
    (200, ('SIM000', 'SIM001'))
    """
    if kind not in KINDS:
        raise UsageError(
            f"kind: expected one of {', '.join(KINDS)}, got {kind!r}{nearest(str(kind), KINDS)}"
        )
    _check_range("seed", seed, 0, 2**63 - 1)
    _check_range("symbols", symbols, 1, 1_000)
    _check_range("bars", bars, 30, 100_000)
    _check_options(kind, {**options, "drift_sharpe": 0.0 if drift_sharpe is None else drift_sharpe})
    if drift_sharpe is not None and not -10.0 <= drift_sharpe <= 10.0:
        raise UsageError(f"drift_sharpe: expected -10 to 10, got {drift_sharpe!r}")
    # The kind is part of the seed, so worlds of two kinds with one seed share nothing.
    sequence = np.random.SeedSequence(seed, spawn_key=(crc32(kind.encode()),))
    rng = np.random.Generator(np.random.PCG64(sequence))
    return KINDS[kind](Setting(rng, seed, symbols, bars, drift_sharpe), **options)


def _check_range(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UsageError(f"{name}: expected a whole number from {low} to {high}, got {value!r}")


def _check_options(kind: str, options: dict[str, float | str]) -> None:
    parameters = inspect.signature(KINDS[kind]).parameters
    known = {name: p.default for name, p in parameters.items() if name != "setting"}
    known["drift_sharpe"] = 0.0
    for name, value in options.items():
        if name not in known:
            raise UsageError(
                f"expected options of a {kind} world among {', '.join(sorted(known))}, got "
                f"{name!r}{nearest(name, known)}"
            )
        wants_text = isinstance(known[name], str)
        usable = isinstance(value, str) if wants_text else _is_finite_number(value)
        if not usable:
            wanted = "text" if wants_text else "a finite number"
            raise UsageError(f"{name}: expected {wanted}, got {value!r}")


def _is_finite_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
