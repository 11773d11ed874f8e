"""Rows of what lines see, say and prove: signals, forecasts, evidence; step by step."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.ledger import Drafts
from edgekeeper.trade.step import Step
from edgekeeper.types import SIDES, Float64Array, Int8Array, Int64Array

__all__ = ["SIDE_NAMES", "names_of", "write_evidence", "write_forecasts", "write_signals"]

SIDE_NAMES: dict[int, str] = {1: SIDES[0], 0: "none", -1: SIDES[1]}
_BETS = ("log_e_cash", "log_e_exposure", "log_e_incumbent", "log_harm", "threshold")


def write_signals(
    drafts: Drafts,
    steps: Sequence[Step],
    bars: Bars,
    rule: Int8Array,
    votes: Mapping[str, Int8Array],
) -> None:
    """Append both sides of every bar as signals; the rules' own carry their name.

    Where the rules are several strategies, what each said itself follows, as ``rules:NAME``.
    """
    place: list[Int64Array] = []
    side: list[str] = []
    source: list[str] = []
    counts = []
    for step in steps:
        before = len(side)
        place += [np.arange(step.rows.start, step.rows.stop)] * 2
        proposed = rule[step.rows].tolist()
        for sign in (1, -1):
            side += [SIDE_NAMES[sign]] * step.bars
            source += ["rules" if said == sign else "every_bar" for said in proposed]
        for name, vote in votes.items():
            fired = step.rows.start + np.flatnonzero(vote[step.rows])
            place.append(fired)
            side += [SIDE_NAMES[said] for said in vote[fired].tolist()]
            source += [f"rules:{name}"] * len(fired)
        counts.append(len(side) - before)
    at = np.concatenate(place)
    drafts.append(
        "signals",
        {
            "event_time_ns": bars.event_time[at],
            "known_time_ns": bars.known_time[at],
            "symbol": names_of(bars, at),
            "side": side,
            "source": source,
        },
        counts,
    )


def write_forecasts(drafts: Drafts, steps: Sequence[Step], bars: Bars) -> None:
    """Append what each line's package forecasts of both sides of the bars."""
    said = [one for step in steps for one in step.forecasts.values()]
    if not said:
        return
    of_line = [(step, line) for step in steps for line in step.forecasts]
    at = np.concatenate([np.arange(step.rows.start, step.rows.stop) for step, _ in of_line])
    columns: dict[str, Any] = {
        "event_time_ns": bars.event_time[at],
        "symbol": names_of(bars, at),
        "line": [line for step, line in of_line for _ in range(step.bars)],
        "package": [step.packages[line] for step, line in of_line for _ in range(step.bars)],
        "novelty": np.concatenate([one.novelty for one in said]),
    }
    for name in ("probability", "expected_return", "lower", "upper", "risk", "bars_held"):
        values = np.concatenate([getattr(one, name) for one in said])
        for index, side in enumerate(SIDES):
            columns[f"{name}_{side}"] = values[:, index]
    drafts.append("forecasts", columns, [step.bars * len(step.forecasts) for step in steps])


def write_evidence(drafts: Drafts, steps: Sequence[Step], instants: Int64Array) -> None:
    """Append the evidence of each line after each bar; a ruined bet is NULL."""
    of_line = [(step, line, seen) for step in steps for line, seen in step.evidence.items()]
    if not of_line:
        return

    def of_all(name: str) -> Float64Array:
        values: Float64Array = np.concatenate([getattr(seen, name) for _, _, seen in of_line])
        return values

    lengths = [step.last - step.first for step, _, _ in of_line]
    bets = np.empty((len(_BETS), sum(lengths)))
    for row, name in zip(bets, ("log_cash", "log_exposure", "log_incumbent", "harm"), strict=False):
        row[:] = of_all(name)
    with np.errstate(divide="ignore", invalid="ignore"):
        np.log(bets[3], out=bets[3])
    bets[4] = np.repeat([step.thresholds[line] for step, line, _ in of_line], lengths)
    bets[~np.isfinite(bets)] = np.nan
    drafts.append(
        "evidence",
        {
            "event_time_ns": np.concatenate(
                [instants[step.first : step.last] for step, _, _ in of_line]
            ),
            "line": [line for step, line, _ in of_line for _ in range(step.first, step.last)],
            **dict(zip(_BETS, bets, strict=True)),
            "book_return": of_all("gain"),
            "exposure_return": of_all("passive_gain"),
            "incumbent_return": of_all("incumbent_gain"),
            "scale": of_all("scale"),
        },
        [(step.last - step.first) * len(step.evidence) for step in steps],
    )


def names_of(bars: Bars, rows: Int64Array) -> list[str]:
    """Name the symbol of each row."""
    names = bars.symbols
    return [names[symbol] for symbol in bars.symbol[rows].tolist()]
