from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.config import Config, GatesConfig, LabelsConfig, LineConfig
from edgekeeper.errors import Refused, UsageError
from edgekeeper.splits import HoldOut
from edgekeeper.train import TrainingData, feature_set_of, train_candidate
from edgekeeper.worlds import make_world


@pytest.mark.parametrize("how", ["gone", "shuffled", "invented"])
@pytest.mark.parametrize("index", [0, 1])
def test_a_candidate_does_not_know_the_future(workshop, index, how):
    line = workshop.lines[index]
    data = workshop.data(line)
    bars = workshop.other_future(workshop.bars, workshop.cut, how)
    whole, other = workshop.candidate(line, data=data), workshop.candidate(line, bars)
    assert np.array_equal(whole.rows, other.rows)
    assert np.array_equal(whole.hold_out, other.hold_out)
    assert whole.samples == other.samples
    for name in ("judged", "shipped"):
        one, two = getattr(whole, name), getattr(other, name)
        assert workshop.digest(one, data) == workshop.digest(two, data)


def test_a_changed_past_is_noticed(workshop):
    """The test above can fail: five bars more, and the model is another one."""
    line = workshop.lines[1]
    data = workshop.data(line)
    later = int(workshop.bars.instants[445])
    one = workshop.candidate(line, data=data)
    two = workshop.candidate(line, data=data, now_ns=later)
    assert workshop.digest(one.shipped, data) != workshop.digest(two.shipped, data)


@pytest.mark.parametrize("index", [0, 1])
def test_the_judged_model_has_not_seen_the_hold_out(workshop, index):
    """Labels that end inside the hold-out are purged too: poison them all, it stays the same."""
    line = workshop.lines[index]
    data = workshop.data(line)
    clean = workshop.candidate(line, data=data)
    start, end = data.labels.start_time, data.labels.end_time
    begins = start[clean.hold_out].min()
    touched = clean.rows[end[clean.rows] >= begins]
    assert len(touched) > len(clean.hold_out)
    assert set(clean.hold_out) <= set(touched)
    matrix, net = data.matrix.copy(), data.labels.net_return.copy()
    matrix[touched], net[touched] = -1e6, net[touched][:, ::-1]
    poisoned = replace(data, matrix=matrix, labels=replace(data.labels, net_return=net))
    dirty = workshop.candidate(line, data=poisoned)
    assert workshop.digest(clean.judged, data) == workshop.digest(dirty.judged, data)
    assert workshop.digest(clean.shipped, data) != workshop.digest(dirty.shipped, data)


def test_the_hold_out_is_the_newest_fifth(workshop):
    line = workshop.lines[1]
    made = workshop.candidate(line)
    assert made.hold_out.min() > 0
    assert len(made.hold_out) / len(made.rows) == pytest.approx(0.2, abs=0.01)
    assert set(made.hold_out) == {row for row in made.rows if row >= made.hold_out.min()}


def test_the_same_twice_has_the_same_hash(workshop):
    for line in workshop.lines:
        data = workshop.data(line)
        one, two = workshop.candidate(line, data=data), workshop.candidate(line, data=data)
        assert workshop.digest(one.shipped, data) == workshop.digest(two.shipped, data)
        assert workshop.digest(one.judged, data) == workshop.digest(two.judged, data)


def test_readings_of_the_hold_out_are_counted(workshop):
    line, hold_out = workshop.lines[1], HoldOut(0.2)
    data = workshop.data(line)
    early = int(workshop.bars.instants[250])
    uses = [
        workshop.candidate(line, data=data, hold_out=hold_out, now_ns=now).hold_out_uses
        for now in (early, workshop.now, workshop.now)
    ]
    assert uses == [1, 1, 2]


def test_only_bars_with_a_signal_are_learned_from(workshop):
    line = workshop.lines[1]
    signalled = np.zeros(len(workshop.bars), dtype=bool)
    signalled[::2] = True
    made = workshop.candidate(line, signalled=signalled)
    assert (made.rows % 2 == 0).all()
    with pytest.raises(Refused, match="expected 50 independent outcomes to learn from, got 0"):
        workshop.candidate(line, signalled=np.zeros(len(workshop.bars), dtype=bool))


def test_too_little_data_is_refused_with_the_figures(workshop):
    now = int(workshop.bars.instants[60])
    with pytest.raises(Refused, match=r"line linear: expected 50 .* got \d+: wait for more bars"):
        workshop.candidate(workshop.lines[1], now_ns=now)
    with pytest.raises(Refused, match="got 0"):
        workshop.candidate(workshop.lines[1], now_ns=0)


def test_many_symbols_of_few_instants_are_too_little_data():
    """Enough outcomes, but of too few days to hold some out and to split the rest in three."""
    bars = make_world("noise", seed=1, symbols=40, bars=60).bars
    config = Config(gates=GatesConfig(min_samples=20), labels=LabelsConfig(horizon_bars=20))
    line = LineConfig(name="wide", learner="logistic", features=("returns",))
    data = TrainingData.prepare(bars, feature_set_of(line, bars)[0], config)
    with pytest.raises(Refused, match=r"line wide: .*wait for more bars"):
        train_candidate(
            data,
            line,
            config,
            now_ns=int(bars.instants[58]),
            seed=1,
            hold_out=HoldOut(0.2),
        )


def test_a_wrong_recipe_is_a_wrong_recipe_however_little_data(workshop):
    line = workshop.lines[1].model_copy(update={"learner": "oracle"})
    with pytest.raises(UsageError, match="unknown learner 'oracle'"):
        workshop.candidate(line, data=workshop.data(workshop.lines[1]), now_ns=0)


def test_symbols_of_different_age_can_be_learned_from_together(workshop):
    bars = workshop.bars
    young = (bars.symbol == 2) & (bars.event_time < bars.instants[300])
    keep = ~young
    younger = Bars.from_arrays(
        symbol=np.asarray(bars.symbols)[bars.symbol][keep],
        event_time=bars.event_time[keep],
        **{n: getattr(bars, n)[keep] for n in ("open", "high", "low", "close", "volume")},
    )
    line = workshop.lines[1]
    data = workshop.data(line, younger)
    made = workshop.candidate(line, data=data)
    assert set(younger.symbol[made.rows]) == {0, 1, 2}
