"""Policy learned from outcomes: would another threshold, size, stop or target have earned more?

The forecasts of a line, as recorded, are traded once more in virtual books that differ from the
present policy in one setting each. They are paired bar by bar with the present policy, at the same
risk, and the best of them is proposed only if it beats it by more than the best of so many would by
chance. Nothing is changed here: what becomes of a proposal is up to the trading loop, and a large
one waits for a person.
"""

import json
import math
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.errors import UsageError
from edgekeeper.labels import Labels
from edgekeeper.ledger import Ledger
from edgekeeper.rollout import policy_of
from edgekeeper.rollout.line_policy import (
    SETTINGS,
    PolicyLesson,
    Proposal,
    changed,
    setting_of,
    with_settings,
)
from edgekeeper.stats.bootstrap import mean_interval
from edgekeeper.stats.reality_check import reality_check
from edgekeeper.types import SIDES, Float64Array, Forecasts
from edgekeeper.validate.books import run_book
from edgekeeper.validate.case import Case

__all__ = [
    "PolicyLesson",
    "Proposal",
    "details_of",
    "find_lesson",
    "learn_policy",
    "recorded_policy",
]

_FACTORS = (0.6, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4)
_LEAST_BARS = 120
_PAIRED = ("probability", "expected_return", "lower", "upper", "risk", "bars_held")
_KIND, _APPLIED = "parameter_change", "applied"


def learn_policy(
    ledger: Ledger,
    bars: Bars,
    labels: Labels,
    volatility: Float64Array,
    config: Config,
    line: str,
    *,
    level: float = 0.05,
) -> PolicyLesson | None:
    """Look for a policy that would have earned more; None with too few forecasts to tell.

    Parameters
    ----------
    bars : Bars
        What was known by then: later forecasts on record are not read.
    volatility : float64 [N]
        As the configuration's labels predict it.
    level : float
        Error level; changes within the recipe's range and beyond it have half of it each.

    Raises
    ------
    UsageError
        A level out of range.

    Source: Hansen (2005), the test of superior predictive ability, over blocks of two label
    horizons; see :func:`~edgekeeper.stats.reality_check.reality_check`.
    """
    case = _recorded_case(ledger, bars, labels, volatility, line)
    own = next((one for one in config.lines if one.name == line), None)
    recipe = config if own is None else policy_of(own, config)
    present = recorded_policy(ledger, line, recipe, int(bars.instants[-1]))
    return None if case is None else find_lesson(case, present, recipe, line, level=level)


def find_lesson(
    case: Case, present: Config, recipe: Config, line: str, *, level: float = 0.05
) -> PolicyLesson | None:
    """Look for a policy that would have earned more on a case; None with too few bars to tell.

    Parameters
    ----------
    case : Case
        Forecasts of a line, each made before its outcome.
    present, recipe : Config
        What the line decides by now, and what its recipe says: changes are counted from there.
    line : str
    level : float
        Error level; changes within the recipe's range and beyond it have half of it each.

    Raises
    ------
    UsageError
        A level out of range.
    """
    if not 0.0 < level < 0.5:
        raise UsageError(f"level: expected an error rate between 0 and 0.5, got {level!r}")
    if case.periods < _LEAST_BARS:
        return None
    base = run_book(case, present, "forecasts").gain
    families: dict[bool, list[tuple[Proposal, Float64Array]]] = {False: [], True: []}
    if not np.std(base) > 0.0:
        return PolicyLesson(line, len(base), 0, (), ())  # nothing is traded
    for setting, factor in product(SETTINGS, _FACTORS):
        other = changed(present, recipe, setting, factor)
        if other is None or setting_of(other, setting) == setting_of(present, setting):
            continue
        excess = _at_same_risk(run_book(case, other, "forecasts").gain, base)
        if not np.std(excess) > 1e-12:
            continue
        empty = Proposal(
            setting, setting_of(present, setting), setting_of(other, setting),
            math.nan, math.nan, math.nan, math.nan, setting_of(recipe, setting),
        )  # fmt: skip
        families[empty.needs_approval].append((empty, excess))
    block = min(2 * present.labels.horizon_bars, len(base) // 8)
    best = [_best(family, block) for family in families.values() if family]
    tried = sum(len(family) for family in families.values())
    proposals = [one for one in best if one.p_value <= level / 2.0 and one.low > 0.0]
    return PolicyLesson(line, len(base), tried, best, proposals)


def recorded_policy(ledger: Ledger, line: str, recipe: Config, until_ns: int) -> Config:
    """Return what a line decides by after the changes on record, later ones not looked at."""
    rows = ledger.read(
        "approvals", ["detail_json"], where={"kind": _KIND, "answer": _APPLIED}, until_ns=until_ns
    )
    made = [details_of(detail) for detail in rows["detail_json"].to_list()]
    settings = {one["setting"]: one["proposed"] for one in made if one.get("line") == line}
    return with_settings(recipe, settings) if settings else recipe


def details_of(text: str | None) -> dict[str, Any]:
    """Read the details of a change on record."""
    held = json.loads(text or "{}")
    return dict(held[0] if isinstance(held, list) else held)


def _at_same_risk(gain: Float64Array, base: Float64Array) -> Float64Array:
    """Gain over the base of a policy scaled to its risk: staking more is no better policy."""
    risk = float(np.std(gain))
    return gain * (float(np.std(base)) / risk if risk > 0.0 else 0.0) - base


def _best(family: list[tuple[Proposal, Float64Array]], block: int) -> Proposal:
    """The one whose advantage is surest, with the chance that the best of all looks so good."""
    excess = np.stack([values for _, values in family], axis=1)
    sureness = excess.mean(axis=0) / excess.std(axis=0)
    place = int(np.argmax(sureness))
    low, high = mean_interval(excess[:, place], block=block)
    chosen = family[place][0]
    return replace(
        chosen,
        gain=float(excess[:, place].mean()),
        low=low,
        high=high,
        p_value=reality_check(excess, block=block).hansen,
    )


def _recorded_case(
    ledger: Ledger, bars: Bars, labels: Labels, volatility: Float64Array, line: str
) -> Case | None:
    """Forecasts of a line as they were recorded, on the bars they were made at."""
    columns = [f"{name}_{side}" for name in _PAIRED for side in SIDES]
    frame = ledger.read(
        "forecasts",
        ["event_time_ns", "symbol", *columns, "novelty"],
        where={"line": line},
        until_ns=int(bars.instants[-1]),
    )
    if frame.height == 0:
        return None
    index = {name: code for code, name in enumerate(bars.symbols)}
    place = pl.DataFrame(
        {
            "event_time_ns": bars.event_time,
            "code": bars.symbol.astype(np.int64),
            "row": np.arange(len(bars)),
        }
    )
    made = frame.with_columns(pl.col("symbol").replace_strict(index).alias("code")).join(
        place, on=["event_time_ns", "code"], how="inner"
    )
    rows = made["row"].to_numpy()
    forecasts = Forecasts.empty(len(bars))
    for name in _PAIRED:
        both = made.select(f"{name}_{side}" for side in SIDES).cast(pl.Float64)
        getattr(forecasts, name)[rows] = both.fill_null(math.nan).to_numpy()
    novelty = made["novelty"].cast(pl.Float64).fill_null(math.nan).to_numpy()
    forecasts.novelty[rows] = novelty
    return Case(
        name=line,
        bars=bars,
        volatility=volatility,
        labels=labels,
        forecasts=forecasts,
        probability=forecasts.probability,
        rules=np.zeros(len(bars), dtype=np.int8),
        first_ns=int(made["event_time_ns"].to_numpy().min()),
    )
