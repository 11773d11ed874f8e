import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from edgekeeper.bars import Bars
from edgekeeper.features import CATALOGUES, FeatureSet


def make_bars(
    symbols: int = 3,
    instants: int = 700,
    *,
    seed: int = 0,
    gaps: float = 0.0,
    minutes: int = 1_440,
    context: bool | tuple[str, ...] = True,
) -> Bars:
    """Random walks with context columns; ``gaps`` is the share of bars left out.

    Context other than SPY and VIX is by name: a share of the volume, or a positive walk.
    """
    rng = np.random.default_rng(seed)
    shape = (instants, symbols)
    close = 50 * np.exp((rng.standard_normal(shape) * 0.02).cumsum(axis=0))
    open_ = close * np.exp(rng.standard_normal(shape) * 0.005)
    high = np.maximum(open_, close) * np.exp(np.abs(rng.standard_normal(shape)) * 0.008)
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.standard_normal(shape)) * 0.008)
    volume = np.round(1e6 * np.exp(rng.standard_normal(shape) * 0.5))
    spy = np.repeat(400 * np.exp((rng.standard_normal(instants) * 0.01).cumsum()), symbols)
    vix = np.repeat(15 * np.exp(rng.standard_normal(instants) * 0.2), symbols)
    keep = rng.random(symbols * instants) >= gaps
    start = np.datetime64("2015-01-02T21:00", "ns").astype(np.int64)
    times = start + np.repeat(np.arange(instants), symbols) * minutes * 60 * 10**9
    names = np.tile([f"S{k}" for k in range(symbols)], instants)
    columns = {"SPY.close": spy, "VIX.close": vix} if context is not False else {}
    for name in context if isinstance(context, tuple) else ():
        if name in columns:
            continue
        walk = np.exp((rng.standard_normal(shape) * 0.02).cumsum(axis=0)).ravel()
        share = name.endswith("volume") or name == "trades.count"
        columns[name] = volume.ravel() * rng.uniform(0.1, 0.4, shape).ravel() if share else walk
    return Bars.from_arrays(
        symbol=names[keep],
        event_time=times[keep],
        open=open_.ravel()[keep],
        high=high.ravel()[keep],
        low=low.ravel()[keep],
        close=close.ravel()[keep],
        volume=volume.ravel()[keep],
        context={name: values[keep] for name, values in columns.items()},
    )


@pytest.fixture(scope="session")
def bars_of() -> Callable[..., Bars]:
    return make_bars


@pytest.fixture(scope="session")
def all_context() -> tuple[str, ...]:
    """Every context column that a catalogue needs."""
    columns = FeatureSet.from_catalogue(*CATALOGUES).columns
    return tuple(column for column in columns if "." in column)


@pytest.fixture(scope="session")
def bars() -> Bars:
    return make_bars(gaps=0.05)


def read_real(file: str, symbols: tuple[str, ...] = ()) -> Bars:
    """Real bars from a folder of Parquet files, where there is one; rows that no bar can be go.

    The folder is named by EDGEKEEPER_TEST_DATA, or lies as ``shared/data`` in or beside the
    repository; without it the test is skipped.
    """
    root = Path(__file__).resolve().parents[2]
    beside = [root / "shared" / "data", root.parent / "shared" / "data"]
    named = os.environ.get("EDGEKEEPER_TEST_DATA")
    for folder in [Path(named)] if named else beside:
        if (folder / file).exists():
            break
    else:
        pytest.skip(f"no real data at hand: {file}")
    table = pl.read_parquet(folder / file).rename({"date": "timestamp"}, strict=False)
    if symbols:
        table = table.filter(pl.col("symbol").is_in(symbols))
    if "volume" not in table.columns:
        table = table.with_columns(volume=(pl.col("high") - pl.col("low")) * 1e9)
    inside = (pl.col("low") <= pl.min_horizontal("open", "close")) & (
        pl.col("high") >= pl.max_horizontal("open", "close")
    )
    sound = table.drop_nulls().filter(inside & (pl.col("low") > 0) & pl.col("close").is_finite())
    columns = ["timestamp", "symbol", "open", "high", "low", "close", "volume"]
    return Bars.from_frame(sound.select(columns).unique(columns[:2], maintain_order=True))


@pytest.fixture(scope="session")
def real_bars() -> Callable[..., Bars]:
    return read_real
