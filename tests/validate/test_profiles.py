import json
import math
from pathlib import Path

import pytest

from edgekeeper.config import GatesConfig
from edgekeeper.errors import BadData
from edgekeeper.stats.resampling import Interval
from edgekeeper.validate import floors_of, measured_rate
from edgekeeper.validate.certificate import relative_gates, score_gates
from edgekeeper.validate.gate import ceiling, floor

ASKED = floors_of(GatesConfig(profile="asked"))


def test_asked_floors_are_those_that_were_asked():
    assert ASKED == {
        "min_f1": 0.65, "min_accuracy": 0.70, "min_precision": 0.60, "min_recall": 0.50,
        "min_auc": 0.65, "min_win_rate_gain": 0.10, "min_profit_factor_gain": 0.20,
        "min_sharpe_gain": 0.30, "min_drawdown_cut": 0.20, "max_champion_loss": 0.10,
    }  # fmt: skip
    assert floors_of(GatesConfig(profile="asked-start")) == {"min_accuracy": 0.55}
    assert floors_of(GatesConfig()) == {"min_deflated_sharpe": 0.95}


def test_every_floor_can_be_set():
    names = [name for name, value in GatesConfig() if value is None]
    every = GatesConfig(**dict.fromkeys(names, 0.25))
    assert floors_of(every) == dict.fromkeys(names, 0.25)
    assert set(ASKED) < set(names)
    nothing = {name: -1.0 if name.endswith("gain") else 0.0 for name in names}
    left = floors_of(GatesConfig(profile="asked", **nothing))
    assert left == {"max_champion_loss": 0.0}, "no loss at all is a floor, too"


def test_a_rate_is_measured_or_not_known():
    unknown = measured_rate("asked", {})
    assert unknown.markets == 0
    assert math.isnan(unknown.rate)
    assert "not measured yet" in unknown.sentence
    measured = measured_rate("x", {"x": {"markets": 300, "promoted": 8}})
    low, high = measured.interval
    assert (round(low, 4), round(high, 4)) == (0.0136, 0.0517)  # Wilson, 8 of 300
    assert "8 of 300" in measured.sentence
    with pytest.raises(BadData, match="3 of 2"):
        measured_rate("x", {"x": {"markets": 2, "promoted": 3}})


@pytest.mark.parametrize(
    ("profile", "run"),
    [("evidence", "noise"), *((name, name) for name in ("asked", "asked-start"))],
)
def test_the_rate_that_comes_along_is_that_of_the_recorded_worlds(profile, run):
    path = Path(__file__).parents[2] / f"benchmarks/results/worlds-{run}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows = [row for row in rows if row["key"] == rows[-1]["key"]]  # the last setting that was run
    promoted = sum(any(move != "refused" for _, _, move in row["moves"]) for row in rows)
    rate = measured_rate(profile)
    assert (rate.markets, rate.promoted) == (len(rows), promoted)


# -- single gates ------------------------------------------------------------------------------


def test_a_figure_that_is_not_known_does_not_pass():
    assert not floor("x", Interval(math.nan), -1.0).passed
    assert not ceiling("x", Interval(math.nan), 1.0).passed


def test_asked_scores_have_to_be_above_their_floor():
    names = ("accuracy", "precision", "recall", "f1", "auc", "majority")
    at = {"accuracy": 0.70, "precision": 0.60, "recall": 0.50, "f1": 0.65, "auc": 0.65}
    figures = {name: Interval(at.get(name, 0.5)) for name in names}
    window = (0, 1)
    assert [g.passed for g in score_gates(figures, ASKED, window, 7)] == [False] * 5
    more = {name: Interval(f.value + 1e-9) for name, f in figures.items()}
    gates = score_gates(more, ASKED, window, 7)
    assert all(gate.passed for gate in gates)
    assert {(gate.window, gate.trials, gate.sense) for gate in gates} == {(window, 7, "above")}
    assert "always guessing one side: 0.500" in gates[0].detail


def book(sharpe=1.0, win_rate=0.5, profit_factor=1.0, max_drawdown=0.2):
    figures = {"sharpe": sharpe, "win_rate": win_rate, "profit_factor": profit_factor,
               "max_drawdown": max_drawdown}  # fmt: skip
    return {name: Interval(value) for name, value in figures.items()}


def passed(mine, baseline, champion=None):
    champion = None if champion is None else Interval(champion)
    return [g.passed for g in relative_gates(mine, baseline, champion, ASKED, None, 1)]


def test_gains_over_the_baseline_are_relative():
    better = book(sharpe=1.31, win_rate=0.551, profit_factor=1.21, max_drawdown=0.159)
    assert passed(better, book()) == [True] * 4
    almost = book(sharpe=1.29, win_rate=0.549, profit_factor=1.19, max_drawdown=0.161)
    assert passed(almost, book()) == [False] * 4


def test_a_baseline_that_loses_is_beaten_by_earning_not_by_losing_less():
    losing = book(sharpe=-1.0)
    assert passed(book(sharpe=0.1), losing)[2]
    assert not passed(book(sharpe=-0.1), losing)[2]
    assert not passed(book(sharpe=-2.0), losing)[2]
    assert not passed(book(sharpe=1.0), book(sharpe=math.nan))[2]


def test_the_champion_may_be_a_tenth_better():
    assert passed(book(sharpe=0.91), book(), champion=1.0)[-1]
    assert not passed(book(sharpe=0.89), book(), champion=1.0)[-1]
