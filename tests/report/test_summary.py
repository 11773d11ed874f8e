"""The figures of a run for programs."""

import json
from dataclasses import replace

import pytest

from edgekeeper.ledger import Ledger
from edgekeeper.report.summary import summary


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def test_evidence_beyond_any_float_is_told_as_the_most_that_one_holds(make_story, ledger):
    story = make_story()
    first = story.lines[0]
    sure = replace(first, log_cash=first.log_cash + 5_000.0, log_exposure=first.log_exposure - 5e3)
    figures = summary(replace(story, lines=(sure,)), ledger, "")
    told = figures["lines"][0]["evidence"]
    assert told["cash"] > 1e300
    assert told["exposure"] == told["least"] == 0.0
    json.dumps(figures, allow_nan=False)
