"""One year of minutes in segments: size, seconds, seconds of the chain's proof, peak memory.

``python benchmarks/segments.py [--days 252] [--out FOLDER] [--json]``. Twenty symbols, 390 minutes
a day, five lines, both sides: 20 million forecasts a year, in 10 million rows, one link a minute.
Measures are full float64 that never repeat, the worst case for their size. Rows move to segments at
each month's end.
"""

import argparse
import json
import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SYMBOLS = [f"S{i:03}" for i in range(20)]
LINES = ["trees", "linear", "deep", "boosted", "vote"]
MINUTES = 390
BUDGET_BYTES_A_YEAR = 1_000_000_000
ROWS_A_MINUTE = len(SYMBOLS) * len(LINES)


def forecasts_of(random: np.random.Generator, minutes: int) -> dict[str, Any]:
    """Columns of a stretch of minutes, as long arrays that links are cut from."""
    shape = minutes * ROWS_A_MINUTE
    columns: dict[str, Any] = {"novelty": random.integers(0, 35, shape) / 35.0}
    for name in ("long", "short"):
        probability = random.beta(20, 20, shape)
        mean = random.normal(0, 1e-3, shape)
        spread = np.abs(random.normal(2e-3, 5e-4, shape))
        columns |= {
            f"probability_{name}": probability,
            f"expected_return_{name}": mean,
            f"lower_{name}": mean - spread,
            f"upper_{name}": mean + spread,
            f"risk_{name}": 0.9 * (1.0 - probability) ** 1.5,
            f"bars_held_{name}": 1.0 + 9.0 * probability * (1.0 - probability),
        }
    return columns


def write_year(ledger: Any, days: int) -> dict[str, float]:
    """Write, seal and move; return seconds of each."""
    from edgekeeper.clock import WallClock

    random, archive = np.random.default_rng(7), ledger.archive(WallClock())
    dates = np.busday_offset("2023-01-03", np.arange(days + 1), roll="forward")
    names = {
        "symbol": np.tile(SYMBOLS, len(LINES)).tolist(),
        "line": np.repeat(LINES, len(SYMBOLS)).tolist(),
        "package": np.repeat([f"{i:064x}" for i in range(len(LINES))], len(SYMBOLS)).tolist(),
    }
    spent = dict.fromkeys(("write", "move"), np.zeros(2))
    for day, date in enumerate(dates[:-1]):
        columns = forecasts_of(random, MINUTES)
        open_ns = int(date.astype("datetime64[ns]").astype(np.int64)) + 52_200 * 10**9
        began = _clocks()
        for minute in range(MINUTES):
            rows = slice(minute * ROWS_A_MINUTE, (minute + 1) * ROWS_A_MINUTE)
            now = open_ns + (minute + 1) * 60 * 10**9
            with ledger.transaction("trade", event_time_ns=now) as tx:
                part = {name: values[rows] for name, values in columns.items()}
                tx.append("forecasts", {"event_time_ns": now, **names, **part})
        spent["write"] = spent["write"] + _clocks() - began
        if date.astype("datetime64[M]") != dates[day + 1].astype("datetime64[M]"):
            ledger.seal(now)
            began = _clocks()
            archive.move(int(dates[day + 1].astype("datetime64[ns]").astype(np.int64)), 0)
            spent["move"] = spent["move"] + _clocks() - began
    return _named(spent)


def _clocks() -> Any:
    return np.array([time.perf_counter(), time.process_time()])


def _named(spent: dict[str, Any]) -> dict[str, float]:
    return {
        f"{name}_{what}": float(value)
        for name, both in spent.items()
        for what, value in zip(("seconds", "cpu_seconds"), both, strict=True)
    }


def one_year(days: int, folder: Path) -> dict[str, float]:
    from edgekeeper.ledger import Ledger

    with Ledger.open(folder / "ledger.sqlite") as ledger:
        figures = write_year(ledger, days)
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        held = ledger.holdings()
        began = _clocks()
        ledger.check_segments()
        rows = ledger.verify("trade").rows
        figures |= _named({"verify": _clocks() - began})
        began = _clocks()
        ledger.query("SELECT line, avg(probability_long) FROM forecasts GROUP BY line")
        figures |= _named({"sql": _clocks() - began})
        segment_bytes = sum(one.bytes for one in held.standing())
        moved = sum(one.rows for one in held.standing())
    disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    database = disk - segment_bytes
    return {
        **figures,
        "rows": rows,
        "forecasts": 2 * rows,
        "rows_in_segments": moved,
        "bytes_a_row_in_segments": segment_bytes / max(moved, 1),
        "segment_bytes": segment_bytes,
        "database_bytes": database,
        "bytes_a_year": segment_bytes / max(moved, 1) * rows * 252 / days,
        "budget_bytes_a_year": BUDGET_BYTES_A_YEAR,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=252)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = arguments.out or Path(tempfile.mkdtemp(prefix="edgekeeper-segments-"))
    try:
        figures = one_year(arguments.days, folder)
    finally:
        if not arguments.out:
            shutil.rmtree(folder, ignore_errors=True)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:26} {value:18,.3f}")


if __name__ == "__main__":
    main()
