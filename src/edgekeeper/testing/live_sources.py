"""What every live source has to pass. Ships with the package, for whoever writes a source.

Call :func:`check_live_source` from a test of your own, with a source pointed at a server or folder
of yours that has known bars; it fails on the first promise not kept.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from edgekeeper.bars import Bars
from edgekeeper.clock import ManualClock
from edgekeeper.errors import UsageError
from edgekeeper.market.interval import parse_interval
from edgekeeper.market.live import LIVE_ROWS, BarPoller, LiveSource

__all__ = ["check_live_source"]

_SECOND_NS = 10**9


def check_live_source(
    source: LiveSource,
    symbols: Sequence[str],
    interval: str,
    clock: ManualClock,
    expected: Bars,
) -> int:
    """Check all a live source promises and return how many instants were looked at.

    Parameters
    ----------
    source : LiveSource
        One whose bars of ``symbols`` are exactly ``expected``, and that asks ``clock`` for the time
        if it asks at all.
    symbols : sequence of str
    interval : str
    clock : ManualClock
        At or before the close of the first bar; it is moved to shortly after the last.
    expected : Bars
        At least three instants.

    Raises
    ------
    AssertionError
        The first broken promise.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from edgekeeper.market import read_bars
    >>> from edgekeeper.market.live import WatchedFolder
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> rows = [f"2024-01-02T{hour:02}:00:00Z,1,2,1,2,5\\n" for hour in range(5)]
    >>> _ = (folder / "A-USD.csv").write_text("time,open,high,low,close,volume\\n" + "".join(rows))
    >>> bars = read_bars(folder).bars
    >>> clock = ManualClock(int(bars.event_time[0]))
    >>> check_live_source(WatchedFolder(folder, clock=clock), ["A-USD"], "1h", clock, bars)
    5
    """
    assert len(expected.instants) >= 3, "three instants are needed to say anything"
    interval_ns = parse_interval(interval)
    _check_attributes(source)
    source.check(symbols, interval_ns)
    instants = expected.instants.tolist()
    with TemporaryDirectory() as folder:
        _check_pace(source, symbols, interval, clock, Path(folder), expected)
    _check_history(source, symbols, interval_ns, instants)
    with TemporaryDirectory() as folder:
        _check_backfill(source, symbols, interval, clock, Path(folder), expected)
    return len(instants)


def _check_attributes(source: LiveSource) -> None:
    assert source.name.strip(), "a name is what people see: it cannot be empty"
    assert source.look_back >= 1, "late and revised bars show only where one looks back"
    assert source.idle_seconds > 0, "a source asked without a pause is a source lost"


def _check_history(
    source: LiveSource, symbols: Sequence[str], interval_ns: int, instants: list[int]
) -> None:
    rows = source.history(symbols, interval_ns, instants[0], instants[-1])
    assert rows.schema == LIVE_ROWS, f"rows have the schema {rows.schema}"
    assert set(symbols) <= set(rows["symbol"].to_list()), "symbols asked for are missing"
    again = source.history(symbols, interval_ns, instants[0], instants[-1])
    assert rows.sort("symbol", "time").equals(again.sort("symbol", "time")), (
        "asking twice gives other rows"
    )
    long_ago = source.history(symbols, interval_ns, 0, interval_ns)
    assert long_ago.schema == LIVE_ROWS, "an empty range has other columns"


def _check_pace(
    source: LiveSource,
    symbols: Sequence[str],
    interval: str,
    clock: ManualClock,
    folder: Path,
    expected: Bars,
) -> None:
    """Each instant comes after its close, once, with the values expected."""
    first, last = int(expected.instants[0]), int(expected.instants[-1])
    assert clock.now_ns() <= first, "the clock has to begin at or before the first close"
    poller = _poller(source, symbols, interval, clock, folder, first - 1)
    for instant, start, stop in zip(
        expected.instants.tolist(),
        expected.instant_offsets[:-1].tolist(),
        expected.instant_offsets[1:].tolist(),
        strict=True,
    ):
        wait = max(instant - clock.now_ns(), 0) / _SECOND_NS
        got = poller.next(wait + 120)
        health = poller.health.sentence(clock.now_ns())
        assert got is not None, f"nothing came for {instant}: {health}"
        assert clock.now_ns() >= instant, f"a bar came before it closed: {got.event_time[0]}"
        wanted = expected.rows(start, stop)
        assert got.to_polars().equals(_alone(wanted).to_polars()), f"{instant}: other bars"
    assert clock.now_ns() <= last + 120 * _SECOND_NS, "bars came late"
    assert poller.next(0) is None, "an instant came twice, or one more than expected"
    assert not poller.health.quarantined, f"good rows were refused: {poller.health.quarantined}"


def _check_backfill(
    source: LiveSource,
    symbols: Sequence[str],
    interval: str,
    clock: ManualClock,
    folder: Path,
    expected: Bars,
) -> None:
    instants = expected.instants.tolist()
    middle = instants[len(instants) // 2]
    poller = _poller(source, symbols, interval, clock, folder, None)
    history = poller.backfill(instants[0], middle)
    wanted = expected.until(middle)
    assert history.event_time.tolist() == wanted.event_time.tolist(), "a range has other instants"
    assert history.close.tolist() == wanted.close.tolist(), "a range has other prices"
    refusal, unknown = "", f"NO-SUCH-SYMBOL-{symbols[0]}"
    try:
        source.check([unknown], parse_interval(interval))
    except UsageError as error:
        refusal = str(error)
    assert not refusal or unknown in refusal, f"does not name what it refuses: {refusal}"


def _poller(
    source: LiveSource,
    symbols: Sequence[str],
    interval: str,
    clock: ManualClock,
    folder: Path,
    after_ns: int | None,
) -> BarPoller:
    def sleep(seconds: float) -> None:
        clock.advance_to(clock.now_ns() + round(seconds * _SECOND_NS))

    return BarPoller(
        source, symbols, interval, clock=clock, store_folder=folder, after_ns=after_ns, sleep=sleep
    )


def _alone(bars: Bars) -> Bars:
    """The same bars with no other symbols beside, and nothing known of their past."""
    return Bars.from_arrays(
        symbol=[bars.symbols[code] for code in bars.symbol],
        event_time=bars.event_time,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
        volume=bars.volume,
    )
