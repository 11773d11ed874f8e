"""Bars that have come and wait for their turn, judged against those already given."""

import numpy as np
import polars as pl

from edgekeeper.bars import COLUMNS
from edgekeeper.market.live.sifting import CLOSED, Sifted, refused_rows
from edgekeeper.market.quarantine import QUARANTINE
from edgekeeper.types import Int64Array

__all__ = ["Inbox"]

_BAR = ["event_time", "symbol"]
_REMEMBERED = 20_000


class Inbox:
    """Bars by instant: what is given never changes, what waits is replaced by what comes later.

    Parameters
    ----------
    given_ns : int
        Last instant given.
    since_ns : int
        First instant this feed knows of: older rows come from before its time, and are passed over.
    source : str
        Name that rows set aside carry.

    Attributes
    ----------
    given_ns : int
    """

    def __init__(self, given_ns: int, since_ns: int, source: str) -> None:
        self.given_ns = given_ns
        self._since_ns = since_ns
        self._source = source
        self._past = pl.DataFrame(schema=CLOSED)
        self._waiting = pl.DataFrame(schema=CLOSED)
        self._stored = pl.DataFrame(schema=CLOSED)
        self._refused: dict[tuple[object, ...], None] = {}

    def remember(self, given: pl.DataFrame) -> None:
        """Take bars as given (of schema ``CLOSED``), to know them again."""
        self._past = _newest(self._past, given)

    def restore(self, stored: pl.DataFrame) -> None:
        """Let stored bars wait that were not given; what comes for them later is a revision."""
        self._stored = stored
        self._waiting = _newest(self._waiting, stored)

    def begin_after(self, given_ns: int, keep_from_ns: int) -> None:
        """Count everything up to ``given_ns`` as given; forget what is older than ``keep_from_ns``.

        Raises
        ------
        ValueError
            Time would run backwards.
        """
        if given_ns < self.given_ns:
            raise ValueError(f"expected an instant from {self.given_ns} on, got {given_ns}")
        self.given_ns = given_ns
        older = pl.col("event_time") <= given_ns
        self._waiting, self._stored = self._waiting.filter(~older), self._stored.filter(~older)
        self._past = self._past.filter(pl.col("event_time") >= keep_from_ns)

    def receive(self, sifted: Sifted) -> pl.DataFrame:
        """Take in an answer; return rows newly refused, of schema ``QUARANTINE``."""
        known = pl.concat([self._past, self._stored])
        values = [*_BAR, *COLUMNS]
        fresh = _plain(sifted.bars).join(known, on=values, how="anti", nulls_equal=True)
        again = fresh.join(known, on=_BAR, how="semi")
        other = fresh.join(known, on=_BAR, how="anti")
        late = other.filter(pl.col("event_time").is_between(self._since_ns + 1, self.given_ns))
        new = other.filter(pl.col("event_time") > self.given_ns)
        self._waiting = _newest(self._waiting, new)
        return self._first_time(
            [
                sifted.refused,
                refused_rows(again, "revised", self._source),
                refused_rows(late, "late", self._source),
            ]
        )

    def know_refused(self, rows: pl.DataFrame) -> None:
        """Take rows (of schema ``QUARANTINE``) as set aside before."""
        self._first_time([rows])

    def instants(self) -> Int64Array:
        """Instants that wait, oldest first."""
        return np.unique(self._waiting["event_time"].to_numpy())

    def symbols(self, instant_ns: int) -> frozenset[str]:
        """Symbols with a bar waiting that closed at an instant."""
        return frozenset(self._waiting.filter(pl.col("event_time") == instant_ns)["symbol"])

    def times(self, symbol: str) -> Int64Array:
        """Instants of the bars of a symbol that wait, oldest first."""
        return np.sort(self._waiting.filter(pl.col("symbol") == symbol)["event_time"].to_numpy())

    def waiting(self, until_ns: int) -> pl.DataFrame:
        """All that waits up to an instant, by time and symbol."""
        return self._waiting.filter(pl.col("event_time") <= until_ns).sort(*_BAR)

    def gave(self, rows: pl.DataFrame, until_ns: int, keep_from_ns: int) -> None:
        """Take note that bars were given, and with them everything up to an instant."""
        self.remember(rows)
        self.begin_after(until_ns, keep_from_ns)

    def _first_time(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """Rows not refused before: a source repeats its mistakes in every answer."""
        rows = pl.concat(frames)
        new = []
        for number, key in enumerate(rows.select("symbol", "time", "reason", "content").rows()):
            if key not in self._refused:
                self._refused[key] = None
                new.append(number)
        while len(self._refused) > _REMEMBERED:
            del self._refused[next(iter(self._refused))]
        return rows[new].select(*QUARANTINE)


def _plain(rows: pl.DataFrame) -> pl.DataFrame:
    """A volume that is missing is null, so that two missing ones are the same."""
    return rows.with_columns(pl.col("volume").fill_nan(None))


def _newest(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([old, _plain(new)]).unique(_BAR, keep="last", maintain_order=True)
