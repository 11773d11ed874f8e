import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.alerts import CLEARED, Figure, Rules
from edgekeeper.config import AlertsConfig, parse_config
from edgekeeper.errors import UsageError

RULES = AlertsConfig().rules


def judge(rules, metric, *values, count=400, cause="x"):
    figures = [Figure(metric, cause, value, count) for value in values]
    return [alert.rule for alert in rules.judge(figures, 5)]


@pytest.mark.parametrize(
    ("metric", "fine", "warned", "critical"),
    [
        ("accuracy", 0.56, 0.549, 0.499),
        ("win_rate_gap", -0.049, -0.051, -0.101),
        ("drawdown", 0.149, None, 0.151),
        ("latency_ms", 100.0, None, 100.1),
        ("forecast_shift", 0.24, 0.26, None),
    ],
)
def test_the_thresholds_that_were_asked_for(metric, fine, warned, critical):
    def severities(value):
        figure = Figure(metric, "x", value, 400)
        return {alert.severity for alert in Rules(RULES).judge([figure], 0)}

    assert severities(fine) == set()
    assert warned is None or severities(warned) == {"warning"}
    assert critical is None or "critical" in severities(critical)


def test_told_once_until_it_is_over_and_then_again():
    rules = Rules(RULES)
    assert judge(rules, "drawdown", 0.16, 0.2, 0.14, 0.16, 0.13) == ["drawdown_critical"]
    assert judge(rules, "drawdown", 0.11, 0.1) == ["drawdown_critical" + CLEARED]
    assert judge(rules, "drawdown", 0.16) == ["drawdown_critical"]


def test_each_cause_has_its_own():
    rules = Rules(RULES)
    assert judge(rules, "forecast_shift", 0.3, cause="line a") == ["forecasts_odd"]
    assert judge(rules, "forecast_shift", 0.3, cause="line b") == ["forecasts_odd"]
    assert judge(rules, "forecast_shift", 0.1, cause="line a") == ["forecasts_odd" + CLEARED]
    assert rules.standing == {("forecasts_odd", "line b")}


def test_few_results_alert_nobody_and_what_is_not_known_changes_nothing():
    rules = Rules(RULES)
    assert judge(rules, "accuracy", 0.0, count=10) == []
    assert judge(rules, "accuracy", 0.0, count=199) == []
    assert judge(rules, "accuracy", math.nan) == []
    assert judge(rules, "accuracy", 0.4) == ["accuracy_critical", "accuracy_warning"]
    assert judge(rules, "accuracy", math.nan) == []


def test_what_stood_before_a_restart_is_not_told_again():
    assert judge(Rules(RULES, [("drawdown_critical", "x")]), "drawdown", 0.3) == []


@given(st.lists(st.floats(0, 1), max_size=60))
def test_raised_and_cleared_alternate(values):
    told = judge(Rules(RULES), "drawdown", *values)
    assert told == ["drawdown_critical", "drawdown_critical" + CLEARED] * (len(told) // 2) + [
        "drawdown_critical"
    ] * (len(told) % 2)


def test_rules_are_configured_key_by_key_and_switched_off():
    config = parse_config(
        """
        [alerts.drawdown_critical]
        threshold = 0.2
        [alerts.latency_critical]
        enabled = false
        """
    )
    rules = config.alerts.rules
    assert (rules["drawdown_critical"].threshold, rules["drawdown_critical"].clears_at) == (
        0.2,
        0.12,
    )
    assert "latency_critical" not in rules
    assert config.hash() == parse_config("").hash(), "who is told what shapes no result"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("drawdown_critical = { clears_at = 0.3 }", "clears_at at or below"),
        ("accuracy_warning = { clears_at = 0.4 }", "clears_at at or above"),
        ("accuracy_warning = { at_least = 401 }", "could never be reached"),
        ("recent = 100", "could never be reached"),
        ("accuracy_warning = { metric = 'luck' }", "metric"),
        ("accuracy_warning = { treshold = 1 }", "treshold"),
        ("accuracy_warning = 3", "accuracy_warning"),
        ("drawdown_critical = { threshold = nan }", "finite"),
    ],
)
def test_rules_that_make_no_sense_are_refused(given, why):
    with pytest.raises(UsageError, match=why):
        parse_config(f"[alerts]\n{given}")
