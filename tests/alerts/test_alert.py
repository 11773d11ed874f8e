import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.alerts import SEVERITIES, Alert
from edgekeeper.errors import UsageError

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    message=st.text(),
    rule=st.text(min_size=1),
    severity=st.sampled_from(SEVERITIES),
    detail=st.dictionaries(st.text(), plain),
)
def test_any_alert_is_one_line_of_strict_json(message, rule, severity, detail):
    line = Alert(7, severity, rule, message, detail).to_json()
    assert len(line.splitlines()) == 1

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    back = json.loads(line, parse_constant=refuse)
    assert back["message"] == message
    assert back["rule"] == rule
    assert back["severity"] == severity
    assert back["event_time"] == 7
    assert set(back["detail"]) == set(detail)


def test_figures_from_numpy_and_unknown_objects_are_carried():
    detail = {"auc": np.float64("nan"), "n": np.int64(3), "xs": np.arange(2), "who": object()}
    back = json.loads(Alert(0, "info", "retrained", "done", detail).to_json())["detail"]
    assert back["auc"] is None
    assert back["n"] == 3
    assert back["xs"] == [0, 1]
    assert "object" in back["who"]


def test_another_severity_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'critical'"):
        Alert(0, "critcal", "drift", "x")
    with pytest.raises(UsageError, match="rule"):
        Alert(0, "info", "", "x")
