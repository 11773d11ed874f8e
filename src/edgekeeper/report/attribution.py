"""Where the money came from: profit of closed trades by every condition, to the cent."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.ledger import Ledger
from edgekeeper.report.recorded import rows_at
from edgekeeper.types import Float64Array
from edgekeeper.validate.case import ObjectArray

__all__ = ["Attribution", "ClosedTrades", "Share", "attribute", "closed_trades", "in_cents"]

_RULES = "rules"


@dataclass(frozen=True, slots=True)
class ClosedTrades:
    """Closed trades of an account, oldest exit first, each with what it made in money.

    Attributes
    ----------
    frame : polars frame
        Of the ledger's ``trades``, and ``line``: of the package that decided, else ``rules``.
    stake, profit : float64 [n]
        Value at the entry, and what was made of it after all costs, in base currency.
    """

    frame: pl.DataFrame
    stake: Float64Array
    profit: Float64Array

    def __len__(self) -> int:
        return self.frame.height

    def picked(self, rows: pl.Series) -> "ClosedTrades":
        """Those where ``rows`` is true."""
        keep = rows.to_numpy()
        return ClosedTrades(self.frame.filter(rows), self.stake[keep], self.profit[keep])


def closed_trades(ledger: Ledger, account: str) -> ClosedTrades:
    """Read the closed trades of an account.

    The stake is taken from the fill that opened a trade: quantity and price of a trade are as
    quoted at its two ends, between which a split may lie.
    """
    trades = ledger.read("trades", where={"account": account}).sort(
        "exit_time_ns", maintain_order=True
    )
    fills = ledger.read(
        "fills", ["order_id", "quantity", "reference_price"],
        where={"account": account, "action": "open"},
    )  # fmt: skip
    paid = {
        order: quantity * price for order, quantity, price in fills.iter_rows() if order is not None
    }
    stake = np.array(
        [
            paid.get(f"{symbol}@{decided}", math.nan)
            for symbol, decided in trades.select("symbol", "decision_time_ns").iter_rows()
        ],
        dtype=np.float64,
    )
    lines = dict(ledger.read("packages", ["hash", "line"]).iter_rows())
    named = trades.with_columns(
        pl.col("model").replace_strict(lines, default=None).fill_null(_RULES).alias("line")
        if lines
        else pl.lit(_RULES).alias("line")
    )
    net = trades["net_return"].cast(pl.Float64).fill_null(math.nan).to_numpy()
    return ClosedTrades(named, stake, net * stake)


@dataclass(frozen=True, slots=True)
class Share:
    """What one group of trades made, in whole cents of the base currency."""

    name: str
    trades: int
    cents: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """A run's profit, taken apart.

    Attributes
    ----------
    cents : int
        Change of the account's equity over the run.
    open_cents : int
        Of it what is not closed yet: positions at their last price, after costs so far.
    unknown : int
        Closed trades without a recorded entry, whose profit is in ``open_cents`` as well.
    groups : mapping of condition to shares
        In each, shares add up to ``cents`` less ``open_cents``.
    """

    cents: int
    open_cents: int
    unknown: int
    groups: Mapping[str, Sequence[Share]]


def attribute(
    ledger: Ledger, bars: Bars, regimes: ObjectArray, trades: ClosedTrades, account: str
) -> Attribution:
    """Take a run's profit apart by symbol, side, source, regime, line, package and exit.

    Shares are rounded so that they add up to the total to the cent.

    Parameters
    ----------
    regimes : object [N]
        Of each bar.
    """
    marks = ledger.read(
        "equity", ["equity"], where={"account": account}, order=["event_time_ns"],
        descending=True, limit=1,
    )  # fmt: skip
    held = json.loads(ledger.read("runs", ["config_json"])["config_json"][-1])
    cash = float((held[0] if isinstance(held, list) else held)["cash"])
    total = float(marks["equity"][0]) - cash if marks.height else 0.0
    cents = round(100.0 * total)
    known = np.isfinite(trades.profit)
    unknown = int((~known).sum())
    trades = trades.picked(pl.Series(known)) if unknown else trades
    closed = round(100.0 * float(trades.profit.sum()))
    frame = trades.frame
    rows = rows_at(bars, frame["decision_time_ns"].to_numpy(), frame["symbol"].to_list())
    labels = {
        "symbol": frame["symbol"].to_list(),
        "side": frame["side"].to_list(),
        "source": ["rules" if model is None else "model" for model in frame["model"]],
        "regime": [str(name) for name in regimes[rows]],
        "line": frame["line"].to_list(),
        "package": [(model or "none")[:12] for model in frame["model"]],
        "exit": frame["exit_reason"].fill_null("unknown").to_list(),
    }
    groups = {name: _shares(values, trades.profit, closed) for name, values in labels.items()}
    return Attribution(cents, cents - closed, unknown, groups)


def _shares(labels: Sequence[str], profit: Float64Array, total: int) -> list[Share]:
    names, place = np.unique(np.array(labels, dtype=object).astype(str), return_inverse=True)
    sums = np.bincount(place, weights=profit, minlength=len(names)).astype(np.float64)
    counts = np.bincount(place, minlength=len(names))
    shares = [
        Share(str(name), int(count), cents)
        for name, count, cents in zip(names, counts, in_cents(sums, total), strict=True)
    ]
    return sorted(shares, key=lambda share: -share.cents)


def in_cents(parts: Float64Array, total: int) -> list[int]:
    """Round amounts to cents that add up to a total: those cut most get the cents left over.

    Examples
    --------
    >>> in_cents(np.array([0.333, 0.333, 0.334]), 100)
    [33, 33, 34]
    """
    if len(parts) == 0:
        return []
    exact = 100.0 * np.asarray(parts, dtype=np.float64)
    floors = np.floor(exact).astype(np.int64)
    left = int(total - floors.sum())
    order = np.argsort(floors - exact, kind="stable")
    # One cent each round; more rounds than one only where parts and total do not belong together.
    for k in range(abs(left)):
        floors[order[k % len(order)]] += 1 if left > 0 else -1
    return [int(cents) for cents in floors]
