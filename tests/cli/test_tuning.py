"""``tune``, ``train --tune`` and ``explain`` on small real bars."""

import math

import numpy as np
import pytest

from edgekeeper.registry import Registry
from tests.cli.conftest import FITTED

TUNE = ("--learner", "logistic", "--features", "returns", "--rows", 200, "--config", "small.toml")


@pytest.fixture
def here(edgekeeper, bars_csv, tmp_path):
    (tmp_path / "small.toml").write_text(FITTED)

    def run(command, *words):
        return edgekeeper(command, "--bars", bars_csv, *words, *TUNE)

    return run


def test_tune_says_plainly_what_it_found_and_goes_on_where_it_stopped(here, tmp_path):
    first = here("tune", "--trials", 8, "--out", "m", "--json").json
    assert (first["looked_at"], first["trials"]) == (8, 8)
    assert 1.0 <= first["effective"] <= 8.0
    assert ("not better than the defaults" in first["sentence"]) != first["better"]
    assert first["parameters"]["ridge"]["kind"] == "tuned"
    assert math.isclose(first["gain"], first["gain"])
    assert (tmp_path / "m" / "tuning.svg").read_text().startswith("<svg")
    written = (tmp_path / "m" / "tuning.journal").read_bytes()
    again = here("tune", "--trials", 8, "--out", "m", "--jobs", 2, "--json").json
    assert again == first, "the same again is free"
    more = here("tune", "--trials", 12, "--out", "m", "--json").json
    assert more["trials"] == 12
    assert (tmp_path / "m" / "tuning.journal").read_bytes().startswith(written)
    alone = here("tune", "--trials", 12, "--out", "other", "--storage", "other.sqlite", "--json")
    same = {name: value for name, value in more.items() if name != "picture"}
    assert {name: value for name, value in alone.json.items() if name != "picture"} == same
    shown = here("tune", "--trials", 12, "--out", "m").out
    assert more["sentence"] in shown


def test_what_is_fixed_is_not_tuned(here):
    found = here("tune", "--trials", 4, "--fix", "ridge=3", "--json").json
    assert found["parameters"]["ridge"] == {"value": 3, "kind": "fixed"}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("--fix", "ridg=3"), "did you mean 'ridge'"),
        (("--fix", "ridge"), "NAME=VALUE"),
        (("--fix", "ridge=x"), "expected"),
        (("--storage", "redis://host"), "got redis://"),
        (("--storage", "m/trials.sqlite"), "another kind"),
        (("--storage", "."), "the folder"),
        (("--trials", 1), "--trials"),
        (("--jobs", -1), "--jobs"),
    ],
)
def test_slips_are_taught(here, words, meant):
    done = here("tune", "--trials", 4, *words)
    assert done.code == 2, done.err
    assert meant in done.err


def test_an_unknown_learner_is_taught_whatever_it_is_called(edgekeeper, bars_csv):
    for name in ("lightgmb", "../etc", "x" * 500):
        for command in ("train", "tune"):
            done = edgekeeper(command, "--bars", bars_csv, "--ensemble", name)
            assert done.code == 2
            assert "known: " in done.err


def test_a_damaged_history_is_refused(here, tmp_path):
    (tmp_path / "bad.journal").write_text("not a journal\n")
    done = here("tune", "--trials", 4, "--storage", "bad.journal")
    assert (done.code, "expected a journal of trials" in done.err) == (3, True)
    (tmp_path / "bad.sqlite").write_bytes(b"x" * 5000)
    done = here("tune", "--trials", 4, "--storage", "bad.sqlite")
    assert (done.code, "could not be used for a study" in done.err) == (6, True)
    done = here("tune", "--trials", 4, "--storage", "postgresql://me:secret@localhost:1/none")
    assert done.code == 6
    assert "secret" not in done.err


def test_train_tunes_first_counts_every_trial_and_explains_its_package(
    edgekeeper, here, bars_csv, tmp_path
):
    words = ("--tune", 6, "--out", "m", "--seed", 3, "--json")
    trained = edgekeeper("train", "--bars", bars_csv, "--ensemble", "logistic", *TUNE[2:4],
                         *TUNE[6:], *words)  # fmt: skip
    figures = trained.json
    assert {"package", "trials", "verdict", "reasons", "metrics"} <= set(figures)
    assert figures["trials"] == 7
    assert "6 trials of logistic" in figures["tuning"]
    assert figures["gates"][0]["trials"] == 6
    studies = edgekeeper("trials", "list", "--models", "m", "--json").json["studies"]
    assert {study["study"]: study["trials"] for study in studies} == {
        "by hand": 1, "search/logistic": 6,
    }  # fmt: skip
    model = Registry(tmp_path / "m").folder(figures["package"])
    alone = edgekeeper("explain", model, "--json").json
    assert alone["package_alone"]
    bars = ("--bars", bars_csv, "--config", "small.toml")
    whole = edgekeeper("explain", model, *bars, "--out", "all.svg", "--json").json
    assert whole["sentence"].startswith(f"Model {figures['package'][:12]} listens most to")
    assert set(whole["importance"]) == set(alone["importance"])
    assert (tmp_path / "all.svg").read_text().startswith("<svg")
    one = edgekeeper("explain", model, "IBM@2000-09-15", *bars, "--out", "one.svg", "--json").json
    added = sum(part["adds"] for part in one["parts"])
    assert added == pytest.approx(one["score"] - one["base"], abs=1e-9)
    assert np.isfinite(one["score"])
    shown = edgekeeper("explain", model, "IBM@2000-09-15", *bars).out
    assert one["sentence"] in shown
    for signal, code, meant in (
        ("IBN@2000-09-15", 2, "did you mean 'IBM'"),
        ("IBM@yesterday", 2, "expected a time"),
        ("IBM@1990-01-01", 3, "no"),
        ("some-signal", 2, "expected a symbol"),
    ):
        done = edgekeeper("explain", model, signal, *bars)
        assert (done.code, meant in done.err) == (code, True), done.err


def test_a_signal_is_found_by_its_symbol_in_a_run(edgekeeper, fitted):
    model = Registry(fitted / "models").list()[0]
    newest = edgekeeper("explain", model[:10], "IBM", "--run", fitted, "--json").json
    assert newest["symbol"] == "IBM"
    done = edgekeeper("explain", model[:10], "nobody", "--run", fitted)
    assert (done.code, "the name of a signal" in done.err) == (2, True)
