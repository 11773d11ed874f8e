import polars as pl
import pytest

from edgekeeper.features import CATALOGUES, FeatureSet


def test_list_names_all_catalogues_and_their_features(edgekeeper):
    assert list(edgekeeper("features", "list", "--json").json) == list(CATALOGUES)
    shown = edgekeeper("features", "list", "--catalogue", "volume").out
    assert "dark_pool_share" in shown
    assert "did you mean 'volume'" in edgekeeper("features", "list", "--catalogue", "volum").err


@pytest.mark.parametrize(
    "word", ["rsi", "spy_beta_60", "cs_rank", "tf", "garch_fit", "sar", "KMID"]
)
def test_show_explains_and_draws(edgekeeper, word):
    done = edgekeeper("features", "show", word)
    assert done.code == 0
    for part in ("Formula", "First value", "Start forgotten", "Source", "┤"):
        assert part in done.out
    assert edgekeeper("features", "show", word, "--json").json["name"] == word


def test_show_helps_with_a_slip(edgekeeper):
    done = edgekeeper("features", "show", "rsii")
    assert done.code == 2
    assert "did you mean 'rsi'" in done.err


def test_check_and_compute_on_a_file(edgekeeper, bars_csv, tmp_path):
    done = edgekeeper("features", "check", "--bars", bars_csv, "--catalogue", "technical,options")
    assert done.code == 0, done.err
    assert "No feature of 39 looks ahead" in done.out
    assert "12 of 51 features are left out" in done.out
    assert "option chains" in done.out
    out = tmp_path / "features.parquet"
    done = edgekeeper(
        "features", "compute", "--bars", bars_csv, "--feature", "gap=open / lag(close) - 1",
        "--out", str(out), "--json",
    )  # fmt: skip
    assert done.json["features"] == 1
    table = pl.read_parquet(out)
    assert table.columns == ["timestamp", "symbol", "gap"]
    assert table.height == done.json["rows"]


def test_compute_in_parts(edgekeeper, bars_csv, tmp_path):
    frame = pl.DataFrame({"timestamp": pl.Series([1, 2, 3]).cast(pl.Date), "symbol": "A"})
    frame = frame.with_columns(open=1.0, high=1.0, low=1.0, close=pl.Series([1.0, 1.0, 1.0]))
    file, out = tmp_path / "bars.parquet", tmp_path / "features.parquet"
    frame.write_parquet(file)
    wanted = ("--feature", "x=close - lag(close)", "--feature", "y=SPY.close", "--in-parts")
    done = edgekeeper(
        "features", "compute", "--bars", str(file), *wanted, "--out", str(out), "--json"
    )
    assert done.json["rows"] == 3
    assert done.json["left_out"] == {"y": ["SPY.close"]}
    assert pl.read_parquet(out)["x"].to_list()[1:] == [0.0, 0.0]
    done = edgekeeper("features", "compute", "--bars", bars_csv, *wanted, "--out", str(out))
    assert done.code == 2
    assert "edgekeeper import" in done.err


def test_wrong_features_are_refused(edgekeeper, bars_csv, tmp_path):
    assert edgekeeper("features", "check", "--bars", bars_csv, "--feature", "x").code == 2
    assert edgekeeper("features", "check", "--bars", bars_csv, "--feature", "x=1 +").code == 2
    bad = str(tmp_path / "no" / "where.parquet")
    done = edgekeeper(
        "features", "compute", "--bars", bars_csv, "--feature", "x=close", "--out", bad
    )
    assert done.code == 6


def test_bench_measures(edgekeeper):
    figures = edgekeeper("features", "bench", "--catalogue", "calendar", "--json").json
    assert figures["features"] == len(FeatureSet.from_catalogue("calendar"))
    assert 0 < figures["ns_a_value"] < 1e5


def test_holidays_and_half_days_come_from_the_exchange(edgekeeper, tmp_path):
    """``--context venue=hours`` on daily bars that say when they closed."""
    done = edgekeeper(
        "features", "compute", "--bars", "bundled", "--symbols", "IBM", "--catalogue", "venue",
        "--context", "venue=hours", "--out", str(tmp_path / "hours.parquet"), "--json",
    )  # fmt: skip
    assert done.json["left_out"] == {}
    table = pl.read_parquet(tmp_path / "hours.parquet")
    early = table.filter(pl.col("half_day") == 1)["timestamp"].dt.strftime("%m-%d").to_list()
    assert len(early) > 20
    assert {"12-24", "07-03"} < set(early)
    assert table["days_after_holiday"].min() == 1


def test_what_is_missing_is_said_once_a_source(edgekeeper, bars_csv):
    names = "volume,signal_context"
    done = edgekeeper("features", "check", "--bars", bars_csv, "--catalogue", names)
    assert "signal.age_days, signal.ai_confidence, signal.confidence and 7 more" in done.out
    assert done.out.count("the signals, in training and replay") == 1
