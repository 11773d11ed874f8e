"""What an account of a run has earned: its curve in figures, its trades in groups."""

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from edgekeeper.ledger import Ledger
    from edgekeeper.types import Float64Array

__all__ = ["By", "Earnings", "EarningsReader", "TradeGroup", "read_earnings"]

By = Literal["symbol", "side", "hour", "weekday", "exit_reason", "regime", "model"]
_KEYS = get_args(By)
_ALL = "all"
_TRADE = ("decision_time_ns", "exit_time_ns", "account", "symbol", "side")
_PAGE = 50_000
_HOUR_NS = 3_600 * 10**9
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class TradeGroup:
    """Closed trades; NaN where there are none to measure.

    Attributes
    ----------
    win_rate : float
        Share of trades with a net profit.
    mean_return : float
        Net, fraction of the entry value.
    profit_factor : float
        Net gains over net losses, per trade; NaN without a loss.
    """

    name: str
    trades: int
    win_rate: float
    mean_return: float
    profit_factor: float


@dataclass(frozen=True, slots=True)
class Earnings:
    """Figures of an account from its first bar on record to its last.

    Attributes
    ----------
    total_return, max_drawdown, drawdown : float
        Fractions; the drawdown now and at its deepest.
    since_ns, until_ns : int or None
    trades : TradeGroup
        All of them.
    groups : tuple of TradeGroup
        The same in groups, where asked for, the largest first.
    """

    account: str
    since_ns: int | None
    until_ns: int | None
    total_return: float
    drawdown: float
    max_drawdown: float
    trades: TradeGroup
    groups: tuple[TradeGroup, ...]


def read_earnings(ledger: "Ledger", account: str, by: By | None = None) -> Earnings:
    """Read what an account has earned; see :meth:`EarningsReader.read`."""
    return EarningsReader(ledger).read(account, by)


class EarningsReader:
    """Says what accounts have earned again and again, and reads only what is new each time.

    Parameters
    ----------
    ledger : Ledger
    """

    def __init__(self, ledger: "Ledger") -> None:
        self._ledger = ledger
        self._after: dict[str, int] = {}
        self._curves: dict[str, _Curve] = {}
        self._sums: dict[tuple[str, str], dict[str, _Sums]] = {}
        self._regimes = _no_regimes()
        self._lock = threading.Lock()

    def read(self, account: str, by: By | None = None) -> Earnings:
        """Return what an account has earned, and its trades in groups where asked for.

        Raises
        ------
        UsageError
            No such account, or groups that are not known.
        """
        if by is not None and by not in _KEYS:
            raise UsageError(f"expected groups by {', '.join(_KEYS)}, got {str(by)[:40]!r}")
        with self._lock:
            self._read_money()
            self._read_trades()
            curve = self._curves.get(account)
            if curve is None:
                raise UsageError(
                    f"expected an account with a record, got {account[:60]!r} "
                    f"(there are {', '.join(sorted(self._curves)) or 'none yet'})"
                )
            every = self._sums.get((account, _ALL), {}).get(_ALL, _Sums())
            groups = {} if by is None else self._sums.get((account, by), {})
            return Earnings(
                account=account,
                since_ns=curve.since_ns,
                until_ns=curve.until_ns,
                total_return=curve.last / curve.first - 1.0,
                drawdown=1.0 - curve.last / curve.high,
                max_drawdown=curve.deepest,
                trades=every.group(_ALL),
                groups=tuple(
                    sorted(
                        (sums.group(name) for name, sums in groups.items()),
                        key=lambda group: (-group.trades, group.name),
                    )
                ),
            )

    def _read_money(self) -> None:
        import polars as pl

        columns = ["entry", "event_time_ns", "account", "equity"]
        for page in self._pages("equity", columns):
            for (account,), part in page.partition_by("account", as_dict=True).items():
                curve = self._curves.setdefault(str(account), _Curve())
                money = part["equity"].cast(pl.Float64).fill_null(math.nan).to_numpy()
                curve.add(part["event_time_ns"].to_list(), money)

    def _read_trades(self) -> None:
        """Sum closed trades up by each of the keys."""
        import polars as pl

        columns = ["entry", *_TRADE, "exit_reason", "model", "net_return"]
        for page in self._pages("trades", columns):
            trades = page.join(
                self._regimes_of(page), on=list(_TRADE), how="left", nulls_equal=True
            )
            for by, name in _names().items():
                named = trades.group_by("account", name.fill_null("unknown").alias("name"))
                net = pl.col("net_return")
                for account, group, *sums in named.agg(
                    net.count().alias("trades"), (net > 0.0).sum().alias("won"),
                    net.clip(lower_bound=0.0).sum().alias("gained"),
                    -net.clip(upper_bound=0.0).sum().alias("lost"),
                ).iter_rows():  # fmt: skip
                    groups = self._sums.setdefault((account, by), {})
                    groups.setdefault(group, _Sums()).add(*sums)

    def _regimes_of(self, trades: "pl.DataFrame") -> "pl.DataFrame":
        """What the market was like, for each trade that has it on record: written with it."""
        import polars as pl

        new = self._pages("trade_features", ["entry", *_TRADE, "market_regime"])
        seen = pl.concat([self._regimes, *(page.drop("entry") for page in new)]).unique(_TRADE)
        self._regimes = seen.join(trades, on=list(_TRADE), how="anti", nulls_equal=True)
        return seen

    def _pages(self, table: str, columns: list[str]) -> "Iterator[pl.DataFrame]":
        """What is new, in pages, so that a long record is read in little memory."""
        height = _PAGE
        while height == _PAGE:
            page = self._ledger.read(table, columns, after=self._after.get(table, 0), limit=_PAGE)
            height = page.height
            if height:
                self._after[table] = int(page["entry"][-1])
                yield page


