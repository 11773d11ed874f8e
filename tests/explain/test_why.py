import numpy as np
import pytest

from edgekeeper.errors import BadData
from edgekeeper.explain import why
from edgekeeper.ledger import Ledger
from edgekeeper.simulator.reasons import REASONS

MODEL = "b" * 64


@pytest.fixture
def ledger():
    with Ledger.open("sqlite://") as opened:
        yield opened


def decide(ledger, time_ns, *, decision="skip", reason="no rule signal", model=None, side="long"):
    taken = decision != "skip"
    with ledger.transaction("trade", event_time_ns=time_ns) as tx:
        tx.append(
            "decisions",
            {
                "event_time_ns": time_ns,
                "symbol": "AAPL",
                "account": ["edgekeeper", "rules"],
                "side": side,
                "decision": decision,
                "size": 0.05 if taken else np.nan,
                "stop": 90.0 if taken else np.nan,
                "target": 110.0 if taken else np.nan,
                "reason": [reason, "account halted"],
                "model": model,
            },
        )


def forecast(ledger, time_ns, package):
    sides = {
        f"{name}_{side}": value
        for side, value in (("long", 0.6), ("short", 0.4))
        for name in ("probability", "expected_return", "lower", "upper", "risk", "bars_held")
    }
    with ledger.transaction("trade", event_time_ns=time_ns) as tx:
        row = {"event_time_ns": time_ns, "symbol": "AAPL", "line": "trees", "package": package}
        tx.append("forecasts", {**row, "novelty": 0.1, **sides})


def test_the_last_decision_at_or_before_an_instant(ledger):
    decide(ledger, 10)
    decide(ledger, 20, decision="take", reason="accepted")
    assert why(ledger, "AAPL").decision == "take"
    assert why(ledger, "AAPL", at_ns=19).decision == "skip"
    assert why(ledger, "AAPL", at_ns=20).time_ns == 20


def test_a_take_passed_every_question_and_says_so(ledger):
    decide(ledger, 20, decision="take", reason="accepted", model=MODEL)
    forecast(ledger, 20, "c" * 64)
    forecast(ledger, 20, MODEL)
    answer = why(ledger, "AAPL")
    assert all(passed for _, passed in answer.steps)
    assert "take long AAPL, decided by model bbbbbbbbbbbb, 5.0% of equity" in answer.sentence
    assert answer.forecast["probability"] == 0.6


@pytest.mark.parametrize("reason", [r for r in REASONS if r != "accepted"])
def test_every_reason_ends_the_funnel_somewhere(ledger, reason):
    """A reason that the funnel does not know would look like a yes."""
    decide(ledger, 10, reason=reason)
    answer = why(ledger, "AAPL")
    assert [passed for _, passed in answer.steps][-1] is False
    assert all(passed for _, passed in answer.steps[:-1])
    assert reason in answer.sentence


def test_an_unknown_symbol_is_answered_with_the_nearest(ledger):
    decide(ledger, 10)
    with pytest.raises(BadData, match="did you mean 'AAPL'"):
        why(ledger, "AAPLE")


def test_an_empty_ledger_says_so(ledger):
    with pytest.raises(BadData, match="none yet"):
        why(ledger, "AAPL")
