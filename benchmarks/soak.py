"""A day of minutes through a whole service: does any process grow, and how fast does the record?

    python benchmarks/soak.py [--minutes 1440] [--settle 0] [--pace 20] [--boards 3] [--json]

Starts `serve` on the demo's market in bars of a minute, lets a bot send signals and outcomes all
the while, keeps a few dashboards open, and samples the memory of each process. Growth is the median
of the last quarter beside that of the second: in the first one caches fill and models are fitted.
With ``--settle`` quarters begin after so many minutes: a run looks back on 5,341 of them, and until
it has seen as many its windows fill. Growth is that of memory which a process has for itself, since
pages shared with whatever else runs on the machine change hands; all processes together are added
up with their part of what they share.
"""

import argparse
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from edgekeeper.api import Access
from edgekeeper.desk import Desk

SETTINGS = """
gates.max_sharpe = 1000.0
gates.max_auc = 0.999
[sidecar]
max_age_seconds = 100000.0
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=int, default=1_440)
    options.add_argument("--settle", type=int, default=0, help="minutes before quarters begin")
    options.add_argument("--pace", type=float, default=20.0, help="bars a second")
    options.add_argument("--boards", type=int, default=3)
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgekeeper-soak-") as place:
        found = soak(Path(place), asked.minutes, asked.settle, asked.pace, asked.boards)
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{found['instants']} instants of six symbols, {found['signals']} signals")
    for name, one in found["processes"].items():
        path = ", ".join(f"{quarter:.0f}" for quarter in one["quarters_mb"])
        print(f"  {name:8} {path} MB in each quarter ({one['growth']:+.1%} since the second)")
    print(f"  together at most {found['most_mb']:.0f} MB")
    print(f"  record   {found['record_bytes_an_instant']:.0f} bytes an instant, "
          f"{found['record_gb_a_year']:.1f} GB a year before months move to segments")  # fmt: skip


def soak(folder: Path, minutes: int, settle: int, pace: float, boards: int) -> dict[str, object]:
    settings = folder / "edgekeeper.toml"
    settings.write_text(SETTINGS)
    run = folder / "run"
    command = [
        sys.executable, "-m", "edgekeeper", "serve", "--data", str(run), "--port", "0",
        "--source", f"demo:{pace:g}", "--interval", "1m", "--config", str(settings),
    ]  # fmt: skip
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        url = _url(folder / "said")
        token = Access(run).create_token("soak", "admin")
        chromium = _boards(run, url, boards)
        try:
            return _sample(run, url, token, process.pid, minutes, settle)
        finally:
            for one in chromium:
                one.kill()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _url(said: Path) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for word in said.read_text().split():
            if word.startswith("http://"):
                return word.split("/login")[0]
        time.sleep(0.2)
    raise SystemExit(said.read_text())


def _boards(run: Path, url: str, count: int) -> list["subprocess.Popen[bytes]"]:
    if not Path("/usr/bin/chromium").exists():
        return []
    return [
        subprocess.Popen(
            ["/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu",
             f"--user-data-dir={run}/../board-{k}", "--remote-debugging-port=0",
             Access(run).login_link(url)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for k in range(count)
    ]  # fmt: skip


def _sample(
    run: Path, url: str, token: str, parent: int, minutes: int, settle: int
) -> dict[str, object]:
    samples: dict[str, list[float]] = {}
    most = 0.0
    sizes: list[tuple[int, int]] = []
    sent = 0
    with (
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client,
        Desk(run) as desk,
    ):
        taken = 0
        while taken < minutes:
            time.sleep(0.5)
            sent += _talk(client, sent)
            taken = desk.ledger.read("stretches", ["kind"], where={"kind": "bars"}).height
            sizes.append((taken, _bytes(run)))
            memory = _memory(parent)
            most = max(most, sum(shared for _, shared in memory.values()) / 1_024)
            for name, (own, _) in memory.items() if taken >= settle else ():
                samples.setdefault(name, []).append(own / 1_024)
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{taken} of {minutes}")
    processes = {}
    for name, one in samples.items():
        if "learn" in name or "fit" in name:
            continue  # comes and goes with fits
        cuts = [len(one) * k // 4 for k in range(5)]
        medians = [statistics.median(one[a:b]) for a, b in itertools.pairwise(cuts)]
        processes[name] = {"quarters_mb": medians, "growth": medians[3] / medians[1] - 1.0}
    middle = len(sizes) // 2
    (first, before), (last, after) = sizes[middle], sizes[-1]
    each = (after - before) / max(last - first, 1)
    return {
        "instants": taken, "signals": sent, "processes": processes, "most_mb": most,
        "record_bytes_an_instant": each, "record_gb_a_year": each * 525_600 / 1e9,
    }  # fmt: skip


def _talk(client: httpx.Client, number: int) -> int:
    """Send a few signals and their outcomes, as a bot would; return how many."""
    now = datetime.now(UTC)
    for k in range(number, number + 5):
        one = {"id": f"s{k}", "symbol": "BTC/USD", "side": "long", "time": now.isoformat(),
               "features": {"a": (k % 7) / 7, "b": None}}  # fmt: skip
        client.post("/v1/signals", json=one).raise_for_status()
        closed = (now + timedelta(milliseconds=1)).isoformat()
        client.post("/v1/outcomes", json={"id": f"s{k}", "closed_at": closed,
                                          "return": 0.001 * (k % 5 - 2)})  # fmt: skip
    return 5


def _bytes(run: Path) -> int:
    """Size of a folder in which files come and go."""
    found = 0
    for place, _, names in os.walk(run):
        for name in names:
            with suppress(FileNotFoundError):
                found += (Path(place) / name).stat().st_size
    return found


def _memory(parent: int) -> dict[str, tuple[float, float]]:
    """Kilobytes of each process, by module: its own, and with its part of what is shared."""
    found: dict[str, tuple[float, float]] = {}
    waiting = [parent]
    while waiting:
        pid = waiting.pop()
        try:
            tasks = Path(f"/proc/{pid}/task")
            for task in tasks.iterdir():
                waiting += [int(one) for one in (task / "children").read_text().split()]
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            name = next((w.decode()[11:] for w in words if w.startswith(b"edgekeeper.")), "")
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        pairs = (line.split()[:2] for line in rollup.splitlines()[1:])
        sizes = {key: float(value) for key, value in pairs}
        if "Pss:" not in sizes:
            continue
        name = name or ("serve" if pid == parent else str(pid))
        own, shared = found.get(name, (0.0, 0.0))
        own += sizes["Private_Clean:"] + sizes["Private_Dirty:"]
        found[name] = own, shared + sizes["Pss:"]
    return found


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    main()
