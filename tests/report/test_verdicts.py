import io
import math
from dataclasses import replace

from rich.console import Console

from edgekeeper.report.verdicts import final_words, verdict, verdict_table
from edgekeeper.stats.performance import Performance


def shown(thing, **options):
    console = Console(record=True, width=80, file=io.StringIO())
    console.print(thing, **options)
    return console.export_text()


def test_the_plain_sentence_stands_under_the_title(make_story):
    story = make_story(bars=100)
    first, second, *rest = shown(verdict(story, 161)).splitlines()
    assert first == "▼ A planted edge that flips  Earned its place, then lost it  2 min 41 s"
    assert story.sentence.startswith(second)
    assert rest[-1] == "2 lines tried · 1 refused · 1 promotion · 1 retreat"
    assert "—" not in shown(verdict(story))


def test_the_table_fits_eighty_columns_and_loses_no_figure(make_story, empty_story):
    rich_one = make_story(bars=2500, title="Real daily bars", promoted=False)
    book = rich_one.books["edgekeeper"]
    figures = replace(book.performance, total_return=1234.567)
    rich_one = replace(
        rich_one, books={**rich_one.books, "edgekeeper": replace(book, performance=figures)}
    )
    text = shown(verdict_table([rich_one, empty_story]))
    assert all(len(row) <= 80 for row in text.splitlines())
    assert "+123,456.7%" in text
    assert "…" not in text
    assert text.count("—") >= 6


def test_unknown_figures_are_dashes(make_story):
    story = make_story(bars=50)
    unknown = Performance(*[math.nan] * 8)
    books = {k: replace(book, performance=unknown) for k, book in story.books.items()}
    (row,) = shown(verdict_table([replace(story, books=books)])).splitlines()[3:]
    assert row.split()[-6:] == ["—"] * 6


def test_the_path_stays_in_one_piece(tmp_path):
    path = tmp_path / ("long" * 20) / "report.html"
    words = final_words(path, ["edgekeeper why AAA", "edgekeeper replay --bars X"])
    rows = shown(words, soft_wrap=True).splitlines()
    assert rows[0] == f"Report  {path}"
    assert rows[1] == "Next    edgekeeper why AAA"
    assert rows[2] == "        edgekeeper replay --bars X"
