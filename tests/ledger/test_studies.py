"""Trials are counted once, however often they are looked at, and nothing is taken back."""

import sqlite3

import numpy as np
import pytest

from edgekeeper.errors import BadData, Refused, UsageError
from edgekeeper.ledger import Ledger, TrialFacts, append_trials, count_trials
from edgekeeper.ledger.studies import (
    TRIALS_FILE,
    note_study,
    record_by_hand,
    studies_of,
    trials_by_hand,
)

PLACE = {"line": "a", "time_ns": 5, "labels_hash": "l", "metric": "log_loss"}


def facts(paths, first=0):
    return [TrialFacts({"n": first + i}, 0.6 + i / 100, path) for i, path in enumerate(paths)]


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(tmp_path / "l.sqlite") as ledger:
        yield ledger


def append(ledger, trials, study="s", data="d"):
    with ledger.transaction("learn", event_time_ns=5) as tx:
        append_trials(tx, trials, study=study, data_hash=data, **PLACE)


def test_the_same_trial_again_is_free(ledger):
    trials = facts(np.random.default_rng(0).standard_normal((5, 32)))
    append(ledger, trials)
    once = count_trials(ledger.read("trials"))
    append(ledger, trials)
    assert count_trials(ledger.read("trials")) == once
    assert once.trials == 5
    append(ledger, trials, data="other")
    append(ledger, trials, study="other")
    assert count_trials(ledger.read("trials")).trials == 15


def test_trials_that_resemble_each_other_amount_to_fewer(ledger):
    rng = np.random.default_rng(1)
    common = rng.standard_normal(32)
    append(ledger, facts(common + 0.1 * rng.standard_normal((20, 32))), study="alike")
    append(ledger, facts(rng.standard_normal((20, 32))), study="unlike")
    alike, unlike = (study.count for study in studies_of(ledger))
    assert alike.trials == unlike.trials == 20
    assert 1.0 <= alike.effective < 2.0
    assert unlike.effective > 17.0


def test_trials_without_a_path_and_on_other_data_count_in_full(ledger):
    append(ledger, facts([np.empty(0), np.zeros(32), np.full(32, np.nan)]))
    append(ledger, facts(np.tile(np.arange(32.0), (4, 1))), data="other")
    assert count_trials(ledger.read("trials")).effective == pytest.approx(4.0)
    assert count_trials(ledger.read("trials").clear()).trials == 0


def test_a_study_is_noted_on_and_closed_once(ledger):
    append(ledger, facts(np.random.default_rng(0).standard_normal((3, 32))))
    noted = note_study(ledger, "s", "why I tried", time_ns=7, actor="me")
    assert (noted.notes, noted.closed, noted.best) == (("why I tried",), False, 0.6)
    closed = note_study(ledger, "s", "", time_ns=8, actor="me", close=True)
    assert closed.closed
    assert closed.notes == ("why I tried",)
    with pytest.raises(UsageError, match="closed already"):
        note_study(ledger, "s", "", time_ns=9, actor="me", close=True)
    with pytest.raises(UsageError, match="did you mean 's'"):
        note_study(ledger, "sx", "", time_ns=9, actor="me")


def test_trials_by_hand_are_kept_beside_the_packages(tmp_path):
    place = {"study": "by hand", "data_hash": "d", **PLACE}
    assert trials_by_hand(tmp_path) is None
    for n in (1, 1, 2):
        count = record_by_hand(tmp_path, [TrialFacts({"n": n}, 0.5, np.empty(0))], **place)
    assert count == trials_by_hand(tmp_path)
    assert (count.trials, count.effective) == (2, 2.0)
    with Ledger.open(tmp_path / TRIALS_FILE) as ledger:
        note_study(ledger, "by hand", "done", time_ns=1, actor="me", close=True)
    same = record_by_hand(tmp_path, [TrialFacts({"n": 2}, 0.5, np.empty(0))], **place)
    assert same.trials == 2, "the same again is free, also when closed"
    with pytest.raises(Refused, match="closed"):
        record_by_hand(tmp_path, [TrialFacts({"n": 3}, 0.5, np.empty(0))], **place)


@pytest.mark.parametrize("damage", ["edit", "cut"])
def test_a_changed_record_of_trials_gives_no_count(tmp_path, damage):
    trials = facts(np.random.default_rng(0).standard_normal((5, 32)))
    for part in (trials[:3], trials[3:]):
        record_by_hand(tmp_path, part, study="s", data_hash="d", **PLACE)
    assert trials_by_hand(tmp_path).trials == 5
    with sqlite3.connect(tmp_path / TRIALS_FILE) as connection:
        if damage == "edit":
            connection.execute("UPDATE trials SET data_hash = 'e' WHERE entry = 2")
        else:
            last = "(SELECT max(link) FROM chain WHERE role = 'learn')"
            for table in ("trials", "batches", "chain"):
                connection.execute(f"DELETE FROM {table} WHERE link = {last}")
    connection.close()
    for ask in (
        lambda: trials_by_hand(tmp_path),
        lambda: record_by_hand(tmp_path, trials, study="s", data_hash="x", **PLACE),
    ):
        with pytest.raises(BadData, match=r"'learn' chain|role 'learn'|of the .learn."):
            ask()
