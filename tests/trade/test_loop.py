import json
import math
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from edgekeeper.rollout import ALLOWED, Stage
from edgekeeper.stats.sequential import Bet
from edgekeeper.worlds import make_world

# -- a whole life: shadow, promotion, retreat -------------------------------------------------


def epoch_of(run, verdict):
    return next(epoch for epoch, move in run.moves if move.verdict == verdict)


def test_an_edge_is_found_promoted_lost_and_retreated_from(flip):
    linear = [move for _, move in flip.moves if move.line == "linear"]
    assert [move.verdict for move in linear[:2]] == ["promoted", "retreated"]
    assert flip.trade.roster.discoveries >= 1
    promoted, retreated = epoch_of(flip, "promoted"), epoch_of(flip, "retreated")
    assert 200 < promoted < retreated < 420
    assert flip.champions[promoted - 1] is None
    assert set(flip.champions[promoted:retreated]) == {"linear"}
    assert flip.champions[retreated] is None


def test_the_promotion_carries_the_evidence_it_was_made_on(flip):
    move = next(move for _, move in flip.moves if move.verdict == "promoted")
    figures = move.evidence
    assert (
        min(figures[f"log_{name}"] for name in ("cash", "exposure", "incumbent"))
        >= (figures["threshold"])
    )
    assert figures["trades"] >= flip.config.evidence.min_trades
    row = flip.table("stages", line="linear", to_stage="production").row(0, named=True)
    assert json.loads(row["evidence_json"]) == pytest.approx(figures)
    assert row["event_time_ns"] == int(flip.bars.instants[epoch_of(flip, "promoted")])


def test_the_recorded_evidence_leads_to_the_recorded_move(flip):
    """The bets can be settled again from the ledger alone, bar by bar."""
    path = flip.table("evidence", line="linear")
    promoted = int(flip.bars.instants[epoch_of(flip, "promoted")])
    until = path.filter(pl.col("event_time_ns") <= promoted)
    bet = Bet(flip.config.evidence.worst_bar)
    again = bet.update(until["book_return"].to_numpy(), until["scale"].to_numpy())
    assert again == pytest.approx(until["log_e_cash"].to_numpy(), abs=1e-12)
    least = until.select(pl.min_horizontal("log_e_cash", "log_e_exposure", "log_e_incumbent"))
    reached = least.to_series().to_numpy() >= until["threshold"].to_numpy()
    assert reached[-1]
    assert until["log_harm"].null_count() == until.height


def test_evidence_begins_with_the_first_bar_after_registration(flip):
    for name in ("linear", "blind"):
        registered = flip.table("lines", line=name)["registered_at_ns"].to_list()
        assert len(registered) == 1
        first = flip.table("evidence", line=name)["event_time_ns"][0]
        instants = flip.bars.instants
        assert first == instants[np.searchsorted(instants, registered[0]) + 1]


def test_a_line_has_one_observation_a_bar(flip):
    evidence = flip.table("evidence", line="linear")
    assert evidence["event_time_ns"].n_unique() == evidence.height
    assert np.isin(evidence["event_time_ns"].to_numpy(), flip.bars.instants).all()


def test_stages_in_the_ledger_form_a_chain_of_allowed_moves(flip):
    for name, seat in flip.trade.roster.seats.items():
        moves = flip.table("stages", line=name)
        stages = ["candidate", *moves["to_stage"].to_list()]
        assert moves["from_stage"].to_list() == stages[:-1]
        assert stages[-1] == str(seat.line.stage)
        for source, target in pairwise(stages):
            assert Stage(target) in ALLOWED[Stage(source)]


def test_every_test_pays_for_itself(flip):
    """Levels fall with each test begun; a restart after a retreat is a new one."""
    lines = flip.table("lines")
    assert lines["test_index"].to_list() == [1, 2]
    assert lines["level"].to_list() == pytest.approx([0.3, 0.15])
    restarted = flip.trade.roster.seats["linear"].line
    assert restarted.test == flip.trade.roster.tests >= 3
    assert restarted.level == pytest.approx(0.6 * 2.0**-restarted.test * 2)


