import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.features import describe, draw, evaluate, source_of, words
from edgekeeper.features.example_bars import example_bars


@pytest.mark.parametrize("part", range(6))
def test_every_word_is_explained_by_an_example_that_has_values(part):
    for name in words()[part::6]:
        it = describe(name)
        assert it.meaning.endswith("."), name
        assert it.source, name
        assert it.signature.startswith(name)
        values = evaluate(it.example, example_bars(it.inputs))
        assert np.isfinite(values).any() or it.kind == "feature of session", name


def test_how_far_back_is_said_in_bars_and_time():
    assert describe("atr").lookback == "14 bars"
    assert describe("return_1h").lookback == "3 bars and 3 h"
    assert describe("gap").lookback == "1 bar"
    assert describe("regime_label").lookback == "270 bars and 92 d"


def test_unknown_words_are_met_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'supertrend'"):
        describe("supertrand")


def test_drawing():
    x = np.sin(np.arange(300) / 20)
    x[100:140] = np.nan
    lines = draw(x, width=40, height=5).split("\n")
    assert len(lines) == 5
    assert lines[0].strip().startswith("1 ┤")
    assert lines[-1].strip().startswith("-1 ┤")
    assert all(len(line) <= 48 for line in lines)
    assert draw(np.full(3, np.nan)) == "(no values)"
    assert "┤" in draw(np.full(9, 7.0))
    assert "┤" in draw(np.array([3.0]))


def test_where_a_column_comes_from_and_what_was_probably_meant():
    assert source_of("XLE.close") == "bars of XLE: join them with --context XLE=FILE"
    assert "did you mean 'SPY.open'" in source_of("SPY.opn")
    assert "--context venue=hours" in source_of("venue.half_day")
    assert "training and replay" in source_of("signal.win_rate_7d")
