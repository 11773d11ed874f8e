"""Checks of a live run: is it watched, does it trade, how often do its guards fire by chance."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.cli.machine import Check
from edgekeeper.desk.folder import open_ledger

if TYPE_CHECKING:
    from edgekeeper.ledger import Ledger

__all__ = ["check_run", "check_streak"]

_FEW = 30


def check_run(folder: Path, url: str = "") -> Iterator[Check]:
    """Look at a run: its signs of life, and its streak guard beside chance."""
    from edgekeeper.config import Config, parse_config
    from edgekeeper.watch import last_beat, why_dead, with_local

    settings = with_local(folder, Config()).watch
    with open_ledger(folder, url) as ledger:
        writes = ledger.has_writer("trade")
        trade, watch = last_beat(folder, "trade"), last_beat(folder, "watch")
        dead = why_dead(trade, settings, writes=writes)
        trading = trade is not None and trade.state != "stopped"
        if dead:
            yield Check(
                "Trading", "fail", dead,
                f"start it again with `edgekeeper paper --out {folder}`, then `edgekeeper resume`",
            )  # fmt: skip
        elif trade is not None and trading:
            yield Check("Trading", "ok", f"process {trade.pid}, {trade.state}")
        else:
            yield Check("Trading", "ok", "stopped" if trade else "never began here")
        most = settings.dead_after_seconds
        age = watch.age_seconds() if watch is not None and watch.state == "alive" else None
        if watch is not None and age is not None and age <= most and watch.runs:
            yield Check("Watch", "ok", f"process {watch.pid}, last sign of life {age:.1f} s ago")
        elif trading and not dead:
            yield Check(
                "Watch", "warn" if not settings.enabled else "fail", "nothing watches this run",
                f"start one: `edgekeeper watch --run {folder}`",
            )  # fmt: skip
        else:
            yield Check("Watch", "ok", "not running, and nothing trades")
        runs = ledger.read("runs", ["config_json"])
        if runs.height:
            guards = parse_config(json.loads(runs["config_json"][0])).guards
            yield _streak_of(ledger, guards.loss_streak)


def check_streak() -> Check:
    """Say what chance does to the streak guard's default."""
    from edgekeeper.config import GuardsConfig

    return _by_chance(GuardsConfig().loss_streak, 0.5, "where every second result is a loss")


def _streak_of(ledger: "Ledger", length: int) -> Check:
    """The same for a run, at its model's own share of losing bars."""
    import polars as pl

    rows = ledger.read(
        "trades",
        ["exit_time_ns", "quantity", "entry_price", "net_return", "model"],
        where={"account": "edgekeeper"},
    ).filter(pl.col("model").is_not_null())
    profit = pl.col("quantity").abs() * pl.col("entry_price") * pl.col("net_return")
    bars = rows.group_by("exit_time_ns").agg(profit.sum().alias("profit"))
    if bars.height < _FEW:
        check = check_streak()
        return Check(check.name, "ok", f"{check.found}; its model has {bars.height} results so far")
    lost = int((bars["profit"] < 0.0).sum()) / bars.height
    pauses = ledger.read(
        "guards", ["event"],
        where={"account": "edgekeeper", "event": "pause", "cause": "losses in a row"},
    ).height  # fmt: skip
    check = _by_chance(length, lost, f"at its model's own {lost:.0%} of losing bars")
    times = "once" if pauses == 1 else f"{pauses} times"
    return Check(check.name, "ok", f"{check.found}; it has paused {times} in {bars.height} results")


def _by_chance(length: int, lost: float, where: str) -> Check:
    from edgekeeper.stats.streaks import mean_wait_for_streak

    wait = mean_wait_for_streak(lost, length)
    often = "never" if wait == float("inf") else f"once in {wait:,.0f} results"
    return Check(
        "Streak guard", "ok",
        f"{length} losing bars in a row pause the model: by chance alone {often}, {where}",
    )  # fmt: skip
