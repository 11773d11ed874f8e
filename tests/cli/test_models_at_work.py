"""``train``, ``validate`` and ``backtest``, one package through all three."""

import shutil

import numpy as np
import polars as pl
import pytest

from edgekeeper.ledger import Ledger

BARS = ("--bars", "bundled", "--symbols", "IBM,MSFT")
FAST = ("--learner", "logistic", "--features", "returns")


@pytest.fixture(scope="module")
def early_and_late(tmp_path_factory):
    """Real daily bars of two stocks, and the first 900 days of them."""
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
    assert "is knowing the base rate alone" in done.out
    figures = package["metrics"]
    worse = figures["hold_out_log_loss"] >= figures["hold_out_base_loss"]
    assert ("No better than knowing the base rate" in done.out) is worse


def test_train_takes_parameters_and_tells_which_were_tuned(edgekeeper, early_and_late):
    words = ("train", "--bars", early_and_late / "early.csv", "--features", "returns")
    members = ("--ensemble", "average", "--set", "members=logistic, lightgbm")
    done = edgekeeper(*words, *members, "--set", "settings=lightgbm.rounds = 20", "--tune", 2)
    assert "Learner average: fits 1 (tuned), members logistic, lightgbm, settings" in done.out
    told = edgekeeper(*words, *members, "--set", "fits=2", "--json").json
    assert told["tuned"] == []
    assert told["parameters"]["members"] == "logistic, lightgbm"
    assert told["parameters"]["fits"] == 2
    for wrong, said in (("member=x", "did you mean 'members'"), ("members", "NAME=VALUE")):
        done = edgekeeper(*words, "--ensemble", "average", "--set", wrong)
        assert (done.code, said in done.err) == (2, True), done.err


def test_validate_on_later_bars(edgekeeper, package, early_and_late, tmp_path):
    late = early_and_late / "late.csv"
    done = edgekeeper("validate", "models", "--bars", late, "--trials", 12, "--json")
    figures = done.json
    assert done.code == (0 if figures["verdict"] == "passed" else 4)
    assert figures["model"] == package["model"]
    assert figures["bars"] == 2 * 900
    assert set(figures["evidence"]) == {"cash", "exposure", "incumbent"}
    assert (figures["trials"], figures["effective_trials"]) == (12, 12.0)
    assert figures["hold_out_readings"] == 1
    assert set(figures["books"]) >= {"forecasts", "twice_the_costs", "rules", "buy_and_hold"}
    asked = {gate["name"]: gate for gate in figures["gates"]}
    assert asked["deflated Sharpe ratio"]["threshold"] == 0.95
    assert asked["trades"]["trials"] == 12.0
    assert asked["trades"]["window"] == figures["window"]
    shown = edgekeeper("validate", package["folder"], "--bars", late, "--trials", 12, "--out",
                       "page.html")  # fmt: skip
    assert shown.code == done.code
    for words in ("always guessing one side", "at twice the costs", "Buy and hold", "markets",
                  "proof against the rules"):  # fmt: skip
        assert words in shown.out
    page = (tmp_path / "page.html").read_text()
    assert "deflated Sharpe ratio" in page
    assert "http" not in page.replace("http-equiv", "")


def test_tries_by_hand_are_counted(edgekeeper, package, early_and_late):
    late = early_and_late / "late.csv"
    assert edgekeeper("validate", "models", "--bars", late, "--json").json["trials"] == 1
    again = edgekeeper("train", "--bars", early_and_late / "early.csv", *FAST[:2], "--features",
                       "calendar", "--out", "models")  # fmt: skip
    assert again.code in (0, 4)
    judged = edgekeeper("validate", package["folder"], "--bars", late, "--json")
    assert judged.json["trials"] == 2


def test_no_certificate_without_trials(edgekeeper, package, early_and_late, tmp_path):
    shutil.copytree(package["folder"], tmp_path / "alone")
    done = edgekeeper("validate", "alone", "--bars", early_and_late / "late.csv")
    assert done.code == 4
    assert "No certificate: nobody said how many variants were tried" in done.out
    assert "--trials N" in done.out


def test_the_returns_of_all_variants_give_effective_trials(edgekeeper, package, early_and_late,
                                                           tmp_path):  # fmt: skip
    rng = np.random.default_rng(0)
    common = rng.standard_normal((300, 1))
    columns = common + 0.1 * rng.standard_normal((300, 6))
    pl.DataFrame(columns, schema=[f"v{i}" for i in range(6)]).write_csv(tmp_path / "tried.csv")
    done = edgekeeper("validate", "models", "--bars", early_and_late / "late.csv",
                      "--trial-returns", "tried.csv", "--json")  # fmt: skip
    assert done.json["trials"] == 6
    assert 1.0 <= done.json["effective_trials"] < 2.0
    assert 0.0 <= done.json["pbo"] <= 1.0
    few = edgekeeper("validate", "models", "--bars", early_and_late / "late.csv",
                     "--trial-returns", "tried.csv", "--trials", 2)  # fmt: skip
    assert few.code == 2
    assert "from 6 up" in few.err


