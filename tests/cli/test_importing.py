import polars as pl

from edgekeeper.market import BarStore


def test_a_store_is_filled_and_replayed(edgekeeper, bars_csv):
    done = edgekeeper("import", bars_csv, "--out", "store", "--json")
    assert done.code == 0
    figures = done.json
    assert (figures["bars"], figures["added"], figures["interval"]) == (300, 300, "1d")
    assert figures["first"] == "2000-03-01T21:00:00Z"
    assert any("XNYS" in sentence for sentence in figures["assumptions"])
    assert BarStore("store").symbols("1d") == ["IBM", "MSFT"]
    direct = edgekeeper("replay", "--bars", bars_csv, "--out", "a", "--json").json
    stored = edgekeeper("replay", "--bars", "store", "--out", "b", "--json").json
    assert stored["ledger"] == direct["ledger"]


def test_importing_again_adds_only_what_is_new(edgekeeper, frame):
    frame.head(200).write_csv("early.csv")
    frame.write_csv("all.csv")
    assert edgekeeper("import", "early.csv", "--out", "store", "--json").json["added"] == 200
    assert edgekeeper("import", "all.csv", "--out", "store", "--json").json["added"] == 100
    assert edgekeeper("import", "all.csv", "--out", "store", "--json").json["added"] == 0


def test_changed_bars_are_refused(edgekeeper, frame):
    frame.write_csv("a.csv")
    frame.with_columns(Volume=pl.col("Volume") + 1).write_csv("b.csv")
    assert edgekeeper("import", "a.csv", "--out", "store").code == 0
    done = edgekeeper("import", "b.csv", "--out", "store")
    assert done.code == 3
    assert "stored with other values" in done.err


def test_what_cannot_be_used_is_kept_and_said(edgekeeper, frame):
    bad = frame.tail(3).with_columns(High=pl.lit(0.5), Low=pl.lit(0.4))
    pl.concat([frame.head(100), bad]).write_csv("bars.csv")
    done = edgekeeper("import", "bars.csv", "--out", "store", "--json")
    assert done.code == 0
    assert done.json["quarantined"] == 3
    assert sum(done.json["reasons"].values()) == 3
    assert pl.read_parquet(done.json["quarantine"]).height == 3
    assert "3 rows in quarantine" in done.err
    again = edgekeeper("replay", "--bars", "store", "--json")
    assert again.code == 0
    assert again.json["bars"] == 100


def test_people_see_assumptions_and_what_next(edgekeeper, bars_csv):
    done = edgekeeper("import", bars_csv, "--out", "store", "--symbols", "IBM")
    assert "bars.csv: 150 bars of 1 symbol, 1d, 2000-03-01 to" in done.out
    assert "Stored in store: 150 new bars" in done.out
    assert "edgekeeper replay --bars store" in done.out


def test_a_store_of_two_lengths_says_which_it_took(edgekeeper, bars_csv):
    hours = pl.datetime_range(
        pl.datetime(2024, 1, 2), pl.datetime(2024, 1, 9), "1h", eager=True, time_zone="UTC"
    )
    close = pl.Series([100 + i % 7 for i in range(len(hours))])
    pl.DataFrame(
        {"timestamp": hours, "open": close, "high": close + 1, "low": close - 1, "close": close}
    ).write_csv("BTC-USD.csv")
    (bars_csv.parent / "edgekeeper.toml").write_text('rules.entry_long = "close > 0"')
    edgekeeper("import", bars_csv, "--out", "store")
    assert edgekeeper("import", "BTC-USD.csv", "--out", "store", "--venue", "24/7").code == 0
    done = edgekeeper("replay", "--bars", "store", "--json")
    assert done.json["symbols"] == ["BTC-USD"]
    assert "of 1h, 1d bars the shortest" in done.err
    done = edgekeeper("replay", "--bars", "store", "--interval", "1d", "--out", "b", "--json")
    assert done.json["symbols"] == ["IBM", "MSFT"]
    assert edgekeeper("replay", "--bars", "store", "--interval", "5m", "--out", "c").code == 2
