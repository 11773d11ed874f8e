"""Evidence a day at a time: what it takes, what it refuses to count, and how often it errs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.config import EvidenceConfig, parse_config
from edgekeeper.sidecar.books import BotBook, LineBook
from edgekeeper.sidecar.days import Day, Days, DaySignal
from edgekeeper.sidecar.facts import DAY_NS
from edgekeeper.sidecar.lines import Lines
from edgekeeper.sidecar.student import OutcomeNote, SignalNote

_LINE = "signals-logistic"
_HOUR_NS = 3_600 * 10**9


def note(id, day, hour=1.0, *, size=1.0, chance=1.0, sizes=None):
    time_ns = day * DAY_NS + round(hour * _HOUR_NS)
    return SignalNote(id, time_ns, size, chance, sizes or {_LINE: size})


def ended(id, day, hour, net=0.01, source="bot"):
    return OutcomeNote(id, source, day * DAY_NS + round(hour * _HOUR_NS), net)


def a_day(sizes, net, number=0, weight=1.0):
    end = (number + 1) * DAY_NS
    signals = tuple(
        DaySignal(end - DAY_NS, weight, {_LINE: float(size)}, None if r is None else float(r))
        for size, r in zip(sizes, net, strict=True)
    )
    return Day(end, signals, end)


def wealth(days, config=None):
    """Least logarithm of the three wealths after each day."""
    config = config or EvidenceConfig()
    bot, book, path = BotBook(), LineBook(config), []
    for day in days:
        rows = bot.row(day), book.row(_LINE, 3.0, day, bot, "bot")
        bot.apply(rows[0])
        book.apply(rows[1])
        path.append(book.log_least)
    return np.array(path)


def test_on_noise_hardly_anybody_ever_reaches_the_level():
    """Sizes that know nothing, trades of one weather a day, costs: 60 lines over two years."""
    reached = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        days = []
        for number in range(500):
            weather = random.normal(0, 0.004)
            net = weather + random.standard_t(4, 6) * 0.006 - 0.0002
            days.append(a_day(random.choice([0.0, 0.5, 1.0], 6), net, number))
        reached += wealth(days).max() >= np.log(20)
    assert reached <= 3  # 5 % of 60, where the bound is an upper one


@pytest.mark.parametrize(("drift", "proved"), [(0.0, False), (0.006, True)])
def test_to_trade_less_of_a_bot_that_loses_is_no_skill(drift, proved):
    """A model that halves everything beats the bot; only one that chooses beats its own average."""
    random = np.random.default_rng(3)
    days = []
    for number in range(700):
        good = random.random(8) < 0.5
        net = random.normal(-0.002, 0.01, 8) + np.where(good, drift, -drift)
        sizes = np.where(good, 1.0, 0.0) if drift else np.full(8, 0.5)
        days.append(a_day(sizes, net, number))
    assert (wealth(days).max() >= np.log(20)) is np.bool_(proved)


def test_an_outcome_that_never_came_counts_against_either_choice():
    random = np.random.default_rng(4)
    before = [a_day([1.0, 0.0], random.normal(0, 0.01, 2), n) for n in range(30)]
    bot, book = BotBook(), LineBook(EvidenceConfig())
    for day in before:
        rows = bot.row(day), book.row(_LINE, 3.0, day, bot, "bot")
        bot.apply(rows[0])
        book.apply(rows[1])
    row = book.row(_LINE, 3.0, a_day([1.0, 0.0], [None, None], 30), bot, "bot")
    assert row["missing"] == 2
    assert row["book_return"] == pytest.approx(-bot.penalty)
    assert row["book_return"] - row["incumbent_return"] == pytest.approx(-bot.penalty)
    assert bot.row(a_day([1.0], [None], 30))["outcome_square"] is None  # not zero


def test_nothing_is_bet_before_a_scale_is_known():
    random = np.random.default_rng(5)
    path = wealth([a_day([1.0, 0.5], random.normal(0.01, 0.01, 2), n) for n in range(14)])
    assert (path[:10] == 0.0).all()
    assert path[10] != 0.0


@given(st.lists(st.floats(-0.2, 0.2), min_size=12, max_size=30), st.floats(-0.5, 0.5))
def test_the_scale_of_a_day_knows_nothing_of_it(returns, last):
    days = [a_day([1.0, 0.0], [r, -r], n) for n, r in enumerate(returns)]
    bot, book = BotBook(), LineBook(EvidenceConfig())
    for day in days:
        rows = bot.row(day), book.row(_LINE, 3.0, day, bot, "bot")
        bot.apply(rows[0])
        book.apply(rows[1])
    one = book.row(_LINE, 3.0, a_day([1.0, 0.0], [last, last], 40), bot, "bot")
    two = book.row(_LINE, 3.0, a_day([1.0, 0.0], [0.0, 0.0], 40), bot, "bot")
    for null in ("cash", "exposure", "incumbent"):
        assert one[f"scale_{null}"] == two[f"scale_{null}"]


def test_a_day_is_handed_on_when_all_of_it_is_known():
    days = Days(14)
    days.signal(note("a", 0))
    days.signal(note("b", 0, 2))
    days.signal(note("c", 1))
    days.outcome(ended("a", 0, 3))
    assert list(days.over()) == []  # b is open
    days.outcome(ended("b", 1, 2))
    (first,) = days.over()
    assert [one.net_return for one in first.signals] == [0.01, 0.01]
    assert days.waiting == 1


def test_signals_that_shared_a_market_with_an_earlier_day_count_for_nothing():
    days = Days(14)
    days.signal(note("a", 0))
    days.signal(note("b", 1, 1))
    days.signal(note("c", 1, 5))
    days.outcome(ended("a", 1, 3))  # open until after b was decided
    days.outcome(ended("b", 1, 4))
    days.outcome(ended("c", 1, 6))
    days.signal(note("d", 2))
    first, second = days.over()
    assert len(first.signals) == 1
    assert [one.event_time_ns for one in second.signals] == [note("c", 1, 5).event_time_ns]


def test_what_nobody_can_know_is_in_nobodys_book():
    days = Days(2)
    days.signal(note("skipped", 0, size=0.0, chance=0.0))
    days.signal(note("unlucky", 0, size=0.0, chance=0.25))
    days.signal(note("halted", 0, size=0.0, chance=None))
    days.signal(note("explored", 0, 2, size=1.0, chance=0.25, sizes={_LINE: 0.0}))
    days.signal(note("never traded", 0, 3))
    days.outcome(ended("explored", 0, 4, -0.02))
    days.outcome(ended("never traded", 0, 4, None))
    days.signal(note("next", 1))
    (day,) = days.over()
    (one,) = day.signals
    assert (one.weight, one.net_return) == (4.0, -0.02)  # it stands for the three that were skipped


def test_an_outcome_is_waited_for_and_then_missing():
    days = Days(2)
    days.signal(note("a", 0))
    days.signal(note("b", 2, 23))
    assert list(days.over()) == []
    days.signal(note("c", 3, 1))
    (day,) = days.over()
    assert day.signals[0].net_return is None
    days.outcome(ended("a", 3, 2))  # too late for evidence; learning still reads it
    assert days.waiting == 2


def test_levels_fall_with_each_test_and_rise_with_discoveries():
    lines = Lines([_LINE, "signals-lightgbm"], parse_config({}))
    for name in (_LINE, "signals-lightgbm"):
        lines.package_row(name, "ab" * 32, 5, "registered", "", "rule")
    assert [one.line.level for one in lines.by_name.values()] == [0.05, 0.025]
    assert [one.line.test for one in lines.by_name.values()] == [1, 2]
    # A day that had begun when a line was registered is no evidence for it.
    rows = lines.day_rows(a_day([1.0], [0.01], 0))
    assert [row["line"] for row in rows] == ["bot"]
    assert len(lines.day_rows(a_day([1.0], [0.01], 1))) == 3
