"""A back-test in sentences and small tables: the plain words first."""

import math

from edgekeeper.report.backtest_story import BacktestStory, Stretch, WalkForwardStory
from edgekeeper.report.wording import MISSING, count, day, number, percent, signed
from edgekeeper.stats.performance import Performance

__all__ = [
    "BOOK_HEADS",
    "FALL_HEADS",
    "WINDOW_HEADS",
    "activity_pairs",
    "book_rows",
    "capacity_words",
    "cost_pairs",
    "fall_rows",
    "headline",
    "next_step",
    "seen_words",
    "subject",
    "walk_words",
    "window_rows",
]

BOOK_HEADS = ("", "Return", "A year", "Sharpe", "95 % interval", "Worst fall")
FALL_HEADS = ("From", "Lowest", "Made up", "Fall")
WINDOW_HEADS = ("Traded from", "Chosen on", "Take", "Reduce", "Width", "Sizes", "Promised", "Came")
_BOOKS = {
    "model": "Model",
    "with_impact": "with market impact",
    "double_cost": "at twice the costs",
    "rules": "Rules alone",
}


def headline(story: BacktestStory) -> str:
    """What the unseen bars say, in one sentence."""
    it = story.unseen
    if it is None:
        return "Nothing here is evidence: the model has seen every one of these bars."
    once, twice = it.books["model"], it.books["double_cost"]
    span = f"{count(len(it.time_ns))} bars the model had not seen"
    if it.activity.trades == 0:
        return f"It did not trade once in {span}."
    if not once.total_return > 0.0:
        return f"It lost money: {signed(once.total_return)} after costs in {span}."
    told = f"{signed(once.total_return)} after costs in {span}"
    if not twice.total_return > 0.0:
        return f"It made {told}, and nothing at twice the costs."
    if not once.sharpe_low > 0.0:
        return f"It made {told}, which luck alone can do."
    return f"It made {told}, and {signed(twice.total_return)} at twice the costs and impact."


def next_step(story: BacktestStory) -> str:
    """What to do about it."""
    if story.unseen is None:
        return "Bring later bars."
    return (
        "One history proves little, however it ends. `edgekeeper validate` judges the forecasts "
        "themselves and asks how much was tried."
    )


def subject(story: BacktestStory) -> str:
    """Which model, which bars, which money."""
    it = story.unseen or story.seen
    span = f", {day(int(it.time_ns[0]))} to {day(int(it.time_ns[-1]))}" if it else ""
    return (
        f"Model {story.model[:12]} of line {story.line}{span}, "
        f"{count(story.cash)} {story.currency} at the start. {story.note[0].upper()}"
        f"{story.note[1:]}."
    )


def _performance(name: str, it: Performance) -> tuple[str, ...]:
    low, high = number(it.sharpe_low), number(it.sharpe_high)
    interval = f"{low} to {high}" if MISSING not in (low, high) else MISSING
    return (
        name,
        signed(it.total_return),
        signed(it.annual_return),
        number(it.sharpe),
        interval,
        percent(it.max_drawdown),
    )


def book_rows(stretch: Stretch) -> list[tuple[str, ...]]:
    """One row a book, under ``BOOK_HEADS``."""
    return [_performance(label, stretch.books[name]) for name, label in _BOOKS.items()]


def seen_words(stretch: Stretch) -> str:
    """What the model earned on bars it was fitted on, as a warning."""
    it = stretch.books["model"]
    return (
        f"On the {count(len(stretch.time_ns))} bars it was fitted on it made "
        f"{signed(it.total_return)} (Sharpe {number(it.sharpe)}), which proves nothing."
    )


def cost_pairs(stretch: Stretch, currency: str) -> dict[str, str]:
    """What trading took, part by part."""
    it, gaps = stretch.costs, stretch.gaps
    money = {
        "Fees": it.fees,
        "Half spread": it.half_spread,
        "Slippage": it.slippage,
        "Borrowing": it.borrow,
    }
    pairs = {name: f"{count(value)} {currency}" for name, value in money.items()}
    pairs["Paid in all"] = f"{count(it.total)} {currency}"
    pairs["Market impact"] = _impact(stretch, currency)
    pairs["Gapped stops"] = (
        f"{count(gaps.gapped)} of {count(gaps.stops)} stops filled beyond their price and lost "
        f"{count(it.gap_through)} {currency} more"
        + (f"; the worst {percent(gaps.worst)} of its entry" if gaps.gapped else "")
    )
    return pairs


