"""``edgekeeper drift`` on files and on a run."""

import re
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest


def table(n, seed, first=0, shift=0.0, **columns):
    rng = np.random.default_rng(seed)
    chance = rng.random(n)
    return pl.DataFrame(
        {
            "timestamp": [str(date(2020, 1, 1) + timedelta(days=first + i)) for i in range(n)],
            "symbol": ["A"] * n,
            "rsi": rng.standard_normal(n) + shift,
            "atr": rng.standard_t(3, n),
            "probability": chance,
            "outcome": (rng.random(n) < chance).astype(float),
            **columns,
        }
    )


@pytest.fixture
def then(tmp_path):
    table(400, 0).write_parquet(tmp_path / "then.parquet")
    return tmp_path / "then.parquet"


def write(folder, frame, name="now.csv"):
    frame.write_csv(folder / name)
    return folder / name


def test_no_drift_is_said_plainly(edgekeeper, then, tmp_path):
    done = edgekeeper(
        "drift", "--reference", then, "--current", write(tmp_path, table(200, 1, 400))
    )
    assert done.code == 0
    assert done.out.strip().startswith("No drift: nothing changed beyond chance.")


def test_drift_is_a_finding_and_no_failure(edgekeeper, then, tmp_path):
    now = write(tmp_path, table(200, 1, 400, shift=2.0).sample(fraction=1.0, shuffle=True, seed=3))
    page = tmp_path / "page.html"
    done = edgekeeper("drift", "--reference", then, "--current", now, "--out", page, "--json")
    assert done.code == 0
    found = done.json
    assert found["drift"] is True
    assert found["features"] == ["rsi"]
    assert set(found["columns"]) == {
        "rsi", "atr", "probability", "outcome", "outcome - forecast", "Brier loss",
    }  # fmt: skip
    (alarm,) = found["alarms"]
    assert (alarm["kind"], alarm["features"], alarm["rose"]) == ("level", ["rsi"], True)
    assert str(np.datetime64(alarm["since"], "ns"))[:7] == "2021-02"
    text = page.read_text()
    assert "1 of 6 columns are not what they were (rsi)" in text
    assert "<svg" in text
    assert "http://www.w3.org" in text
    assert "<script" not in text


def test_the_picture_alone(edgekeeper, then, tmp_path):
    now = write(tmp_path, table(200, 1, 400, shift=2.0))
    done = edgekeeper("drift", "--reference", then, "--current", now, "--out", "map.svg")
    assert done.code == 0
    assert (tmp_path / "map.svg").read_text().count("<rect") > 6 * 5


def test_columns_of_one_file_only_and_rows_without_times_are_told(edgekeeper, then, tmp_path):
    now = write(tmp_path, table(200, 1, extra=pl.Series([1.0] * 200)).drop("timestamp", "atr"))
    found = edgekeeper("drift", "--reference", then, "--current", now, "--json").json
    assert "atr, extra" in found["notes"][0]
    assert "taken to be in order" in found["notes"][1]


HOSTILE = "<script>alert(1)</script>"


def test_a_hostile_name_stays_text(edgekeeper, tmp_path):
    frames = [table(150, s).rename({"rsi": HOSTILE}) for s in (0, 1)]
    files = [write(tmp_path, f, f"{i}.csv") for i, f in enumerate(frames)]
    page = tmp_path / "page.html"
    done = edgekeeper("drift", "--reference", files[0], "--current", files[1], "--out", page)
    assert done.code == 0
    assert HOSTILE not in page.read_text()


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (table(10, 1), "at least 20 instants"),
        (pl.DataFrame({"other": [1.0] * 50}), "both files have"),
        (pl.DataFrame({"name": ["x"] * 50}), "columns of numbers"),
        (table(50, 1).with_columns(rsi=pl.Series(["1.5"] * 49 + ["oops"])),
         r"expected numbers or nothing, got \['oops'\]"),
        (table(50, 1).with_columns(timestamp=pl.lit("someday")), "timestamp"),
    ],
)  # fmt: skip
def test_bad_data_is_exit_three(edgekeeper, then, tmp_path, frame, said):
    done = edgekeeper("drift", "--reference", then, "--current", write(tmp_path, frame))
    assert done.code == 3
    assert re.search(said, done.err)


def test_empty_damaged_and_absent_files(edgekeeper, then, tmp_path):
    for name, content, code in (
        ("a.csv", b"", 3),
        ("b.parquet", b"PAR1 no", 3),
        ("c.csv", None, 6),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        done = edgekeeper("drift", "--reference", then, "--current", tmp_path / name)
        assert done.code == code, done.err


@pytest.mark.parametrize(
    "words", [(), ("--reference", "a.csv"), ("run", "--reference", "a.csv", "--current", "b.csv")]
)
def test_either_a_run_or_two_files(edgekeeper, words):
    done = edgekeeper("drift", *words)
    assert done.code == 2
    assert "--reference then.parquet" in done.err


def test_a_run_tells_inputs_forecasts_and_importance(edgekeeper, fitted):
    done = edgekeeper("drift", fitted, "--recent", 40, "--json")
    assert done.code == 0, done.err
    found = done.json
    assert found["line"] == "linear"
    assert len(found["columns"]) == len(found["importance"]) > 3
    assert sum(share["after"] for share in found["importance"].values()) == pytest.approx(1.0)
    assert found["recent_ns"] > 0
    shown = edgekeeper("drift", fitted, "--recent", 40)
    assert shown.code == 0
    assert "Inputs: " in shown.out


def test_a_run_that_is_too_short_says_so(edgekeeper, fitted):
    done = edgekeeper("drift", fitted, "--recent", 5_000)
    assert done.code == 3
    assert "ask for fewer" in done.err
