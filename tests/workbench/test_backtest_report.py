"""The page and the words of a back-test, whatever it is about."""

from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.report import backtest_words as words
from edgekeeper.report.backtest_page import render_backtest
from edgekeeper.report.backtest_story import BacktestStory
from edgekeeper.workbench.backtesting import BacktestResult
from edgekeeper.workbench.impact import ImpactRule
from edgekeeper.workbench.stretch import account_over
from edgekeeper.workbench.walk_forward import walk_forward


@pytest.fixture(scope="module")
def story(history):
    return BacktestStory(
        model="ab" * 32,
        line="trees",
        currency="USD",
        cash=1e5,
        unseen=account_over(history, 200, 500, ImpactRule()),
        seen=account_over(history, 0, 200, ImpactRule()),
        walk_forward=walk_forward(history, 200, 2),
        note="some bars were seen",
        assumptions=("decided at a close",),
    )


def page(story):
    return render_backtest(story, generated_from="a test")


def test_the_page_has_everything_and_asks_for_nothing(story):
    text = page(story)
    for heading in ("Money", "Falls", "What trading took", "How it traded", "Month by month",
                    "Walk forward", "Bars it was fitted on"):  # fmt: skip
        assert f"{heading} <small>" in text or f"{heading}</h3>" in text
    assert "http" not in text.replace("http-equiv", "")
    assert "nan" not in text.lower().replace("finance", "")


def test_names_cannot_break_the_page(story):
    text = page(replace(story, line="<script>alert(1)</script>", note="<b>\x1b[31m"))
    assert "<script>alert" not in text
    assert "\x1b" not in text


def test_without_unseen_bars_nothing_is_evidence(story):
    only_seen = replace(story, unseen=None, walk_forward=None)
    assert "Nothing here is evidence" in page(only_seen)
    figures = BacktestResult(only_seen).figures
    assert not figures["evidence"]
    assert "sharpe" not in figures
    assert figures["seen"]["sharpe"] == story.seen.books["model"].sharpe


def test_figures_are_those_of_the_unseen_bars(story):
    figures = BacktestResult(story).figures
    assert figures["bars"] == 300
    assert figures["sharpe"] == story.unseen.books["model"].sharpe
    assert figures["double_cost"]["sharpe"] == story.unseen.books["double_cost"].sharpe
    assert figures["walk_forward"]["trials"] == 2 * 27
    parts = figures["costs"]
    assert parts["total"] == sum(
        parts[name] for name in ("fees", "half_spread", "slippage", "borrow")
    )
    assert BacktestResult(story).plot().svg.startswith("<svg")


def with_book(story, **figures):
    once = replace(story.unseen.books["model"], **figures)
    books = {**story.unseen.books, "model": once}
    return replace(story, unseen=replace(story.unseen, books=books))


def test_the_headline_says_no_more_than_the_figures(story):
    assert words.headline(with_book(story, total_return=-0.1)).startswith("It lost money")
    idle = replace(story.unseen, activity=replace(story.unseen.activity, trades=0))
    assert "not trade once" in words.headline(replace(story, unseen=idle))
    rich = with_book(story, total_return=0.5, sharpe_low=-0.2)
    twice = replace(rich.unseen.books["double_cost"], total_return=0.2)
    rich = replace(
        rich, unseen=replace(rich.unseen, books={**rich.unseen.books, "double_cost": twice})
    )
    assert "luck alone can do" in words.headline(rich)
    assert "twice the costs and impact" in words.headline(with_book(rich, sharpe_low=0.1))


def test_unknown_volume_is_said(story):
    silent = replace(
        story.unseen.impact, without_volume=story.unseen.impact.fills, capacity=np.nan,
        bound="volume unknown, or no impact",
    )  # fmt: skip
    stretch = replace(story.unseen, impact=silent)
    assert "no volume" in words.cost_pairs(stretch, "USD")["Market impact"]
    assert words.activity_pairs(stretch, "USD")["Capacity"].startswith("unknown")
