import shutil
import sqlite3

import numpy as np
import polars as pl
import pytest

from edgekeeper.ledger import TrialFacts
from edgekeeper.ledger.studies import TRIALS_FILE, record_by_hand


@pytest.fixture
def run(fitted, tmp_path):
    return shutil.copytree(fitted, tmp_path / "run")


def test_an_audit_says_what_it_proved(edgekeeper, run):
    done = edgekeeper("audit", "--run", run)
    assert edgekeeper("audit", f"{run}/ledger.sqlite").out == done.out
    assert done.code == 0, done.err
    assert "The record is whole" in done.out
    figures = edgekeeper("audit", "--run", run, "--since", "2000-04-01", "--json").json
    assert figures["complete"] is True
    assert figures["replayed"]["trade"] == figures["chains"]["trade"]["links"] > 100
    assert figures["packages"] >= 2
    done = edgekeeper("audit", "--run", run, "--head", "1" * 64)
    assert (done.code, "older copy" in done.err) == (3, True)
    assert edgekeeper("audit", "--run", run, "--head", figures["ledger"]).code == 0
    done = edgekeeper("audit", "--run", run, "--since", "last week")
    assert (done.code, "--since" in done.err) == (2, True)


def test_an_audit_names_what_is_absent_and_exits_with_3(edgekeeper, run):
    shutil.rmtree(run / "bars")
    done = edgekeeper("audit", "--run", run, "--json")
    assert done.code == 3
    assert "absent: the bars of this run" in done.json["error"]["message"]


def test_sql_in_three_forms(edgekeeper, fitted):
    query = "select model_name, count(*) as fits from ml_models group by model_name"
    done = edgekeeper("sql", query, "--run", fitted)
    assert done.code == 0
    assert "linear" in done.out
    (row,) = edgekeeper("sql", query, "--run", fitted, "--json").json
    assert row["model_name"] == "linear"
    assert edgekeeper("sql", query, "--run", fitted, "--csv").out.splitlines() == [
        "model_name,fits",
        f"linear,{row['fits']}",
    ]
    assert "ml_performance" in edgekeeper("sql", "--run", fitted).out
    done = edgekeeper("sql", "select * from equity", "--run", fitted, "--limit", 3, "--csv")
    assert len(done.out.splitlines()) == 4
    assert "only the first 3 rows" in done.err


@pytest.mark.parametrize("query", ["delete from trades", "select * from trads", "nonsense"])
def test_sql_that_is_none_or_writes(edgekeeper, fitted, query):
    done = edgekeeper("sql", query, "--run", fitted)
    assert done.code == 2
    assert "expected one SQL query that reads" in done.err


def test_export_writes_tables_and_views(edgekeeper, fitted, tmp_path):
    done = edgekeeper("export", "--run", fitted, "--to", "all", "--json")
    assert done.code == 0, done.err
    for name, rows in done.json["rows"].items():
        assert pl.read_parquet(tmp_path / "all" / f"{name}.parquet").height == rows
    assert done.json["rows"]["ml_trade_features"] > 0
    done = edgekeeper("export", "--run", fitted, "--tables", "runs,trades", "--format", "csv")
    assert done.code == 0
    assert {path.name for path in (tmp_path / "export").iterdir()} == {"runs.csv", "trades.csv"}
    done = edgekeeper("export", "--run", fitted, "--tables", "trads")
    assert (done.code, "did you mean 'trades'" in done.err) == (2, True)


def test_a_record_by_its_url(edgekeeper, fitted):
    """Whatever is asked of a run's folder can be asked of a database."""
    url = f"sqlite:///{fitted}/ledger.sqlite"
    for words in (["status"], ["why", "IBM"], ["sql", "select count(*) as n from trades"]):
        by_folder = edgekeeper(*words, "--run", fitted, "--json").json
        by_url = edgekeeper(*words, "--ledger", url, "--json").json
        if words == ["status"]:
            assert by_url.pop("run") == str(fitted / "ledger.sqlite")
            by_folder.pop("run")
        assert by_url == by_folder
    done = edgekeeper("status", "--ledger", f"sqlite:///{fitted}/none.sqlite")
    assert (done.code, "found none" in done.err) == (6, True)


