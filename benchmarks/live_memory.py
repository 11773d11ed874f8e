"""What a live run holds in memory for each bar and symbol, and where.

    python benchmarks/live_memory.py [--minutes 3000] [--history 600] [--epoch bar] [--online]

Feeds minutes of six symbols to a run of two lines, whose fits are made outside it, and walks over
all it holds, twice: after half of the minutes and after all. Epochs of one bar keep 1,024 instants
of features, those of a day 5,341: growth up to there is no growth.
"""

import argparse
import gc
import sys
import tempfile
import types
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import parse_config
from edgekeeper.learn import FitAnswer, FitRequest, LearnService
from edgekeeper.ledger import Ledger
from edgekeeper.living import Live
from edgekeeper.market import ScratchRooms
from edgekeeper.registry import Registry
from edgekeeper.running import Asleep, Blank
from edgekeeper.trade import Tape
from edgekeeper.worlds import make_world

_MINUTE_NS = 60 * 10**9
_FIRST_NS = 946_684_800 * 10**9
_NOT_OURS = ("sqlalchemy", "sqlite3", "threading", "_thread", "numba", "onnxruntime", "polars",
             "weakref", "_weakrefset")  # fmt: skip
_CODE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.CodeType)


class Beside:
    """Makes fits at once, from arrays of its own."""

    def __init__(self) -> None:
        self.live: Live | None = None
        self._made: list[FitAnswer] = []

    def ask(self, request: FitRequest) -> None:
        live = self.live
        assert live is not None
        tape = Tape(live.run.tape.bars.rows(0, len(live.run.tape.bars)), live.config)
        learn = LearnService(tape.feed, live.config, live.ledger, live.registry)
        learn.take_over()
        made = learn.refit(request.line, request.now_ns, request.epoch, request.wish)
        self._made.append(FitAnswer(request, made, ""))

    def answers(self, wait_seconds: float) -> list[FitAnswer]:
        made, self._made = self._made, []
        return made

    def again(self, learn: LearnService, request: FitRequest) -> None:
        """Make nothing again."""


def held(root: object, *others: object) -> Counter[str]:
    """Bytes reachable from an object but not counted for others, by up to five attributes."""
    seen, found = {id(one) for one in others}, Counter[str]()
    waiting: list[tuple[str, object]] = [("", root)]
    while waiting:
        path, one = waiting.pop()
        module = type(one).__module__.split(".")[0]
        if id(one) in seen or isinstance(one, _CODE) or module in _NOT_OURS:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            while isinstance(one.base, np.ndarray):
                one = one.base
            mapped = one.base is not None and not isinstance(one.base, bytes | bytearray)
            if id(one) not in seen or one.base is None:
                found[path] += 0 if mapped else one.nbytes
            seen.add(id(one))
            continue
        found[path] += sys.getsizeof(one, 0)
        waiting += _inside(path, one)
    return found


def _inside(path: str, one: object) -> list[tuple[str, object]]:
    def named(name: object) -> str:
        short = isinstance(name, str) and path.count(".") < 5
        return f"{path}.{name}" if short else path

    if isinstance(one, dict):
        few = len(one) < 60
        return [(named(k) if few else path, v) for k, v in one.items()]
    slots = [name for name in getattr(type(one), "__slots__", ()) if hasattr(one, name)]
    if hasattr(one, "__dict__") or slots:
        inside = {**getattr(one, "__dict__", {}), **{name: getattr(one, name) for name in slots}}
        parts = [(named(k), v) for k, v in inside.items()]
        if isinstance(one, types.MethodType):
            parts.append((path, one.__self__))
        return parts
    return [(path, part) for part in gc.get_referents(one)]


def minutes_of(count: int) -> Bars:
    world = make_world("planted", seed=2, symbols=6, bars=count, net_sharpe=6.0).bars
    number = np.searchsorted(world.instants, world.event_time) + 1
    when = _FIRST_NS + number * _MINUTE_NS
    return replace(world, event_time=when, known_time=when)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=int, default=3_000)
    options.add_argument("--history", type=int, default=600)
    options.add_argument("--epoch", choices=("bar", "session"), default="bar")
    options.add_argument("--online", action="store_true")
    asked = options.parse_args()
    lines = [
        {"name": "large", "learner": "logistic", "refit_epochs": 10_000},
        {"name": "small", "learner": "logistic", "features": ["returns", "volume"],
         "refit_epochs": 10_000, **({"online": {}} if asked.online else {})},
    ]  # fmt: skip
    gates = {"min_samples": 40, "max_auc": 0.9999, "max_sharpe": 1e6, "veto_errors": 50.0}
    config = parse_config({"epoch": asked.epoch, "gates": gates, "lines": lines})
    bars = minutes_of(asked.history + asked.minutes)
    with tempfile.TemporaryDirectory(prefix="edgekeeper-memory-") as place:
        measure(Path(place), bars, asked.history, config)


def measure(folder: Path, bars: Bars, history: int, config: object) -> None:
    offsets, fits, rooms = bars.instant_offsets, Beside(), ScratchRooms(folder)
    with Ledger.open(folder / "ledger.sqlite", prove=["trade"]) as ledger:
        live = fits.live = Live(
            bars.rows(0, int(offsets[history])), config, ledger, Registry(folder / "models"),
            Asleep(), Blank(), fits, rooms=rooms,
        )  # fmt: skip
        live.begin()
        live.go_on()
        middle, last = (history + len(bars.instants)) // 2, len(bars.instants)
        found = []
        for first, stop in ((history, middle), (middle, last)):
            for k in range(first, stop):
                part = bars.rows(int(offsets[k]), int(offsets[k + 1]))
                live.end_epoch_before(int(part.event_time[0]))
                live.take(part)
                live.take_fits()
            gc.collect()
            found.append(held(live, ledger, bars))
        rows = int(offsets[last] - offsets[middle])
        growth = {name: size - found[0][name] for name, size in found[1].items()}
        print(f"{last - middle} minutes of six symbols, after {middle - history} before them")
        for name, size in sorted(growth.items(), key=lambda one: -abs(one[1]))[:12]:
            print(f"{size / rows:9.1f} bytes a bar {found[1][name] / 1e6:9.2f} MB  {name[:90]}")
        every, kept = sum(growth.values()) / rows, sum(found[1].values())
        print(f"{every:9.1f} bytes a bar {kept / 1e6:9.2f} MB  in all; on disk beside it "
              f"{rooms.bytes / 1e6:.1f} MB; ledger {ledger.head('trade')[:16]}")  # fmt: skip


if __name__ == "__main__":
    main()
