"""``train``, ``validate`` and ``backtest``, one package through all three."""

import pytest

BARS = ("--bars", "bundled", "--symbols", "IBM,MSFT")
FAST = ("--learner", "logistic", "--features", "returns")


@pytest.fixture(scope="module")
def early_and_late(tmp_path_factory):
    """Real daily bars of two stocks, and the first 900 days of them."""
    import polars as pl

    from edgekeeper.market import load_bars

    folder = tmp_path_factory.mktemp("bars")
    bars = load_bars("bundled", ["IBM", "MSFT"]).bars
    for name, until in (("early", 899), ("late", 1_799)):
        part = bars.until(int(bars.instants[until])).to_polars()
        part.select(
            pl.col("timestamp").dt.date(), "symbol", "open", "high", "low", "close", "volume"
        ).write_csv(folder / f"{name}.csv")
    return folder


@pytest.fixture
def package(edgekeeper, early_and_late, tmp_path):
    done = edgekeeper("train", "--bars", early_and_late / "early.csv", *FAST, "--out", "models",
                      "--json")  # fmt: skip
    assert done.code == 0, done.err
    return done.json


def test_train_says_what_the_gates_say(edgekeeper, package, early_and_late):
    assert package["verdict"] == "accepted"
    assert package["gates"][0]["name"] == "plausible"
    assert 0.3 < package["metrics"]["hold_out_auc"] < 0.7
    assert package["folder"].endswith(package["model"])
    done = edgekeeper("train", "--bars", early_and_late / "early.csv", *FAST, "--out", "again")
    assert "✓ plausible" in done.out
    assert package["model"] in done.out, "the same bars and seed give the same package"
    assert "always guessing one side" in done.out


def test_validate_on_later_bars(edgekeeper, package, early_and_late):
    late = early_and_late / "late.csv"
    done = edgekeeper("validate", "models", "--bars", late, "--json")
    figures = done.json
    assert done.code == (0 if figures["verdict"] == "passed" else 4)
    assert figures["model"] == package["model"]
    assert figures["bars_after_window"] == 2 * 900
    assert set(figures["evidence"]) == {"cash", "exposure", "incumbent"}
    shown = edgekeeper("validate", package["folder"], "--bars", late)
    assert shown.code == done.code
    assert figures["verdict"].capitalize() in shown.out
    assert "roven" in shown.out


def test_bars_it_has_seen_cannot_judge_it(edgekeeper, package, early_and_late):
    done = edgekeeper("validate", "models", "--bars", early_and_late / "early.csv")
    assert done.code == 3
    assert "after the package's data window" in done.err


def test_a_ceiling_below_chance_refuses(edgekeeper, package, early_and_late, tmp_path):
    (tmp_path / "strict.toml").write_text("gates.max_auc = 0.501\ngates.min_samples = 100000")
    done = edgekeeper("validate", "models", "--bars", early_and_late / "late.csv", "--config",
                      "strict.toml", "--json")  # fmt: skip
    assert done.code == 4
    assert done.json["verdict"] in ("refused", "needs approval")
    assert any("expected 100000" in reason for reason in done.json["reasons"])


def test_backtest_says_what_it_has_seen(edgekeeper, package, early_and_late):
    late = early_and_late / "late.csv"
    done = edgekeeper("backtest", "--model", "models", "--bars", late)
    assert done.code == 0
    assert "1800 of 3600 bars lie inside" in " ".join(done.out.split())
    assert "at twice the costs" in done.out
    figures = edgekeeper("backtest", "--model", "models", "--bars", late, "--json").json
    assert figures["model"] == package["model"]
    assert figures["equity_net"] > 0
    assert {"double_cost", "rules", "sharpe", "note"} <= set(figures)


def test_other_brackets_are_refused(edgekeeper, package, early_and_late, tmp_path):
    (tmp_path / "edgekeeper.toml").write_text("labels.horizon_bars = 5")
    late = early_and_late / "late.csv"
    assert edgekeeper("backtest", "--model", "models", "--bars", late).code == 2


def test_by_hash_in_a_run(edgekeeper, fitted):
    hash = next((fitted / "models/packages").iterdir()).name
    small = fitted.parent / "small.toml"
    bars = fitted.parent / "bars.csv"
    done = edgekeeper("backtest", "--model", hash[:8], "--run", fitted, "--bars", bars, "--config",
                      small, "--json")  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["model"] == hash


def test_names_that_are_none(edgekeeper, early_and_late):
    early = early_and_late / "early.csv"
    done = edgekeeper("train", "--bars", early, "--learner", "logistics", "--out", "x")
    assert (done.code, "did you mean 'logistic'" in done.err) == (2, True)
    done = edgekeeper("train", "--bars", early, "--features", "volum", "--out", "x")
    assert (done.code, "did you mean 'volume'" in done.err) == (2, True)
    assert edgekeeper("validate", "nowhere", "--bars", early).code == 6


def test_too_few_outcomes_are_refused(edgekeeper, bars_csv):
    done = edgekeeper("train", "--bars", bars_csv, *FAST, "--out", "x")
    assert done.code == 4
    assert "independent outcomes" in done.err
    assert not (bars_csv.parent / "x").exists()
