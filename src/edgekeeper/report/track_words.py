"""A judged record of trades in sentences and small tables: skill or luck, the plain words first."""

import math
from collections.abc import Callable, Sequence

from edgekeeper.report.wording import MISSING, count, day, number, percent, signed
from edgekeeper.stats.breakdown import Part
from edgekeeper.validate.track_record import TrackRecord
from edgekeeper.validate.trade_money import AtCosts

__all__ = [
    "CONDITION_HEADS",
    "MONEY_HEADS",
    "condition_rows",
    "evidence_pairs",
    "headline",
    "money_rows",
    "next_step",
    "subject",
]

MONEY_HEADS = ("", "Recorded costs", "Twice the costs")
CONDITION_HEADS = ("Avoid", "Trades", "Mean", "95 % interval", "Chance")
_ENTERED = {"hour": "entered at", "weekday": "entered on", "source": "signal", "held": "held"}
_MANY = 1e9


def headline(verdict: TrackRecord) -> str:
    """Skill or luck? One sentence."""
    single, trials = verdict.probability_single, verdict.trials
    if verdict.answer == "too short":
        return (
            f"Too short to say: {count(len(verdict.record))} trades in {_periods(verdict)} cannot "
            "tell skill from luck."
        )
    if verdict.answer == "lost money":
        return "No skill to explain: after costs these trades lost money."
    if verdict.answer == "luck":
        tried = "even if this was the only thing tried" if trials is None or single < 0.95 else (
            f"once {count(trials)} variants were tried"
        )  # fmt: skip
        chance = verdict.probability if trials and single >= 0.95 else single
        return (
            f"It cannot be told from luck: {tried}, chance alone does as well "
            f"{_odds(1.0 - chance)}."
        )
    if verdict.answer == "depends on trials":
        return (
            f"Skill, if fewer than {_upto(verdict.survives_trials + 1)} variants were tried before "
            "this one; otherwise it may be luck. How many were they?"
        )
    words = f"It looks like skill: with {_variants(trials)} tried, chance alone does as well only "
    words += f"{_odds(1.0 - verdict.probability)}"
    if verdict.fragile:
        return (
            f"{words}. But it hardly ever lost: a rare large loss may still be out there, and no "
            "statistic of this record can see it."
        )
    if verdict.twice.total <= 0.0:
        return f"{words}. But at twice the costs nothing is left."
    if verdict.probability_twice < 0.95:
        return f"{words}. But at twice the costs it can no longer be told from luck."
    return f"{words}."


def next_step(verdict: TrackRecord) -> str:
    """What to do about it."""
    if verdict.answer == "depends on trials":
        return (
            "Count every strategy, parameter set and idea that was looked at, and say so with "
            "--trials N."
        )
    if verdict.answer == "lost money":
        return "More of the same will not show an edge."
    if verdict.answer == "skill":
        return "Past trades are no promise: keep watching whether it lasts."
    if math.isinf(verdict.years_missing):
        return "No length of the same record would show skill."
    if verdict.answer == "luck" and verdict.years_missing > 0.0:
        return (
            f"If it is as good as it looks, skill would show after {_years(verdict.years_needed)} "
            f"of such trading: {_years(verdict.years_missing)} are missing."
        )
    return "Come back with at least 30 closed trades over 12 days or more, better 100."


def subject(verdict: TrackRecord) -> str:
    """What was judged, in one line."""
    record = verdict.record
    first, last = record.times("entry_time").min(), record.times("exit_time").max()
    symbols = record.trades["symbol"].n_unique()
    return (
        f"{count(len(record))} trades of {symbols} {'symbol' if symbols == 1 else 'symbols'}, "
        f"{day(int(first))} to {day(int(last))}, {record.origin}"
    )


