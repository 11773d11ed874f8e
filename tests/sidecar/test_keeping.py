"""Months of a side-car: sealed, moved, let go, and no answer changes."""

import asyncio
import contextlib
from datetime import UTC, datetime
from pathlib import Path
from runpy import run_path

import pytest

from edgekeeper.clock import ManualClock
from edgekeeper.config import Config
from edgekeeper.errors import BadData
from edgekeeper.ledger import Ledger, Upkeep, upkeep
from edgekeeper.sidecar.keeping import Keeping
from edgekeeper.sidecar.running import opened

_KIT = run_path(str(Path(__file__).with_name("kit.py")))
signal, outcome = _KIT["signal"], _KIT["outcome"]


def instant(month, day=1):
    return int(datetime(2026, month, day, tzinfo=UTC).timestamp()) * 10**9


def config(**storage):
    return Config.model_validate({"storage": storage})


@pytest.fixture
def small(monkeypatch):
    """Months of a few rows are worth moving."""
    monkeypatch.setattr(upkeep, "WORTH_MOVING", 1)


def forecasts(ledger, when, name):
    with ledger.transaction("signals", event_time_ns=when) as tx:
        tx.append("sidecar_forecasts", {
            "event_time_ns": when, "id": [f"{name}-1", f"{name}-2"], "line": "bot_linear",
            "package": "p" * 64, "probability": 0.5, "size": 1.0, "reason": "band",
        })  # fmt: skip


def live(ledger, settings, months):
    """Write ten days of forecasts in each month, and look each day, as the process does."""
    clock = ManualClock(instant(1))
    keeping = Keeping(ledger, settings, clock)
    for month in months:
        for day in range(1, 11):
            clock.advance_to(instant(month, day) + 10**9)
            forecasts(ledger, instant(month, day), f"{month}-{day}")
            keeping.look()
    return clock


def test_months_are_sealed_and_move_while_a_run_moves_its_own(tmp_path, small):
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger, Ledger.open(path) as run:
        run.seal(instant(1))
        (stray := tmp_path / "ledger.sqlite.segments").mkdir()
        (stray / "forecasts-1-2-unrecorded.parquet").write_bytes(b"of another process")
        live(ledger, config(keep_months=1), range(1, 7))
        seals = ledger.read("seals", where={"role": "signals"})
        assert seals.height == 6
        assert seals["links"].to_list() == sorted(seals["links"].to_list())
        held = ledger.check_segments()
        moved = held.standing("sidecar_forecasts")
        assert sum(one.rows for one in moved) >= 3 * 20
        assert ledger.read("sidecar_forecasts").height == 6 * 20
        assert (
            ledger.read("sidecar_forecasts", where={"id": "2-3-1"})["line"].item() == "bot_linear"
        )
        Upkeep(run, config().storage, ManualClock(instant(6))).compact(instant(6))
        assert ledger.read("sidecar_forecasts").height == 6 * 20
    with Ledger.open(path, read_only=True) as again:
        assert again.verify("signals").links > 60
        again.verify("operations")
        assert again.check_seals() == 6
        assert not (stray / "forecasts-1-2-unrecorded.parquet").exists(), "its own process swept it"
    (stray / moved[0].name).write_bytes(b"edited")
    with Ledger.open(path, read_only=True) as again, pytest.raises(BadData, match="truncated"):
        again.verify("signals")


def test_old_forecasts_go_but_none_of_days_that_still_count(tmp_path, small):
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        live(ledger, config(keep_months=0, shadow_detail_months=0), range(1, 7))
        held = ledger.holdings()
        gone = [one.segment for one in held.let_go.values()]
        assert {one.table for one in gone} == {"sidecar_forecasts"}
        assert max(one.until_ns for one in gone) < instant(5), "the month before may still count"
        left = 6 * 20 - sum(one.rows for one in gone)
        assert ledger.read("sidecar_forecasts").height == left >= 2 * 20
        ledger.verify("signals")


def test_a_chain_that_lost_its_end_is_noticed_by_the_file_beside_it(tmp_path):
    path, older = tmp_path / "ledger.sqlite", tmp_path / "older.sqlite"
    with Ledger.open(path) as ledger:
        live(ledger, config(), [1])
        ledger.copy_to(older)
        live(ledger, config(), [2])
    older.replace(path)
    with Ledger.open(path, read_only=True) as ledger, pytest.raises(BadData, match="signals"):
        ledger.check_seals()


def test_an_old_id_gets_its_answer_after_its_month_was_sealed(folder, small):
    clock = ManualClock(instant(1, 5))

    async def month_by_month():
        async with opened(folder, clock=clock, config=config(keep_months=0)) as sidecar:
            first = await sidecar.answering.signal(signal())
            await sidecar.answering.outcome(outcome(when=signal().time))
            for month in range(2, 6):
                clock.advance_to(instant(month, 2))
                working = asyncio.ensure_future(sidecar.work())
                while (
                    sidecar._keeping._sealed is None
                    or str(sidecar._keeping._sealed) != f"2026-{month:02d}"
                ):
                    await asyncio.sleep(0.01)
                working.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await working
        async with opened(folder, clock=clock, config=config(keep_months=0)) as sidecar:
            again = await sidecar.answering.signal(signal())
            assert again == first
            assert not (await sidecar.answering.outcome(outcome(when=signal().time))).new
            with pytest.raises(BadData):
                await sidecar.answering.signal(signal(side="short"))

    asyncio.run(month_by_month())
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.read("sidecar_signals").height == 1
        assert ledger.read("seals", where={"role": "signals"}).height >= 1
        ledger.check_seals()
        ledger.verify("signals")
