"""Where a column that bars lack comes from, in words for whoever has to get it."""

from edgekeeper.bars import COLUMNS
from edgekeeper.errors import nearest
from edgekeeper.features.ops.higher import interval_name

__all__ = ["longer_bars_needed", "source_of"]

_SOURCES = {
    "options": "option chains of the symbol, a row a day",
    "fund": "fundamentals by filing date (known_time), a row a filing",
    "news": "news with sentiment, counted by day",
    "reddit": "Reddit mentions and their tone, by day",
    "social": "posts on X and their tone, by day",
    "analyst": "ratings of analysts, by day",
    "holders": "holdings of institutions by filing date",
    "insider": "trades of insiders by filing date",
    "events": "calendars of earnings and economic releases, and contract awards",
    "quote": "quotes sampled at the close of each bar (bid, ask, their sizes)",
    "trades": "trades summed over each bar (count, bought less sold volume)",
    "dark": "off-exchange volume (FINRA publishes it for US shares)",
    "venue": "hours of the symbol's exchange (from its calendar: --context venue=hours)",
    "signal": "the signals, in training and replay (their source's own confidence by --context "
    "signal=FILE)",
    "US10Y": "yield of ten years (FRED DGS10)",
    "US2Y": "yield of two years (FRED DGS2)",
    "CREDIT": "spread of corporate bonds (FRED BAA10Y)",
    "VIX": "the VIX index (bundled: --context VIX=bundled)",
    "VIX3M": "the VIX index of three months (Cboe)",
    "SECTOR": "bars of the fund of the symbol's sector, such as ITA for RTX",
    "AUDUSD": "the AUD/USD rate, daily",
    "DXY": "the dollar index, daily",
    "OIL": "the oil price, daily (FRED DCOILWTICO)",
    "GOLD": "the gold price, daily",
    "COPPER": "the copper price, daily",
    "HYG": "bars of HYG, high-yield bonds",
    "LQD": "bars of LQD, good corporate bonds",
}


def source_of(column: str) -> str:
    """Say which data give a column, and how to join them.

    Examples
    --------
    >>> source_of("SPY.close")
    'bars of SPY: join them with --context SPY=FILE'
    """
    name, dot, part = column.partition(".")
    if not dot:
        return "a column of your own in the bars"
    known = _SOURCES.get(name, f"bars of {name}")
    said = known if "--context" in known else f"{known}: join them with --context {name}=FILE"
    has = [*COLUMNS, "age_days"]
    if known.startswith("bars of") and part not in has:
        said += nearest(column, [f"{name}.{each}" for each in has])
    return said


def longer_bars_needed(lengths: tuple[int, ...], interval_ns: int) -> tuple[str, ...]:
    """Lengths of ``tf`` that bars of this interval cannot give, as words."""
    return tuple(
        f"bars shorter than {interval_name(seconds)}"
        for seconds in lengths
        if seconds * 10**9 <= interval_ns
    )
