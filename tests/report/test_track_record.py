"""The page and the sentences of "skill or luck?": plain words, whole HTML, nothing hostile."""

import math
import re
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest

from edgekeeper.market.trade_records.record import make_record
from edgekeeper.report import track_words
from edgekeeper.report.track_record import render_track_record
from edgekeeper.validate import judge_track_record

DAY = 86_400 * 10**9
HOSTILE = "\"'><script>alert(1)</script>{{ 7*7 }}\x1b[2J"


def verdict(sharpe, n=400, trials=None, stake=1_000.0, symbol="A", cost=1.0):
    noise = np.random.default_rng(0).standard_normal(n)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    entry = 20_000 * DAY + np.arange(n) * DAY + DAY // 3
    rows = pl.DataFrame(
        {
            "symbol": [symbol] * n, "side": ["long", "short"] * (n // 2), "entry_time": entry,
            "exit_time": entry + DAY // 24, "stake": [stake] * n,
            "profit": 10.0 * (noise + sharpe / math.sqrt(365.25)), "cost": [cost] * n,
        }
    )  # fmt: skip
    return judge_track_record(make_record(rows, net=True, origin="test"), trials=trials)


@pytest.mark.parametrize(
    ("sharpe", "trials", "words"),
    [
        (6.0, 3, "It looks like skill: with 3 variants tried"),
        (3.0, 1, "But at twice the costs it can no longer be told from luck"),
        (3.0, None, r"Skill, if fewer than \d+ variants were tried"),
        (3.0, 5_000, "once 5,000 variants were tried, chance alone does as well"),
        (0.3, None, "even if this was the only thing tried"),
        (-1.0, 9, "these trades lost money"),
    ],
)
def test_headline(sharpe, trials, words):
    assert re.search(words, track_words.headline(verdict(sharpe, trials=trials)))


def test_too_short():
    judged = verdict(3.0, n=20)
    assert track_words.headline(judged).startswith("Too short to say: 20 trades in 20 days")
    assert "at least 30 closed trades" in track_words.next_step(judged)


def test_what_is_missing_is_said_in_time():
    assert re.search(r"after .+ of such trading: .+ are missing", track_words.next_step(
        verdict(1.0, trials=3)))  # fmt: skip


def test_money_is_in_its_unit_and_unknown_is_a_dash():
    rows = {name: rest for name, *rest in track_words.money_rows(verdict(2.0))}
    assert rows["Costs"] == ["400.00", "800.00"]
    assert rows["On the capital"][0].startswith("+")
    bare = track_words.money_rows(verdict(2.0, stake=math.nan, cost=math.nan))
    rows = {name: rest for name, *rest in bare}
    assert "On the capital" not in rows
    assert rows["Net profit"][1] == "—"
    assert "nan" not in str(bare)


class Nesting(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.open, self.tags = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in {"meta", "br", "path"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("stake", [1_000.0, math.nan])
def test_page(stake):
    judged = verdict(2.0, trials=4, stake=stake)
    page = render_track_record(judged, title="trades.csv", generated_from="edgekeeper check")
    nesting = Nesting(page)
    assert nesting.open == []
    assert track_words.headline(judged) in page.replace("&#39;", "'")
    assert ("svg" in nesting.tags) == (stake == 1_000.0)
    assert "http" not in page.replace("http-equiv", "")
    assert "nan" not in re.sub(r"<script>.*?</script>", "", page, flags=re.S).lower()


def test_page_of_hostile_names():
    judged = verdict(2.0, symbol=HOSTILE)
    page = render_track_record(judged, title=HOSTILE, generated_from=HOSTILE)
    assert page.count("<script>") == 1
    assert "\x1b" not in page
    assert Nesting(page).open == []
