"""``edgekeeper worlds`` and ``edgekeeper trials``, as people meet them."""

import json
from pathlib import Path

import pytest

SETTINGS = """
labels.horizon_bars = 3
gates.min_samples = 10
[[lines]]
name = "linear"
learner = "logistic"
features = ["returns"]
min_bars = 60
refit_epochs = 40
"""
SIZE = ("--markets", "2", "--seed", "3", "--symbols", "2", "--bars", "200")


@pytest.fixture
def here(edgekeeper):
    Path("edgekeeper.toml").write_text(SETTINGS)
    return edgekeeper


def test_worlds_are_counted_and_drawn_and_not_run_twice(here):
    done = here("worlds", *SIZE, "--search", "4", "--json")
    assert done.code == 0
    found = done.json
    assert (found["markets"], found["promoted"], found["false_promotion_rate"]) == (2, 0, 0.0)
    assert found["power"] is found["retreat_bars"] is None
    assert found["trials"] == 4
    assert found["interval"][0] == 0.0
    assert Path(found["picture"]).read_text().startswith("<svg")
    lines = Path("edgekeeper-worlds/markets.jsonl").read_text()
    shown = here("worlds", *SIZE, "--search", "4")
    assert shown.out.lstrip().startswith("0 of 2 markets without an edge promoted anything")
    assert Path("edgekeeper-worlds/markets.jsonl").read_text() == lines


def test_online_learning_is_compared_with_its_absence(here):
    size = ("--kind", "flip", "--markets", "1", "--symbols", "2", "--bars", "200", "--edge", "12")
    found = here("worlds", *size, "--online", "sgd", "--json").json
    share = found["oracle_share"]["linear"]
    assert isinstance(share["without"], float)
    assert isinstance(share["with"], float)
    assert found["online_gain"]["linear"].keys() == {"mean", "low", "high"}
    fair = found["visible_oracle_share"]["linear"]
    assert set(fair) == {"without", "with"}
    assert fair["without"].keys() == {"share", "low", "high"}
    assert found["oracle_visible"]["linear"]["share"] > 0.0
    assert found["online"]["promoted"] in (0, 1)
    shown = here("worlds", *size, "--online", "sgd").out
    assert "Share of the oracle, linear" in shown
    assert "Share of what bars show, linear" in shown
    assert "Markets, learning online" in shown
    assert "with online learning" in shown


@pytest.mark.parametrize(
    ("kind", "asked", "online"),
    [
        ("slow_drift", (), "bayes"),
        ("flip", (), "bayes"),
        ("flip", ("--online", "sgd"), "sgd"),
        ("flip", ("--online", "none"), ""),
        ("planted", (), ""),
        ("noise", (), ""),
    ],
)
def test_where_truth_changes_learning_online_is_looked_at(here, kind, asked, online):
    size = ("--kind", kind, "--markets", "1", "--symbols", "2", "--bars", "200")
    found = here("worlds", *size, *asked, "--json").json
    assert (found["online"] is not None) == bool(online)
    again = here("worlds", *size, "--online", online or "none", "--json").json
    assert again == found, "nothing is run again: it was the same question"


def test_the_kind_that_lines_learn_with_is_what_is_compared(here):
    Path("edgekeeper.toml").write_text(SETTINGS + 'online = "sgd"\n')
    size = ("--kind", "flip", "--markets", "1", "--symbols", "2", "--bars", "200")
    found = here("worlds", *size, "--json").json
    assert here("worlds", *size, "--online", "sgd", "--json").json == found


def test_lines_that_learn_online_are_held_to_false_promotions_too(here):
    asked = ("worlds", "--markets", "1", *SIZE[2:], "--online", "sgd", "--json")
    found = here(*asked).json
    assert (found["online"]["promoted"], found["online"]["false_promotion_rate"]) == (0, 0.0)
    assert 0.0 == found["online"]["interval"][0] < found["online"]["interval"][1]
    kept = Path("edgekeeper-worlds/markets.jsonl")
    row = json.loads(kept.read_text())
    assert set(row["online"]["lines"]) == {"linear"}
    # What was kept before the second run was told is no answer: that market is run again.
    kept.write_text(json.dumps({**row, "online": None}) + "\n")
    assert here(*asked).json["online"] == found["online"]
    assert len(kept.read_text().splitlines()) == 2


def test_that_lines_could_compare_symbols_is_said_where_there_are_some(here):
    size = ("--kind", "planted", "--markets", "1", "--bars", "200", "--symbols")
    advice = "--config peers"
    assert advice not in here("worlds", *size, "2").out
    assert advice in here("worlds", *size, "4").out
    assert advice not in here("worlds", "--markets", "1", "--bars", "200", "--symbols", "4").out
    Path("edgekeeper.toml").write_text(SETTINGS + 'target = "relative"\n')
    assert advice not in here("worlds", *size, "4").out


def test_wrong_questions_are_answered(here):
    assert here("worlds", "--online", "sdg").code == 2
    assert "did you mean 'noise'" in here("worlds", "--kind", "nois").err
    assert here("worlds", "--kind", "noise", "--edge", "2").code == 2
    assert here("worlds", "--markets", "0").code == 2


def test_a_run_with_a_search_lists_its_trials(here, bars_csv):
    Path("edgekeeper.toml").write_text(SETTINGS + "search = { trials = 5 }\n")
    assert here("replay", "--bars", bars_csv, "--out", "run").code == 0
    (study,) = here("trials", "list", "--run", "run", "--json").json["studies"]
    assert (study["study"], study["trials"], study["metric"]) == ("search/linear", 5, "log_loss")
    assert 1.0 <= study["effective_trials"] <= 5.0
    noted = here("trials", "note", "search/linear", "a first look", "--run", "run", "--json")
    assert noted.json["notes"] == ["a first look"]
    again = here("replay", "--bars", bars_csv, "--out", "run")
    assert again.code == 0, "a note does not stand in the way of living it again"
    shown = here("trials", "list", "--run", "run").out
    assert "a first look" in shown
    assert "search/linear" in shown


def test_training_by_hand_is_counted_until_its_study_is_closed(here, bars_csv):
    train = ("train", "--bars", bars_csv, "--out", "models", "--learner", "logistic", "--json")
    counts = [here(*train, "--features", each).json["trials"] for each in ("returns",) * 2]
    counts.append(here(*train, "--features", "returns,volume").json["trials"])
    assert counts == [1, 1, 2]
    closed = here("trials", "close", "by hand", "--models", "models", "--reason", "enough")
    assert closed.out.startswith("Closed by hand: 2 trials")
    refused = here(*train, "--features", "volume")
    assert refused.code == 4
    assert "--study NAME" in refused.err
    assert here(*train, "--features", "volume", "--study", "two").json["trials"] == 1
    names = [
        s["study"] for s in here("trials", "list", "--models", "models", "--json").json["studies"]
    ]
    assert names == ["by hand", "two"]


def test_trials_of_nothing(here, bars_csv):
    assert "trains" not in here("trials", "list", "--models", "nowhere").err
    assert here("trials", "list", "--models", "nowhere").code == 2
    assert here("trials", "list", "--models", "a", "--run", "b").code == 2
