"""The demo's chapter on models: who is held against whom, and what is said of it."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from edgekeeper.report.model_duel import DUEL_HEADS, duel_picture, duel_rows, duel_sentence
from edgekeeper.workbench import model_chapter
from edgekeeper.workbench.model_chapter import Arena, arenas
from edgekeeper.worlds import make_world


def small():
    return make_world("planted", seed=2, symbols=4, bars=400, net_sharpe=8.0).bars


@pytest.fixture(scope="module")
def duel():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_chapter, "_TRIALS", 2)
        heard = []
        (found,) = model_chapter.model_chapter([Arena("s", "A <small> one", 250, small)],
                                               phase=heard.append)  # fmt: skip
    assert len(heard) == 5
    return found


def judged(duel, better):
    return replace(
        duel,
        differences=tuple(
            replace(one, better=better if one.figure == "sharpe" else "")
            for one in duel.differences
        ),
    )


def test_all_are_judged_on_the_same_bars(duel):
    ensemble, *rivals = duel.forecasters
    assert len(rivals) == 2
    assert {len(gain) for gain in duel.gains.values()} == {len(duel.time_ns)} == {240}
    assert duel.fits == 1
    for rival in rivals:
        assert duel.of(rival, "sharpe").a == ensemble


def test_the_sentence_says_better_worse_or_neither(duel):
    ensemble, single, member = duel.forecasters
    assert re.search(
        f"is better than {single} .* and {member} ", duel_sentence(judged(duel, ensemble))
    )
    mixed = duel_sentence(judged(duel, single))
    assert f"worse than {single}" in mixed
    assert f"no better than {member}" in mixed
    neither = duel_sentence(judged(duel, ""))
    assert f"no better than {single}" in neither
    assert neither.endswith("; chance would explain what they differ by.")


def test_rows_and_picture(duel):
    rows = duel_rows(duel)
    assert [len(row) for row in rows] == [len(DUEL_HEADS)] * 3
    svg = duel_picture([duel, duel]).svg
    ElementTree.fromstring(svg)
    assert svg.count("A &lt;small&gt; one: earned so far") == 4


def test_the_chapter_is_fitted_at_most_yearly():
    assert [arena.name for arena in arenas()] == ["planted", "real"]
    assert all(arena.every >= 252 for arena in arenas())
    assert len(arenas()[1].make().instants) > 5_000
