import polars as pl
import pytest

from edgekeeper.errors import BadData, StorageError
from edgekeeper.market import list_quarantine, read_bars, write_quarantine

TEXT = """Date,Open,High,Low,Close
2024-01-02,1,2,1,2
2024-01-03,one,2,1,2
2024-01-04,1,2,1,2
"""


@pytest.fixture
def rows(tmp_path):
    file = tmp_path / "A.csv"
    file.write_text(TEXT)
    return read_bars(file).quarantine


def test_kept_once_and_listed(tmp_path, rows):
    folder = tmp_path / "quarantine"
    assert list_quarantine(folder).height == 0
    path = write_quarantine(folder, rows)
    assert write_quarantine(folder, rows) == path
    assert list_quarantine(folder).equals(rows)
    other = rows.with_columns(source=pl.lit("elsewhere"))
    write_quarantine(folder, other)
    assert list_quarantine(folder).height == 2
    assert rows["content"].to_list() == [
        '{"Date": "2024-01-03", "Open": "one", "High": "2", "Low": "1", "Close": "2"}'
    ]


def test_nothing_to_keep_writes_nothing(tmp_path, rows):
    assert write_quarantine(tmp_path / "q", rows.clear()) is None
    assert not (tmp_path / "q").exists()


def test_damage_and_unwritable_folders_are_named(tmp_path, rows):
    path = write_quarantine(tmp_path / "q", rows)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(BadData, match=path.name):
        list_quarantine(tmp_path / "q")
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="could not write"):
        write_quarantine(tmp_path / "file" / "q", rows)
