"""Which line decides which signal: an A/B test deals them out by the hash of their names.

The same signal goes to the same line after a restart and on a replica, and whoever sends signals
cannot choose. Both sides of a bar are one signal.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgekeeper.bars import Bars
from edgekeeper.types import BoolArray, Forecasts, Int64Array

if TYPE_CHECKING:
    from edgekeeper.trade.roster import Roster

__all__ = ["NOBODY", "Dealt", "arm_of", "deal"]

NOBODY = -1
_SPAN = float(2**64)


@dataclass(frozen=True, slots=True)
class Dealt:
    """Signals of some rows, dealt out.

    Attributes
    ----------
    forecasts : Forecasts or None
        Of whoever decides each row; None where no line decides any.
    by_model : bool [n] or None
        Rows that a line decides; None: all of them, or none.
    packages : sequence of (str or None) or None
        Package that decides each row; None: the same for all.
    policy : uint16 [n] or None
        By which of the account's policies each row is decided; None: all by the run's.
    """

    forecasts: Forecasts | None
    by_model: BoolArray | None = None
    packages: Sequence[str | None] | None = None
    policy: NDArray[np.uint16] | None = None


def arm_of(ids: Sequence[str], shares: Sequence[float]) -> Int64Array:
    """Return which challenger decides each signal, as an index; ``NOBODY``: none of them.

    Examples
    --------
    >>> arms = arm_of([f"BTC@{t}" for t in range(10_000)], [0.1, 0.25])
    >>> [round(float((arms == k).mean()), 2) for k in (NOBODY, 0, 1)]
    [0.66, 0.1, 0.25]
    """
    bounds = np.cumsum(shares)
    places = np.array(
        [
            int.from_bytes(hashlib.blake2b(one.encode(), digest_size=8).digest(), "big") / _SPAN
            for one in ids
        ]
    )
    arms = np.searchsorted(bounds, places, side="right")
    return np.where(arms < len(bounds), arms, NOBODY).astype(np.int64)


def deal(bars: Bars, rows: slice, roster: "Roster", forecasts: Mapping[str, Forecasts]) -> Dealt:
    """Deal the signals of some rows out among champion and challengers.

    Parameters
    ----------
    forecasts : mapping of line to Forecasts
        Of these rows.
    """
    challengers = {name: share for name, share in roster.challengers.items() if name in forecasts}
    champion = roster.champion
    base = forecasts.get(champion) if champion else None
    place = 0 if champion is None else roster.place_of(champion)
    policy = np.full(rows.stop - rows.start, place, dtype=np.uint16)
    if not challengers:
        return Dealt(base, policy=policy if place else None)
    names = [bars.symbols[k] for k in bars.symbol[rows]]
    ids = [f"{name}@{time}" for name, time in zip(names, bars.event_time[rows], strict=True)]
    arms = arm_of(ids, list(challengers.values()))
    mixed = Forecasts.empty(len(ids)) if base is None else base
    fields = {name: getattr(mixed, name).copy() for name in Forecasts.__dataclass_fields__}
    owner = None if champion is None else roster.seats[champion].line.package
    packages: list[str | None] = [owner] * len(ids)
    for k, name in enumerate(challengers):
        mine = np.flatnonzero(arms == k)
        for field, values in fields.items():
            values[mine] = getattr(forecasts[name], field)[mine]
        for row in mine.tolist():
            packages[row] = roster.seats[name].line.package
        policy[mine] = roster.place_of(name)
    by_model = None if base is not None else arms != NOBODY
    return Dealt(Forecasts(**fields), by_model, packages, policy if policy.any() else None)
