"""What trading costs: fee, half spread and slippage on every fill, borrow while short."""

from dataclasses import dataclass

from numba import njit

from edgekeeper.errors import UsageError

__all__ = ["Costs", "buy_price", "sell_price"]

BPS = 1e-4
_LARGEST_BPS = {
    "fee_bps": 1_000.0,
    "half_spread_bps": 1_000.0,
    "slippage_bps": 1_000.0,
    "borrow_bps_year": 10_000.0,
}


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs of one side of a trade, in basis points (hundredths of a per cent) of its value.

    Attributes
    ----------
    fee_bps : float
        Commission on each fill.
    half_spread_bps : float
        Half the bid-ask spread, paid on each market fill.
    slippage_bps : float
        How much worse than the quote a market fill comes out.
    borrow_bps_year : float
        Yearly rate paid on the value of a short position.

    Examples
    --------
    >>> Costs(fee_bps=1, half_spread_bps=2, slippage_bps=2).side
    0.0005
    >>> Costs().times(2).side == 2 * Costs().side
    True
    """

    fee_bps: float = 1.0
    half_spread_bps: float = 2.0
    slippage_bps: float = 2.0
    borrow_bps_year: float = 0.0

    def __post_init__(self) -> None:
        for name, largest in _LARGEST_BPS.items():
            value = getattr(self, name)
            if not 0.0 <= value <= largest:
                raise UsageError(
                    f"costs.{name}: expected basis points from 0 to {largest:g}, got {value!r}"
                )

    @property
    def side(self) -> float:
        """Fraction of a fill's value lost to fee, half spread and slippage."""
        return round((self.fee_bps + self.half_spread_bps + self.slippage_bps) * BPS, 12)

    @property
    def borrow_year(self) -> float:
        """Yearly borrow rate as a fraction."""
        return self.borrow_bps_year * BPS

    def times(self, factor: float) -> "Costs":
        """Return the same costs, ``factor`` times as high."""
        return Costs(
            self.fee_bps * factor,
            self.half_spread_bps * factor,
            self.slippage_bps * factor,
            self.borrow_bps_year * factor,
        )


@njit(cache=True, inline="always")
def buy_price(price: float, cost: float) -> float:
    """Price paid by a buyer, ``cost`` a fraction of the value."""
    return price * (1.0 + cost)


@njit(cache=True, inline="always")
def sell_price(price: float, cost: float) -> float:
    """Price received by a seller, ``cost`` a fraction of the value."""
    return price * (1.0 - cost)