def _impact(stretch: Stretch, currency: str) -> str:
    it = stretch.impact
    if it.fills == 0:
        return MISSING
    if it.without_volume == it.fills:
        return "unknown: the bars have no volume, so nothing is charged"
    words = (
        f"{count(stretch.costs.impact)} {currency} on top, {number(it.mean_bps, 1)} bps a fill; "
        f"the median fill is {percent(it.median_participation, 3)} of its bar's volume, the "
        f"largest {percent(it.largest_participation, 2)}"
    )
    if it.without_volume:
        words += f"; {count(it.without_volume)} of {count(it.fills)} fills without volume are free"
    return words


def capacity_words(stretch: Stretch, currency: str) -> str:
    """How much money the strategy could bear."""
    it = stretch.impact
    if math.isnan(it.capacity):
        return f"unknown: {it.bound}"
    if it.capacity == 0.0:
        return f"none: {it.bound}"
    why = {
        "impact": "there impact takes all that was earned",
        "volume": "there the largest fill is its bar's whole volume",
    }[it.bound]
    return f"about {count(float(f'{it.capacity:.2g}'))} {currency}: {why}"


def activity_pairs(stretch: Stretch, currency: str) -> dict[str, str]:
    """How busy the account was."""
    it = stretch.activity
    return {
        "Trades": f"{count(it.trades)}, {percent(it.win_rate)} won, profit factor "
        f"{number(it.profit_factor)}",
        "Exposure": f"{percent(it.mean_exposure)} of equity on average (net "
        f"{signed(it.mean_net_exposure)}), {percent(it.max_exposure)} at most; in the market "
        f"{percent(it.time_in_market)} of the time",
        "Turnover": f"{number(it.turnover, 1)} × equity a year",
        "Held": f"{number(it.mean_bars_held, 1)} bars on average, median "
        f"{number(it.median_bars_held, 0)} ({number(it.median_days_held, 1)} days)",
        "Capacity": capacity_words(stretch, currency),
    }


def fall_rows(stretch: Stretch) -> list[tuple[str, ...]]:
    """The deepest falls, under ``FALL_HEADS``."""
    return [
        (
            day(fall.start_ns),
            day(fall.bottom_ns),
            "not yet" if fall.end_ns is None else day(fall.end_ns),
            percent(fall.depth),
        )
        for fall in stretch.drawdowns
    ]


def walk_words(story: WalkForwardStory) -> str:
    """What tuning promised and what came of it."""
    promised = sum(one.promised_sharpe for one in story.windows) / len(story.windows)
    better = story.tuned.sharpe > story.untuned.sharpe
    return (
        f"Tuning promised a Sharpe ratio of {number(promised)} on average and brought "
        f"{number(story.tuned.sharpe)}, {'more' if better else 'no more'} than the "
        f"{number(story.untuned.sharpe)} of not tuning. {count(story.settings)} settings in "
        f"{count(len(story.windows))} windows are {count(story.trials)} trials; the best of one "
        f"half of these bars is below the median in the other half {percent(story.overfitting, 0)} "
        "of the time (probability of back-test overfitting)."
    )


def window_rows(story: WalkForwardStory) -> list[tuple[str, ...]]:
    """What was chosen in each window, under ``WINDOW_HEADS``; Sharpe ratios at the end."""
    return [
        (
            day(one.test_first_ns),
            f"{day(one.train_first_ns)} to {day(one.train_last_ns)}",
            percent(float(one.setting["take_above"]), 0),
            percent(float(one.setting["reduce_above"]), 0),
            f"× {number(float(one.setting['scale']), 1)}",
            str(one.setting["sizing"]),
            number(one.promised_sharpe),
            number(one.delivered_sharpe),
        )
        for one in story.windows
    ]
