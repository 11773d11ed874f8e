"""The whole loop over many markets whose truth is known: how often it is wrong, how often right.

Markets are run side by side in processes and kept one JSON line each, so that a second call runs
only what is missing. A line belongs to the settings it was made with: others are left alone.
"""

import hashlib
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from edgekeeper.bars import Bars
from edgekeeper.config import Config, parse_config
from edgekeeper.errors import StorageError, UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.report.book_rates import WITH, WITHOUT
from edgekeeper.report.market_books import Books, book_figures, line_books
from edgekeeper.report.market_record import market_record
from edgekeeper.report.oracle_book import oracle_gains, visible_oracle_gains
from edgekeeper.types import Float64Array
from edgekeeper.worlds import NATURES, World, make_world
from edgekeeper.worlds.leak import COLUMN

__all__ = ["Ordeal", "run_markets"]

_HINT = "hint"


class _Replay(Protocol):
    def __call__(self, bars: Bars, config: Config, *, ledger_url: str) -> object: ...


@dataclass(frozen=True, slots=True)
class Ordeal:
    """Which markets the loop is put through.

    Attributes
    ----------
    kind : str
        Of world, see :func:`worlds.make_world`. Noise comes in its three natures in turn.
    edge : float or None
        Annual net Sharpe ratio of the best policy, in worlds with an edge.
    search : int
        Configurations that each line tries once a year; 0 for none.
    online : str
        What each line learns online with, in a second run over each market; empty for none.
    """

    kind: str = "noise"
    symbols: int = 8
    bars: int = 2_500
    edge: float | None = None
    search: int = 0
    online: str = ""
    config: Config = field(default_factory=Config)

    def options(self, seed: int) -> dict[str, float | str]:
        """Return what makes the world of one seed, beside its size."""
        if self.kind == "noise":
            return {"nature": NATURES[seed % len(NATURES)]}
        if self.kind == "leak":
            return {}
        return {} if self.edge is None else {"net_sharpe": self.edge}

    def world(self, seed: int) -> World:
        """Make the market of a seed."""
        return make_world(
            self.kind,
            seed=seed,
            symbols=self.symbols,
            bars=self.bars,
            drift_sharpe=None,
            **self.options(seed),
        )

    def settings(self, online: str = "") -> Config:
        """Return the configuration of every market: no halt may hide what evidence alone does."""
        values = self.config.model_dump()
        values["guards"] |= {"account_drawdown": 1.0, "daily_loss": 1.0}
        for line in values["lines"]:
            if self.search:
                line["search"] = {"trials": self.search}
            if self.online:
                line["online"] = online or None
            if self.kind == "leak":
                line["extra_features"] = {**line["extra_features"], _HINT: COLUMN}
        return parse_config(values)

    def key(self) -> str:
        """Identify the settings: lines of another key are another ordeal's."""
        settings = self.settings()
        made_of = {
            **{k: v for k, v in asdict(self).items() if k != "config"},
            "config": settings.model_dump(mode="json", exclude_defaults=True),
            # In their order, which says how much evidence each needs, even if it is the default.
            "lines": [
                line.model_dump(mode="json", exclude_defaults=True) for line in settings.lines
            ],
        }
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]

    def check(self) -> None:
        """Refuse settings that no world can be made of.

        Raises
        ------
        UsageError
            See :func:`worlds.make_world`.
        """
        if self.kind in ("noise", "leak") and self.edge is not None:
            raise UsageError(f"--edge: a {self.kind} world has no edge: leave it out")
        self.world(0)
        self.settings(self.online)