def test_backup_restore_and_going_on(edgekeeper, run, tmp_path):
    head = edgekeeper("status", "--run", run, "--json").json["ledger"]
    done = edgekeeper("ledger", "backup", "--run", run, "--json")
    assert done.code == 0, done.err
    backup = done.json["backup"]
    done = edgekeeper("ledger", "restore", backup, "--run", run)
    assert (done.code, "move it away first" in done.err) == (2, True)
    (run / "ledger.sqlite").unlink()
    done = edgekeeper("ledger", "restore", backup, "--run", run, "--json")
    assert done.json["head"] == head
    assert edgekeeper("audit", "--run", run).code == 0
    done = edgekeeper("ledger", "copy", tmp_path / "other.sqlite", "--run", run, "--json")
    assert done.json["head"] == head
    assert edgekeeper("ledger", "restore", backup).code == 2


def exported(edgekeeper, run, to):
    assert edgekeeper("export", "--run", run, "--to", to).code == 0
    frames = {path.stem: pl.read_parquet(path) for path in to.iterdir()}
    return {name: frame.rows() for name, frame in frames.items() if name not in ("storage",)}


def test_a_compacted_record_answers_as_before(edgekeeper, run, tmp_path):
    before = exported(edgekeeper, run, tmp_path / "before")
    why = edgekeeper("why", "IBM", "--run", run, "--json").json
    done = edgekeeper("ledger", "compact", "--run", run, "--keep-months", 1, "--json")
    assert done.code == 0, done.err
    assert {one["table"] for one in done.json["moved"]} == {"signals", "forecasts"}
    assert edgekeeper("ledger", "compact", "--run", run, "--keep-months", 1, "--json").json[
        "moved"
    ] == []  # fmt: skip
    assert exported(edgekeeper, run, tmp_path / "after") == before
    assert edgekeeper("why", "IBM", "--run", run, "--json").json == why
    shown = edgekeeper("ledger", "segments", "--run", run, "--json").json
    assert shown["segments"] == done.json["moved"]
    assert "2000-03" in edgekeeper("ledger", "segments", "--run", run).out
    figures = edgekeeper("audit", "--run", run, "--json").json
    assert (figures["segments"], figures["let_go"]) == (len(done.json["moved"]), [])
    backup = edgekeeper("ledger", "backup", "--run", run, "--json").json["backup"]
    assert edgekeeper("ledger", "restore", backup, "--run", "elsewhere").code == 0
    (run / "ledger.sqlite.segments" / shown["segments"][0]["name"]).unlink()
    for words in (("audit",), ("ledger", "segments")):
        done = edgekeeper(*words, "--run", run)
        assert (done.code, "it is absent; restore it" in done.err) == (3, True)


def test_an_audit_says_what_was_let_go(edgekeeper, run, tmp_path):
    (tmp_path / "edgekeeper.toml").write_text(
        "storage.keep_months = 1\nstorage.shadow_detail_months = 2"
    )
    done = edgekeeper("ledger", "compact", "--run", run)
    assert done.code == 0, done.err
    assert "Moved" in done.out
    shown = edgekeeper("audit", "--run", run)
    assert shown.code == 0, shown.err
    assert "Let go by retention on 20" in shown.out
    assert "(older than 2 months)" in shown.out
    gone = edgekeeper("audit", "--run", run, "--json").json["let_go"]
    assert {one["segment"]["table"] for one in gone} == {"forecasts"}
    assert "Let go: forecasts-" in edgekeeper("ledger", "segments", "--run", run).out


def test_an_audit_holds_trials_by_hand_too(edgekeeper, run):
    trials = [TrialFacts({"n": n}, 0.6, np.empty(0)) for n in range(3)]
    record_by_hand(run / "models", trials, study="s", line="a", time_ns=5, data_hash="d",
                   labels_hash="l", metric="log_loss")  # fmt: skip
    assert "3 beside the packages" in edgekeeper("audit", "--run", run).out
    assert edgekeeper("audit", "--run", run, "--json").json["trials_by_hand"] == 3
    with sqlite3.connect(run / "models" / TRIALS_FILE) as connection:
        connection.execute("UPDATE trials SET value = 0.1 WHERE entry = 2")
    connection.close()
    done = edgekeeper("audit", "--run", run)
    assert (done.code, "trials.sqlite" in done.err, "'trials'" in done.err) == (3, True, True)
