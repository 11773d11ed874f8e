"""A live run against a replay of the same bars, and against itself after stops and orders."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from edgekeeper.alerts import Fanout
from edgekeeper.build import replay
from edgekeeper.config import (
    DriftConfig,
    EvidenceConfig,
    GatesConfig,
    LineConfig,
    OnlineConfig,
    RolloutConfig,
    RulesConfig,
    parse_config,
)
from edgekeeper.errors import BadData
from edgekeeper.ledger import Ledger
from edgekeeper.living import Live, live_forever
from edgekeeper.registry import Registry
from edgekeeper.running import Asleep, Blank
from edgekeeper.trade import Order
from edgekeeper.trade.strategies import file_hash
from edgekeeper.watch import Sentinel
from edgekeeper.worlds import make_world

EAGER = parse_config({}).model_copy(
    update={
        "gates": GatesConfig(min_samples=40, veto_errors=5.0, max_sharpe=100.0, max_auc=0.999),
        "evidence": EvidenceConfig(
            false_discovery_rate=0.6,
            min_trades=5,
            worst_bar=20.0,
            exposure_window=40,
            prior_bars=10,
            false_retreat_bars=40.0,
        ),
        "drift": DriftConfig(refit=False),
        "rollout": RolloutConfig(shadow_epochs=2, steps=(0.3, 0.6), step_epochs=4),
        "lines": (
            LineConfig(
                name="linear",
                learner="logistic",
                parameters={"ridge": 10.0},
                features=("returns", "volume"),
                min_bars=200,
                refit_epochs=63,
            ),
        ),
    }
)
TABLES = ("signals", "forecasts", "decisions", "orders", "fills", "trades", "trade_features",
          "equity", "guards", "evidence", "stages", "lines", "packages")  # fmt: skip


@pytest.fixture(scope="module")
def bars():
    return make_world("planted", seed=2, symbols=2, bars=420, net_sharpe=14.0).bars


def upto(bars, instants):
    return bars.rows(0, int(bars.instant_offsets[instants]))


def instant(bars, k):
    return bars.rows(int(bars.instant_offsets[k]), int(bars.instant_offsets[k + 1]))


class Desk:
    """A live run in a folder, fed by hand."""

    def __init__(self, folder, history, config=EAGER):
        self.folder, self.history, self.config = folder, history, config
        self.ledger = Ledger.open(folder / "ledger.sqlite", prove=True)
        registry = Registry(folder / "models")
        self.live = Live(history, config, self.ledger, registry, Asleep(), Blank())
        self.live.begin()

    def take(self, bars, first, last):
        for k in range(first, last):
            part = instant(bars, k)
            self.live.end_epoch_before(int(part.event_time[0]))
            self.live.take(part)
        self.live.end_epoch_before(None)

    def read(self, name, **where):
        return self.ledger.read(name, where=where or None).drop("link", strict=False)

    def close(self):
        head = self.ledger.head("trade")
        self.ledger.close()
        return head


@pytest.fixture
def desk(tmp_path, bars):
    opened = []

    def open_(folder="run", history=250, config=EAGER):
        made = Desk(tmp_path / folder, upto(bars, history), config)
        opened.append(made)
        return made

    yield open_
    for one in opened:
        one.ledger.close()


def test_bar_by_bar_is_the_replay_of_all_bars(tmp_path, desk, bars):
    live = desk(history=1)
    live.take(bars, 1, len(bars.instants))
    replay(bars, EAGER, out=tmp_path / "replay")
    first = int(bars.instants[0])
    with Ledger.open(tmp_path / "replay" / "ledger.sqlite", read_only=True) as ledger:
        assert {"ab_test", "production"} <= set(ledger.read("stages")["to_stage"])
        for name in TABLES:
            lived, replayed = live.read(name), ledger.read(name).drop("link", strict=False)
            if "event_time_ns" in lived.columns and name != "signals":
                replayed = replayed.filter(pl.col("event_time_ns") > first)
            assert lived.height > 0, name
            assert lived.equals(replayed, null_equal=True), name


def test_signals_of_a_test_are_dealt_out_and_trades_belong_to_who_decided(desk, bars):
    live = desk(history=1)
    live.take(bars, 1, len(bars.instants))
    stages = live.read("stages")
    began = stages.filter(pl.col("to_stage") == "ab_test")["event_time_ns"][0]
    ended = stages.filter(pl.col("to_stage") == "production")["event_time_ns"][0]
    assert stages["to_stage"].to_list()[:4] == ["shadow", "ab_test", "ab_test", "production"]
    tested = live.read("decisions", account="edgekeeper").filter(
        (pl.col("event_time_ns") > began) & (pl.col("event_time_ns") <= ended)
    )
    share = tested["model"].is_not_null().mean()
    assert 0.1 < share < 0.9


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(desk, bars):
    whole = desk("whole")
    whole.take(bars, 250, 330)
    head = whole.close()
    parts = desk("parts")
    parts.take(bars, 250, 290)
    parts.close()
    again = desk("parts")
    again.live.relive(bars)
    assert again.ledger.unproved == {}
    again.take(bars, 290, 330)
    assert again.close() == head


def order(kind, subject="", **detail):
    return Order(f"{kind}-{subject}-{len(detail)}", kind, subject, "anna", "to try it", detail)


def test_orders_are_lived_again_at_their_place(desk, bars):
    run = desk()
    run.take(bars, 250, 262)
    assert run.live.obey(order("kill")) == "done"
    run.take(bars, 262, 270)
    assert run.live.obey(order("promote", "linear")).startswith("refused: line linear is promoted")
    assert run.live.obey(order("resume")) == "done"
    run.take(bars, 270, 280)
    head = run.close()
    again = desk()
    again.live.relive(bars)
    assert again.close() == head


def test_an_order_before_the_first_bar_is_lived_again_too(desk, bars):
    run = desk()
    assert run.live.obey(order("kill")) == "done"
    head = run.close()
    again = desk()
    again.live.relive(None)
    assert again.ledger.unproved == {}
    assert again.close() == head


def test_no_order_leaves_after_a_kill_and_none_that_waited_is_filled(desk, bars):
    run = desk(config=replace_rules(EAGER))
    run.take(bars, 250, 300)
    assert run.read("orders", account="edgekeeper").height > 0
    killed_at = run.live.now_ns
    run.live.obey(order("kill"))
    run.take(bars, 300, 340)
    for table in ("orders", "fills"):
        rows = run.read(table, account="edgekeeper", action="open")
        assert rows["event_time_ns"].max() <= killed_at
    reasons = run.read("decisions", account="edgekeeper", reason="account halted")
    assert reasons.height > 0


def replace_rules(config):
    rules = config.rules.model_copy(
        update={"entry_long": "close > lag(close, 1)", "entry_short": ""}
    )
    return config.model_copy(update={"rules": rules})


def test_a_strategy_that_fails_is_dropped_on_record_and_people_are_told(tmp_path, desk, bars):
    path = tmp_path / "mine.py"
    path.write_text(
        "def signals(bars):\n    if bars.height > 255:\n        raise ValueError('no more')\n"
        "    return [1] * bars.height\n"
    )
    rules = RulesConfig(file=str(path), file_hash=file_hash(path))
    run = desk(config=EAGER.model_copy(update={"rules": rules}))
    run.take(bars, 250, 262)
    signals = run.read("signals", source="rules")
    assert signals["event_time_ns"].max() == int(bars.instants[254])
    dropped = run.read("guards", event="drop")
    assert dropped["event_time_ns"].to_list() == [int(bars.instants[255])]
    assert "ValueError: no more" in dropped["detail"][0]
    assert "ValueError: no more" in run.live.sentence
    assert [one.rule for one in Sentinel(run.ledger, Fanout([])).look(run.live.now_ns)].count(
        "strategy_dropped"
    ) == 1
    head = run.close()
    again = desk(config=EAGER.model_copy(update={"rules": rules}))
    again.live.relive(bars)
    assert again.close() == head


def test_a_line_promoted_by_a_person_stays_at_a_tenth_and_is_marked(desk, bars):
    strict = EAGER.model_copy(update={"evidence": EAGER.evidence.model_copy(
        update={"min_trades": 100_000})})  # fmt: skip
    run = desk(config=strict)
    run.take(bars, 250, 260)
    assert run.live.obey(order("promote", "linear", override=True)) == "done"
    run.take(bars, 260, 330)
    moves = run.read("stages").filter(pl.col("to_stage") != "shadow")
    assert moves["actor"].to_list() == ["anna"]
    assert "without evidence" in moves["reason"][0]
    assert json.loads(moves["evidence_json"][0])["share"] == 0.1


def test_rollback_pins_and_unpin_frees(desk, bars):
    config = EAGER.model_copy(
        update={"lines": (EAGER.lines[0].model_copy(update={"refit_epochs": 10}),)}
    )
    run = desk(config=config)
    run.take(bars, 250, 275)
    seat = run.live.run.trade.roster.seats["linear"]
    used = list(seat.history)
    assert len(used) == 3
    assert run.live.obey(order("rollback", "linear")) == "done"
    assert seat.line.package == used[1]
    run.take(bars, 275, 290)
    assert seat.line.package == used[1]
    assert run.live.obey(order("pin", used[0][:10])) == "done"
    assert seat.line.package == used[0]
    assert run.live.obey(order("unpin", "linear")) == "done"
    run.take(bars, 290, 303)
    assert seat.line.package not in used
    head = run.close()
    again = desk(config=config)
    again.live.relive(bars)
    assert again.close() == head


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("resume",), "not halted"),
        (("rearm",), "not paused"),
        (("rollback",), "no line trades now"),
        (("rollback", "linear"), "no package before"),
        (("pin", "nobody"), "expected a line"),
        (("unpin", "linear"), "not pinned"),
        (("unfreeze",), "nothing is frozen"),
        (("approve", "abcdef12"), "waits for approval"),
        (("demote", "linear"), "not to be stood down"),
        (("dance",), "no such order"),
    ],
)
def test_what_the_state_does_not_allow_is_refused_on_record(desk, bars, given, why):
    run = desk()
    run.take(bars, 250, 253)
    outcome = run.live.obey(order(*given))
    assert outcome.startswith("refused")
    assert why in outcome
    assert run.read("obeyed")["outcome"].to_list() == [outcome]


def test_late_bars_are_taken_without_entries(desk, bars):
    run = desk(config=replace_rules(EAGER))
    late = instant(bars, 250)
    run.live.take(late.known_at(int(late.event_time[0]) + 40 * 86_400 * 10**9))
    reasons = run.read("decisions", account="edgekeeper")
    assert set(reasons["reason"]) == {"data too old"}


def test_a_tape_only_goes_forward(desk, bars):
    run = desk()
    run.take(bars, 250, 252)
    with pytest.raises(BadData, match="goes forward"):
        run.live.take(instant(bars, 251))


def test_missing_bars_are_named_when_a_run_goes_on(desk, bars):
    run = desk()
    run.take(bars, 250, 255)
    run.close()
    again = desk()
    with pytest.raises(BadData, match="absent: the bars of the step"):
        again.live.relive(None)


def test_a_replay_cannot_go_on_as_paper(tmp_path, bars):
    replay(upto(bars, 230), EAGER, out=tmp_path)
    with Ledger.open(tmp_path / "ledger.sqlite", prove=True) as ledger:
        live = Live(upto(bars, 230), EAGER, ledger, Registry(tmp_path / "m"), Asleep(), Blank())
        with pytest.raises(BadData, match="does not come back"):
            live.begin()


class Supply:
    """Gives the bars of each instant, now and then nothing."""

    def __init__(self, bars, first, last):
        self.parts = [part for k in range(first, last) for part in (None, instant(bars, k))]
        self.due = int(bars.instants[last])

    def next(self, timeout_seconds):
        return self.parts.pop(0) if self.parts else None

    @property
    def next_due_ns(self):
        return self.due


def test_latency_is_measured_once_and_recorded(desk, bars):
    ticks = iter(np.arange(0.0, 1e6, 0.25))
    run = desk()
    supply = Supply(bars, 250, 256)
    clock = type("Clock", (), {"now_ns": lambda self: int(bars.instants[0])})()
    live_forever(
        run.live,
        supply,
        list,
        stop=lambda: not supply.parts,
        clock=clock,
        stopwatch=lambda: float(next(ticks)),
    )
    steps = run.read("stretches").filter(pl.col("kind") == "bars")
    assert steps["latency_ms"].to_list() == [250.0] * 6
    head = run.close()
    again = desk()
    again.live.relive(bars)
    assert again.close() == head


def test_bars_of_fewer_symbols_come_as_they_are(desk, bars):
    run = desk()
    part = instant(bars, 250).rows(0, 1)
    alone = replace(part, symbols=part.symbols_present, symbol=np.zeros(1, np.int32))
    run.live.take(alone.among(bars.symbols))
    assert run.live.now_ns == int(bars.instants[250])
    assert run.read("decisions", account="edgekeeper").height == 1


def test_drift_asks_for_a_refit_and_the_request_is_lived_again(tmp_path, bars):
    sensitive = EAGER.model_copy(
        update={
            "drift": DriftConfig(horizon_bars=60, recent_bars=20),
            "lines": (
                LineConfig(
                    name="linear",
                    learner="logistic",
                    features=(),
                    extra_features={
                        "move": "ret(close, 1)",
                        "width": "high / low - 1",
                        "season": "month",
                    },
                    min_bars=200,
                    refit_epochs=200,
                ),
            ),
        }
    )
    wild = 1.0 + 0.08 * np.sign(np.sin(np.arange(len(bars)) * 2.3))
    wild[: int(bars.instant_offsets[300])] = 1.0
    prices = ("open", "high", "low", "close")
    shaken = replace(bars, **{name: getattr(bars, name) * wild for name in prices})
    run = Desk(tmp_path / "run", upto(shaken, 250), sensitive)
    run.ledger._withhold(frozenset({"forecasts"}))  # as on a full disk: hashed, and not kept
    run.take(shaken, 250, 360)
    assert run.read("forecasts").height == 0
    asked = run.read("refit_requests")
    assert asked.height > 0
    assert asked["event_time_ns"].min() > int(bars.instants[300])
    assert not any("season" in sentence for sentence in asked["sentence"])
    fits = run.read("packages")["fitted_at_ns"].to_list()
    assert asked["event_time_ns"][0] in fits
    head = run.close()
    again = Desk(tmp_path / "run", upto(shaken, 250), sensitive)
    again.live.relive(shaken)
    assert again.ledger.unproved == {}
    assert again.close() == head


def learning(kind, target="direction"):
    """Return the eager configuration with a line that learns online."""
    line = EAGER.lines[0].model_copy(
        update={
            "online": OnlineConfig(by=kind, buffer=100),
            "target": target,
            "min_bars": 100,
            "refit_epochs": 40,
        }
    )
    gates = EAGER.gates.model_copy(update={"min_samples": 15})
    return EAGER.model_copy(update={"gates": gates, "lines": (line,)})


@pytest.mark.parametrize(
    ("kind", "target", "last"),
    [("bayes", "direction", 170), ("bayes", "relative", 270), ("sgd", "direction", 170)],
)
def test_a_line_that_learns_online_lives_as_it_replays(kind, target, last, tmp_path, desk, bars):
    config, some = learning(kind, target), upto(bars, last)
    live = desk(history=1, config=config)
    live.take(some, 1, last)
    replay(some, config, out=tmp_path / "replay")
    with Ledger.open(tmp_path / "replay" / "ledger.sqlite", read_only=True) as ledger:
        for name in ("forecasts", "decisions", "evidence", "stages"):
            lived, replayed = live.read(name), ledger.read(name).drop("link", strict=False)
            since = pl.col("event_time_ns") > int(bars.instants[0])
            assert lived.equals(replayed.filter(since), null_equal=True), name
    correction = live.live.run.trade.corrections["linear"]
    assert correction.learned > 100
    learner = correction.corrector
    assert learner.worth.known if kind == "bayes" else learner.belief.share > 0.0


@pytest.mark.parametrize("kind", ["bayes", "sgd"])
def test_a_stop_does_not_change_what_was_learned_online(kind, desk, bars):
    config = learning(kind)
    whole = desk("whole", 110, config)
    whole.take(bars, 110, 185)
    state = whole.live.run.trade.corrections["linear"].corrector.state()
    head = whole.close()
    parts = desk("parts", 110, config)
    parts.take(bars, 110, 178)
    parts.close()
    again = desk("parts", 110, config)
    again.live.relive(bars)
    again.take(bars, 178, 185)
    assert again.live.run.trade.corrections["linear"].corrector.state() == state
    assert again.close() == head


def test_an_order_that_came_with_the_bars_holds_for_them(desk, bars):
    run = desk(config=replace_rules(EAGER))
    run.take(bars, 250, 300)
    killed_at = run.live.now_ns
    supply = Supply(bars, 300, 310)
    clock = type("Clock", (), {"now_ns": lambda self: int(bars.instants[0])})()

    given = []

    def inbox():
        """An order that is found only once the first bar is there."""
        if len(supply.parts) == 18 and not given:
            given.append(order("kill"))
            yield given[0]

    live_forever(run.live, supply, inbox, stop=lambda: not supply.parts, clock=clock)
    assert run.live.now_ns > killed_at
    assert run.read("obeyed")["event_time_ns"].to_list() == [killed_at]
    opened = run.read("orders", account="edgekeeper", action="open")
    assert opened["event_time_ns"].max() <= killed_at