def test_before_the_promotion_the_rules_trade_and_after_the_retreat_again(flip):
    decisions = flip.table("decisions", account="edgekeeper")
    by_model = decisions.filter(pl.col("model").is_not_null())["event_time_ns"]
    instants = flip.bars.instants
    promoted, retreated = (instants[epoch_of(flip, v)] for v in ("promoted", "retreated"))
    assert by_model.min() > promoted
    assert by_model.max() <= retreated
    rules = flip.table("decisions", account="rules")
    assert rules["model"].null_count() == rules.height
    before = pl.col("event_time_ns") <= promoted
    columns = ["event_time_ns", "symbol", "side", "decision", "reason"]
    mine = decisions.filter(before, pl.col("decision") != "skip").select(columns)
    assert mine.height > 0
    assert mine.equals(rules.filter(before).select(columns))


def test_the_pointer_follows_the_champion(flip):
    promoted, retreated = epoch_of(flip, "promoted"), epoch_of(flip, "retreated")
    packages = flip.table("packages", line="linear", verdict="accepted")
    for epoch in range(promoted, retreated):
        now = int(flip.bars.instants[epoch])
        newest = packages.filter(pl.col("fitted_at_ns") <= now)["hash"][-1]
        assert flip.pointers[epoch] == newest
    assert flip.pointers[:promoted] == [None] * promoted
    assert flip.pointers[retreated] is None


def test_the_pointer_gives_the_reason_of_the_last_change(flip):
    pointer = flip.registry.pointer()
    epoch, move = next(
        (e, m) for e, m in reversed(flip.moves) if m.verdict in ("promoted", "retreated")
    )
    assert pointer.reason == f"linear {move.verdict}: {move.reason}"
    assert pointer.changed_at == int(flip.bars.instants[epoch])


def test_decisions_of_the_champion_name_its_package(flip):
    decisions = flip.table("decisions", account="edgekeeper")
    hashes = set(decisions["model"].drop_nulls())
    assert hashes
    assert hashes <= set(flip.table("packages", line="linear")["hash"])


def test_all_facts_are_there_and_the_chain_holds(flip):
    rows = len(flip.bars)
    assert flip.table("signals").height == 2 * rows
    decisions = flip.table("decisions")
    assert decisions["account"].n_unique() == 3
    mine = pl.col("account") == "edgekeeper"
    assert decisions.filter(mine).height == rows
    others = decisions.filter(~mine)
    assert set(others["decision"]) <= {"take", "reduce"}
    key = ["account", "event_time_ns", "symbol"]
    orders = flip.table("orders").filter(~mine)
    assert others.select(key).sort(key).equals(orders.select(key).sort(key))
    assert flip.table("equity").height == 6 * len(flip.bars.instants)
    assert flip.ledger.verify("trade").head == flip.ledger.head("trade")
    assert flip.ledger.verify("learn").links == flip.table("packages").height


def test_always_newest_trades_each_refit_of_the_first_line_at_once(flip):
    decisions = flip.table("decisions", account="always_newest")
    packages = flip.table("packages", line="linear")
    models = decisions["model"].drop_nulls().unique(maintain_order=True).to_list()
    assert models == packages["hash"].to_list()[: len(models)]
    first = packages["fitted_at_ns"][0]
    assert decisions.filter(pl.col("model").is_not_null())["event_time_ns"].min() > first


def test_events_tell_the_story(flip):
    kinds = [kind for _, kind, _ in flip.trade.roster.events]
    assert kinds.index("shadow") < kinds.index("promoted") < kinds.index("retreated")
    assert all(isinstance(text, str) and text for _, _, text in flip.trade.roster.events)


# -- refits, vetoes, worse challengers --------------------------------------------------------


@pytest.fixture(scope="module")
def strict(start_run, eager):
    """A run in which nothing can be promoted and the slightest loss vetoes a refit."""
    evidence = eager.evidence.model_copy(
        update={"false_discovery_rate": 1e-9, "horizon_epochs": 100, "worst_bar": 20.0}
    )
    gates = eager.gates.model_copy(update={"veto_errors": 0.0})
    lines = tuple(line.model_copy(update={"refit_epochs": 10}) for line in eager.lines)
    config = eager.model_copy(update={"evidence": evidence, "gates": gates, "lines": lines})
    world = make_world("noise", seed=7, symbols=3, bars=330)
    return start_run(world.bars, config).all()


