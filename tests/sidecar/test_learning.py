"""The loop over days: a planted dependence earns its place, noise does not, nothing looks ahead."""

import asyncio
import json
import math
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from edgekeeper.config import parse_config
from edgekeeper.desk import give_order
from edgekeeper.ledger import Ledger
from edgekeeper.rollout import Stage
from edgekeeper.sidecar.running import opened

_WORLD = run_path(str(Path(__file__).with_name("world.py")))
lived, trades, FitsAtOnce = _WORLD["lived"], _WORLD["trades"], _WORLD["FitsAtOnce"]

_FAST = {
    "rollout": {"shadow_epochs": 2, "step_epochs": 2},
    "evidence": {"min_trades": 20, "worst_bar": 10},
    "gates": {"max_auc": 0.999},
    "sidecar": {"lines": ["logistic"], "min_outcomes": 100, "refit_outcomes": 300},
}


def config(**sidecar):
    return parse_config({**_FAST, "sidecar": {**_FAST["sidecar"], **sidecar}})


def table(folder, name, columns=None):
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        return ledger.read(name, columns)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A bot whose feature says much, enforced, over 130 days; bars are not there."""
    folder = tmp_path_factory.mktemp("planted") / "run"
    x, net = trades(130, 8, 0.42, 5)
    answers, lines = lived(
        folder, config(mode="enforce", explore=0.2), x, net, told=lambda answer: answer.size > 0.0
    )
    return folder, answers, lines


def test_a_planted_dependence_is_promoted_step_by_step(planted):
    folder, _, lines = planted
    moves = table(folder, "sidecar_moves", ["verdict", "share", "reason", "level"])
    steps = [row for row in moves.iter_rows() if row[0] != "refitted"]
    assert [(verdict, share) for verdict, share, _, _ in steps] == [
        ("registered", 0.0), ("promoted", 0.10), ("widened", 0.25), ("widened", 0.50),
        ("in production", 1.0),
    ]  # fmt: skip
    assert "beat cash, its own average exposure and the incumbent at 5.00%" in steps[1][2]
    assert lines.champion == "signals-logistic"
    fits = table(folder, "sidecar_fits", ["verdict", "metrics_json"])
    assert json.loads(fits["metrics_json"][-1])["hold_out_auc"] > 0.6


def test_once_it_decides_its_answers_are_its_own_and_some_skips_are_explored(planted):
    folder, answers, _ = planted
    signals = table(folder, "sidecar_signals")
    late = signals.tail(160)
    assert set(late["decision"]) >= {"take", "skip"}
    skipped = late.filter(late["size"] == 0.0)
    assert skipped.height > 20
    assert (skipped.tail(10)["chance"] == 0.2).all()  # in production: only the dice let one trade
    explored = late.filter(late["explored"] == 1)
    assert 0 < explored.height < skipped.height
    assert (explored["size"] == 1.0).all()
    one = answers[explored["id"][0]]
    assert "20 % of the skips trade" in one.reasons[-1]
    assert one.model is not None
    # What was skipped has no outcome, and nowhere did one become zero.
    told = table(folder, "sidecar_outcomes", ["id", "net_return"])
    assert not set(skipped["id"]) & set(told["id"])
    assert 0.0 not in told["net_return"].to_list()
    # A model that looks at a planted feature does better than the bot on what it takes.
    joined = late.join(told, on="id")
    taken = joined.filter((joined["size"] > 0) & (joined["explored"] == 0))["net_return"]
    assert float(np.mean(taken.to_numpy())) > 0.002


def test_each_forecast_was_written_before_its_outcome(planted):
    folder = planted[0]
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        ledger.verify("signals")
        forecast = dict(ledger.read("sidecar_forecasts", ["id", "link"]).iter_rows())
        outcome = dict(ledger.read("sidecar_outcomes", ["id", "link"]).iter_rows())
        fits = ledger.read("sidecar_moves", ["link"])["link"].min()
    assert all(link < outcome[id] for id, link in forecast.items() if id in outcome)
    assert all(link > fits for link in forecast.values())


def test_whoever_goes_on_with_the_record_goes_on_as_if_never_stopped(planted, tmp_path):
    x, net = trades(130, 8, 0.42, 5)
    settings = config(mode="enforce", explore=0.2)

    def told(answer):
        return answer.size > 0.0

    folder = tmp_path / "run"
    for first, last in ((0, 20), (20, 21), (21, 60)):
        lived(folder, settings, x[first:last], net[first:last], first=first, told=told)
    ours = table(folder, "sidecar_evidence")
    theirs = table(planted[0], "sidecar_evidence").head(ours.height)
    assert ours.height > 60
    assert ours.drop("link").equals(theirs.drop("link"))
    columns = ["id", "decision", "size", "probability", "reasons_json"]
    signals = table(folder, "sidecar_signals", columns)
    assert signals.equals(table(planted[0], "sidecar_signals", columns).head(signals.height))


def test_outcomes_that_are_to_come_change_no_answer(planted, tmp_path):
    x, net = trades(130, 8, 0.42, 5)
    other = net.copy()
    other[40:] = np.random.default_rng(0).permuted(other[40:].ravel()).reshape(other[40:].shape)
    answers, _ = lived(
        tmp_path / "run", config(mode="enforce", explore=0.2), x[:60], other[:60],
        told=lambda answer: answer.size > 0.0,
    )  # fmt: skip
    before = [id for id in answers if int(id[1:].split("-")[0]) <= 40]
    assert len(before) == 41 * 8
    assert all(answers[id] == planted[1][id] for id in before)


def test_only_winners_told_proves_nothing(tmp_path):
    """Losses that are never closed do not make a model of noise look good, nor bad bots either."""
    x, net = trades(60, 8, 0.0, 7)
    net += 0.006  # so that the model finds something worth taking
    ended = {}
    for day in range(60):
        for n in range(8):
            ended[f"d{day}-{n}"] = net[day, n]
    folder = tmp_path / "run"
    _, lines = lived(
        folder, config(outcome_days=2), x, net,
        told=lambda answer: ended[answer.id] > 0.0 or int(answer.id[1:].split("-")[0]) < 30,
    )  # fmt: skip
    evidence = table(folder, "sidecar_evidence")
    mine = evidence.filter(evidence["line"] == "signals-logistic")
    late = mine.tail(20)
    assert late["missing"].sum() > 40
    assert late["log_e_cash"][-1] < late["log_e_cash"][0]
    assert lines.champion == "bot"


def test_orders_move_lines_and_pin_packages(planted, tmp_path):
    import shutil

    folder = Path(shutil.copytree(planted[0], tmp_path / "run"))
    place = folder / "ledger.sqlite"
    settings = config(mode="advise")

    def order(kind, subject="", **detail):
        give_order(place, kind, actor="Ann", reason="a try", subject=subject, detail=detail)

    order("demote")
    order("promote", "signals-logistic")
    order("promote", "signals-logistic", override=True)
    order("pin", "signals-logistic")
    order("unpin", "signals-logistic")
    order("unpin", "signals-logistic")
    order("rollback", "signals-logistic")
    order("rearm")
    order("demote", "signals-trees")
    order("retire", "signals-logistic")
    order("promote", "signals-logistic", override=True)

    async def go():
        from edgekeeper.clock import ManualClock

        async with opened(
            folder, config=settings, clock=ManualClock(1), fitter=FitsAtOnce(folder, settings)
        ) as sidecar:
            return sidecar.learning.lines.by_name["signals-logistic"]

    one = asyncio.run(go())
    assert one.line.stage is Stage.RETIRED
    obeyed = table(folder, "sidecar_obeyed", ["kind", "outcome"]).rows()
    assert [outcome.split(":")[0] for _, outcome in obeyed] == [
        "done", "refused", "done", "done", "done", "refused", "done", "refused", "refused", "done",
        "refused",
    ]  # fmt: skip
    moves = table(folder, "sidecar_moves").tail(6)
    assert moves["verdict"].to_list() == [
        "stood down", "overridden", "pinned", "unpinned", "rolled back", "retired",
    ]  # fmt: skip
    assert moves["level"][0] == pytest.approx(0.05)  # a fresh test: half the level, one discovery
    assert moves["share"][1] == 0.10
    assert moves["package"][4] != moves["package"][3]
    assert moves["actor"].unique().to_list() == ["Ann"]


def test_a_freeze_outlasts_a_restart_and_holds_promotions_back(planted, tmp_path):
    import shutil

    folder = Path(shutil.copytree(planted[0], tmp_path / "run"))

    async def frozen():
        from edgekeeper.clock import ManualClock

        fitter = FitsAtOnce(folder, config())
        async with opened(folder, config=config(), clock=ManualClock(1), fitter=fitter) as sidecar:
            return sidecar.learning.lines.frozen

    for kind, expected in (("freeze", True), ("unfreeze", False)):
        give_order(folder / "ledger.sqlite", kind, actor="Ann", reason="a try")
        assert asyncio.run(frozen()) is expected  # obeyed
        assert asyncio.run(frozen()) is expected  # and remembered


def test_a_package_that_was_touched_decides_nothing(planted, tmp_path):
    import shutil

    folder = Path(shutil.copytree(planted[0], tmp_path / "run"))
    for path in (folder / "signal-models").glob("*/model.onnx"):
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    x, net = trades(1, 8, 0.4, 9)
    answers, _ = lived(folder, config(mode="enforce"), x, net, first=131)
    assert {answer.decision for answer in answers.values()} == {"take"}
    assert "cannot be loaded" in answers["d131-0"].reasons[-1]
    assert not math.isnan(answers["d131-0"].size)
