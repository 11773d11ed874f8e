"""Dashboard, API and metrics over a long record: what a look costs, and what it leaves in memory.

    python benchmarks/long_run.py [--instants 525600] [--news 400] [--json]

Writes a made-up record of a live run by the minute (one line in shadow, three accounts, two
symbols, a trade every half hour), draws every screen over it after each further minute, as the web
process does, and asks the API and the metrics for the same. Nothing is traded: figures are of
reading alone.
"""

import argparse
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edgekeeper.config import parse_config
from edgekeeper.ledger import Ledger

_MINUTE = 60 * 10**9
_START = 1_700_006_400 * 10**9
_DAY = 1_440
_ACCOUNTS = ("edgekeeper", "rules", "always_newest")
_SYMBOLS = ("A/USD", "B/USD")
_CHUNK = 7_200
_CONFIG = {
    "lines": [{"name": "linear", "learner": "logistic", "features": ["returns"], "min_bars": 150}],
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--instants", type=int, default=525_600)
    options.add_argument("--news", type=int, default=400, help="further minutes, each looked at")
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgekeeper-long-") as place:
        found = look(Path(place), asked.instants, asked.news)
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{asked.instants} instants, {found['rows']} rows, {found['mb']:.0f} MB on disk")
    print(f"{'':16} first look   later ones (median, longest)")
    for name, (first, later, longest) in found["ms"].items():
        print(f"{name:16} {first:9.0f} ms {later:9.1f} ms {longest:8.1f} ms")
    before, looked, half, end = found["resident_mb"]
    print(
        f"memory: {before:.0f} MB before, {looked:.0f} after the first looks, "
        f"{half:.0f} half-way, {end:.0f} at the end"
    )


def look(folder: Path, instants: int, news: int) -> dict[str, object]:
    """Make the record, look at it again and again, and say what it cost."""
    from edgekeeper.api import Access, Grant
    from edgekeeper.api.run import RunStanding
    from edgekeeper.dashboard.house import House
    from edgekeeper.dashboard.place import Place
    from edgekeeper.dashboard.screens import SCREENS
    from edgekeeper.desk import Desk
    from edgekeeper.monitoring import Metrics

    file = folder / "ledger.sqlite"
    made = Made(file)
    made.begin()
    for first in range(0, instants, _CHUNK):
        made.write(first, min(first + _CHUNK, instants))
    rows = made.rows
    grant = Grant("bench", "admin", "")
    memory = [resident_mb()]
    with Desk(folder) as desk:
        house, standing, metrics = House(desk, Access(folder)), RunStanding(desk), Metrics(desk)
        paths = [*(s.path for s in SCREENS), "/models?line=linear", "/?span=all"]
        asked: dict[str, Callable[[], object]] = {
            path: lambda path=path: house.page(grant, Place.of(path), house.stamp())
            for path in paths
        }
        asked |= {"api status": standing.read, "api earnings": desk.earnings,
                  "metrics": metrics.render}  # fmt: skip
        first = {name: _timed(act) for name, act in asked.items()}
        memory.append(resident_mb())
        later: dict[str, list[float]] = {name: [] for name in asked}
        for k in range(news):
            made.write(instants + k, instants + k + 1)
            for name, act in asked.items():
                later[name].append(_timed(act))
            if k == news // 2:
                memory.append(resident_mb())
        memory.append(resident_mb())
        house.close()
    size = sum(one.stat().st_size for one in folder.iterdir() if one.is_file())
    return {
        "rows": rows, "mb": size / 1e6, "resident_mb": memory,
        "ms": {n: (first[n], statistics.median(v), max(v)) for n, v in later.items()},
    }  # fmt: skip


class Made:
    """A record that is made up, minute by minute."""

    def __init__(self, file: Path) -> None:
        self.rows = 0
        self._file = file
        self._random = np.random.default_rng(0)
        self._money = dict.fromkeys(_ACCOUNTS, 100_000.0)
        self._log = np.zeros(3)
        self._ledger = Ledger.open(file)

    def begin(self) -> None:
        """Write what a run writes at its start, and that its line came to shadow."""
        config = parse_config(_CONFIG)
        with self._ledger.transaction("trade", event_time_ns=_START) as tx:
            self._add(tx, "runs", started_market_ns=_START, run_id="r", config_hash=config.hash(),
                      config_json=config.model_dump_json(), data_hash="d", seed=0,
                      code_version="0")  # fmt: skip
            self._add(tx, "universes", started_market_ns=_START,
                      symbols_json=json.dumps(_SYMBOLS), context_json="[]")  # fmt: skip
            self._add(tx, "stages", event_time_ns=_START, line="linear", to_stage="candidate",
                      reason="registered", actor="rule")  # fmt: skip
            self._add(tx, "stages", event_time_ns=_START, line="linear", from_stage="candidate",
                      to_stage="shadow", reason="passed its gates", actor="rule")  # fmt: skip

    def write(self, first: int, last: int) -> None:
        """Write minutes from one to before another as one link."""
        time_ns = _START + _MINUTE * np.arange(first + 1, last + 1)
        n = len(time_ns)
        with self._ledger.transaction("trade", event_time_ns=int(time_ns[-1])) as tx:
            days = time_ns[np.arange(first, last) % _DAY == 0]
            if len(days):
                self._add(tx, "epochs", event_time_ns=days, bars=2 * _DAY, bars_hash="h")
            self._add(tx, "stretches", event_time_ns=time_ns, number=np.arange(first, last),
                      kind="bars", known_time_ns=time_ns + 10**9,
                      latency_ms=self._random.gamma(2.0, 2.0, n))  # fmt: skip
            for account in _ACCOUNTS:
                path = self._money[account] * np.exp(np.cumsum(self._random.normal(0, 2e-4, n)))
                self._money[account] = float(path[-1])
                self._add(tx, "equity", event_time_ns=time_ns, account=account, equity=path,
                          cash=path, gross_exposure=0.5, net_exposure=0.1)  # fmt: skip
            logs = self._log + np.cumsum(self._random.normal(0.0, 0.02, (n, 3)), axis=0)
            self._log = np.clip(logs[-1], -2.0, 2.0)
            self._add(tx, "evidence", event_time_ns=time_ns, line="linear", log_e_cash=logs[:, 0],
                      log_e_exposure=logs[:, 1], log_e_incumbent=logs[:, 2], log_harm=0.0,
                      threshold=3.0, book_return=0.0, exposure_return=0.0, incumbent_return=0.0,
                      scale=1e-3)  # fmt: skip
            self._trades(tx, time_ns[np.arange(first, last) % 30 == 0])

    def _trades(self, tx: object, time_ns: "np.ndarray") -> None:
        if len(time_ns) == 0:
            return
        n = len(time_ns)
        for account in _ACCOUNTS:
            for symbol in _SYMBOLS:
                for moment in (0, 10 * _MINUTE):
                    ids = [f"{account[:1]}{t}" for t in time_ns + moment]
                    action = "close" if moment else "open"
                    known = {"account": account, "symbol": symbol, "side": "long",
                             "action": action, "quantity": 1.0}  # fmt: skip
                    self._add(tx, "orders", event_time_ns=time_ns + moment, id=ids, **known)
                    self._add(tx, "fills", event_time_ns=time_ns + moment, order_id=ids,
                              price=100.0, fee=0.1, **known)  # fmt: skip
                self._add(tx, "decisions", event_time_ns=time_ns, symbol=symbol, account=account,
                          side="long", decision="take", size=0.1, reason="band")  # fmt: skip
                self._add(tx, "trades", exit_time_ns=time_ns + 10 * _MINUTE,
                          decision_time_ns=time_ns, entry_time_ns=time_ns + _MINUTE,
                          account=account, symbol=symbol, side="long", quantity=1.0,
                          entry_price=100.0, exit_price=100.1, exit_reason="time",
                          net_return=self._random.normal(0, 1e-3, n), costs=1e-4)  # fmt: skip

    def _add(self, tx: object, table: str, **columns: object) -> None:
        tx.append(table, columns)
        self.rows += max((len(v) for v in columns.values() if not isinstance(v, str)
                          and hasattr(v, "__len__")), default=1)  # fmt: skip


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return 1e3 * (time.perf_counter() - began)


def resident_mb() -> float:
    """Resident memory of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