def test_asked_floors_are_written_beside_what_was_measured(edgekeeper, package, early_and_late):
    done = edgekeeper("validate", "models", "--bars", early_and_late / "late.csv", "--trials", 1,
                      "--profile", "asked")  # fmt: skip
    assert done.code == 4
    assert "at least 0.1" in done.out
    assert "0 of 60 markets without an edge" in " ".join(done.out.split())
    assert edgekeeper("validate", "models", "--bars", early_and_late / "late.csv", "--profile",
                      "aksed").code == 2  # fmt: skip


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
    assert any("at least 100000" in reason for reason in done.json["reasons"])


def test_a_models_run_brings_its_bars(edgekeeper, fitted):
    """Without --bars those of the run are taken: the older of two fits has not seen the newest."""
    with Ledger.open(fitted / "ledger.sqlite", read_only=True) as ledger:
        first = ledger.read("packages", ["hash", "fitted_at_ns"]).sort("fitted_at_ns")["hash"][0]
    done = edgekeeper("validate", first[:10], "--run", fitted, "--trials", 2, "--json")
    assert done.code == 4, done.err
    assert done.json["model"] == first
    assert done.json["outcomes"] > 20


def test_anyones_forecasts_are_judged_and_compared(edgekeeper, early_and_late, tmp_path):
    bars = pl.read_csv(early_and_late / "late.csv")
    rng = np.random.default_rng(3)
    for name in ("mine", "yours"):
        bars.select(
            timestamp="timestamp",
            symbol="symbol",
            side=pl.lit("long"),
            probability=pl.Series(rng.random(bars.height)),
        ).write_csv(tmp_path / f"{name}.csv")
    late = early_and_late / "late.csv"
    done = edgekeeper("validate", "mine.csv", "--bars", late, "--trials", 1)
    assert done.code == 4
    assert "came from outside" in done.out
    shown = edgekeeper("compare", "mine.csv", "yours.csv", "--bars", late, "--out", "gaps.csv")
    assert shown.code == 0, shown.err
    assert "A is mine, B is yours" in shown.out
    figures = edgekeeper("compare", "mine.csv", "yours.csv", "--bars", late, "--json").json
    assert {row["figure"] for row in figures["differences"]} >= {"log_loss", "auc", "sharpe"}
    assert pl.read_csv(tmp_path / "gaps.csv").height == len(figures["differences"])
    assert edgekeeper("compare", "mine.csv", "mine.csv", "--bars", late).code == 2


def test_backtest_says_what_it_has_seen(edgekeeper, package, early_and_late):
    late = early_and_late / "late.csv"
    done = edgekeeper("backtest", "models", "--bars", late)
    assert done.code == 0
    assert "1800 of 3600 bars lie inside" in " ".join(done.out.split())
    assert "at twice the costs" in done.out
    figures = edgekeeper("backtest", "models", "--bars", late, "--json").json
    assert figures["model"] == package["model"]
    assert figures["equity_net"] > 0
    assert {"double_cost", "rules", "sharpe", "note"} <= set(figures)
    assert figures["bars"] == figures["seen"]["bars"] == 900, "those it has seen count apart"
    assert figures["evidence"]
    assert figures["impact"]["without_volume"] == 0


def test_backtest_as_a_page_walking_forward(edgekeeper, package, early_and_late, tmp_path):
    late = early_and_late / "late.csv"
    done = edgekeeper("backtest", "models", "--bars", late, "--walk-forward", 3, "--out",
                      "page.html", "--impact", "linear")  # fmt: skip
    assert done.code == 0, done.err
    assert "27 settings in 3 windows are 81 trials" in " ".join(done.out.split())
    assert "81 in study 'walk forward'" in done.out
    listed = edgekeeper("trials", "list", "--models", "models", "--json").json
    assert {one["study"]: one["trials"] for one in listed["studies"]}["walk forward"] == 81
    page = (tmp_path / "page.html").read_text()
    for words in ("Month by month", "Capacity", "Gapped stops", "Walk forward", "no evidence"):
        assert words in page
    assert "http" not in page.replace("http-equiv", "")
    assert edgekeeper("backtest", "models", "--bars", late, "--impact", "cubic").code == 2
    assert edgekeeper("backtest", "models", "--bars", late, "--walk-forward", 99).code == 2


def test_bars_it_has_seen_are_no_evidence(edgekeeper, package, early_and_late):
    early = early_and_late / "early.csv"
    done = edgekeeper("backtest", "models", "--bars", early)
    assert done.code == 0, done.err
    assert "Nothing here is evidence" in done.out
    figures = edgekeeper("backtest", "models", "--bars", early, "--json").json
    assert not figures["evidence"]
    assert "sharpe" not in figures
    assert figures["seen"]["bars"] == 900


def test_other_brackets_are_refused(edgekeeper, package, early_and_late, tmp_path):
    (tmp_path / "edgekeeper.toml").write_text("labels.horizon_bars = 5")
    late = early_and_late / "late.csv"
    assert edgekeeper("backtest", "models", "--bars", late).code == 2


def test_by_hash_in_a_run(edgekeeper, fitted):
    hash = next((fitted / "models/packages").iterdir()).name
    small = fitted.parent / "small.toml"
    bars = fitted.parent / "bars.csv"
    done = edgekeeper("backtest", hash[:8], "--run", fitted, "--bars", bars, "--config",
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


def test_a_model_without_bars_to_judge_it_by(edgekeeper):
    done = edgekeeper("validate", "any")
    assert done.code == 2
    assert "--bars: expected the file they are in, or a run that kept some" in done.err
