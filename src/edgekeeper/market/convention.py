"""How a table of bars means its times: what every source and every import has to declare."""

from dataclasses import dataclass
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from edgekeeper.errors import UsageError, nearest
from edgekeeper.market.interval import parse_interval

__all__ = ["Convention", "Stamp"]

Stamp = Literal["auto", "start", "end"]


@dataclass(frozen=True, slots=True)
class Convention:
    """How to read the times of a table. What is left open is assumed, and the assumption printed.

    Attributes
    ----------
    stamp : {"auto", "start", "end"}
        Which end of a bar its time names. ``auto``: intraday times are starts; a bare date is that
        day's close at its venue.
    tz : str
        Zone of times without one, such as ``"America/New_York"``. Times with an offset are
        converted to it, which also settles files whose offset changes with daylight saving.
    venue : str
        Whose sessions close a day: ``"auto"`` (by symbol), ``"24/7"`` (crypto), ``"FX"``, or an
        exchange code such as ``"XNYS"`` or ``"XASX"``.
    interval : str
        ``"1m"`` to ``"1d"``; empty: read off the data.
    dates : str
        Date pattern for text that could be read in two ways, such as ``"%d/%m/%Y"``.

    Raises
    ------
    UsageError
        An unknown stamp, zone or interval. Venues are checked when they are first needed.
    """

    stamp: Stamp = "auto"
    tz: str = ""
    venue: str = "auto"
    interval: str = ""
    dates: str = ""

    def __post_init__(self) -> None:
        if self.stamp not in get_args(Stamp):
            raise UsageError(
                f"stamp: expected one of {get_args(Stamp)}, got {self.stamp!r}"
                f"{nearest(self.stamp, get_args(Stamp))}"
            )
        if self.tz:
            _check_zone(self.tz)
        if self.interval:
            parse_interval(self.interval)


def _check_zone(tz: str) -> None:
    try:
        ZoneInfo(tz)
    except (KeyError, ValueError, OSError) as error:
        from zoneinfo import available_timezones

        raise UsageError(
            f"tz: expected a zone such as 'America/New_York' or 'UTC', got {tz!r}"
            f"{nearest(tz, available_timezones())}"
        ) from error
