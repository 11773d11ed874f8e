"""Where the lines of a grid stand, and what is written beside them."""

import math
from dataclasses import dataclass

import numpy as np

from edgekeeper.report.wording import number, percent, power_of_ten, signed

__all__ = [
    "Tick",
    "growth_ticks",
    "number_ticks",
    "percent_ticks",
    "share_ticks",
    "time_ticks",
    "wealth_ticks",
]

_STEPS = (
    ("m", 1), ("m", 5), ("m", 15), ("m", 30), ("h", 1), ("h", 3), ("h", 6), ("h", 12),
    ("D", 1), ("D", 2), ("D", 7), ("D", 14), ("M", 1), ("M", 3), ("M", 6),
    ("Y", 1), ("Y", 2), ("Y", 5), ("Y", 10), ("Y", 20), ("Y", 50),
)  # fmt: skip
_MULTIPLES = (
    (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0),
    (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
    (1.0, 2.0, 5.0),
    (1.0, 3.0),
    (1.0,),
)
_FORMATS = {"m": "%H:%M", "h": "%d %b %H:%M", "D": "%d %b", "M": "%b %Y", "Y": "%Y"}


@dataclass(frozen=True, slots=True)
class Tick:
    """A position in drawn units and its label."""

    position: float
    label: str


def _even(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten within the range, at most ``most + 1``."""
    span = high - low
    if not span > 0.0:
        return [low]
    raw = span / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * k for k in (1.0, 2.0, 5.0, 10.0) if power * k >= raw * (1.0 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def _digits(values: list[float]) -> int:
    """Decimals that tell neighbouring values, taken as per cent, apart."""
    gap = 100.0 * (values[1] - values[0]) if len(values) > 1 else 1.0
    return max(0, -math.floor(math.log10(gap) + 1e-9)) if gap > 0 else 1


def percent_ticks(low: float, high: float, most: int = 5) -> list[Tick]:
    """Even steps of a signed fraction."""
    values = _even(low, high, most)
    return [Tick(v, signed(v, _digits(values))) for v in values]


def share_ticks(low: float, high: float, most: int = 5) -> list[Tick]:
    """Even steps of an unsigned fraction."""
    values = _even(low, high, most)
    return [Tick(v, percent(v, _digits(values))) for v in values]


def number_ticks(low: float, high: float, most: int = 5) -> list[Tick]:
    """Even steps of a plain number.

    Examples
    --------
    >>> [tick.label for tick in number_ticks(0.65, 0.7)]
    ['0.65', '0.66', '0.67', '0.68', '0.69', '0.70']
    """
    values = _even(low, high, most)
    gap = values[1] - values[0] if len(values) > 1 else 0.01
    digits = max(0, -math.floor(math.log10(gap) + 1e-9))
    return [Tick(v, number(v, digits)) for v in values]


def growth_ticks(low: float, high: float, most: int = 5) -> list[Tick]:
    """Labels in per cent on a logarithm of growth: even steps while small, then multiples.

    Examples
    --------
    >>> [tick.label for tick in growth_ticks(math.log(0.4), math.log(12))]
    ['−50%', '0%', '+100%', '+400%', '×10']
    """
    if math.exp(high - low) < 1.8:
        values = _even(math.expm1(low), math.expm1(high), most)
        return [Tick(math.log1p(v), signed(v, _digits(values))) for v in values if v > -1.0]
    first, last = math.floor(low / math.log(10)), math.ceil(high / math.log(10))
    inside: list[float] = []
    for grid in _MULTIPLES:
        ratios = [10.0**k * m for k in range(first, last + 1) for m in grid]
        inside = [r for r in ratios if low <= math.log(r) <= high]
        if len(inside) <= most + 2:
            break
    apart = math.ceil(len(inside) / (most + 2))
    if apart > 1:
        inside = [r for r in inside if round(math.log10(r)) % apart == 0]
    return [Tick(math.log(r), _multiple(r)) for r in inside]


def _multiple(ratio: float) -> str:
    """A change in per cent, with decimals near a total loss; from tenfold on a factor."""
    if ratio >= 10.0:
        return f"×{number(ratio, 0)}"
    return signed(ratio - 1.0, max(0, -math.floor(math.log10(ratio) + 1e-9) - 1))


def wealth_ticks(low: float, high: float, most: int = 6) -> list[Tick]:
    """Powers of ten on a natural logarithm.

    Examples
    --------
    >>> [tick.label for tick in wealth_ticks(math.log(0.05), math.log(200))]
    ['0.1', '1', '10', '100']
    """
    first, last = math.ceil(low / math.log(10)), math.floor(high / math.log(10))
    step = max(1, math.ceil((last - first + 1) / most))
    powers = [k for k in range(first, last + 1) if k % step == 0]
    return [Tick(k * math.log(10), power_of_ten(k)) for k in powers]


def time_ticks(first_ns: int, last_ns: int, most: int = 8) -> list[Tick]:
    """Calendar steps between two instants, labels in UTC; positions in nanoseconds.

    Examples
    --------
    >>> year = 365 * 86_400 * 10**9
    >>> [tick.label for tick in time_ticks(0, 5 * year)]
    ['1970', '1971', '1972', '1973', '1974']
    """
    for unit, step in _STEPS:
        low, high = (
            int(np.datetime64(int(t), "ns").astype(f"datetime64[{unit}]").astype(np.int64))
            for t in (first_ns, last_ns)
        )
        if (high - low) // step + 1 > most + 1:
            continue
        ticks = []
        for k in range(-(-low // step) * step, high + 1, step):
            start = np.int64(k).astype(f"datetime64[{unit}]")
            position = int(start.astype("datetime64[ns]").astype(np.int64))
            if first_ns <= position <= last_ns:
                label = start.astype("datetime64[s]").item().strftime(_FORMATS[unit])
                ticks.append(Tick(float(position), label))
        if len(ticks) <= most:
            return ticks
    return []
