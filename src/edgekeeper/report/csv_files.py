"""Decisions and equity of a run as CSV, for spreadsheets."""

import csv
import io

import numpy as np
import polars as pl

from edgekeeper.ledger import Ledger
from edgekeeper.report.story import Story
from edgekeeper.types import Int64Array

__all__ = ["decisions_csv", "equity_csv"]


def decisions_csv(ledger: Ledger) -> bytes:
    """Every decision of Edgekeeper's account, as CSV."""
    columns = ["symbol", "side", "decision", "size", "stop", "target", "reason", "model"]
    frame = ledger.read("decisions", ["event_time_ns", *columns], where={"account": "edgekeeper"})
    stamp = pl.from_epoch(pl.col("event_time_ns"), time_unit="ns").dt.strftime("%FT%TZ")
    return frame.select(stamp.alias("time"), *columns).write_csv().encode()


def equity_csv(story: Story) -> bytes:
    """Equity of all books after each bar, as CSV."""
    names = list(story.books)
    stamps = _iso_stamps(story.time_ns)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["time", *names])
    columns = [[f"{value:.6f}" for value in story.books[name].equity] for name in names]
    writer.writerows(zip(stamps, *columns, strict=True))
    return text.getvalue().encode()


def _iso_stamps(time_ns: Int64Array) -> list[str]:
    seconds = time_ns.astype("datetime64[ns]").astype("datetime64[s]")
    return [f"{stamp}Z" for stamp in np.datetime_as_string(seconds)]
