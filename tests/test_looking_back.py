"""Drift and insights out of a process of their own are those of this one."""

import pytest

from edgekeeper.desk import Desk
from edgekeeper.desk.drift_told import told_of_run
from edgekeeper.desk.elsewhere import drift_of, insights_of, quality_of
from edgekeeper.errors import BadData
from edgekeeper.workbench import analyze, drift_of_run


def test_insights_are_those_of_this_process(lived):
    told, here = insights_of(lived), analyze(lived)
    assert told.lead == here.lead
    assert [section.title for section in told.sections] == [s.title for s in here.sections]
    assert [list(map(list, s.rows)) for s in told.sections] == [
        list(map(list, s.rows)) for s in here.sections
    ]
    assert told.figures["attribution"]["total"] == here.figures["attribution"]["total"]


def test_drift_is_that_of_this_process(lived):
    told, here = drift_of(lived), told_of_run(drift_of_run(lived)).json
    assert told["sentence"] == here["sentence"]
    assert told["columns"].keys() == here["columns"].keys()
    assert list(told["window_ends"]) == list(here["window_ends"])


def test_quality_of_bars_is_that_of_this_process(lived):
    told = quality_of(lived)
    with Desk(lived) as desk:
        here = desk.data_quality()
    assert (told.source, told.interval, told.asked) == (here.source, here.interval, here.asked)
    assert told.bars.by_symbol.equals(here.bars.by_symbol)
    assert told.bars.findings.equals(here.bars.findings)
    assert told.quarantine.equals(here.quarantine)
    assert told.complete.equals(here.complete)


def test_what_cannot_be_told_is_said(tmp_path):
    with pytest.raises(BadData, match=str(tmp_path)):
        insights_of(tmp_path)
