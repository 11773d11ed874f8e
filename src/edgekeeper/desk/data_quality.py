"""How good a run's bars are, what was set aside, and how complete its forecasts."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekeeper.errors import BadData

if TYPE_CHECKING:
    import polars as pl

    from edgekeeper.ledger import Ledger
    from edgekeeper.market import Quality

__all__ = ["DataQuality", "read_data_quality"]

_RECENT = 10_000
_ASKED_COMPLETE = 0.95


@dataclass(frozen=True, slots=True)
class DataQuality:
    """What a person should know of the data before trusting what was made of it.

    Attributes
    ----------
    source, interval : str
        Of the bars; empty for a replay.
    bars : Quality or None
        By symbol, and single findings; None: no bars beside the record.
    quarantine : frame
        ``source, row, symbol, time, reason, content``: rows that were set aside.
    complete : frame
        ``line, bars, forecast``: of the newest bars, and how many of them a line had a forecast
        for. A row of features with a gap makes none.
    asked : float
        Share of rows that should be complete.
    """

    source: str
    interval: str
    bars: "Quality | None"
    quarantine: "pl.DataFrame"
    complete: "pl.DataFrame"
    asked: float = _ASKED_COMPLETE

    def packed(self) -> dict[str, Any]:
        """Return the same as JSON holds it, with frames as text; see :meth:`unpacked`."""
        bars = self.bars
        frames = {"quarantine": self.quarantine, "complete": self.complete}
        if bars is not None:
            frames |= {"by_symbol": bars.by_symbol, "findings": bars.findings}
        return {
            "source": self.source,
            "interval": self.interval,
            "asked": self.asked,
            "frames": {name: _text(frame) for name, frame in frames.items()},
        }

    @classmethod
    def unpacked(cls, said: Mapping[str, Any]) -> "DataQuality":
        """Return what another process packed."""
        from edgekeeper.market import Quality

        frames = {name: _frame(text) for name, text in said["frames"].items()}
        bars = Quality(frames["by_symbol"], frames["findings"]) if "findings" in frames else None
        return cls(
            said["source"], said["interval"], bars, frames["quarantine"], frames["complete"],
            said["asked"],
        )  # fmt: skip


def _text(frame: "pl.DataFrame") -> str:
    stream = io.BytesIO()
    frame.write_ipc(stream, compression="zstd")
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _frame(text: str) -> "pl.DataFrame":
    import polars as pl

    return pl.read_ipc(io.BytesIO(base64.b64decode(text)))


def read_data_quality(folder: Path, ledger: "Ledger") -> DataQuality:
    """Look through the bars of a run. It takes seconds where they are many.

    Raises
    ------
    BadData, StorageError
        Bars or quarantine are damaged or cannot be read.
    """
    import polars as pl

    from edgekeeper.bars import joined
    from edgekeeper.market import inspect, longest_snapshot
    from edgekeeper.market.live.run_folder import STORE, live_bars, read_traded
    from edgekeeper.market.quarantine import list_quarantine

    source = interval = ""
    bars = longest_snapshot(folder / "bars")
    try:
        traded = read_traded(folder)
    except BadData:  # a replay has none
        traded = None
    if traded is not None and bars is not None:
        source, interval = traded.source, traded.interval
        came = live_bars(folder, traded.interval, bars.symbols)
        bars = joined(bars, came)
    kept = pl.concat([list_quarantine(folder / name) for name in (STORE, "bars")])
    counts = dict(kept["symbol"].drop_nulls().value_counts().iter_rows())
    return DataQuality(
        source=source,
        interval=interval,
        bars=None if bars is None else inspect(bars.to_polars(), quarantined=counts),
        quarantine=kept,
        complete=_complete(ledger),
    )


def _complete(ledger: "Ledger") -> "pl.DataFrame":
    import polars as pl

    rows = ledger.read(
        "forecasts",
        ["line", "probability_long"],
        order=["event_time_ns"],
        descending=True,
        limit=_RECENT,
    )
    return (
        rows.group_by("line")
        .agg(bars=pl.len(), forecast=pl.col("probability_long").is_not_null().sum())
        .sort("line")
    )
