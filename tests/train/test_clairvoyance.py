"""A column that knows the outcome is named; honest ones, drifting or not, are left in peace."""

from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.train import clairvoyant_columns


@pytest.fixture(scope="module")
def data(workshop):
    return workshop.data(workshop.lines[1])


def with_column(data, values):
    matrix = data.matrix.copy()
    matrix[:, 2] = values
    return replace(data, matrix=matrix)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_either_sign_of_the_outcome_is_found(workshop, data, sign):
    rows = data.known_rows(workshop.now)
    noise = np.random.default_rng(0).standard_normal(len(data.matrix))
    leak = with_column(data, sign * (2.0 * data.labels.long_better + noise))
    name = list(data.features.expressions)[2]
    (found,) = clairvoyant_columns(leak, rows, 0.8).items()
    assert found[0] == name
    assert found[1] > 0.85


def test_honest_columns_of_a_market_with_an_edge_pass(workshop, data):
    assert clairvoyant_columns(data, data.known_rows(workshop.now), 0.8) == {}


def test_outcomes_after_the_rows_given_are_not_read(workshop, data):
    rows = data.known_rows(workshop.now)
    late = np.where(np.arange(len(data.matrix)) > rows[-1], data.labels.long_better, 0.5)
    assert clairvoyant_columns(with_column(data, late), rows, 0.8) == {}


@pytest.mark.parametrize("value", [np.nan, 1.0])
def test_columns_that_say_nothing_are_left_out(workshop, data, value):
    rows = data.known_rows(workshop.now)
    assert clairvoyant_columns(with_column(data, value), rows, 0.8) == {}
    assert clairvoyant_columns(data, rows[:50], 0.8) == {}


def test_few_outcomes_accuse_nobody(workshop, data):
    """The same suspicious ranking of overlapping outcomes, over many rows and over few."""
    rows = data.known_rows(workshop.now)
    noise = np.random.default_rng(1).standard_normal(len(data.matrix))
    hint = with_column(data, 1.6 * data.labels.long_better + noise)
    assert len(clairvoyant_columns(hint, rows, 0.75)) == 1
    assert clairvoyant_columns(hint, rows[:120], 0.75) == {}
