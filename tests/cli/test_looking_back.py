"""``why``, ``status`` and ``models`` over a run that fitted models."""

import json
import shutil

import pytest

from edgekeeper.ledger import Ledger
from edgekeeper.registry import Pointer, Registry


def test_why_walks_the_funnel(edgekeeper, fitted):
    done = edgekeeper("why", "IBM", "--run", fitted)
    assert done.code == 0
    assert "IBM" in done.out.splitlines()[0]
    assert "✓ data fresh" in done.out
    record = edgekeeper("why", "IBM", "--run", fitted, "--json").json
    assert record["symbol"] == "IBM"
    assert record["steps"][0] == ["data fresh", True]
    assert record["sentence"] in " ".join(done.out.split())


def test_why_at_a_time(edgekeeper, fitted):
    def ask(at):
        return edgekeeper("why", "MSFT", "--at", at, "--run", fitted, "--json").json

    whole_day = ask("2000-06-01")
    assert ask("2000-06-01T20:00") == whole_day
    assert ask("2000-06-01T16:00-04:00") == whole_day
    assert ask("2000-06-01T19:59")["time_ns"] < whole_day["time_ns"]


def test_why_shows_the_forecast(edgekeeper, fitted):
    with Ledger.open(fitted / "ledger.sqlite", read_only=True) as ledger:
        rows = ledger.read("decisions", where={"account": "edgekeeper", "decision": "take"})
        told = set(ledger.read("forecasts", ["event_time_ns"])["event_time_ns"].to_list())
    row = next(row for row in rows.iter_rows(named=True) if row["event_time_ns"] in told)
    at = f"{row['event_time_ns'] // 10**9}"
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(int(at), UTC).isoformat()
    done = edgekeeper("why", row["symbol"], "--at", moment, "--run", fitted)
    assert "Chance of a profit" in done.out
    assert "a line in shadow, which decides nothing" in done.out
    assert "✗" not in done.out


def test_why_not(edgekeeper, fitted):
    done = edgekeeper("why", "IBN", "--run", fitted)
    assert done.code == 3
    assert "did you mean 'IBM'" in done.err
    assert edgekeeper("why", "IBM", "--at", "yesterday", "--run", fitted).code == 2
    assert edgekeeper("why", "IBM", "--at", "1990-01-01", "--run", fitted).code == 3
    assert edgekeeper("why", "IBM").code == 2


def test_status(edgekeeper, fitted):
    state = edgekeeper("status", "--run", fitted, "--json").json
    summary = json.loads((fitted / "summary.json").read_text())
    assert state["equity"] == pytest.approx(summary["equity_net"])
    assert state["bars"] == summary["bars"]
    assert state["ledger"] == summary["ledger"]
    assert state["champion"] is None
    (line,) = state["lines"]
    (told,) = summary["lines"]
    assert (line["stage"], line["fits"]) == (told["stage"], summary["refits"])
    assert line["evidence"] == pytest.approx(told["evidence"]["least"])
    assert line["needed"] == pytest.approx(told["evidence"]["needed"])
    done = edgekeeper("status", "--run", fitted)
    assert "the rules: no line holds the right to trade now" in done.out
    assert "Account ACTIVE" in " ".join(done.out.split())


def test_status_tells_a_halt_and_a_champion(edgekeeper, fitted, tmp_path):
    run = tmp_path / "copy"
    shutil.copytree(fitted, run)
    with Ledger.open(run / "ledger.sqlite") as ledger:
        last = ledger.read("equity", ["event_time_ns"])["event_time_ns"].max()
        with ledger.transaction("trade", event_time_ns=last) as tx:
            tx.append("stages", {"event_time_ns": last, "line": "linear", "to_stage": "production",
                                 "reason": "promoted: by hand", "actor": "test"})  # fmt: skip
            for event, cause in (("pause", "loss_streak"), ("halt", "daily_loss")):
                tx.append("guards", {"event_time_ns": last, "account": "edgekeeper",
                                     "event": event, "cause": cause})  # fmt: skip
    done = edgekeeper("status", "--run", run)
    said = " ".join(done.out.split())
    assert "Trades line linear, model" in said
    assert "Model paused since" in said
    assert "(loss streak)" in said
    assert "Account HALTED since" in said
    state = edgekeeper("status", "--run", run, "--json").json
    assert (state["champion"], state["halt_cause"]) == ("linear", "daily_loss")
    with (
        Ledger.open(run / "ledger.sqlite") as ledger,
        ledger.transaction("trade", event_time_ns=last) as tx,
    ):
        for event in ("rearm", "resume"):
            tx.append("guards", {"event_time_ns": last, "account": "edgekeeper", "event": event})
    state = edgekeeper("status", "--run", run, "--json").json
    assert (state["paused_ns"], state["halted_ns"]) == (None, None)


def test_models_list_and_show(edgekeeper, fitted):
    models = edgekeeper("models", "list", "--run", fitted, "--json").json["models"]
    summary = json.loads((fitted / "summary.json").read_text())
    assert [model["hash"] for model in models] == [model["hash"] for model in summary["models"]]
    assert all(model["on_disk"] for model in models)
    done = edgekeeper("models", "list", "--run", fitted)
    assert models[0]["hash"][:12] in done.out
    record = edgekeeper("models", "show", models[0]["hash"][:10], "--run", fitted, "--json").json
    assert record["hash"] == models[0]["hash"]
    assert record["learner"]["name"] == "logistic"
    done = edgekeeper("models", "show", record["folder"])
    assert "linear, fit 0" in done.out
    assert "difference" in done.out


def test_the_champion_is_marked(edgekeeper, fitted, tmp_path):
    run = tmp_path / "copy"
    shutil.copytree(fitted, run)
    registry = Registry(run / "models")
    champion = registry.list()[0]
    registry.set_pointer(Pointer(champion=champion, reason="test"))
    models = edgekeeper("models", "list", "--run", run, "--json").json["models"]
    assert [model["hash"] for model in models if model["trades"]] == [champion]


def test_models_that_are_none(edgekeeper, fitted, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "hollow").mkdir()
    for name in ("manifest.json", "model.onnx", "checksums.json"):
        (tmp_path / "hollow" / name).write_bytes(b"")
    assert edgekeeper("models", "show", "empty").code == 3
    done = edgekeeper("models", "show", "hollow")
    assert done.code == 3
    assert "hollow" in done.err or "json" in done.err
    assert edgekeeper("models", "show", "ffffffff", "--run", fitted).code == 2
    assert edgekeeper("models", "show", "no-such", "--run", fitted).code == 6
    done = edgekeeper("models", "show", fitted / "models", "--run", fitted)
    assert done.code == 2
    assert "expected one package" in done.err


def test_a_damaged_record_is_named(edgekeeper, tmp_path):
    (tmp_path / "ledger.sqlite").write_bytes(b"no ledger at all" * 100)
    for words in (["status"], ["why", "IBM"], ["models", "list"]):
        done = edgekeeper(*words, "--run", ".")
        assert done.code == 3, done.err
        assert "ledger" in done.err
