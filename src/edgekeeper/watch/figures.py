"""Figures of a run as its record has them, for the rules of alerts: over its newest results."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from edgekeeper.alerts import Figure
from edgekeeper.ledger import Ledger
from edgekeeper.watch.fit_figures import FitFigures

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FigureReader"]

_MINE, _BASELINE = "edgekeeper", "rules"
_TRADE = ("exit_time_ns", "decision_time_ns", "symbol", "side", "net_return", "model")
_DAY_NS = 86_400 * 10**9
_PAGE = 50_000


class FigureReader:
    """Measures what rules ask about, and leaves out what cannot be measured yet.

    What follows from trades and forecasts is measured when a trade has closed or a day (UTC) has
    passed; drawdown, latency, and what follows from fits always.

    Parameters
    ----------
    ledger : Ledger
    recent : int
        Newest trades, and newest forecasts of a line, that count.
    """

    def __init__(self, ledger: Ledger, recent: int) -> None:
        self._ledger, self._recent = ledger, recent
        self._high, self._equity, self._marks = -math.inf, math.nan, 0
        self._closed, self._day = 0, -1
        self._fits = FitFigures(ledger)

    def read(self, until_ns: int) -> Iterator[Figure]:
        """Yield the figures as of an instant; later rows are not looked at."""
        yield from self._drawdown(until_ns)
        yield from self._latency(until_ns)
        yield from self._fits.read(until_ns)
        yield from self.over_results(until_ns)

    def over_results(self, until_ns: int) -> Iterator[Figure]:
        """Yield those that follow from trades and forecasts, where anything is new."""
        if not self._anything_new(until_ns):
            return
        import polars as pl

        by_model = self._trades(_MINE, until_ns).filter(pl.col("model").is_not_null())
        if by_model.height:
            yield from self._beside_rules(by_model, until_ns)
            yield from self._accuracy(by_model)
        yield from self._forecasts(until_ns)

    def _anything_new(self, until_ns: int) -> bool:
        new = self._ledger.read(
            "trades", ["entry"], where={"account": _MINE}, until_ns=until_ns, after=self._closed,
            order=["entry"], descending=True, limit=1,
        )  # fmt: skip
        before, self._day = self._day, until_ns // _DAY_NS
        if new.height:
            self._closed = int(new["entry"][0])
        return new.height > 0 or self._day != before

    def _drawdown(self, until_ns: int) -> Iterator[Figure]:
        import polars as pl

        height = _PAGE
        while height == _PAGE:
            marks = self._ledger.read(
                "equity", ["entry", "equity"], where={"account": _MINE}, until_ns=until_ns,
                after=self._marks, limit=_PAGE,
            )  # fmt: skip
            height = marks.height
            if height:
                money = marks["equity"].cast(pl.Float64).fill_null(math.nan).to_numpy()
                self._marks, self._equity = int(marks["entry"][-1]), float(money[-1])
                self._high = float(np.fmax.reduce(np.append(money, self._high)))
        if self._high > 0.0:
            yield Figure("drawdown", "account", 1.0 - self._equity / self._high, self._marks)

    def _latency(self, until_ns: int) -> Iterator[Figure]:
        steps = self._ledger.read(
            "stretches", ["latency_ms"], where={"kind": "bars"}, until_ns=until_ns,
            order=["entry"], descending=True, limit=1,
        )  # fmt: skip
        if steps.height and steps["latency_ms"][0] is not None:
            yield Figure("latency_ms", "newest bar", float(steps["latency_ms"][0]), 1)

    def _trades(self, account: str, until_ns: int, since_ns: int | None = None) -> "pl.DataFrame":
        return self._ledger.read(
            "trades", _TRADE, where={"account": account}, since_ns=since_ns, until_ns=until_ns,
            order=["exit_time_ns"], descending=True, limit=self._recent,
        )  # fmt: skip

    def _beside_rules(self, trades: "pl.DataFrame", until_ns: int) -> Iterator[Figure]:
        """Win rate of the model's trades less that of the rules alone over the same time."""
        rules = self._trades(_BASELINE, until_ns, int(trades["exit_time_ns"][-1]))
        if rules.height:
            won, theirs = (_share(frame["net_return"] > 0.0) for frame in (trades, rules))
            count = min(trades.height, rules.height)
            yield Figure("win_rate_gap", "model", won - theirs, count)

    def _accuracy(self, trades: "pl.DataFrame") -> Iterator[Figure]:
        """Share of trades whose forecast return had the sign of what came."""
        import polars as pl

        decided = trades["decision_time_ns"].unique().to_list()
        forecasts = self._ledger.read(
            "forecasts",
            ["event_time_ns", "symbol", "package", "expected_return_long", "expected_return_short"],
            where={"package": trades["model"].unique().to_list(), "event_time_ns": decided},
            since_ns=int(trades["decision_time_ns"].to_numpy().min()),
            until_ns=int(trades["decision_time_ns"].to_numpy().max()),
        ).unique(["event_time_ns", "symbol", "package"], keep="first", maintain_order=True)
        both = trades.join(
            forecasts,
            left_on=["decision_time_ns", "symbol", "model"],
            right_on=["event_time_ns", "symbol", "package"],
        )
        expected = (
            pl.when(pl.col("side") == "long")
            .then("expected_return_long")
            .otherwise("expected_return_short")
        )
        right = both.select(((expected > 0.0) == (pl.col("net_return") > 0.0)).alias("right"))
        known = right["right"].drop_nulls()
        if known.len():
            yield Figure("accuracy", "model", _share(known), known.len())

    def _forecasts(self, until_ns: int) -> Iterator[Figure]:
        """How far the newest forecasts of each line's package are from those it made before."""
        import polars as pl

        from edgekeeper.stats.two_samples import population_stability  # late: loads numba and SciPy

        moves = self._ledger.read("stages", ["line"], until_ns=until_ns)
        for line in moves["line"].unique(maintain_order=True).to_list():
            rows = self._ledger.read(
                "forecasts", ["package", "probability_long"], where={"line": line},
                until_ns=until_ns, order=["event_time_ns"], descending=True,
                limit=3 * self._recent,
            )  # fmt: skip
            if rows.height == 0:
                continue
            same = rows.filter(pl.col("package") == rows["package"][0])["probability_long"]
            values = same.cast(pl.Float64).fill_null(math.nan).to_numpy()
            new, before = values[: self._recent], values[self._recent :]
            if len(before) >= self._recent:
                shift = population_stability(np.sort(before), np.sort(new))
                yield Figure("forecast_shift", f"line {line}", shift, len(new))


def _share(right: "pl.Series") -> float:
    return int(right.sum()) / right.len()
