"""freqtrade's exported back-tests: a zip, a JSON file, or the folder they lie in."""

import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from edgekeeper.errors import BadData, UsageError, nearest
from edgekeeper.market.times import read_instants
from edgekeeper.market.trade_records.record import TradeRecord, make_record

__all__ = ["is_backtest_folder", "read_backtest"]

_LATEST = ".last_result.json"
_LARGEST = 2 * 1024**3
_SIDECARS = ("_config.json", ".meta.json", _LATEST)


def is_backtest_folder(path: Path) -> bool:
    """Whether a folder is one that freqtrade writes back-tests into."""
    return (path / _LATEST).is_file()


def read_backtest(path: Path, strategy: str = "") -> TradeRecord:
    """Read the trades of one strategy of a back-test.

    Raises
    ------
    BadData
        No back-test, damaged, or one whose trades lack a field.
    UsageError
        Several strategies and none named, or one named that is not there.
    """
    if path.is_dir():
        path = _latest(path)
    result = _parsed(_content(path), path)
    strategies = result.get("strategy")
    if not isinstance(strategies, Mapping) or not strategies:
        raise BadData(
            f"{path}: expected freqtrade's back-test result with a `strategy`, got "
            f"{list(result)[:5]}: export with `--export trades`"
        )
    if strategy and strategy not in strategies:
        raise UsageError(
            f"--strategy: expected one of {', '.join(strategies)}, got {strategy!r}"
            f"{nearest(strategy, strategies)}"
        )
    if not strategy and len(strategies) > 1:
        raise UsageError(
            f"{path.name} holds {len(strategies)} strategies ({', '.join(strategies)}): choose one "
            "with --strategy, and count all of them in --trials"
        )
    name = strategy or next(iter(strategies))
    told = strategies[name]
    trades = told.get("trades") if isinstance(told, Mapping) else None
    if not isinstance(trades, Sequence) or not all(isinstance(t, Mapping) for t in trades):
        raise BadData(f"{path}: expected a list of trades for {name}, got {type(trades).__name__}")
    closed = [trade for trade in trades if not trade.get("is_open")]
    balance = _number(told.get("starting_balance"))
    return make_record(
        _rows(closed, f"{path}: {name}"),
        net=True,
        origin=f"freqtrade back-test of {name}",
        currency=str(told.get("stake_currency") or ""),
        start_equity=balance if balance is not None and balance > 0 else math.nan,
        open_trades=len(trades) - len(closed),
        least_trials=len(strategies),
        assumptions=(
            "a back-test: fees as it was told, no spread or slippage unless the strategy adds them",
        ),
    )


def _latest(folder: Path) -> Path:
    named = _parsed((folder / _LATEST).read_bytes(), folder / _LATEST).get("latest_backtest")
    # Only a plain name: the pointer must not lead out of its folder.
    target = folder / Path(str(named)).name
    if not isinstance(named, str) or not target.is_file():
        raise BadData(f"{folder}: its newest back-test {named!r} is not there: name the file")
    return target


def _content(path: Path) -> bytes:
    if path.suffix.lower() != ".zip":
        return path.read_bytes()
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [
                entry
                for entry in archive.infolist()
                if entry.filename.endswith(".json") and not entry.filename.endswith(_SIDECARS)
            ]
            if not inside:
                raise BadData(
                    f"{path}: expected a back-test result as JSON in the zip, found "
                    f"{archive.namelist()[:5]}"
                )
            entry = inside[0]
            if entry.file_size > _LARGEST:
                raise BadData(f"{path}: {entry.filename} unpacks to {entry.file_size:,} bytes")
            with archive.open(entry) as file:
                return file.read(_LARGEST)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise BadData(f"{path}: not a readable zip ({error}), perhaps cut off") from error


def _parsed(content: bytes, path: Path) -> dict[str, Any]:
    try:
        result = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadData(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(result, dict):
        raise BadData(f"{path}: expected freqtrade's back-test result, got {type(result).__name__}")
    return result


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _rows(trades: Sequence[Mapping[str, Any]], label: str) -> pl.DataFrame:
    if not trades:
        return pl.DataFrame()
    needed = ("pair", "open_date", "close_date")
    missing = [name for name in needed if not all(name in trade for trade in trades)]
    if missing or not any("profit_abs" in trade for trade in trades):
        raise BadData(
            f"{label}: expected trades with {', '.join(needed)} and profit_abs, missing "
            f"{', '.join(missing or ['profit_abs'])}: exports before 2021 lack them"
        )

    def numbers(name: str) -> pl.Series:
        return pl.Series(name, [_number(trade.get(name)) for trade in trades], pl.Float64)

    def text(name: str) -> pl.Series:
        values = [trade.get(name) for trade in trades]
        return pl.Series(name, [None if v is None else str(v) for v in values], pl.String)

    amount = numbers("amount")
    cost = amount * (
        numbers("open_rate") * numbers("fee_open") + numbers("close_rate") * numbers("fee_close")
    )
    largest = numbers("max_stake_amount")
    stake = largest.zip_with(largest.is_not_null(), numbers("stake_amount"))
    tag = "enter_tag" if any("enter_tag" in trade for trade in trades) else "buy_tag"
    return pl.DataFrame(
        {
            "symbol": text("pair"),
            "side": ["short" if trade.get("is_short") else "long" for trade in trades],
            "entry_time": read_instants(text("open_date"), label),
            "exit_time": read_instants(text("close_date"), label),
            "stake": stake,
            "profit": numbers("profit_abs"),
            "cost": cost,
            "source": text(tag),
        }
    )
