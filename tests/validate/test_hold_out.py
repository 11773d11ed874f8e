import math
from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.stats.scores import log_loss
from edgekeeper.types import Forecasts
from edgekeeper.validate.hold_out import (
    judge_on_hold_out,
    loss_by_instant,
    mean_and_error,
    virtual_gains,
)


def test_the_verdict_reads_the_hold_out_and_nothing_after_now(planted, config):
    """Other outcomes elsewhere, and other bars later, change no figure."""
    judged, view = planted.candidate.judged, planted.view
    cut = int(view.bars.instants[-30])
    rows = view.rows[view.labels.end_time[view.rows] <= cut]
    early = replace(view, rows=rows, now_ns=cut)
    expected = judge_on_hold_out(judged, early, config)
    elsewhere = np.setdiff1d(np.arange(len(view.bars)), rows)
    net = view.labels.net_return.copy()
    net[elsewhere] = -net[elsewhere]
    matrix, volatility = view.matrix.copy(), view.volatility.copy()
    later = view.bars.event_time > cut
    matrix[later], volatility[later] = 1e6, 1.0
    changed = replace(
        early,
        matrix=matrix,
        volatility=volatility,
        labels=replace(view.labels, net_return=net),
    )
    assert judge_on_hold_out(judged, changed, config) == expected
    assert np.array_equal(loss_by_instant(judged, changed), loss_by_instant(judged, early))
    # It does read the outcomes that are held out.
    net[rows] = -net[rows]
    assert judge_on_hold_out(judged, changed, config) != expected


def test_figures_are_those_of_the_forecasts(planted, config):
    view = planted.view
    result = judge_on_hold_out(planted.candidate.judged, view, config)
    forecasts = planted.candidate.judged.forecast(
        view.matrix[view.rows], view.volatility[view.rows]
    )
    outcome = view.labels.net_return[view.rows] > 0
    assert result.scores.count == 2 * len(view.rows)
    assert result.scores.base_rate == pytest.approx(outcome.mean())
    assert result.scores.log_loss == pytest.approx(
        log_loss(outcome.ravel(), forecasts.probability.ravel()).mean()
    )
    by_instant = loss_by_instant(planted.candidate.judged, view)
    assert len(by_instant) == len(np.unique(view.labels.start_time[view.rows]))
    assert by_instant[0] == pytest.approx(log_loss(outcome[:3], forecasts.probability[:3]).mean())
    metrics = result.metrics()
    assert metrics["hold_out_auc"] == result.scores.auc
    assert metrics["hold_out_sharpe"] == result.sharpe
    assert all(name.startswith("hold_out_") for name in metrics)


def test_a_planted_edge_earns_in_the_virtual_book(planted, config):
    result = judge_on_hold_out(planted.candidate.judged, planted.view, config)
    assert result.sharpe > 1.0
    assert result.scores.auc > 0.52


def test_forecasts_of_nothing_trade_nothing(planted, config):
    bars = planted.view.bars
    gains = virtual_gains(bars, planted.view.volatility, Forecasts.empty(len(bars)), config)
    assert (gains == 0.0).all()
    assert len(gains) == len(bars.instants)


def test_knowing_the_outcomes_earns_a_fortune_and_the_opposite_loses_it(planted, config):
    view, n = planted.view, len(planted.view.bars)
    net = np.nan_to_num(view.labels.net_return)

    def sharpe(sign):
        wins = (sign * net > 0).astype(float) * 0.98 + 0.01
        blank = np.zeros((n, 2))
        told = Forecasts(wins, sign * net, blank, blank, blank, blank, np.zeros(n))
        gains = virtual_gains(view.bars, view.volatility, told, config)
        return gains.mean() / gains.std() * math.sqrt(252)

    assert sharpe(1.0) > 8.0
    assert sharpe(-1.0) < -8.0


# -- mean and error ---------------------------------------------------------------------------


def test_mean_and_error_of_blocks_by_hand():
    mean, error = mean_and_error(np.array([1.0, 3.0, 5.0, 7.0, 100.0]), 2)
    assert mean == pytest.approx(23.2)
    assert error == pytest.approx(np.std([2.0, 6.0], ddof=1) / math.sqrt(2))


@pytest.mark.parametrize("length", [0, 1, 19, 39])
def test_fewer_than_two_blocks_say_nothing(length):
    mean, error = mean_and_error(np.ones(length), 20)
    assert error == math.inf
    assert math.isnan(mean) if length == 0 else mean == 1.0


def test_the_error_is_honest_about_dependence():
    """Sums of overlapping labels: the true spread of the mean, not the one of fresh draws."""
    rng = np.random.default_rng(0)
    means, errors, naive = [], [], []
    for _ in range(400):
        noise = rng.standard_normal(409)
        series = np.convolve(noise, np.ones(10) / 10, "valid")
        mean, error = mean_and_error(series, 20)
        means.append(mean)
        errors.append(error)
        naive.append(series.std(ddof=1) / math.sqrt(len(series)))
    truth = np.std(means)
    assert np.mean(errors) == pytest.approx(truth, rel=0.15)
    assert np.mean(naive) < 0.5 * truth
