"""A line that learns its policy: within its recipe by itself, beyond it by a person's word."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.build import audit, replay
from edgekeeper.config import (
    DriftConfig,
    GatesConfig,
    LineConfig,
    LinePolicyConfig,
    parse_config,
)
from edgekeeper.desk.ordering import approved_section
from edgekeeper.ledger import Ledger
from edgekeeper.living import Live
from edgekeeper.registry import Registry
from edgekeeper.report.to_do import read_to_do
from edgekeeper.rollout import PolicyLesson, Proposal, policy_of, recipe_hash, recipe_of
from edgekeeper.rollout.line_policy import SETTINGS, changed, setting_of
from edgekeeper.running import Asleep, Blank
from edgekeeper.trade import Order, change_policies, policies_to_learn
from edgekeeper.workbench.analysing import analyze
from edgekeeper.worlds import make_world

POLICY = {"target": 3.0, "stop": 0.3}
"""Far from what pays in the market below, where nearer stops earn more."""
LINE = LineConfig(
    name="linear",
    learner="logistic",
    parameters={"ridge": 10.0},
    features=("returns", "volume"),
    min_bars=100,
    refit_epochs=300,
    policy=LinePolicyConfig(
        learn=True, every_epochs=40, recent_bars=200, error_rate=0.49, **POLICY
    ),
)
CONFIG = parse_config({}).model_copy(
    update={
        "gates": GatesConfig(min_samples=15, veto_errors=5.0, max_sharpe=100.0, max_auc=0.999),
        "drift": DriftConfig(refit=False),
        "lines": (LINE,),
    }
)
HISTORY, FITTED, LAST = 110, 140, 300
ALIKE = ("decisions", "fills", "equity", "evidence", "stages", "approvals")


@pytest.fixture(scope="module")
def bars():
    made = make_world("planted", seed=2, symbols=4, bars=420, net_sharpe=20.0).bars
    return made.rows(0, int(made.instant_offsets[LAST]))


class Desk:
    """A live run in a folder, fed by hand."""

    def __init__(self, folder, bars, config=CONFIG, history=HISTORY):
        self.bars = bars
        self.ledger = Ledger.open(folder / "ledger.sqlite", prove=True)
        past = bars.rows(0, int(bars.instant_offsets[history]))
        registry = Registry(folder / "models")
        self.live = Live(past, config, self.ledger, registry, Asleep(), Blank())
        self.live.begin()
        self.roster = self.live.run.trade.roster

    def take(self, first, last):
        offsets = self.bars.instant_offsets
        for k in range(first, last):
            part = self.bars.rows(int(offsets[k]), int(offsets[k + 1]))
            self.live.end_epoch_before(int(part.event_time[0]))
            self.live.take(part)
        self.live.end_epoch_before(None)
        return self

    def order(self, kind, subject="", **detail):
        name = f"{kind}-{subject}-{self.live.run.trade.steps}"
        return self.live.obey(Order(name, kind, subject, "anna", "to try it", detail))

    def changes(self):
        rows = self.ledger.read("approvals").iter_rows(named=True)
        return [(row["answer"], details(row)) for row in rows]

    def close(self):
        head = self.ledger.head("trade")
        self.ledger.close()
        return head


def details(row):
    held = json.loads(row["detail_json"])
    return held[0] if isinstance(held, list) else held


@pytest.fixture
def desk(tmp_path, bars):
    opened = []

    def open_(folder="run", **more):
        opened.append(Desk(tmp_path / folder, bars, **more))
        return opened[-1]

    yield open_
    for one in opened:
        one.ledger.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory, bars):
    """A run that nobody disturbed: its head, and what is on record of its policy."""
    run = Desk(tmp_path_factory.mktemp("whole"), bars).take(HISTORY, LAST)
    found = run.changes(), run.ledger.read("stages"), run.roster.seats["linear"].policy
    return run.close(), *found


def test_a_change_is_on_record_with_its_figures_and_counts_from_the_next_bar_on(whole):
    _, changes, _, policy = whole
    applied = [detail for answer, detail in changes if answer == "applied"]
    assert applied
    for one in applied:
        assert {"present", "proposed", "recipe", "low", "high", "p_value", "bars"} <= one.keys()
        assert one["low"] > 0.0
        assert one["bars"] >= 120
    now = {one["setting"]: one["proposed"] for one in applied}
    recipe = policy_of(LINE, CONFIG)
    for setting in SETTINGS:
        assert setting_of(policy, setting) == now.get(setting, setting_of(recipe, setting))


def test_bar_by_bar_is_the_replay_of_all_bars_and_an_audit_agrees(tmp_path, desk, bars):
    live = desk(history=1).take(1, LAST)
    replay(bars, CONFIG, out=tmp_path / "replay")
    first = int(bars.instants[0])
    with Ledger.open(tmp_path / "replay" / "ledger.sqlite", read_only=True) as ledger:
        for name in ALIKE:
            replayed = ledger.read(name).filter(pl.col("event_time_ns") > first)
            drop = {"link", "entry"} & set(replayed.columns)
            lived = live.ledger.read(name).drop(drop)
            assert lived.height > 0, name
            assert lived.equals(replayed.drop(drop), null_equal=True), name
    assert audit(tmp_path / "replay").replayed["trade"] > 0
    told = analyze(tmp_path / "replay")
    (section,) = [one for one in told.sections if "policy" in one.title]
    applied = [detail for answer, detail in live.changes() if answer == "applied"]
    assert len(section.bullets) == len(applied)
    for bullet, one in zip(section.bullets, applied, strict=True):
        assert f"linear: {one['setting']}: " in bullet
        assert f"{one['proposed']:g} instead of {one['present']:g}" in bullet


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(desk, bars, whole):
    at = [detail for answer, detail in whole[1] if answer == "applied"]
    assert at
    parts = desk("parts")
    parts.ledger._withhold(frozenset({"forecasts"}))  # as on a full disk: hashed, and not kept
    parts.take(HISTORY, 270).close()
    again = desk("parts")
    again.live.relive(bars)
    assert again.ledger.unproved == {}
    again.take(270, LAST)
    assert again.close() == whole[0]


@pytest.mark.parametrize("order", [("freeze", ""), ("pin", "linear"), ("kill", "")])
def test_what_is_frozen_pinned_or_halted_is_left_alone(desk, order):
    run = desk().take(HISTORY, FITTED)
    assert run.order(*order) == "done"
    run.take(FITTED, LAST)
    assert policies_to_learn(run.roster) == {}
    assert run.changes() == []
    assert run.roster.seats["linear"].policy == policy_of(LINE, CONFIG)


def test_a_line_that_does_not_ask_for_it_is_never_changed(desk):
    plain = LINE.model_copy(update={"policy": LINE.policy.model_copy(update={"learn": False})})
    run = desk(config=CONFIG.model_copy(update={"lines": (plain,)})).take(HISTORY, LAST)
    assert run.live.run.policies is None
    assert run.changes() == []


def test_a_person_s_yes_gives_the_section_of_a_new_line(tmp_path, desk, whole):
    (asked,) = [detail for answer, detail in whole[1] if answer == "asked"][:1]
    assert abs(asked["change"]) > 0.2
    run = desk().take(HISTORY, LAST)
    now = run.live.now_ns
    waits = [task for task in read_to_do(run.ledger, 0, now) if task.kind == "parameter_change"]
    assert asked["id"] in waits[0].command
    before = run.roster.seats["linear"].policy
    assert run.order("approve", asked["id"][:8]) == "done"
    assert run.order("approve", asked["id"][:8]).startswith("refused")
    assert run.roster.seats["linear"].policy == before
    answer, detail = run.changes()[-1]
    assert answer == "approved"
    (line,) = parse_config(detail["section"]).lines
    assert line.name != "linear"
    assert setting_of(policy_of(line, CONFIG), asked["setting"]) == asked["proposed"]
    assert (line.learner, line.features) == (LINE.learner, LINE.features)
    assert recipe_hash(recipe_of(line, CONFIG)) != recipe_hash(recipe_of(LINE, CONFIG))
    told = [t for t in read_to_do(run.ledger, 0, now) if t.kind == "parameter_change"]
    assert detail["section"] in told[0].text
    place = tmp_path / "run" / "ledger.sqlite"
    assert approved_section(place, asked["id"][:8]) == detail["section"]
    assert approved_section(place, "0" * 8) == ""


def lesson(setting, present, proposed):
    one = Proposal(setting, present, proposed, 0.1, 0.05, 0.2, 0.01)
    return PolicyLesson("linear", 500, 20, (one,), (one,))


@pytest.fixture(scope="module")
def endless(tmp_path_factory, bars):
    run = Desk(tmp_path_factory.mktemp("endless"), bars).take(HISTORY, FITTED)
    yield run
    run.ledger.close()


@settings(max_examples=60, deadline=None)
@given(
    wishes=st.lists(
        st.tuples(st.sampled_from(SETTINGS), st.floats(0.3, 2.0)), min_size=1, max_size=6
    )
)
def test_no_row_of_changes_leads_further_than_a_fifth_from_the_recipe(endless, wishes):
    roster, recipe = endless.roster, policy_of(LINE, CONFIG)
    seat = roster.seats["linear"]
    for setting, factor in wishes:
        other = changed(seat.policy, seat.policy, setting, factor)  # from where it is: compounding
        if other is None:
            continue
        before = setting_of(seat.policy, setting)
        change_policies(roster, [lesson(setting, before, setting_of(other, setting))], 10**18)
        for name in SETTINGS:
            said = setting_of(recipe, name)
            assert abs(setting_of(seat.policy, name) / said - 1.0) <= 0.2 + 1e-9
        own = seat.book.parameters
        assert own["stop_width"][0] == seat.policy.labels.stop
        mine = roster.accounts.book("edgekeeper").parameters
        assert mine["stop_width"].tolist() == [CONFIG.labels.stop, seat.policy.labels.stop]


def test_an_account_s_brackets_are_those_of_the_line_that_decides(desk, bars):
    run = desk().take(HISTORY, FITTED)
    assert run.order("promote", "linear", override=True) == "done"
    run.take(FITTED, LAST)
    rows = run.ledger.read("decisions", where={"account": "edgekeeper"}).filter(
        pl.col("stop").is_not_null()
    )
    close = pl.DataFrame(
        {
            "event_time_ns": bars.event_time,
            "symbol": [bars.symbols[k] for k in bars.symbol],
            "close": bars.close,
        }
    )
    both = rows.join(close, on=["event_time_ns", "symbol"]).with_columns(
        ((pl.col("target") - pl.col("close")) / (pl.col("close") - pl.col("stop"))).alias("ratio")
    )
    mine = both.filter(pl.col("model").is_not_null())["ratio"].to_list()
    rules = both.filter(pl.col("model").is_null())["ratio"].to_list()
    assert mine
    assert rules
    assert all(ratio == pytest.approx(1.0) for ratio in rules)
    assert all(ratio > 8.0 for ratio in mine)


def test_recipes_without_a_policy_are_written_as_they_were():
    line = LineConfig(name="a")
    assert "policy" not in line.model_dump(mode="json")
    assert parse_config({"lines": [{"name": "a"}]}).lines == (line,)
