"""What an account of a run has earned: its curve in figures, its trades in groups."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from edgekeeper.ledger import Ledger

__all__ = ["By", "Earnings", "TradeGroup", "read_earnings"]

By = Literal["symbol", "side", "hour", "weekday", "exit_reason", "regime", "model"]
_KEYS = get_args(By)
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
    """Read what an account has earned.

    Raises
    ------
    UsageError
        No such account, or groups that are not known.
    """
    import numpy as np
    import polars as pl

    if by is not None and by not in _KEYS:
        raise UsageError(f"expected groups by {', '.join(_KEYS)}, got {str(by)[:40]!r}")
    curve = ledger.read("equity", ["event_time_ns", "equity"], where={"account": account})
    if curve.height == 0:
        known = ledger.read("equity", ["account"], limit=1_000)["account"].unique().sort()
        raise UsageError(
            f"expected an account with a record, got {account[:60]!r} "
            f"(there are {', '.join(known) or 'none yet'})"
        )
    money = curve["equity"].cast(pl.Float64).fill_null(math.nan).to_numpy()
    fallen = 1.0 - money / np.fmax.accumulate(money)
    trades = _trades(ledger, account, by)
    return Earnings(
        account=account,
        since_ns=int(curve["event_time_ns"][0]),
        until_ns=int(curve["event_time_ns"][-1]),
        total_return=float(money[-1] / money[0] - 1.0),
        drawdown=float(fallen[-1]),
        max_drawdown=float(np.nanmax(fallen)) if np.isfinite(fallen).any() else math.nan,
        trades=_group("all", trades["net_return"]),
        groups=() if by is None else _groups(trades),
    )


def _trades(ledger: "Ledger", account: str, by: By | None) -> "pl.DataFrame":
    """Net returns with the name of their group."""
    import polars as pl

    columns = ["decision_time_ns", "exit_time_ns", "symbol", "side", "exit_reason", "model",
               "net_return"]  # fmt: skip
    trades = ledger.read("trades", columns, where={"account": account})
    if by == "regime":
        keys = ["decision_time_ns", "exit_time_ns", "symbol", "side"]
        seen = ledger.read("trade_features", [*keys, "market_regime"], where={"account": account})
        trades = trades.join(seen.unique(keys), on=keys, how="left", maintain_order="left")
    hours = pl.col("decision_time_ns") // _HOUR_NS
    names = {
        "hour": pl.format("{}:00", (hours % 24).cast(pl.String).str.zfill(2)),
        # 1 January 1970 was a Thursday.
        "weekday": ((hours // 24 + 3) % 7).replace_strict(dict(enumerate(_DAYS)), default=None),
        "regime": pl.col("market_regime"),
        "model": pl.col("model").fill_null("the fallback"),
    }
    name = pl.lit("all") if by is None else names.get(by, pl.col(by))
    return trades.select(name.fill_null("unknown").alias("group"), "net_return")


def _groups(trades: "pl.DataFrame") -> tuple[TradeGroup, ...]:
    parts = trades.partition_by("group", as_dict=True, maintain_order=True)
    found = [_group(str(name), part["net_return"]) for (name,), part in parts.items()]
    return tuple(sorted(found, key=lambda group: (-group.trades, group.name)))


def _group(name: str, returns: "pl.Series") -> TradeGroup:
    known = returns.drop_nulls()
    count = known.len()
    if count == 0:
        return TradeGroup(name, 0, math.nan, math.nan, math.nan)
    lost = -float(known.filter(known < 0.0).sum())
    return TradeGroup(
        name,
        count,
        int((known > 0.0).sum()) / count,
        float(known.sum()) / count,
        float(known.filter(known > 0.0).sum()) / lost if lost > 0.0 else math.nan,
    )