def run_market(replay: _Replay, ordeal: Ordeal, seed: int) -> dict[str, Any]:
    """Run the loop over one market, and return what the rates need."""
    began = time.monotonic()
    world = ordeal.world(seed)
    bars = world.bars
    record, books = _run_once(replay, world, ordeal.settings())
    runs, online = {WITHOUT: books}, None
    if ordeal.online:
        online, runs[WITH] = _run_once(replay, world, ordeal.settings(ordeal.online))
    flip = round(0.6 * ordeal.bars) if ordeal.kind == "flip" else None
    return {
        "key": ordeal.key(),
        "kind": ordeal.kind,
        "seed": seed,
        **ordeal.options(seed),
        "symbols": ordeal.symbols,
        "bars": ordeal.bars,
        "best_net_sharpe": world.best_net_sharpe,
        "drift_sharpe": world.drift_sharpe,
        **record,
        "online": online,
        "books": book_figures(
            runs, _oracles(world, ordeal.settings()), bars.periods_per_year, flip
        ),
        "seconds": round(time.monotonic() - began, 2),
    }


def _oracles(world: World, config: Config) -> dict[str, dict[str, Float64Array | None]]:
    """What oracles gained that forecast as each line does, by line and oracle."""
    found = {
        target: {
            "oracle": oracle_gains(world, config, relative=target == "relative"),
            "visible_oracle": visible_oracle_gains(world, config, relative=target == "relative"),
        }
        for target in {line.target for line in config.lines}
    }
    return {line.name: found[line.target] for line in config.lines}


def _run_once(replay: _Replay, world: World, config: Config) -> tuple[dict[str, Any], Books]:
    """Run the loop over a market; return what became of its lines, and their books."""
    with tempfile.TemporaryDirectory(prefix="edgekeeper-world-") as folder:
        place = str(Path(folder) / "ledger.sqlite")
        replay(world.bars, config, ledger_url=place)
        with Ledger.open(place, read_only=True) as ledger:
            return market_record(ledger, world.bars), line_books(ledger, world.bars)


def run_markets(
    replay: _Replay,
    ordeal: Ordeal,
    seeds: range,
    *,
    file: Path,
    jobs: int = 1,
    done: Callable[[dict[str, Any]], None] = lambda row: None,
) -> list[dict[str, Any]]:
    """Run the loop over the market of each seed that ``file`` has no line of; return all lines.

    Parameters
    ----------
    replay : callable
        :func:`build.replay`; a function of a module, since processes are given its name.
    file : path
        Where lines are kept and looked for.
    jobs : int
        Processes. With 1 everything runs in this one.
    done : callable
        Told of every line, the kept ones first.

    Raises
    ------
    UsageError
        Settings that no world can be made of.
    StorageError
        ``file`` cannot be read or written.
    """
    ordeal.check()
    kept = [row for row in _kept(file, ordeal.key()) if row["seed"] in seeds]
    # Lines were once kept of the first run alone.
    rows = [row for row in kept if not ordeal.online or row.get("online") is not None]
    for row in rows:
        done(row)
    todo = sorted(set(seeds) - {row["seed"] for row in rows})
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out:
            for row in _run(replay, ordeal, todo, jobs):
                out.write(json.dumps(row, allow_nan=False) + "\n")
                out.flush()
                rows.append(row)
                done(row)
    except OSError as error:
        raise StorageError(
            f"cannot write {file}: {error.strerror or error}: choose --out"
        ) from error
    return sorted(rows, key=lambda row: int(row["seed"]))


def _run(replay: _Replay, ordeal: Ordeal, todo: list[int], jobs: int) -> Iterator[dict[str, Any]]:
    if jobs == 1 or len(todo) < 2:
        for seed in todo:
            yield run_market(replay, ordeal, seed)
        return
    # A fork of a process with compiled threads in it may hang: start afresh.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(todo)), mp_context=context) as pool:
        tasks = [pool.submit(run_market, replay, ordeal, seed) for seed in todo]
        try:
            for task in as_completed(tasks):
                yield task.result()
        finally:
            for task in tasks:
                task.cancel()


def _kept(file: Path, key: str) -> list[dict[str, Any]]:
    """Lines of these settings; a last one cut short by a kill is run again."""
    if not file.exists():
        return []
    rows = []
    for text in file.read_text("utf-8").splitlines():
        try:
            row = json.loads(text)
        except json.JSONDecodeError:
            continue
        if isinstance(row, dict) and row.get("key") == key:
            rows.append(row)
    return list({row["seed"]: row for row in rows}.values())
