import base64
import hashlib
import itertools
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from edgekeeper.errors import BadData, UsageError
from edgekeeper.report.html import render_report
from edgekeeper.stats.performance import Performance

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}&\x00\x1b[2J"
VOID = {"meta", "br", "path", "img"}


class Tree(HTMLParser):
    """Checks nesting while it collects tags, attributes and visible text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.text, self.ids = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text.append(data)

    def count(self, tag):
        return sum(name == tag for name, _ in self.tags)


def page(*stories, **options):
    words = {"title": "A run", "generated_from": "edgekeeper demo"} | options
    return render_report(stories, **words)


def says(html):
    return " ".join(" ".join(Tree(html).text).split())


def test_a_page_is_well_nested_and_names_each_thing_once(make_story):
    tree = Tree(page(make_story(bars=400), make_story(bars=300, promoted=False, title="Noise")))
    assert len(set(tree.ids)) == len(tree.ids)
    labels = {a["aria-labelledby"] for _, a in tree.tags if "aria-labelledby" in a}
    assert labels <= set(tree.ids)
    links = {a["href"] for tag, a in tree.tags if tag == "a"}
    assert links == {"#market-1", "#market-2"}
    assert tree.count("h1") == 1
    assert all(a.get("aria-label") for _, a in tree.tags if a.get("role") == "img")


def test_headings_descend_one_step_at_a_time(make_story):
    levels = [
        int(t[1]) for t, _ in Tree(page(make_story(bars=300))).tags if t in {"h1", "h2", "h3", "h4"}
    ]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_nothing_is_fetched_from_anywhere(make_story):
    html = page(make_story(bars=400), make_story(bars=300, title="Other"))
    assert "://" not in html
    assert not re.search(r"url\(|@import|\bsrc\s*=|<link|<iframe|fetch\(|XMLHttp|import\(", html)
    assert "default-src 'none'" in html


def test_the_policy_lets_exactly_the_own_script_run(make_story):
    html = page(make_story(bars=50))
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(
        a["content"] for t, a in Tree(html).tags if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert f"script-src 'sha256-{digest}'" in policy


def test_the_verdict_comes_first_then_everything_else(make_story):
    story = make_story(bars=600)
    text = says(page(story))
    assert text.index(story.sentence) < text.index("What happened to the money")
    for expected in (
        "Earned its place, then lost it",
        "Always-newest swapped its model 34 times",
        "The market is synthetic",
        "The planted edge changes its sign.",
        "It earned less than 80% of what it earned before its promotion",
        "At twice the costs",
        "expected return does not cover its costs",
        "13,948",
        "Knowing nothing",
        "ret(close, 0)",
        "and 5 smaller ones.",
        "filled at the next open",
        "edgekeeper why AAA",
        "Paper money.",
        story.ledger_hash,
        "48.3 s",
    ):
        assert expected in text, expected


def test_each_figure_of_the_money_table_is_the_books(make_story):
    story = make_story(bars=600)
    own = story.books["edgekeeper"]
    text = says(page(story))
    assert f"{abs(100 * own.performance.total_return):.1f}%" in text
    assert f"{abs(own.performance.sharpe):.2f}" in text
    assert f"{abs(100 * own.double_cost.total_return):.1f}%" in text


def test_several_markets_get_a_summary_and_one_does_not(make_story):
    one, other = make_story(bars=100), make_story(bars=100, title="Other", promoted=False)
    assert "2 markets at a glance" in says(page(one, other))
    assert "at a glance" not in says(page(one))


def test_hostile_text_is_shown_and_never_run(make_story):
    story = make_story(bars=200)
    line = replace(
        story.lines[0], name=HOSTILE, learner=HOSTILE, verdict=HOSTILE, reasons=[HOSTILE]
    )
    book = story.books["edgekeeper"]
    story = replace(
        story,
        title=HOSTILE, sentence=HOSTILE, details=[HOSTILE], caveats=[HOSTILE], symbols=[HOSTILE],
        lines=[line], marks=[replace(story.marks[0], text=HOSTILE)],
        books={"edgekeeper": replace(book, name=HOSTILE)},
        decisions={HOSTILE: 1}, reasons={HOSTILE: 1}, feature_importance=[(HOSTILE, 1.0)],
        assumptions=[(HOSTILE, HOSTILE)], ledger_hash=HOSTILE, next_steps=[HOSTILE],
    )  # fmt: skip
    html = page(story, story, title=HOSTILE, generated_from=HOSTILE)
    tree = Tree(html)
    assert tree.count("script") == 1
    assert tree.count("img") == 0
    assert not any(name.startswith("on") for _, a in tree.tags for name in a)
    assert "{{ 7*7 }}" in says(html)
    assert "\x00" not in html
    assert "\x1b" not in html


def test_missing_figures_are_dashes_and_never_zero(make_story):
    nan = math.nan
    story = make_story(bars=100)
    unknown = Performance(*[nan] * 8)
    books = {
        name: replace(
            book, equity=np.full(100, nan), performance=unknown, double_cost=None,
            mean_gross_exposure=nan, costs_paid=nan,
        )
        for name, book in story.books.items()
    }  # fmt: skip
    gone = np.full(len(story.lines[0].time_ns), nan)
    lines = [
        replace(line, log_cash=gone, log_exposure=gone, log_incumbent=gone, harm=gone, level=nan)
        for line in story.lines
    ]
    scores = replace(
        story.scores, accuracy=nan, majority=nan, auc=nan, brier=nan, log_loss=nan, base_rate=nan
    )
    html = page(
        replace(
            story,
            books=books,
            exposure=np.full(100, nan),
            lines=lines,
            scores=scores,
            monthly={"2000-01": nan},
            feature_importance=[("a", nan)],
            wall_seconds=nan,
        )
    )
    text = says(html)
    assert not re.search(r"\b(nan|NaN|inf|None)\b", html)
    assert "No equity to draw" in text
    tiles = re.findall(r'<li class="tile">.*?<b>(.*?)</b>', html, re.DOTALL)
    assert tiles == ["—"] * 4
    money = re.search(r'<table class="money">.*?<tbody>(.*?)</tbody>', html, re.DOTALL).group(1)
    assert "0.0%" not in money
    months = re.search(r'<table class="months">.*?<tbody>(.*?)</tbody>', html, re.DOTALL).group(1)
    assert months.count("—") == 2


def test_an_empty_run_says_so_everywhere(empty_story):
    text = says(page(empty_story))
    for expected in (
        "No equity to draw",
        "No line was tried",
        "No line, so no evidence",
        "No full month",
        "never fell",
        "No decision was taken",
        "No forecast has met its outcome",
        "No package has forecast",
        "No assumption was recorded",
    ):
        assert expected in text, expected
    assert Tree(page(replace(empty_story, books={}))).count("h1") == 1


def test_an_account_that_is_the_rules_is_said_to_be(make_story):
    story = make_story(bars=100)
    words = "no model ever traded"
    assert words not in says(page(story))
    same = replace(story.books["rules"], equity=story.books["edgekeeper"].equity)
    assert words in says(page(replace(story, books={**story.books, "rules": same})))


def test_one_symbol_and_many(make_story):
    one = replace(make_story(bars=100), symbols=["AAA"])
    assert "bars · AAA" in says(page(one))
    many = replace(one, symbols=[f"S{k}" for k in range(500)])
    assert "S11 and 488 more" in says(page(many))


def test_a_thousand_events_keep_the_newest(make_story):
    story = make_story(bars=300)
    marks = [replace(story.marks[0], text=f"event {k}", time_ns=k) for k in range(1000)]
    text = says(page(replace(story, marks=marks)))
    assert "event 999" in text
    assert "event 799 " not in text
    assert "800 earlier events" in text


def test_two_hundred_thousand_bars_stay_a_small_page(make_story):
    html = page(make_story(bars=200_000, step=5 * 60 * 10**9))
    assert len(html) < 500_000
    assert "200,000 bars" in says(html)


def test_no_story_is_refused():
    with pytest.raises(UsageError, match="at least one"):
        page()


def test_a_curve_of_another_length_is_refused(make_story):
    with pytest.raises(BadData, match="expected 50 values in 'Exposure'"):
        page(replace(make_story(bars=50), exposure=np.zeros(49)))


def test_evidence_beyond_any_float_is_drawn_and_told(make_story):
    story = make_story(bars=300)
    lines = tuple(
        replace(
            line,
            log_cash=line.log_cash + 5_000.0,
            log_exposure=line.log_exposure + 5_000.0,
            log_incumbent=line.log_incumbent + 5_000.0,
        )
        for line in story.lines
    )
    said = says(page(replace(story, lines=lines)))
    assert "×10²¹" in said
    assert "inf" not in said.lower().split()
