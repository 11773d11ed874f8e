"""The questions in their order, the dice, and the chance that an outcome comes to be known."""

import numpy as np
import pytest

from edgekeeper.config import SidecarConfig
from edgekeeper.errors import UsageError
from edgekeeper.sidecar import ForecastOut
from edgekeeper.sidecar.funnel import Asked, Opinion, decide, dice

_FORECAST = ForecastOut(probability=0.4, expected_return=-0.01)


def opinion(size=0.0, share=1.0, line="signals-logistic"):
    return Opinion(line, "ab" * 32, _FORECAST, size, ("it says so",), share)


def asked(id="a", *opinions, **said):
    return Asked(id, said.pop("halted", ""), said.pop("age", 1.0), opinions, **said)


def test_observe_never_tells_a_bot_to_skip():
    decided = decide(asked("a", opinion()), SidecarConfig(mode="observe"))
    assert (decided.decision, decided.size, decided.chance) == ("take", 1.0, 1.0)
    assert decided.reasons[-1] == "but the mode is observe: the bot decides, not skip"


@pytest.mark.parametrize(("size", "word"), [(0.0, "skip"), (0.5, "reduce"), (1.0, "take")])
def test_a_model_in_production_decides(size, word):
    for mode in ("advise", "enforce"):
        decided = decide(asked("a", opinion(size)), SidecarConfig(mode=mode))
        assert (decided.decision, decided.size) == (word, size)
        assert decided.chance == (1.0 if size else 0.0)


def test_shares_are_dealt_by_the_id_alone():
    settings = SidecarConfig(mode="enforce")
    one = opinion(share=0.25)
    sizes = [decide(asked(f"id-{n}", one), settings).size for n in range(4_000)]
    assert sizes == [decide(asked(f"id-{n}", one), settings).size for n in range(4_000)]
    assert np.mean(sizes) == pytest.approx(0.75, abs=0.03)
    assert decide(asked("a", one), settings).chance == pytest.approx(0.75)


def test_the_line_on_trial_is_asked_before_the_champion():
    settings = SidecarConfig(mode="enforce")
    trial, champion = opinion(1.0, 0.25, "signals-lightgbm"), opinion(0.0)
    found = [decide(asked(f"id-{n}", trial, champion), settings) for n in range(2_000)]
    assert np.mean([one.size for one in found]) == pytest.approx(0.25, abs=0.03)
    assert found[0].chance == pytest.approx(0.25)


def test_exploring_lets_its_share_of_skips_trade_and_says_so():
    settings = SidecarConfig(mode="enforce", explore=0.1)
    found = [decide(asked(f"id-{n}", opinion()), settings) for n in range(4_000)]
    explored = [one for one in found if one.explored]
    assert len(explored) / 4_000 == pytest.approx(0.1, abs=0.02)
    assert all(one.size == 1.0 and one.chance == pytest.approx(0.1) for one in explored)
    assert "10 % of the skips trade" in explored[0].reasons[-1]
    with_bars = [decide(asked(f"id-{n}", opinion(), bars=True), settings) for n in range(500)]
    assert not any(one.explored for one in with_bars)
    assert all(one.chance == 1.0 for one in with_bars)
    halted = [decide(asked(f"id-{n}", opinion(), halted="news"), settings) for n in range(500)]
    assert not any(one.explored or one.size for one in halted)
    late = [decide(asked(f"id-{n}", opinion(), age=301.0), settings) for n in range(500)]
    assert not any(one.explored or one.size for one in late)


def test_exploring_is_refused_where_nothing_is_enforced():
    for mode in ("observe", "advise"):
        with pytest.raises((UsageError, ValueError), match="explore = 0 unless mode"):
            SidecarConfig(mode=mode, explore=0.1)


def test_dice_of_different_purposes_are_independent():
    ids = [f"id-{n}" for n in range(3_000)]
    pairs = np.array([(dice("share x", id), dice("explore", id)) for id in ids])
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.05
    assert np.histogram(pairs[:, 0], 10, (0, 1))[0].min() > 230
