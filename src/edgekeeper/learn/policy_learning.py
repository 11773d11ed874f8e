"""Policy learned from outcomes: would another threshold, size, stop or target have earned more?

The forecasts of a line, as recorded, are traded once more in virtual books that differ from the
present policy in one setting each. They are paired bar by bar with the present policy, at the same
risk, and the best of them is proposed only if it beats it by more than the best of so many would by
chance. Nothing is changed here: a proposal is put on record, and a large one waits for a person.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.config import Config, parse_config
from edgekeeper.errors import UsageError
from edgekeeper.labels import Labels
from edgekeeper.ledger import Ledger
from edgekeeper.stats.bootstrap import mean_interval
from edgekeeper.stats.reality_check import reality_check
from edgekeeper.types import SIDES, Float64Array, Forecasts
from edgekeeper.validate.books import run_book
from edgekeeper.validate.case import Case

__all__ = ["SETTINGS", "PolicyLesson", "Proposal", "learn_policy", "record_proposals"]

SETTINGS = (
    "policy.take_above", "policy.reduce_above", "policy.reduce_size", "labels.target",
    "labels.stop",
)  # fmt: skip
"""What outcomes may change: thresholds of entry, size of a reduced position, target, stop."""
WITHIN = 0.20
"""Largest change that a recipe makes by itself."""
_FACTORS = (0.6, 0.8, 0.9, 1.1, 1.2, 1.4)
_LEAST_BARS = 120
_PAIRED = ("probability", "expected_return", "lower", "upper", "risk", "bars_held")
_KIND, _ACTOR = "parameter_change", "learn"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of one setting that would have earned more.

    Attributes
    ----------
    setting : str
        Such as ``"policy.take_above"``.
    present, proposed : float
    gain, low, high : float
        What it would have earned more a bar at the same risk, in units of predicted volatility,
        with its 95 % interval.
    p_value : float
        Chance that the best of all that were tried beats the present policy by as much.
    """

    setting: str
    present: float
    proposed: float
    gain: float
    low: float
    high: float
    p_value: float

    @property
    def change(self) -> float:
        """Relative change of the setting."""
        return self.proposed / self.present - 1.0

    @property
    def needs_approval(self) -> bool:
        """Whether it is larger than a recipe may change by itself."""
        return abs(self.change) > WITHIN + 1e-9

    @property
    def sentence(self) -> str:
        """What would have been earned, and how sure that is."""
        return (
            f"{self.setting} {self.proposed:g} instead of {self.present:g} would have earned "
            f"{self.gain:.4f} volatilities a bar more at the same risk (95 %: {self.low:.4f} to "
            f"{self.high:.4f}; p {self.p_value:.3f} over all tried)"
        )


@dataclass(frozen=True, slots=True)
class PolicyLesson:
    """What outcomes say of a line's policy.

    Attributes
    ----------
    bars : int
        Instants it rests on.
    tried : int
        Policies that decided anything differently.
    best : sequence of Proposal
        The best within the recipe's range, and the best beyond it, whether or not it is beyond
        chance.
    proposals : sequence of Proposal
        Those of them that are.
    """

    line: str
    bars: int
    tried: int
    best: Sequence[Proposal]
    proposals: Sequence[Proposal]


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
    if not 0.0 < level < 0.5:
        raise UsageError(f"level: expected an error rate between 0 and 0.5, got {level!r}")
    case = _recorded_case(ledger, bars, labels, volatility, line)
    if case is None or case.periods < _LEAST_BARS:
        return None
    base = run_book(case, config, "forecasts").gain
    families: dict[bool, list[tuple[Proposal, Float64Array]]] = {False: [], True: []}
    for setting in SETTINGS:
        for factor in _FACTORS:
            other = _changed(config, setting, factor)
            if other is None:
                continue
            excess = _at_same_risk(run_book(case, other, "forecasts").gain, base)
            if not np.std(excess) > 1e-12:
                continue
            present = _value(config, setting)
            empty = Proposal(
                setting, present, _value(other, setting), math.nan, math.nan, math.nan, math.nan
            )
            families[empty.needs_approval].append((empty, excess))
    block = min(2 * config.labels.horizon_bars, len(base) // 8)
    best = [_best(family, block) for family in families.values() if family]
    tried = sum(len(family) for family in families.values())
    proposals = [one for one in best if one.p_value <= level / 2.0 and one.low > 0.0]
    return PolicyLesson(line, len(base), tried, best, proposals)


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
    return Proposal(
        setting=chosen.setting,
        present=chosen.present,
        proposed=chosen.proposed,
        gain=float(excess[:, place].mean()),
        low=low,
        high=high,
        p_value=reality_check(excess, block=block).hansen,
    )


def _value(config: Config, setting: str) -> float:
    section, name = setting.split(".")
    return float(getattr(getattr(config, section), name))


def _changed(config: Config, setting: str, factor: float) -> Config | None:
    """The configuration with one setting changed; None where it would not be one."""
    section, name = setting.split(".")
    settings = config.model_dump(mode="json")
    settings[section][name] = round(settings[section][name] * factor, 6)
    try:
        return parse_config(settings)
    except UsageError:
        return None


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


def record_proposals(ledger: Ledger, lesson: PolicyLesson, now_ns: int) -> int:
    """Put proposals on record; return how many were new.

    One larger than the recipe's range is asked of a person, a smaller one noted, to be applied at
    the next epoch. What was proposed once is not proposed again, whatever was answered.
    """
    rows = ledger.read(
        "approvals", ["subject", "detail_json"], where={"kind": _KIND, "actor": _ACTOR}
    )
    known = {(subject, _proposed(detail)) for subject, detail in rows.iter_rows()}
    new = [
        (f"{lesson.line}: {one.setting}", "asked" if one.needs_approval else "noted", one)
        for one in lesson.proposals
        if (f"{lesson.line}: {one.setting}", one.proposed) not in known
    ]
    if not new:
        return 0
    with ledger.transaction("learn", event_time_ns=now_ns) as tx:
        tx.append(
            "approvals",
            {
                "event_time_ns": now_ns,
                "subject": [subject for subject, _, _ in new],
                "kind": _KIND,
                "answer": [answer for _, answer, _ in new],
                "actor": _ACTOR,
                "reason": [one.sentence for _, _, one in new],
                "detail_json": [
                    {**asdict(one), "line": lesson.line, "change": one.change} for _, _, one in new
                ],
            },
        )
    return len(new)


def _proposed(detail: str | None) -> float:
    held = json.loads(detail or "{}")
    return float((held[0] if isinstance(held, list) else held).get("proposed", math.nan))
