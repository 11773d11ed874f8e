"""``report``: a run told again from its record, and hopes beside what was measured."""

import json
import shutil

import pytest


@pytest.fixture
def figures(edgekeeper, fitted):
    done = edgekeeper("report", fitted, "--json")
    assert done.code == 0, done.err
    return done.json


def test_a_run_is_told_again_as_it_was(figures, fitted):
    before = json.loads((fitted / "summary.json").read_text())
    apart = {"place"}
    assert {k: v for k, v in figures.items() if k not in apart} == {
        k: v for k, v in before.items() if k not in apart
    }


def test_the_page_comes_back(edgekeeper, fitted, tmp_path):
    done = edgekeeper("report", fitted, "--out", "again.html")
    assert done.code == 0, done.err
    assert (tmp_path / "again.html").read_text() == (fitted / "report.html").read_text()
    assert "again.html" in done.out


def test_hopes_stand_beside_what_was_measured(edgekeeper, fitted, figures):
    done = edgekeeper("report", fitted, "--targets", "--json")
    hopes = {it["name"]: it for it in done.json["targets"]}
    assert len(hopes) == 8
    assert (hopes["Accuracy"]["before"], hopes["Accuracy"]["after"]) == (0.75, 0.78)
    assert hopes["Accuracy"]["measured"] == pytest.approx(figures["scores"]["accuracy"])
    assert hopes["Accuracy"]["baseline"] == pytest.approx(figures["scores"]["majority"])
    assert hopes["Sharpe ratio"]["measured"] == pytest.approx(figures["sharpe"])
    assert hopes["Worst fall"]["measured"] == pytest.approx(-figures["max_drawdown"])
    assert hopes["Sharpe ratio"]["baseline"] == pytest.approx(figures["baseline"]["sharpe"])
    shown = edgekeeper("report", fitted, "--targets")
    assert shown.code == 0
    assert "75.0% → 78.0%" in shown.out
    assert "never a gate" in " ".join(shown.out.split())


def test_conditions_are_those_of_the_run(figures):
    assert figures["conditions_tested"] > 0
    for row in figures["conditions"]:
        assert min(row["q_below"], row["q_above"]) <= 0.1


def test_without_its_summary_a_run_says_what_it_does_not_know(edgekeeper, fitted, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(fitted, copy)
    (copy / "summary.json").unlink()
    done = edgekeeper("report", copy, "--json")
    assert done.code == 0
    assert "summary.json" in done.json["caveats"][0]


def test_a_run_that_is_not_there(edgekeeper, tmp_path):
    assert edgekeeper("report", tmp_path / "nowhere").code == 2
