"""False alarms and delays of drift detectors, beside River's in the same run.

    PYTHONPATH=src PEERS/bin/python benchmarks/drift.py [--streams N] [--peer-streams N] [--jobs J]

PEERS is an environment with numpy, numba, pyarrow-free Edgekeeper sources on the path, and
river==0.26.1. Each stream has a reference of 1,000 observations and goes on for 1,000 without a
change (false alarms), or with one from the first on (delays). River's detectors have their defaults
and see the stream; before a change they see the reference first.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from edgekeeper.stats.drift_monitor import DriftMonitor

KINDS = ("normal", "ar", "student", "garch")
LENGTH = 1_000
CHANGES = ("mean", "variance")


def stream(kind: str, rng: np.random.Generator, n: int, features: int = 1) -> np.ndarray:
    """Observations without a change, after a warm-up; columns are independent."""
    if kind == "normal":
        return rng.standard_normal((n, features))
    if kind == "student":
        return rng.standard_t(3, (n, features))
    noise = rng.standard_normal((n + 500, features))
    x, variance = np.zeros_like(noise), np.ones(features)
    for t in range(1, len(noise)):
        if kind == "ar":
            x[t] = 0.5 * x[t - 1] + noise[t]
        else:
            variance = 0.05 + 0.10 * x[t - 1] ** 2 + 0.85 * variance
            x[t] = np.sqrt(variance) * noise[t]
    return x[500:]


def deviation(kind: str) -> float:
    """True standard deviation of a kind of stream."""
    return {"normal": 1.0, "student": math.sqrt(3.0), "ar": math.sqrt(4 / 3), "garch": 1.0}[kind]


def changed(kind: str, change: str, x: np.ndarray) -> np.ndarray:
    """The stream with a mean two deviations higher, or with twice the variance."""
    return x + 2.0 * deviation(kind) if change == "mean" else x * math.sqrt(2.0)


def first_alarm(monitor: DriftMonitor, rows: np.ndarray) -> int:
    """Observations until the alarm, itself included; -1 where there is none."""
    monitor.reset()
    return next((t for t, row in enumerate(rows, 1) if monitor.update(row)), -1)


def ours(task: tuple[str, int, int, bool]) -> dict[str, object]:
    kind, seed, length, delays = task
    rng = np.random.default_rng([seed, length])
    x = stream(kind, rng, length + LENGTH)
    monitor = DriftMonitor.fit(x[:length], horizon=LENGTH, seed=seed)
    found: dict[str, object] = {"none": first_alarm(monitor, x[length:])}
    if monitor.alarm is not None:
        found["what"] = monitor.alarm.kind
    for change in CHANGES if delays else ():
        found[change] = first_alarm(monitor, changed(kind, change, x[length:]))
        if change == "mean" and monitor.alarm is not None:
            found["since"] = monitor.alarm.since
    return found


def correlated(seed: int) -> int:
    """Delay for a correlation of .6 that turns to -.6."""
    rng = np.random.default_rng([seed, 6])
    x = rng.standard_normal((2 * LENGTH, 2))
    sign = np.where(np.arange(len(x)) < LENGTH, 1.0, -1.0)
    x[:, 1] = 0.6 * sign * x[:, 0] + 0.8 * x[:, 1]
    return first_alarm(DriftMonitor.fit(x[:LENGTH], seed=seed), x[LENGTH:])


def many(task: tuple[str, int]) -> int:
    """First alarm of a monitor over ten columns without a change."""
    kind, seed = task
    x = stream(kind, np.random.default_rng([seed, 10]), 2 * LENGTH, 10)
    return first_alarm(DriftMonitor.fit(x[:LENGTH], seed=seed), x[LENGTH:])


def rivers(task: tuple[str, int]) -> dict[str, dict[str, int]]:
    from river import drift

    kind, seed = task
    x = stream(kind, np.random.default_rng([seed, LENGTH]), 2 * LENGTH)[:, 0]
    makers = {
        "ADWIN": drift.ADWIN,
        "Page-Hinkley": drift.PageHinkley,
        "KSWIN": lambda: drift.KSWIN(seed=seed),
    }
    found = {}
    for name, make in makers.items():
        found[name] = {"none": _river_alarm(make(), x[LENGTH:])}
        for change in CHANGES:
            detector = make()
            for value in x[:LENGTH]:
                detector.update(float(value))
            found[name][change] = _river_alarm(detector, changed(kind, change, x[LENGTH:]))
    return found


def _river_alarm(detector: object, values: np.ndarray) -> int:
    for t, value in enumerate(values, 1):
        detector.update(float(value))
        if detector.drift_detected:
            return t
    return -1


def share(alarms: list[int]) -> str:
    rate = np.mean([alarm > 0 for alarm in alarms])
    return f"{100 * rate:5.1f} % ± {100 * 1.96 * math.sqrt(rate * (1 - rate) / len(alarms)):.1f}"


def delay(alarms: list[int]) -> str:
    """Median and 95 % quantile, an alarm that never came counting as the longest."""
    waits = np.array([alarm if alarm > 0 else np.inf for alarm in alarms])
    middle, late = np.sort(waits)[[len(waits) // 2, int(0.95 * len(waits))]]
    return f"{middle:.0f} / {late:.0f}"


def report(options: argparse.Namespace, pool: ProcessPoolExecutor) -> Iterator[tuple[str, object]]:
    for length in options.references:
        for kind in KINDS:
            tasks = [(kind, seed, length, length == LENGTH) for seed in range(options.streams)]
            found = list(pool.map(ours, tasks, chunksize=8))
            line = {
                "false alarms": share([f["none"] for f in found]),
                "of which": sorted({str(f.get("what")) for f in found if f["none"] > 0}),
            }
            if length == LENGTH:
                line |= {change: delay([f[change] for f in found]) for change in CHANGES}
                line["since, error"] = float(
                    np.median([abs(f["since"]) for f in found if "since" in f])
                )
            yield f"ours, reference {length}, {kind}", line
    flips = list(pool.map(correlated, range(options.streams // 4), chunksize=8))
    yield "ours, correlation .6 to -.6", delay(flips)
    for kind in KINDS[:3]:
        alarms = list(pool.map(many, [(kind, s) for s in range(options.streams // 5)], chunksize=4))
        yield f"ours, ten columns, {kind}", share(alarms)
    for kind in KINDS:
        found = list(pool.map(rivers, [(kind, s) for s in range(options.peer_streams)]))
        for name in found[0] if found else ():
            mine = [f[name] for f in found]
            yield (
                f"{name}, {kind}",
                {"false alarms": share([f["none"] for f in mine])}
                | {change: delay([f[change] for f in mine]) for change in CHANGES},
            )


def speed() -> dict[str, str]:
    """Processor time of a fit and an update over 50 features and 2,000 rows."""
    rows = np.random.default_rng(0).standard_normal((3_000, 50))
    DriftMonitor.fit(rows[:200, :2], horizon=50).update(rows[0, :2])
    began = time.process_time()
    monitor = DriftMonitor.fit(rows[:2_000])
    fitted = time.process_time()
    for row in rows[2_000:]:
        monitor.update(row)
    micros = (time.process_time() - fitted) * 1e3
    return {
        "fit": f"{fitted - began:.1f} s",
        "update": f"{micros:.1f} µs",
        "state": f"{len(monitor.state()) / 1e3:.0f} kB",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--peer-streams", type=int, default=100)
    parser.add_argument("--references", type=int, nargs="+", default=[500, 1_000, 2_000])
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    print("50 features × 2,000 rows:", json.dumps(speed(), ensure_ascii=False), flush=True)
    with ProcessPoolExecutor(options.jobs) as pool:
        for what, line in report(options, pool):
            print(f"{what}: {json.dumps(line, ensure_ascii=False)}", flush=True)


if __name__ == "__main__":
    main()