@dataclass(slots=True)
class _Curve:
    """An account's money from its first bar on."""

    since_ns: int | None = None
    until_ns: int | None = None
    first: float = math.nan
    last: float = math.nan
    high: float = -math.inf
    deepest: float = math.nan

    def add(self, time_ns: list[int], money: "Float64Array") -> None:
        import numpy as np

        if self.since_ns is None:
            self.since_ns, self.first = time_ns[0], float(money[0])
        high = np.fmax.accumulate(np.concatenate(([self.high], money)))[1:]
        with np.errstate(invalid="ignore"):
            fallen = 1.0 - money / high
        self.deepest = float(np.fmax.reduce(np.append(fallen, self.deepest)))
        self.until_ns, self.last, self.high = time_ns[-1], float(money[-1]), float(high[-1])


@dataclass(slots=True)
class _Sums:
    """Trades of a group, summed up."""

    trades: int = 0
    won: int = 0
    gained: float = 0.0
    lost: float = 0.0

    def add(self, trades: int, won: int, gained: float, lost: float) -> None:
        self.trades += trades
        self.won += won
        self.gained += gained
        self.lost += lost

    def group(self, name: str) -> TradeGroup:
        if self.trades == 0:
            return TradeGroup(name, 0, math.nan, math.nan, math.nan)
        return TradeGroup(
            name,
            self.trades,
            self.won / self.trades,
            (self.gained - self.lost) / self.trades,
            self.gained / self.lost if self.lost > 0.0 else math.nan,
        )


def _names() -> "dict[str, pl.Expr]":
    """Name of a trade's group by each key."""
    import polars as pl

    hours = pl.col("decision_time_ns") // _HOUR_NS
    return {
        _ALL: pl.lit(_ALL),
        "symbol": pl.col("symbol"),
        "side": pl.col("side"),
        "exit_reason": pl.col("exit_reason"),
        "hour": pl.format("{}:00", (hours % 24).cast(pl.String).str.zfill(2)),
        # 1 January 1970 was a Thursday.
        "weekday": ((hours // 24 + 3) % 7).replace_strict(dict(enumerate(_DAYS)), default=None),
        "regime": pl.col("market_regime"),
        "model": pl.col("model").fill_null("the fallback"),
    }


def _no_regimes() -> "pl.DataFrame":
    import polars as pl

    types = (pl.Int64, pl.Int64, pl.String, pl.String, pl.String, pl.String)
    return pl.DataFrame(schema=dict(zip((*_TRADE, "market_regime"), types, strict=True)))