def test_a_vetoed_refit_is_not_adopted(strict):
    packages = strict.table("packages", line="linear")
    assert "vetoed" in packages["verdict"].to_list()
    forecasts = strict.table("forecasts", line="linear")
    used = forecasts["package"].unique(maintain_order=True).to_list()
    stop = forecasts["event_time_ns"].max()
    accepted = packages.filter((pl.col("verdict") == "accepted") & (pl.col("fitted_at_ns") < stop))[
        "hash"
    ].to_list()
    assert used == accepted
    line = strict.trade.roster.seats["linear"].line
    assert any("vetoed" in reason for reason in line.reasons)


def test_a_line_without_evidence_is_refused_at_its_horizon(strict):
    refused = [(epoch, move) for epoch, move in strict.moves if move.verdict == "refused"]
    assert {move.line for _, move in refused} == {"linear", "blind"}
    for epoch, move in refused:
        assert epoch == 199 + 100
        assert move.target is Stage.RETIRED
        assert "no evidence within its 100 epochs" in move.reason
    assert strict.trade.roster.champion is None
    assert strict.champions == [None] * 330


def test_a_refusal_leaves_the_pointer_alone(strict):
    assert strict.registry.pointer().changed_at == 0
    assert not (strict.registry.root / "pointer.json").exists()


def test_a_retired_line_forecasts_no_more(strict):
    last = strict.table("forecasts")["event_time_ns"].max()
    assert last == int(strict.bars.instants[199 + 100])
    assert strict.table("evidence")["event_time_ns"].max() == last


def test_a_retired_line_is_refitted_only_for_the_bot_beside_it(strict):
    assert strict.trade.roster.wants_refit("linear")
    assert not strict.trade.roster.wants_refit("blind")


def test_nothing_is_adopted_twice_and_other_lines_are_left_alone(strict):
    before = {name: seat.line.refits for name, seat in strict.trade.roster.seats.items()}
    head = strict.ledger.head("trade")
    row = strict.table("packages").row(0, named=True)
    with strict.ledger.transaction("learn") as tx:
        tx.append(
            "packages",
            {
                "fitted_at_ns": row["fitted_at_ns"],
                "hash": row["hash"],
                "line": "of another configuration",
                "verdict": "accepted",
            },
        )
    for _ in range(2):
        strict.trade.roster.adopt(int(strict.bars.instants[-1]))
    assert {name: seat.line.refits for name, seat in strict.trade.roster.seats.items()} == before
    assert strict.ledger.head("trade") == head


def test_a_fit_that_took_longer_than_an_epoch_is_still_adopted(start_run, eager):
    """Recorded after later boundaries have passed, under the time of its data."""
    world = make_world("planted", seed=3, symbols=2, bars=230, net_sharpe=8.0)
    config = eager.model_copy(update={"lines": eager.lines[:1]})
    run = start_run(world.bars, config)
    late = run.trade
    for epoch in range(230):
        first, last = int(run.epochs[epoch]), int(run.epochs[epoch + 1])
        now = int(run.feed.instants[last - 1])
        late.run(first, last)
        late.end_epoch(now)
        late.roster.adopt(now)
        if epoch == 215:
            assert run.learn.refit("linear", int(run.feed.instants[199])) is not None
    assert late.roster.seats["linear"].line.refits == 1
    first_forecast = run.table("forecasts")["event_time_ns"].min()
    assert first_forecast == int(run.feed.instants[217])


# -- one champion after another ---------------------------------------------------------------


@pytest.fixture
def two_lines(start_run, eager):
    """Two lines in shadow, a few epochs after their registration."""
    world = make_world("planted", seed=3, symbols=2, bars=230, net_sharpe=8.0)
    second = eager.lines[0].model_copy(update={"name": "second", "parameters": {"ridge": 50.0}})
    evidence = eager.evidence.model_copy(update={"min_trades": 0})
    config = eager.model_copy(update={"lines": (eager.lines[0], second), "evidence": evidence})
    run = start_run(world.bars, config)
    for epoch in range(210):
        run.one(epoch)
    assert all(seat.line.stage is Stage.SHADOW for seat in run.trade.roster.seats.values())
    return run


def convince(run, name, wealth=1e6):
    """Give a line all the evidence it could need, as years of success would."""
    for bet in run.trade.roster.seats[name].line.evidence.bets.values():
        bet.log_wealth = math.log(wealth)


def test_only_one_line_is_promoted_at_a_boundary(two_lines):
    convince(two_lines, "linear")
    convince(two_lines, "second")
    two_lines.one(210)
    assert [move.verdict for _, move in two_lines.moves] == ["promoted"]
    assert two_lines.trade.roster.champion == "linear"


