from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.market import read_bars
from edgekeeper.market.files import list_files, read_table

GOOD = "Date,Open,High,Low,Close\n2024-01-02,1,2,1,2\n2024-01-03,2,3,2,3\n"


def test_separators_and_byte_order_mark(tmp_path):
    for separator in ",;\t|":
        file = tmp_path / "A.csv"
        file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace(",", separator).encode())
        assert read_table(file).columns == ["Date", "Open", "High", "Low", "Close"]
        assert len(read_bars(file).bars) == 2


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "empty file"),
        ("a.csv", b" \n\n ", "empty file"),
        ("a.parquet", b"", "empty file"),
        ("a.csv", GOOD.splitlines()[0].encode(), "no rows"),
        ("a.csv", b"\xff\xfe\x00\x01" * 50, "other bytes"),
        ("a.csv", b"Date,Open\x00,High\n1,2,3\n", "zero bytes"),
        ("a.csv", bytes(range(1, 128)) * 3, "a.csv"),
        ("a.csv", b"2024-01-02,1,2,1,2\n2024-01-03,1,2,1,2\n", "first line of column names"),
        ("a.csv", GOOD.encode() + b"2024-01-04,1,2,1,2,9,9\n", "not a table"),
        ("a.csv", b"Date,Open,High,Low\n2024-01-02,1,2,1\n", "'close'"),
        ("a.csv", b"Open,High,Low,Close\n1,2,1,2\n", "'time'"),
        ("a.csv", b"hello world, this is prose.\nNothing to see.\n", "a.csv"),
        ("a.parquet", b"PAR1" + bytes(100) + b"PAR1", "not a readable Parquet"),
        ("a.parquet", GOOD.encode(), "not a readable Parquet"),
    ],
)
def test_what_is_no_table_of_bars(tmp_path, name, content, says):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(BadData, match=says) as caught:
        read_bars(file)
    assert str(file) in str(caught.value)


def test_random_bytes_are_refused_whatever_they_are_called(tmp_path):
    rng = np.random.default_rng(0)
    for size in (1, 10, 1_000, 100_000):
        for name in ("a.csv", "a.parquet", "a.txt"):
            (tmp_path / name).write_bytes(rng.bytes(size))
            with pytest.raises(BadData):
                read_bars(tmp_path / name)


def test_a_parquet_cut_anywhere_is_refused(tmp_path):
    whole = tmp_path / "A.parquet"
    pl.read_csv(GOOD.encode()).write_parquet(whole)
    content = whole.read_bytes()
    assert len(read_bars(whole).bars) == 2
    for cut in (4, len(content) // 2, len(content) - 1):
        whole.write_bytes(content[:cut])
        with pytest.raises(BadData, match="cut off"):
            read_bars(whole)


def test_nothing_there(tmp_path):
    (tmp_path / "apple.csv").write_text(GOOD)
    with pytest.raises(StorageError, match=r"did you mean 'apple\.csv'"):
        read_bars(tmp_path / "aple.csv")
    with pytest.raises(StorageError):
        read_bars(tmp_path / "no" / "such" / "file.csv")
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(UsageError, match=r"\.xlsx"):
        read_bars(tmp_path / "a.xlsx")


def test_folders(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(BadData, match="found none"):
        read_bars(empty)
    (empty / "readme.md").write_text("hello")
    with pytest.raises(BadData, match=r"readme\.md"):
        read_bars(empty)
    (empty / "B.csv").write_text(GOOD)
    (empty / "A.parquet").write_bytes(b"")
    assert [p.name for p in list_files(empty)[0]] == ["A.parquet", "B.csv"]
    pl.read_csv(GOOD.encode()).write_parquet(empty / "A.parquet")
    got = read_bars(empty)
    assert got.bars.symbols == ("A", "B")
    assert any("readme.md" in line for line in got.assumptions)


def test_a_folder_in_place_of_a_file(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(BadData):
        read_bars(tmp_path / "a.csv")
    with pytest.raises(BadData):
        read_bars(tmp_path)


ODD = {
    "list": pl.Series([[1.0], [1.0]]),
    "bytes": pl.Series([b"\x00\xff", b"x"]),
    "duration": pl.Series([timedelta(1), timedelta(2)]),
    "truth": pl.Series([True, False]),
    "date": pl.Series([date(2024, 1, 2), date(2024, 1, 3)]),
    "nothing": pl.Series([None, None], dtype=pl.Null),
}


@pytest.mark.parametrize(
    ("column", "kind"),
    [("Close", kind) for kind in ODD]
    + [(name, kind) for name in ("Date", "known_time") for kind in ODD if kind != "date"],
)
def test_parquet_columns_of_the_wrong_kind(tmp_path, column, kind):
    table = pl.read_csv(GOOD.encode()).with_columns(ODD[kind].alias(column))
    table.write_parquet(tmp_path / "A.parquet")
    with pytest.raises(BadData):
        read_bars(tmp_path / "A.parquet")


@pytest.mark.parametrize("kind", ODD)
def test_odd_columns_beside_the_bars_are_kept_with_refused_rows(tmp_path, kind):
    good = pl.read_csv(GOOD.encode()).with_columns(ODD[kind].alias("extra"))
    bad = good[:1].with_columns(Close=-pl.col("Close"), Date=pl.lit("2024-01-04"))
    pl.concat([good, bad]).write_parquet(tmp_path / "A.parquet")
    got = read_bars(tmp_path / "A.parquet")
    assert len(got.bars) == 2
    assert '"extra": ' in got.quarantine["content"][0]


def test_categories_decimals_and_wide_integers_are_numbers(tmp_path):
    table = pl.read_csv(GOOD.encode()).with_columns(
        pl.col("Open").cast(pl.Decimal(10, 2)),
        pl.col("High").cast(pl.String).cast(pl.Categorical),
        pl.col("Low").cast(pl.Int128),
        pl.lit("A").cast(pl.Categorical).alias("symbol"),
    )
    table.write_parquet(tmp_path / "x.parquet")
    bars = read_bars(tmp_path / "x.parquet").bars
    assert bars.symbols == ("A",)
    assert bars.high.tolist() == [2.0, 3.0]
