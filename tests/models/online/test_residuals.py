"""How much errors have in common: rows of one bar, and blocks of bars."""

import numpy as np
import pytest

from edgekeeper.models.online.residuals import Residuals
from edgekeeper.models.online.rows import COLUMNS, INSTANT, LEFT, SCORE, WEIGHT

SYMBOLS, BARS = 8, 600


def rows_of(slope=0.1, shared=0.0, persistent=0.0, seed=0):
    """Outcomes of eight symbols whose errors have a part in common, drawn anew or lasting."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((SYMBOLS * BARS, COLUMNS))
    rows[:, INSTANT] = np.repeat(np.arange(BARS), SYMBOLS)
    rows[:, SCORE] = rng.standard_normal(len(rows))
    rows[:, WEIGHT] = 1.0
    each = np.sqrt(1.0 - shared) * rng.standard_normal((BARS, SYMBOLS))
    error = each + np.sqrt(shared) * rng.standard_normal((BARS, 1))
    lasting = np.repeat(rng.standard_normal(BARS // 20 + 1), 20)[:BARS, None] * persistent
    wobble = lasting * rows[:, SCORE].reshape(BARS, SYMBOLS)
    rows[:, LEFT] = slope * rows[:, SCORE] + (error + wobble).ravel()
    return rows


def taught(rows, slope=0.1):
    """Bar by bar, as correctors do it."""
    residuals = Residuals()
    pull = information = 0.0
    for last in range(SYMBOLS, len(rows) + 1, SYMBOLS):
        lesson = residuals.lesson(rows[max(last - 100, 0) : last], SYMBOLS, slope)
        pull, information = pull + lesson.pull, information + lesson.information
        residuals.go_on(rows[last - 1, INSTANT])
    return residuals, pull, information


def test_before_any_rows_nothing_is_known():
    residuals = Residuals()
    assert residuals.deviation == residuals.variance == 0.0


def test_independent_errors_are_regressed_as_ever():
    rows = rows_of()
    residuals, pull, information = taught(rows)
    score, left = rows[:, SCORE], rows[:, LEFT]
    assert pull / information == pytest.approx(score @ left / (score @ score), abs=0.01)
    assert information == pytest.approx(score @ score, rel=0.05)
    assert residuals.deviation == pytest.approx(1.0, rel=0.05)
    assert residuals.variance == pytest.approx(1.15, rel=0.3)


def test_what_a_bar_has_in_common_is_taken_away():
    """Half of the variance is the market's: slopes get that much more exact, and say so."""
    found, plain, claimed = [], [], []
    for seed in range(60):
        rows = rows_of(shared=0.5, seed=seed)[: 150 * SYMBOLS]
        residuals, pull, information = taught(rows)
        score, left = rows[:, SCORE], rows[:, LEFT]
        found.append(pull / information - 0.1)
        plain.append(score @ left / (score @ score) - 0.1)
        claimed.append(residuals.variance / information)
    exact = np.mean(np.square(found))
    assert exact < 0.75 * np.mean(np.square(plain))
    assert 0.8 * exact < np.mean(claimed) < 2.5 * exact


def test_what_lasts_for_weeks_counts_as_less_evidence():
    alone, _, _ = taught(rows_of())
    lasting, _, _ = taught(rows_of(persistent=0.3))
    assert lasting.variance > 3.0 * alone.variance


def test_a_turn_does_not_widen_its_own_error():
    rows = rows_of()
    turned = rows.copy()
    half = len(rows) // 2
    turned[half:, LEFT] -= 0.2 * rows[half:, SCORE]
    plain, _, _ = taught(rows)
    after, _, _ = taught(turned)
    assert after.variance < 1.3 * plain.variance


def test_one_symbol_has_no_peers():
    rows = rows_of()[::SYMBOLS]
    residuals = Residuals()
    lesson = residuals.lesson(rows, len(rows), 0.1)
    assert lesson.information == pytest.approx(float(rows[:, SCORE] @ rows[:, SCORE]), rel=0.01)
    assert np.isfinite(residuals.variance)


def test_a_gap_counts_as_four_deviations():
    rows = rows_of()[:SYMBOLS]
    wild = rows.copy()
    wild[0, LEFT] = 1e6
    wild[1, LEFT] = 4.0 + 1e-9
    rows[:2, LEFT] = 4.0
    one, other = (Residuals().lesson(each, SYMBOLS, 0.1) for each in (rows, wild))
    assert one == pytest.approx(other)