def test_evidence_against_the_rules_is_none_against_a_new_champion(two_lines):
    """The second line, as good against the rules, has to beat the first before it replaces it."""
    convince(two_lines, "linear")
    convince(two_lines, "second")
    for epoch in range(210, 214):
        two_lines.one(epoch)
    assert two_lines.trade.roster.champion == "linear"
    bets = two_lines.trade.roster.seats["second"].line.evidence.bets
    assert bets["cash"].log_wealth > 10
    assert abs(bets["incumbent"].log_wealth) < 1.0
    # The champion itself is still measured against the rules.
    champion = two_lines.trade.roster.seats["linear"].line.evidence.bets
    assert champion["incumbent"].log_wealth > 10


def test_a_better_line_replaces_the_champion_and_all_of_it_is_recorded(two_lines):
    convince(two_lines, "linear")
    two_lines.one(210)
    convince(two_lines, "second")
    two_lines.one(211)
    # The bet against the new incumbent began afresh in that bar; now it is convinced of that too.
    assert two_lines.trade.roster.champion == "linear"
    convince(two_lines, "second")
    two_lines.one(212)
    assert two_lines.trade.roster.champion == "second"
    verdicts = [(move.line, move.verdict) for _, move in two_lines.moves]
    assert verdicts == [("linear", "promoted"), ("linear", "stood down"), ("second", "promoted")]
    stages = two_lines.table("stages", line="linear")
    assert stages["to_stage"].to_list() == ["shadow", "production", "shadow"]
    assert two_lines.pointers[-1] == two_lines.trade.roster.seats["second"].line.package
    former = two_lines.trade.roster.seats["linear"].line
    assert (former.stage, former.evidence.bars, former.test) == (Stage.SHADOW, 0, 3)
    two_lines.one(213)
    assert former.evidence.bars == 1


def test_a_champion_beyond_its_worst_bar_is_closed_and_the_rules_take_over(two_lines):
    convince(two_lines, "linear")
    two_lines.one(210)
    two_lines.trade.roster.seats["linear"].line.evidence.bets["cash"].log_wealth = -math.inf
    two_lines.one(211)
    assert two_lines.trade.roster.champion is None
    assert two_lines.trade.roster.seats["linear"].line.stage is Stage.RETIRED
    assert two_lines.pointers[-1] is None
    assert two_lines.trade.accounts.package("edgekeeper") is None
    assert "lost more than" in two_lines.registry.pointer().reason
    two_lines.one(212)
    evidence = two_lines.table("evidence", line="linear")
    assert evidence["event_time_ns"].max() == int(two_lines.bars.instants[211])


def test_a_swap_of_the_champions_package_happens_between_epochs(two_lines):
    convince(two_lines, "linear")
    two_lines.one(210)
    before = two_lines.trade.roster.seats["linear"].line.package
    now = int(two_lines.feed.instants[210])
    two_lines.learn.refit("linear", now)
    two_lines.trade.roster.adopt(now)
    after = two_lines.trade.roster.seats["linear"].line.package
    assert after != before
    assert two_lines.registry.pointer().champion == after
    two_lines.one(211)
    used = two_lines.table("forecasts", line="linear").filter(
        pl.col("event_time_ns") == int(two_lines.bars.instants[211])
    )
    assert set(used["package"]) == {after}


# -- without lines ----------------------------------------------------------------------------


def test_without_lines_the_rules_trade_and_nothing_is_tested(start_run, eager):
    world = make_world("noise", seed=1, symbols=2, bars=80)
    run = start_run(world.bars, eager.model_copy(update={"lines": ()})).all()
    assert run.trade.roster.newest is None
    assert run.moves == []
    assert run.table("lines").height == run.table("evidence").height == 0
    edgekeeper = run.table("equity", account="edgekeeper")["equity"]
    assert edgekeeper.equals(run.table("equity", account="rules")["equity"])


def test_what_is_held_passively_follows_the_exposure(flip):
    """An equal-weight basket at Edgekeeper's own gross exposure of the bar before."""
    gross = flip.table("equity", account="edgekeeper")["gross_exposure"].to_numpy()
    close = flip.bars.close.reshape(-1, 3)
    growth = close[1:] / close[:-1] - 1
    expected = flip.config.cash * np.prod(1 + gross[:-1] * growth.mean(axis=1))
    assert flip.trade.passive == pytest.approx(expected)
