"""A year of minutes through the whole loop, learning included: what its record takes on the disk.

``python benchmarks/year.py [--sessions 252] [--out FOLDER] [--json]``. The demo's six symbols, 390
minutes a session, replayed as bars of a minute: signals, forecasts of both lines, decisions, fits,
moves. Plausibility caps are lifted, since an edge of the demo's size is implausible in minutes.
Months move to segments as they end, the last one stays in the database.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.build import replay
from edgekeeper.config import parse_config
from edgekeeper.market.live.demo import DEMO_SYMBOLS, DemoMarket

MINUTE = 60 * 10**9
MINUTES = 390
OPENS = 14 * 60 + 30
FIRST = 946_684_800 * 10**9
BUDGET_BYTES = 1_000_000_000
SETTINGS = {"gates": {"max_sharpe": 1_000.0, "max_auc": 0.999}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=252)
    parser.add_argument("--out", type=Path, help="keep the run here")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgekeeper-year-") as scratch:
        found = year(asked.sessions, asked.out or Path(scratch) / "run")
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    print(
        f"{found['instants']:,} instants of {len(DEMO_SYMBOLS)} symbols in "
        f"{found['seconds']:.0f} s, {found['peak_mb']:.0f} MB at most; {found['fits']} fits"
    )
    parts = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in found["bytes_of"].items())
    print(f"record: {found['bytes'] / 1e9:.2f} GB ({parts} MB), budget {BUDGET_BYTES / 1e9:.0f} GB")


def year(sessions: int, out: Path) -> dict[str, Any]:
    bars = _bars(sessions)
    began = time.perf_counter()
    run = replay(bars, parse_config(SETTINGS), out=out)
    seconds = time.perf_counter() - began
    sizes: dict[str, int] = {}
    for file in filter(Path.is_file, out.rglob("*")):
        part = file.relative_to(out).parts[0]
        sizes[part] = sizes.get(part, 0) + file.stat().st_size
    return {
        "instants": len(bars.instants),
        "seconds": seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024,
        "fits": sum(line["refits"] for line in run.summary["lines"]),
        "bytes": sum(sizes.values()),
        "bytes_of": dict(sorted(sizes.items(), key=lambda each: -each[1])),
    }


def _bars(sessions: int) -> Bars:
    """Minutes of the demo, laid into sessions: its own never close."""
    count = sessions * MINUTES
    rows = DemoMarket().history(DEMO_SYMBOLS, MINUTE, FIRST, FIRST + (count + 1) * MINUTE)
    rows = rows.sort("time", "symbol")
    number = (rows["time"].to_physical().to_numpy() - FIRST) // MINUTE - 1
    rows, number = rows.filter(number < count), number[number < count]
    day = np.busday_offset(np.datetime64("2024-01-02"), number // MINUTES)
    opens = day.astype("datetime64[ns]").astype(np.int64)
    return Bars.from_arrays(
        symbol=rows["symbol"].to_list(),
        event_time=opens + (OPENS + 1 + number % MINUTES) * MINUTE,
        **{name: rows[name].to_numpy() for name in ("open", "high", "low", "close", "volume")},
    )


if __name__ == "__main__":
    main()