def money_rows(verdict: TrackRecord) -> list[tuple[str, str, str]]:
    """Figures at recorded and at double costs."""
    known = math.isfinite(verdict.capital)
    unit = verdict.record.currency
    staked = bool(verdict.record.trades["stake"].is_not_null().all())

    def row(name: str, say: Callable[[AtCosts], str]) -> tuple[str, str, str]:
        return name, say(verdict.once), say(verdict.twice)

    def money(value: float) -> str:
        return f"{number(value)} {unit}".strip() if math.isfinite(value) else MISSING

    def mean(at: AtCosts) -> str:
        low, high = _value(at.mean_low, staked), _value(at.mean_high, staked)
        return f"{_value(at.mean_return, staked)} ({low} to {high})"

    def sharpe(at: AtCosts) -> str:
        return f"{number(at.sharpe)} ({number(at.sharpe_low)} to {number(at.sharpe_high)})"

    rows = [
        row("Net profit", lambda at: money(at.total)),
        row("Costs", lambda at: money(at.cost)),
        row("Without its best trades", lambda at: money(at.without_best)),
        row("Trades that won", lambda at: percent(at.win_rate)),
        row("Won per 1 lost", lambda at: number(at.profit_factor)),
        row("A trade, on its stake" if staked else "A trade", mean),
        row("Sharpe ratio, annual", sharpe),
    ]
    if known:
        rows.insert(1, row("On the capital", lambda at: signed(at.growth)))
        rows.append(row("Worst fall, closed trades", lambda at: percent(at.worst_fall)))
    return rows


def evidence_pairs(verdict: TrackRecord) -> dict[str, str]:
    """What the answer rests on."""
    trials = verdict.trials
    found = {
        "Record": f"{_periods(verdict)}, {_years(verdict.years)}; profits are booked per "
        f"{verdict.periods.name} in which trades end, idle ones count as 0",
        "Variants tried": "not told (--trials)" if trials is None else count(trials),
        "If only one": f"{percent(verdict.probability_single)} sure that it is not luck "
        "(probabilistic Sharpe ratio)",
    }
    if trials is not None and trials > 1:
        found["Best of so many"] = (
            f"{percent(verdict.probability)} sure, {percent(verdict.probability_twice)} at twice "
            "the costs (deflated Sharpe ratio; 95% is asked)"
        )
    survives = verdict.survives_trials
    found["Holds up to"] = (
        "no number of variants" if survives < 1 else f"{_upto(survives)} variants tried"
    )
    found["Record needed"] = (
        f"{_years(verdict.years_needed)} at this Sharpe ratio"
        f"{', were it the only variant' if trials is None else ''}; missing: "
        f"{_years(verdict.years_missing) if verdict.years_missing > 0 else 'none'}"
        if math.isfinite(verdict.years_needed)
        else "no length of the same would do"
    )
    if math.isfinite(verdict.capital):
        found["Capital"] = number(verdict.capital) + f" {verdict.record.currency}".rstrip()
    return found


def condition_rows(verdict: TrackRecord, parts: Sequence[Part]) -> list[tuple[str, ...]]:
    """Conditions, each with what a trade made under it."""
    staked = bool(verdict.record.trades["stake"].is_not_null().all())
    return [
        (
            f"{_ENTERED.get(part.condition, part.condition)} {part.value}",
            count(part.count),
            _value(part.mean, staked),
            f"{_value(part.low, staked)} to {_value(part.high, staked)}",
            percent(part.q_below),
        )
        for part in parts
    ]


def _value(value: float, staked: bool) -> str:
    return signed(value, 2) if staked else number(value)


def _variants(trials: int | None) -> str:
    return "1 variant" if trials == 1 else f"{count(trials or math.nan)} variants"


def _periods(verdict: TrackRecord) -> str:
    n, name = verdict.periods.count, verdict.periods.name
    plural = f"{count(n)} times {name}" if name == "four weeks" else f"{count(n)} {name}s"
    return f"1 {name}" if n == 1 else plural


def _upto(trials: float) -> str:
    return "a billion" if trials >= _MANY else count(trials)


def _odds(chance: float) -> str:
    """A chance as a trader says it."""
    if not math.isfinite(chance):
        return "as often as not"
    if chance > 0.1:
        return f"{percent(chance, 0)} of the time"
    return f"1 time in {count(1.0 / chance)}" if chance > 1e-6 else "less than 1 time in a million"


def _years(years: float) -> str:
    if not math.isfinite(years):
        return MISSING
    if years < 0.15:
        days = max(1, math.ceil(years * 365.25))
        return f"{days} day" if days == 1 else f"{days} days"
    if years < 2.0:
        return f"{number(12.0 * years, 0)} months"
    return f"{number(years, 1)} years" if years < 1_000 else "over 1,000 years"
