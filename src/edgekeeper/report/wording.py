"""Figures, dates and spans as text. What is not a finite number reads "—", never 0."""

import math
import re

import numpy as np

__all__ = [
    "MISSING",
    "became",
    "count",
    "day",
    "duration",
    "number",
    "percent",
    "plain",
    "power_of_ten",
    "signed",
    "signed_number",
    "wealth",
]

MISSING = "—"
_MINUS = "−"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# C0 and C1 controls, surrogates, and the marks that reverse reading direction.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Remove control characters, so that no text can move a cursor or break a page.

    Examples
    --------
    >>> plain("a\\x1b[31mb")
    'a[31mb'
    """
    return _UNPRINTABLE.sub("", text)


def number(value: float, digits: int = 2) -> str:
    """Return a number with thousands separated.

    Examples
    --------
    >>> number(-1234.5, 1), number(float("nan"))
    ('−1,234.5', '—')
    """
    if not math.isfinite(value):
        return MISSING
    text = f"{abs(value):,.{digits}f}"
    return _MINUS + text if value < 0 and text.strip("0.,") else text


def count(value: float) -> str:
    """Whole number with thousands separated."""
    return number(value, 0)


def percent(fraction: float, digits: int = 1) -> str:
    """Return a fraction as per cent.

    Examples
    --------
    >>> percent(0.1234), percent(float("inf"))
    ('12.3%', '—')
    """
    return number(100.0 * fraction, digits) + "%" if math.isfinite(fraction) else MISSING


def signed(fraction: float, digits: int = 1) -> str:
    """Return a fraction as per cent that always shows which way it went.

    Examples
    --------
    >>> signed(0.05), signed(-0.05), signed(0.0001)
    ('+5.0%', '−5.0%', '0.0%')
    """
    text = percent(fraction, digits)
    return f"+{text}" if fraction > 0 and text.strip("0.%" + MISSING) else text


def signed_number(value: float, digits: int = 2) -> str:
    """Return a number that always shows which way it goes.

    Examples
    --------
    >>> signed_number(0.5), signed_number(-0.5), signed_number(0.001)
    ('+0.50', '−0.50', '0.00')
    """
    text = number(value, digits)
    return f"+{text}" if value > 0 and text.strip("0.," + MISSING) else text


def wealth(log_wealth: float) -> str:
    """Return what one unit became, from its natural logarithm: evidence as a bettor reads it.

    Examples
    --------
    >>> wealth(0.0), wealth(math.log(20)), wealth(-5.0), wealth(-90.0), wealth(30.0)
    ('1.00', '20.0', '0.0067', 'under 0.0001', '1.1×10¹³')
    """
    if math.isnan(log_wealth) or log_wealth == math.inf:
        return MISSING
    if log_wealth < math.log(1e-4):
        return "under 0.0001"
    tens = math.floor(log_wealth / math.log(10.0))
    if tens >= 6:
        mantissa = math.exp(log_wealth - tens * math.log(10.0))
        return f"{mantissa:.1f}×{power_of_ten(tens)}"
    return number(math.exp(log_wealth), (4, 4, 4, 3, 2, 1, 0, 0, 0, 0)[tens + 4])


def became(amount: float) -> str:
    """Return what one unit became, as :func:`wealth` does, from the amount itself.

    Examples
    --------
    >>> became(20.0), became(0.0), became(math.nan) == MISSING, became(1e304)
    ('20.0', '0', True, '1.0×10³⁰⁴')
    """
    if amount == 0.0:
        return "0"
    return wealth(math.log(amount)) if amount > 0.0 else MISSING


def power_of_ten(exponent: int) -> str:
    """Return a power of ten, written out where it is short.

    Examples
    --------
    >>> power_of_ten(-2), power_of_ten(3), power_of_ten(-9)
    ('0.01', '1,000', '10⁻⁹')
    """
    if -3 <= exponent <= 4:
        return number(10.0**exponent, max(0, -exponent))
    return "10" + str(exponent).translate(_SUPERSCRIPT)


def day(time_ns: int | None, *, minutes: bool = False) -> str:
    """Return a date, or date and time of day, in UTC.

    Examples
    --------
    >>> day(0), day(90 * 60 * 10**9, minutes=True), day(None)
    ('1970-01-01', '1970-01-01 01:30', '—')
    """
    if time_ns is None:
        return MISSING
    instant = np.datetime64(int(time_ns), "ns")
    return str(instant.astype("datetime64[m]" if minutes else "datetime64[D]")).replace("T", " ")


def duration(seconds: float) -> str:
    """Return a span of wall time.

    Examples
    --------
    >>> duration(7.25), duration(161), duration(7300)
    ('7.2 s', '2 min 41 s', '2 h 1 min')
    """
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
