"""Orders between steps: after a halt nothing is opened, whatever else is ordered or happens."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.config import EvidenceConfig, GatesConfig, LineConfig, parse_config
from edgekeeper.ledger import Ledger
from edgekeeper.living import Live
from edgekeeper.registry import Registry
from edgekeeper.rollout import Stage
from edgekeeper.running import Asleep, Blank
from edgekeeper.trade import ORDERS, Order
from edgekeeper.worlds import make_world

LINE = LineConfig(
    name="linear", learner="logistic", features=("returns",), min_bars=100, refit_epochs=10
)
CONFIG = parse_config(
    {
        "rules": {"entry_long": "close > lag(close, 1)", "entry_short": "close < lag(close, 1)"},
        "limits": {"max_position": 0.4, "max_risk": 0.2},
        "labels": {"horizon_bars": 5},
    }
).model_copy(
    update={
        "gates": GatesConfig(min_samples=40, veto_errors=5.0, max_sharpe=100.0, max_auc=0.999),
        "evidence": EvidenceConfig(min_trades=100_000, exposure_window=40, prior_bars=10),
        "lines": (LINE,),
    }
)
RULES_ALONE = CONFIG.model_copy(update={"lines": ()})
HISTORY = 120


@pytest.fixture(scope="module")
def bars():
    return make_world("planted", seed=2, symbols=2, bars=200, net_sharpe=14.0).bars


class Desk:
    """A live run fed by hand, in a ledger of its own."""

    def __init__(self, folder, bars, config):
        self.bars, self.at = bars, HISTORY
        self.ledger = Ledger.open(folder / "ledger.sqlite", prove=True)
        history = bars.rows(0, int(bars.instant_offsets[HISTORY]))
        registry = Registry(folder / "models")
        self.live = Live(history, config, self.ledger, registry, Asleep(), Blank())
        self.live.begin()
        self.given = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ledger.close()

    @property
    def roster(self):
        return self.live.run.trade.roster

    @property
    def seat(self):
        return self.roster.seats["linear"]

    @property
    def book(self):
        return self.roster.accounts.book("edgekeeper")

    def take(self, instants=1):
        for _ in range(instants):
            first, last = self.bars.instant_offsets[self.at : self.at + 2]
            part = self.bars.rows(int(first), int(last))
            self.live.end_epoch_before(int(part.event_time[0]))
            self.live.take(part)
            self.live.end_epoch_before(None)
            self.at += 1

    def order(self, kind, subject="", **detail):
        self.given += 1
        return self.live.obey(Order(f"{kind}-{self.given}", kind, subject, "anna", "why", detail))


@pytest.fixture
def desk(tmp_path, bars):
    with Desk(tmp_path, bars, CONFIG) as made:
        yield made


def test_flattened_at_the_next_open_resumed_when_flat_and_lived_again(tmp_path, bars):
    with Desk(tmp_path, bars, RULES_ALONE) as run:
        while run.book.account.open_count < 2:
            run.take()
        opened = run.ledger.read("fills", where={"account": "edgekeeper"}).height
        assert run.order("kill", flatten=True) == "done"
        assert run.live.sentence.endswith("REDUCING: positions are closed at the next open")
        assert run.order("resume").startswith("refused: 2 positions are still being closed")
        run.take()
        assert run.live.sentence.endswith("HALTED")
        new = run.ledger.read("fills", where={"account": "edgekeeper"})[opened:]
        assert new["action"].to_list() == ["close"] * 2
        trades = run.ledger.read("trades", where={"account": "edgekeeper"})
        assert trades["exit_reason"].to_list()[-2:] == ["flattened"] * 2
        assert run.order("resume") == "done"
        run.take(5)
        assert run.book.account.open_count > 0
        head = run.ledger.head("trade")
    with Desk(tmp_path, bars, RULES_ALONE) as again:
        again.live.relive(bars)
        assert again.ledger.unproved == {}
        assert again.ledger.head("trade") == head


ACTS = st.lists(
    st.sampled_from(["bar"] * 6 + ["kill", "flatten", "resume", *sorted(ORDERS), "nan cash"]),
    min_size=10,
    max_size=40,
)


@settings(max_examples=12)
@given(acts=ACTS)
def test_between_halt_and_resume_nothing_is_opened(tmp_path_factory, bars, acts):
    folder = tmp_path_factory.mktemp("acts")
    with Desk(folder, bars, RULES_ALONE) as run:
        halted = []
        for act in acts:
            if act == "bar":
                if run.book.halted:
                    halted.append(int(run.bars.instants[run.at]))
                run.take()
            elif act == "nan cash":
                run.book.account.cash = np.nan
            elif act == "flatten":
                run.order("kill", flatten=True)
            else:
                was = run.book.halted
                outcome = run.order(act)
                assert not was or run.book.halted or (act, outcome) == ("resume", "done")
        for table in ("fills", "orders"):
            rows = run.ledger.read(table, where={"account": "edgekeeper", "action": "open"})
            assert not set(rows["event_time_ns"].to_list()) & set(halted)
        if np.isnan(run.book.account.cash) and halted:
            assert run.order("resume").startswith("refused")


def test_a_kill_given_twice_stays_a_kill_and_flattening_is_not_taken_back(desk):
    assert desk.order("kill", flatten=True) == "done"
    assert desk.order("kill") == "done"
    assert desk.book.account.flattens


def test_a_resume_leaves_the_account_at_twice_the_costs_halted_where_it_is_ruined(desk):
    desk.order("kill")
    double = desk.roster.accounts.book("edgekeeper_double_cost")
    double.account.equity = -1.0
    assert desk.order("resume") == "done"
    assert (desk.book.halted, double.halted) == (False, True)


def test_a_paused_model_is_rearmed(desk):
    assert desk.order("rearm").startswith("refused: the model is not paused")
    desk.book.account.paused = True
    assert desk.order("rearm") == "done"
    assert not desk.book.paused
    assert desk.ledger.read("guards")["event"].to_list() == ["rearm"]


def test_frozen_nothing_is_swapped_until_unfrozen(desk):
    first = desk.seat.line.package
    assert desk.order("freeze") == "done"
    desk.take(12)
    assert desk.seat.line.package == first
    assert desk.order("unfreeze") == "done"
    desk.take(12)
    assert desk.seat.line.package != first


def test_a_refit_is_made_when_asked_for(desk):
    fits = desk.ledger.read("packages").height
    assert desk.order("refit", "linear") == "done"
    desk.take()
    assert desk.ledger.read("packages").height == fits + 1


def test_a_line_is_promoted_by_hand_once_stood_down_and_retired(desk):
    assert desk.order("promote", "linear", override=True) == "done"
    assert desk.seat.line.stage is Stage.AB_TEST
    assert "only shadow is promoted" in desk.order("promote", "linear", override=True)
    assert desk.order("demote", "linear") == "done"
    assert desk.seat.line.stage is Stage.SHADOW
    assert desk.order("retire", "linear") == "done"
    assert "not to be stood down" in desk.order("demote", "linear")
    package = desk.seat.line.package
    assert "waits for approval" in desk.order("approve", package)


def test_packages_are_named_by_their_beginning(desk):
    first = desk.seat.line.package
    assert "at its first package" not in desk.order("rollback", "linear")
    assert desk.order("pin", first[:8]) == "done"
    assert "expected a line" in desk.order("pin", first[:5])
    assert desk.order("unpin", "linear") == "done"
    desk.take(12)
    assert desk.order("rollback", "linear") == "done"
    assert desk.seat.line.package == first
    assert "first package already" in desk.order("rollback", "linear")
    assert "there is nothing to pin" in _without_package(desk)


def _without_package(desk):
    desk.seat.package = None
    return desk.order("pin", "linear")


def test_a_fit_that_waits_is_approved_unless_its_line_is_retired(desk, monkeypatch):
    package = desk.seat.line.package
    found = {"hash": package, "line": "linear", "verdict": "needs_approval"}
    monkeypatch.setattr(desk.roster, "package_on_record", lambda name, now_ns: found)
    assert desk.order("approve", package) == "done"
    desk.seat.line.stage = Stage.CANDIDATE
    assert desk.order("approve", package) == "done"
    assert desk.seat.line.stage is Stage.SHADOW
    desk.order("retire", "linear")
    assert "linear is retired" in desk.order("approve", package)


def test_a_package_made_elsewhere_is_adopted_as_a_refit_and_rolled_back(desk, monkeypatch):
    desk.take(25)
    older, newer = desk.seat.history[0], desk.seat.history[-1]
    assert older != newer
    assert "nothing newer" in desk.order("adopt", older)
    desk.order("rollback", older)
    assert "pinned" in desk.order("adopt", newer)
    desk.order("unpin", "linear")
    assert desk.order("adopt", newer) == "done"
    assert desk.seat.package.hash == newer
    assert desk.order("rollback", "linear") == "done"
    assert desk.seat.package.hash != newer
    desk.order("unpin", "linear")
    present = desk.seat.package.manifest
    monkeypatch.setattr(desk.seat.package, "manifest", replace(present, learner="mlp"))
    assert "of another recipe than line linear: its learner" in desk.order("adopt", newer)
    desk.order("freeze")
    assert "frozen" in desk.order("adopt", newer)
    assert "expected package" in desk.order("adopt", "0" * 64)
    assert "expected the hash" in desk.order("adopt", "../../etc")
