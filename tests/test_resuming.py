"""A run goes on where it ended; what is not the same run is refused, and says why."""

import resource
import shutil
import subprocess
import sys
from dataclasses import replace as changed

import numpy as np
import pytest

from edgekeeper.build import audit, replay
from edgekeeper.config import parse_config
from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.features import FeatureSet
from edgekeeper.ledger import Ledger
from edgekeeper.market import load_bars, read_bars
from edgekeeper.registry import Registry

FITTED = """
labels.horizon_bars = 3
gates.min_samples = 10
[[lines]]
name = "linear"
learner = "logistic"
features = ["returns"]
min_bars = 60
refit_epochs = 40
"""
CONFIG = parse_config(FITTED)
BARS = load_bars("bundled", ["IBM", "MSFT"]).bars.rows(0, 240)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A finished run: its folder and hash."""
    out = tmp_path_factory.mktemp("whole") / "run"
    return out, replay(BARS, CONFIG, out=out).summary["ledger"]


@pytest.fixture
def run(whole, tmp_path):
    """A copy of it to play with."""
    return shutil.copytree(whole[0], tmp_path / "run")


def test_more_bars_lead_where_all_of_them_at_once_would(whole, tmp_path):
    out = tmp_path / "grown"
    shorter = replay(BARS.rows(0, 171), CONFIG, out=out)  # the last instant has one bar of two
    assert shorter.summary["ledger"] != whole[1]
    with pytest.raises(UsageError, match=r"no bar of MSFT at .*, one is there now"):
        replay(BARS, CONFIG, out=out)
    shutil.rmtree(out)
    replay(BARS.rows(0, 170), CONFIG, out=out)
    grown = replay(BARS, CONFIG, out=out)
    assert grown.summary["ledger"] == whole[1]
    assert audit(out).head == whole[1]


def test_a_finished_run_is_proved_and_left_as_it_is(whole, run):
    record = (run / "ledger.sqlite").read_bytes()
    assert replay(BARS, CONFIG, out=run).summary["ledger"] == whole[1]
    assert (run / "ledger.sqlite").read_bytes() == record
    assert len((run / "alerts.log").read_text().splitlines()) == len(
        (whole[0] / "alerts.log").read_text().splitlines()
    ), "nobody is told twice"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed = 7", "seed = 0, now it is 7"),
        ("costs.fee_bps = 90", r"costs.fee_bps = \d+(\.\d+)?, now it is 90"),
        (FITTED.replace("= 40", "= 41"), "lines.linear.refit_epochs = 40, now it is 41"),
    ],
)
def test_other_settings_are_named(run, text, said):
    other = text if "lines" in text else f"{text}\n{FITTED}"
    with pytest.raises(UsageError, match=f"another run, made with {said}"):
        replay(BARS, parse_config(other), out=run)


def other_bars(name, row, value):
    column = np.array(getattr(BARS, name))
    column[row] = value
    return changed(BARS, **{name: column})


@pytest.mark.parametrize(
    ("bars", "said"),
    [
        (other_bars("volume", 101, 5.0), "a bar of MSFT at .* with volume .*, which is 5.0 now"),
        (BARS.rows(0, 200), "bars until .*, these end at"),
        (BARS.rows(2, 240), "bars from .*, these begin at"),
        (changed(BARS, symbols=("IBM", "MSFX")), "symbols IBM, MSFT, these differ in MSFT, MSFX"),
        (changed(BARS, context={"VIX.close": BARS.close}), "context .* differ in VIX.close"),
    ],
)
def test_other_bars_are_named(run, bars, said):
    with pytest.raises(UsageError, match=f"another run, made with {said}"):
        replay(bars, CONFIG, out=run)


def test_a_bar_that_came_or_went_is_named(run):
    rows = np.arange(240) != 101
    names = ("event_time", "known_time", "open", "high", "low", "close", "volume", "adjustment")
    fewer = changed(BARS, symbol=BARS.symbol[rows], **{n: getattr(BARS, n)[rows] for n in names})
    with pytest.raises(UsageError, match=r"a bar of MSFT at .*, which is missing now"):
        replay(fewer, CONFIG, out=run)
    shutil.rmtree(run)
    replay(fewer.rows(0, 200), CONFIG, out=run)
    with pytest.raises(UsageError, match=r"no bar of MSFT at .*, one is there now"):
        replay(BARS, CONFIG, out=run)


def test_two_replays_into_one_folder_do_not_mix(run):
    with (
        Ledger.open(run / "ledger.sqlite", prove=True),
        pytest.raises(StorageError, match="only writer"),
    ):
        replay(BARS, CONFIG, out=run)


def content(run):
    """All files but those SQLite keeps beside an open database."""
    files = (path for path in run.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files if path.suffix[-4:] not in ("-shm", "-wal")}


def test_an_audit_proves_everything_and_changes_nothing(whole, run):
    before = content(run)
    found = audit(run, head=whole[1])
    assert found.complete
    assert (found.head, found.bars) == (whole[1], 240)
    assert found.packages == len(Registry(run / "models").list()) > 1
    assert found.replayed["trade"] == found.chains[0].links > 100
    assert found.replayed["learn"] == found.packages
    assert content(run) == before
    with pytest.raises(BadData, match="another ledger, or an older copy"):
        audit(run, head="1" * 64)


def tamper(run, statement):
    with Ledger.open(run / "ledger.sqlite") as ledger, ledger._engine.begin() as connection:
        connection.exec_driver_sql(statement)


def rechain(run):
    """Forge the seals of the chain over rows that were changed, as an insider could."""
    from edgekeeper.ledger import GENESIS, batch_digest, link_digest
    from edgekeeper.ledger.schema import FACTS, columns_of

    with Ledger.open(run / "ledger.sqlite") as ledger, ledger._engine.begin() as connection:
        previous = GENESIS
        links = connection.exec_driver_sql(
            "SELECT link, seq, event_time_ns FROM chain WHERE role = 'trade' ORDER BY seq"
        ).all()
        for link, seq, when in links:
            sealed = []
            for (name,) in connection.exec_driver_sql(
                f"SELECT table_name FROM batches WHERE link = {link}"
            ).all():
                kinds = columns_of(FACTS[name])
                rows = connection.exec_driver_sql(
                    f"SELECT {', '.join(kinds)} FROM {name} WHERE link = {link} ORDER BY entry"
                ).all()
                columns = dict(zip(kinds, map(list, zip(*rows, strict=True)), strict=True))
                digest = batch_digest(name, len(rows), columns, kinds)
                sealed.append((name, len(rows), digest))
                connection.exec_driver_sql(
                    f"UPDATE batches SET digest = '{digest}' "
                    f"WHERE link = {link} AND table_name = '{name}'"
                )
            digest = link_digest("trade", seq, previous, when, sealed)
            connection.exec_driver_sql(
                f"UPDATE chain SET digest = '{digest}', previous = '{previous}' WHERE link = {link}"
            )
            previous = digest
        connection.exec_driver_sql("DELETE FROM seals")
        connection.exec_driver_sql("DELETE FROM batches WHERE table_name = 'seals'")
    (run / "ledger.sqlite.seals").unlink()


def test_an_edited_row_and_a_deleted_one_are_named(run):
    tamper(run, "UPDATE decisions SET decision = 'take' WHERE entry = 77")
    with pytest.raises(BadData, match=r"'trade' chain breaks at link .* table 'decisions'"):
        audit(run)
    with pytest.raises(BadData, match="breaks at link"):
        replay(BARS, CONFIG, out=run)
    tamper(run, "DELETE FROM fills WHERE entry = 3")
    with pytest.raises(BadData, match="breaks at link"):
        audit(run)


def test_even_a_forged_chain_is_told_by_living_the_run_again(run):
    tamper(run, "UPDATE equity SET equity = equity * 2 WHERE entry = 90")
    rechain(run)
    with Ledger.open(run / "ledger.sqlite", read_only=True) as ledger:
        ledger.verify("trade")
    with pytest.raises(BadData, match=r"operations.* chain breaks"):
        audit(run)
    tamper(
        run, "DELETE FROM batches WHERE link IN (SELECT link FROM chain WHERE role = 'operations')"
    )
    tamper(run, "DELETE FROM alerts")
    tamper(run, "DELETE FROM chain WHERE role = 'operations'")
    with pytest.raises(BadData, match=r"table 'equity', row .*, column 'equity': expected"):
        audit(run)


def test_a_file_that_was_cut_off_is_named(run):
    file = run / "ledger.sqlite"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BadData, match=r"damaged|breaks"):
        audit(run)


def test_a_backup_rolled_back_is_named(whole, tmp_path):
    out = tmp_path / "run"
    replay(BARS.rows(0, 200), CONFIG, out=out)
    older = (out / "ledger.sqlite").read_bytes()
    replay(BARS, CONFIG, out=out)
    (out / "ledger.sqlite").write_bytes(older)
    with pytest.raises(BadData, match=r"chain ends before link .*, which was sealed"):
        audit(out)


def test_a_changed_package_and_an_absent_one_are_named(run):
    name = Registry(run / "models").list()[0]
    graph = run / "models" / "packages" / name / "model.onnx"
    graph.chmod(0o644)
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")
    with pytest.raises(BadData, match=f"package {name[:12]}… .* absent or was changed"):
        audit(run)
    shutil.rmtree(graph.parent)
    with pytest.raises(BadData, match=f"package {name[:12]}…"):
        audit(run)


def test_absent_and_changed_bars_are_named(run):
    (file,) = (run / "bars").glob("*.parquet")
    content = file.read_bytes()
    file.write_bytes(content[:-9])
    with pytest.raises(BadData, match="is cut off or was changed"):
        audit(run)
    file.unlink()
    with pytest.raises(BadData, match="absent: the bars of this run"):
        audit(run)


def test_nothing_to_audit_is_said_so(tmp_path):
    Ledger.open(tmp_path / "ledger.sqlite").close()
    with pytest.raises(BadData, match="empty record"):
        audit(tmp_path)
    with pytest.raises(UsageError, match="found none at"):
        audit(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StorageError, match="found none"):
        audit(tmp_path / "empty")


def test_a_full_disk_stops_a_run_with_6_and_it_goes_on_when_there_is_room(tmp_path):
    out = tmp_path / "run"
    BARS.to_polars().write_csv(tmp_path / "bars.csv")
    bars = read_bars(tmp_path / "bars.csv").bars  # as the file gives them back
    (tmp_path / "small.toml").write_text(FITTED)

    def full():
        # A file may not grow further, which databases take for a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = subprocess.run(
        [sys.executable, "-m", "edgekeeper", "replay", "--bars", "bars.csv", "--config",
         "small.toml", "--out", str(out)],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120, preexec_fn=full,
    )  # fmt: skip
    assert done.returncode == 6, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "full" in done.stderr
    reached = audit(out)
    assert not reached.complete
    assert reached.replayed["trade"] > 10
    whole = replay(bars, CONFIG, out=tmp_path / "whole").summary["ledger"]
    assert replay(bars, CONFIG, out=out).summary["ledger"] == whole


def test_how_bars_are_cut_into_chunks_leaves_no_trace(whole, tmp_path, monkeypatch):
    monkeypatch.setitem(FeatureSet.matrix.__kwdefaults__, "chunk", 7)
    assert replay(BARS, CONFIG, out=tmp_path / "run").summary["ledger"] == whole[1]
