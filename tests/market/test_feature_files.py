import numpy as np
import polars as pl
import pytest

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.features import FeatureSet
from edgekeeper.market import BarStore, first_bars, load_bars, write_features

FEATURES = FeatureSet(
    {"rsi": "rsi(close, 14)", "week": 'tf("1w", ret(close))', "day": "weekday + volume * 0"}
)
COMPARED = FEATURES.with_("rank", "cs_rank(ret(close, 5))")


@pytest.fixture(scope="module")
def bars():
    return load_bars("bundled", ["IBM", "MSFT", "AAPL"]).bars


@pytest.fixture
def file(tmp_path, bars):
    path = tmp_path / "bars.parquet"
    bars.to_polars().drop("known_time").write_parquet(path)
    return path


def same(table, want):
    assert table.drop("timestamp", "symbol").schema == dict.fromkeys(want.columns[2:], pl.Float32)
    assert table.select("timestamp", "symbol").equals(want.select("timestamp", "symbol"))
    for name in want.columns[2:]:
        np.testing.assert_array_equal(table[name].to_numpy(), want[name].to_numpy())


@pytest.mark.parametrize("rows", [997, 1_000_000])
@pytest.mark.parametrize("features", [FEATURES, COMPARED])
def test_parts_are_what_the_whole_is(tmp_path, file, bars, features, rows):
    out = tmp_path / "features.parquet"
    done = write_features(features, file, out, rows=rows)
    assert (done.rows, done.files) == (len(bars), (out,))
    same(pl.read_parquet(out), features.compute(bars))


def test_symbols_one_after_the_other_keep_their_order(tmp_path, file, bars):
    table = pl.read_parquet(file).sort("symbol", "timestamp")
    table.write_parquet(file)
    out = tmp_path / "features.parquet"
    write_features(FEATURES, file, out, rows=1_234)
    same(pl.read_parquet(out), FEATURES.compute(bars).sort("symbol", "timestamp"))
    with pytest.raises(BadData, match="compare"):
        write_features(COMPARED, file, tmp_path / "no.parquet", rows=1_234)
    assert not list(tmp_path.glob("*no*"))


def test_a_store_goes_symbol_by_symbol_into_a_folder(tmp_path, bars):
    BarStore(tmp_path / "store").append(bars, "1d")
    done = write_features(FEATURES, tmp_path / "store" / "1d", tmp_path / "out")
    assert [path.name for path in done.files] == ["AAPL.parquet", "IBM.parquet", "MSFT.parquet"]
    whole = FEATURES.compute(bars)
    for path in done.files:
        same(pl.read_parquet(path), whole.filter(pl.col("symbol") == path.stem))


def test_a_history_cut_into_files_goes_on_from_one_to_the_next(tmp_path, file, bars):
    table = pl.read_parquet(file)
    folder = tmp_path / "years"
    folder.mkdir()
    for (year,), part in table.group_by(pl.col("timestamp").dt.year(), maintain_order=True):
        part.write_parquet(folder / f"{year}.parquet")
    write_features(COMPARED, folder, tmp_path / "all.parquet")
    same(pl.read_parquet(tmp_path / "all.parquet"), COMPARED.compute(bars))


def test_what_cannot_be_done_is_said(tmp_path, file):
    out = tmp_path / "out.parquet"
    with pytest.raises(UsageError, match="is read, so"):
        write_features(FEATURES, file, file)
    with pytest.raises(UsageError, match=r"SPY\.close"):
        write_features(FeatureSet({"x": "SPY.close"}), file, out)
    with pytest.raises(StorageError, match="could not read"):
        write_features(FEATURES, tmp_path / "none", out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="folder of them"):
        write_features(FEATURES, tmp_path / "empty", out)
    with pytest.raises(UsageError, match="rows of at least 1"):
        write_features(FEATURES, file, out, rows=0)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(file.read_bytes()[:5_000])
    with pytest.raises(BadData, match="not a readable"):
        write_features(FEATURES, cut, out)
    pl.read_parquet(file).clear().write_parquet(cut)
    with pytest.raises(BadData, match="without rows"):
        write_features(FEATURES, cut, out)
    pl.read_parquet(file).with_columns(high=pl.lit(0.0)).write_parquet(cut)
    with pytest.raises(BadData, match="positive"):
        write_features(FEATURES, cut, out)
    pl.read_parquet(file).drop("symbol").write_parquet(cut)
    with pytest.raises(BadData, match="timestamp and symbol"):
        first_bars(cut)
    assert not list(tmp_path.glob("*out*"))
