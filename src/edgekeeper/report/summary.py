"""A run's figures for programs: the dictionary behind ``--json`` and ``summary.json``."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from edgekeeper.ledger import Ledger
from edgekeeper.report.expected_evidence import expected_figures
from edgekeeper.report.run_conditions import told_conditions
from edgekeeper.report.story import BookStory, LineStory, Story
from edgekeeper.stats.wealth import wealth_of

__all__ = ["summary"]


def summary(story: Story, ledger: Ledger, place: str) -> dict[str, Any]:
    """Return the contract of ``edgekeeper replay --json``; what is not known is None."""
    mine = story.books["edgekeeper"]
    stages, packages = ledger.read("stages"), ledger.read("packages")
    guards = ledger.read("guards", where={"account": "edgekeeper"})
    verdicts = stages["reason"].str.split(": ").list.first()
    record = {
        "bars": len(ledger.read("decisions", ["symbol"], where={"account": "edgekeeper"})),
        "symbols": list(story.symbols),
        "first": _iso(story.time_ns[0]),
        "last": _iso(story.time_ns[-1]),
        "title": story.title,
        "verdict": story.sentence,
        "details": list(story.details),
        "signals": len(ledger.read("signals", ["symbol"])),
        "decisions": {name: story.decisions.get(name, 0) for name in ("take", "reduce", "skip")},
        "reasons": dict(story.reasons),
        "trades": mine.trades,
        "equity_net": float(mine.equity[-1]),
        "equity_net_double_cost": _end_at_double_cost(ledger),
        "baseline": _book(story.books["rules"]),
        "always_newest": _book(story.books["always_newest"]),
        "buy_and_hold": _book(story.books["buy_and_hold"]),
        "sharpe": mine.performance.sharpe,
        "sharpe_interval": [mine.performance.sharpe_low, mine.performance.sharpe_high],
        "max_drawdown": mine.performance.max_drawdown,
        "lines": [_line(line) for line in story.lines],
        "models": [
            {
                "hash": row["hash"],
                "line": row["line"],
                "refit": row["refit_index"],
                "fitted_at": _iso(row["fitted_at_ns"]),
                "verdict": row["verdict"],
            }
            for row in packages.iter_rows(named=True)
        ],
        "promotions": _moves(stages.filter(verdicts == "promoted")),
        "retreats": _moves(stages.filter(verdicts == "retreated")),
        "refusals": _moves(stages.filter(verdicts == "refused")),
        "refits": packages.height,
        "vetoed": packages.filter(pl.col("verdict") != "accepted").height,
        "drift_alarms": None,
        "pauses": guards.filter(pl.col("event") == "pause").height,
        "halts": guards.filter(pl.col("event") == "halt").height,
        "scores": None if story.scores is None else asdict(story.scores),
        "conditions": [
            {"measure": measure, **asdict(part)}
            for measure, part in told_conditions(story.conditions)
        ],
        "conditions_tested": sum(
            math.isfinite(part.p_below) for parts in story.conditions.values() for part in parts
        ),
        "not_kept": [
            {
                "table": gap.table,
                "since": _iso(gap.wall_time_ns),
                "reason": gap.reason,
                "told": gap.told,
            }
            for gap in ledger.holdings().gaps
        ],
        "caveats": list(story.caveats),
        "assumptions": [list(pair) for pair in story.assumptions],
        "ledger": story.ledger_hash,
        "place": place,
        "wall_seconds": story.wall_seconds,
    }
    clean: dict[str, Any] = _finite(record)
    return clean


def _iso(time_ns: int) -> str:
    return f"{np.datetime64(int(time_ns), 'ns').astype('datetime64[s]')}Z"


def _end_at_double_cost(ledger: Ledger) -> float | None:
    marks = ledger.read(
        "equity",
        ["event_time_ns", "equity"],
        where={"account": "edgekeeper_double_cost"},
        order=["event_time_ns"],
        descending=True,
        limit=1,
    )
    return float(marks["equity"][0]) if marks.height else None


def _book(book: BookStory) -> dict[str, Any]:
    return {
        "equity_net": float(book.equity[-1]),
        "trades": book.trades,
        "mean_gross_exposure": book.mean_gross_exposure,
        "double_cost_return": None if book.double_cost is None else book.double_cost.total_return,
        **asdict(book.performance),
    }


def _line(line: LineStory) -> dict[str, Any]:
    known = len(line.time_ns) > 0
    least = np.minimum(np.minimum(line.log_cash, line.log_exposure), line.log_incumbent)
    return {
        "id": line.name,
        "learner": line.learner,
        "stage": line.stage,
        "evidence": {
            "cash": wealth_of(line.log_cash[-1]) if known else None,
            "exposure": wealth_of(line.log_exposure[-1]) if known else None,
            "incumbent": wealth_of(line.log_incumbent[-1]) if known else None,
            "least": wealth_of(least[-1]) if known else None,
            "needed": wealth_of(line.log_threshold[-1]) if known else None,
            "bars": len(line.time_ns),
        },
        "expected": expected_figures(line.expected),
        "verdict": line.verdict,
        "reasons": list(line.reasons),
        "refits": line.refits,
    }


def _moves(rows: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "time": _iso(row["event_time_ns"]),
            "line": row["line"],
            "from": row["from_stage"],
            "to": row["to_stage"],
            "reason": row["reason"].partition(": ")[2],
        }
        for row in rows.iter_rows(named=True)
    ]


def _finite(value: Any) -> Any:
    """Replace what JSON has no word for by None: unknown is not zero."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
