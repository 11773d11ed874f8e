"""Rates over many made markets: false promotions, power, and how soon a dead edge is given up."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgekeeper.report.book_rates import (
    OnlineGain,
    Share,
    mean_oracle_share,
    median_recovery,
    online_gains,
    visible_oracle_reach,
    visible_oracle_shares,
)
from edgekeeper.report.market_record import FOUR_YEARS
from edgekeeper.report.promotion_rates import (
    EDGELESS,
    PromotionRates,
    book_sharpe,
    promotion_rates,
)
from edgekeeper.report.wording import count, number, percent

__all__ = ["WorldRates", "world_rates"]

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WorldRates(PromotionRates):
    """What many markets of one kind amount to; None where the kind cannot tell.

    Promotions are those of the lines as configured, without online learning where that was tried.

    Attributes
    ----------
    kind : str
    markets : int
    book_sharpe : mapping of line to float
        Mean over markets of the annual net Sharpe ratio of its virtual book, in the first 1,008
        bars after registration.
    oracle_share : mapping of line to {"without", "with"}
        Sharpe ratio of its virtual book over that of an oracle that knows the hidden state and pays
        the same costs, over all bars since registration; without and with online learning. The
        oracle of a line that compares symbols compares them, too. Empty without an edge.
    visible_oracle_share : mapping of line to {"without", "with"}
        The same over that of an oracle that knows how bars are made at each time, and sees bars
        alone, with an interval: 1 is all that anyone could find in them.
    oracle_visible : mapping of line to Share
        Sharpe ratio of the second oracle over that of the first, over the line's bars.
    recovery_bars : mapping of line to {"without", "with"}
        Median bars from the flip until its book had earned over a quarter; empty without a flip.
    online_gain : mapping of line to OnlineGain
        What online learning added to the Sharpe ratio; empty where it was not tried.
    online : PromotionRates or None
        Promotions in the runs with online learning; None where it was not tried.
    held : int
        Fits held as too good to be true.
    trials, effective_trials : float
        Configurations tried in a market, and the independent ones they amount to, on average.
    seconds : float
        Median time a market took.
    """

    kind: str
    markets: int
    book_sharpe: dict[str, float]
    oracle_share: dict[str, dict[str, float | None]]
    visible_oracle_share: dict[str, dict[str, Share | None]]
    oracle_visible: dict[str, Share]
    recovery_bars: dict[str, dict[str, float | None]]
    online_gain: dict[str, OnlineGain]
    online: PromotionRates | None
    held: int
    trials: float
    effective_trials: float
    seconds: float

    @property
    def sentence(self) -> str:
        """The result in plain words."""
        text = _sentence(self.kind, self.markets, self)
        if self.online is not None:
            text += f" With online learning: {_sentence(self.kind, self.markets, self.online)}"
        return text


def _sentence(kind: str, markets: int, rates: PromotionRates) -> str:
    low, high = (percent(bound, 1) for bound in rates.interval)
    if kind in EDGELESS:
        return (
            f"{count(rates.promoted)} of {count(markets)} markets without an edge promoted "
            f"anything: with 95 % confidence between {low} and {high} would."
        )
    found = round((rates.power or 0.0) * markets)
    text = (
        f"{count(found)} of {count(markets)} markets with an edge promoted a line within "
        f"{count(FOUR_YEARS)} bars: with 95 % confidence between {low} and {high} would."
    )
    if rates.retreat_bars is not None:
        text += f" After the flip half retreated within {number(rates.retreat_bars, 0)} bars."
    return text


def world_rates(rows: Sequence[Row]) -> WorldRates:
    """Sum up the lines that ``many_worlds`` keeps, all of one kind."""
    kind, bars = str(rows[0]["kind"]), int(rows[0]["bars"])
    online = [row["online"] for row in rows if row.get("online") is not None]
    return WorldRates(
        **asdict(promotion_rates(kind, bars, rows)),
        kind=kind,
        markets=len(rows),
        book_sharpe=book_sharpe(rows),
        oracle_share=mean_oracle_share(rows),
        visible_oracle_share=visible_oracle_shares(rows),
        oracle_visible=visible_oracle_reach(rows),
        recovery_bars=median_recovery(rows),
        online_gain=online_gains(rows),
        online=promotion_rates(kind, bars, online) if len(online) == len(rows) else None,
        held=sum(int(row["held"]) for row in rows),
        trials=float(np.mean([row["trials"] for row in rows])),
        effective_trials=float(np.mean([row["effective_trials"] for row in rows])),
        seconds=float(np.median([row["seconds"] for row in rows])),
    )
