"""What makes two replays the same run: settings, seed, code, names, and the bars so far."""

import json
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl

from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.config import Config
from edgekeeper.errors import UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.market import bars_hash
from edgekeeper.types import Int64Array

__all__ = ["check_same_run", "recorded_cuts", "write_start"]

_OTHERWISE = "go on with what the run was started with, or choose another folder with --out"


def write_start(ledger: Ledger, bars: Bars, config: Config) -> None:
    """Append what a run is started with: the first link of the record.

    Nothing in it depends on how far the bars reach, so that a run may go on with more of them.
    """
    start = int(bars.event_time[0])
    data = bars_hash(bars.rows(0, int(bars.instant_offsets[1])))
    with ledger.transaction("trade", event_time_ns=start) as tx:
        tx.append(
            "runs",
            {
                "started_market_ns": start,
                "run_id": f"{config.hash()[:12]}-{data[:12]}-{config.seed}",
                "config_hash": config.hash(),
                "config_json": [config.model_dump(mode="json")],
                "data_hash": data,
                "seed": config.seed,
                "code_version": version("edgekeeper"),
            },
        )
        tx.append(
            "universes",
            {
                "started_market_ns": start,
                "symbols_json": [json.dumps(bars.symbols)],
                "context_json": [json.dumps(sorted(bars.context))],
            },
        )


def recorded_cuts(ledger: Ledger, instants: Int64Array, cuts: Int64Array) -> Int64Array:
    """Add the boundaries on record to those of ``cuts``, as indices into ``instants``.

    The last epoch of a shorter history may have ended sooner than it would now; what was done at
    its boundary is a fact, and stays where it was.
    """
    ends = ledger.read("epochs", ["event_time_ns"])["event_time_ns"].to_numpy()
    return np.union1d(cuts, np.searchsorted(instants, ends, side="right")).astype(np.int64)


def check_same_run(ledger: Ledger, bars: Bars, config: Config, kept: Bars | None) -> None:
    """Refuse to go on with a record that was made of something else.

    Parameters
    ----------
    ledger : Ledger
        Empty, or with the record of a run.
    bars, config
        What is to be replayed now. Bars may reach further than those on record.
    kept : Bars or None
        Bars kept beside the record, to name the first that differs.

    Raises
    ------
    UsageError
        Naming the first setting, symbol or bar that is another one.
    """
    runs = ledger.read("runs")
    if runs.height == 0:
        return
    run = runs.row(0, named=True)
    came = version("edgekeeper")
    if run["code_version"] != came:
        raise _other(ledger, f"Edgekeeper {run['code_version']}, this is {came}")
    if run["config_hash"] != config.hash():
        raise _other(ledger, _first_setting(json.loads(run["config_json"]), config))
    universe = ledger.read("universes").row(0, named=True)
    for column, names in (("symbols", list(bars.symbols)), ("context", sorted(bars.context))):
        recorded = json.loads(universe[f"{column}_json"])
        if recorded != names:
            changed = sorted(set(recorded) ^ set(names))
            raise _other(ledger, f"{column} {_some(recorded)}, these differ in {_some(changed)}")
    _check_bars(ledger, bars, kept)


def _check_bars(ledger: Ledger, bars: Bars, kept: Bars | None) -> None:
    epochs = ledger.read("epochs")
    start = int(ledger.read("runs")["started_market_ns"][0])
    if int(bars.event_time[0]) != start:
        raise _other(
            ledger, f"bars from {_stamp(start)}, these begin at {_stamp(bars.event_time[0])}"
        )
    if epochs.height and int(epochs["event_time_ns"][-1]) > int(bars.event_time[-1]):
        until = _stamp(epochs["event_time_ns"][-1])
        raise _other(ledger, f"bars until {until}, these end at {_stamp(bars.event_time[-1])}")
    offset = 0
    for row in epochs.iter_rows(named=True):
        end = int(np.searchsorted(bars.event_time, row["event_time_ns"], side="right"))
        if end - offset == row["bars"] and bars_hash(bars.rows(offset, end)) == row["bars_hash"]:
            offset = end
            continue
        named = None if kept is None else _first_bar(kept, bars, row["event_time_ns"])
        raise _other(
            ledger,
            named
            or f"{row['bars']} other bars after {_stamp(bars.event_time[max(offset - 1, 0)])} and "
            f"until {_stamp(row['event_time_ns'])}",
        )


def _first_bar(kept: Bars, bars: Bars, until_ns: int) -> str | None:
    """Name the first bar in which two histories differ."""
    keys = ["timestamp", "symbol"]
    old, new = kept.until(until_ns).to_polars(), bars.until(until_ns).to_polars()
    both = old.join(new, on=keys, how="full", suffix="_new", coalesce=True, nulls_equal=True)
    for row in both.sort(keys).iter_rows(named=True):
        bar = (
            f"a bar of {row['symbol']} at {_stamp(pl.Series([row['timestamp']]).dt.epoch('ns')[0])}"
        )
        if row["open"] is None:
            return f"no bar of {bar[9:]}, one is there now"
        if row["open_new"] is None:
            return f"{bar}, which is missing now"
        for name in (*COLUMNS, "adjustment", "known_time", *sorted(kept.context)):
            was, now = row[name], row.get(f"{name}_new")
            if was != now and not (was != was and now != now):
                return f"{bar} with {name} {was}, which is {now} now"
    return None


def _first_setting(recorded: Mapping[str, Any], config: Config) -> str:
    """Name the first setting that differs."""
    was, now = dict(_flat(recorded)), dict(_flat(config.model_dump(mode="json")))
    for name in sorted({*was, *now}):
        if was.get(name) != now.get(name):
            return f"{name} = {was.get(name, 'unset')}, now it is {now.get(name, 'unset')}"
    return "a configuration that this version writes in another form"


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Settings by their dotted names."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for index, item in enumerate(value):
            yield from _flat(item, f"{name}.{item.get('name', index)}")
    else:
        yield name, value


def _other(ledger: Ledger, what: str) -> UsageError:
    return UsageError(f"{ledger.place} holds another run, made with {what}: {_OTHERWISE}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _stamp(time_ns: Any) -> str:
    return f"{np.datetime64(int(time_ns), 'ns').astype('datetime64[s]')}Z"
