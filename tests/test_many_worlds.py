"""Many markets: run side by side, resumed, and never mixed with those of other settings."""

import json
from dataclasses import replace

import pytest

from edgekeeper.build import replay
from edgekeeper.config import Config, GatesConfig, LineConfig
from edgekeeper.errors import UsageError
from edgekeeper.many_worlds import Ordeal, run_markets
from edgekeeper.report.market_books import sharpe
from edgekeeper.report.oracle_book import oracle_gains, visible_oracle_gains

CONFIG = Config(
    gates=GatesConfig(min_samples=20),
    lines=(LineConfig(name="linear", learner="logistic", features=("returns",), min_bars=60),),
)
SMALL = {"symbols": 2, "bars": 200, "config": CONFIG}


def strip(rows):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_a_second_call_runs_only_what_is_missing(tmp_path):
    file, told = tmp_path / "deep" / "markets.jsonl", []
    ordeal = Ordeal(search=3, **SMALL)
    first = run_markets(replay, ordeal, range(1, 3), file=file)
    assert [row["nature"] for row in first] == ["fat_tailed", "jumps"]
    assert all(row["trials"] == 3 for row in first)
    with file.open("a") as out:
        out.write('{"cut short by a ki')
    file.write_text(file.read_text() + "\n")

    def no_more(*args, **options):
        raise AssertionError("a market was run again")

    again = run_markets(no_more, ordeal, range(1, 3), file=file, done=told.append)
    assert again == first == told
    more = run_markets(replay, ordeal, range(1, 4), file=file)
    assert more[:2] == first
    assert more[2]["nature"] == "gaussian"


def test_other_settings_are_another_ordeal(tmp_path):
    file = tmp_path / "markets.jsonl"
    one, other = Ordeal(**SMALL), Ordeal(**{**SMALL, "bars": 201})
    run_markets(replay, one, range(1, 2), file=file)
    run_markets(replay, other, range(1, 2), file=file)
    keys = [json.loads(line)["key"] for line in file.read_text().splitlines()]
    assert keys == [one.key(), other.key()]
    assert one.key() != other.key()
    assert Ordeal(search=3, **SMALL).key() != one.key()
    assert one.key() == Ordeal(**SMALL).key()


def test_processes_find_what_one_finds(tmp_path):
    ordeal = Ordeal(**SMALL)
    alone = run_markets(replay, ordeal, range(1, 3), file=tmp_path / "a.jsonl")
    together = run_markets(replay, ordeal, range(1, 3), file=tmp_path / "b.jsonl", jobs=2)
    assert strip(alone) == strip(together)


def test_a_leaking_column_is_held_and_promotes_nothing(tmp_path):
    """A stiff learner on little data would not look implausible itself: the column does."""
    ordeal = Ordeal(kind="leak", symbols=4, bars=260, config=CONFIG)
    (row,) = run_markets(replay, ordeal, range(1, 2), file=tmp_path / "markets.jsonl")
    assert row["held"] == row["refits"] > 0
    assert row["moves"] == []
    assert row["lines"] == {}, "what is held never enters shadow"


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"kind": "noise", "edge": 2.0}, "no edge"),
        ({"kind": "planted", "edge": -1.0}, "net_sharpe"),
        ({"symbols": 0}, "symbols"),
        ({"bars": 2}, "bars"),
        ({"search": 1}, "search"),
    ],
)
def test_settings_that_make_no_world_are_refused_before_anything_runs(tmp_path, settings, word):
    with pytest.raises(UsageError, match=word):
        run_markets(replay, Ordeal(**settings), range(1), file=tmp_path / "x" / "markets.jsonl")
    assert not (tmp_path / "x").exists()


def test_a_market_is_run_again_with_lines_that_learn_online(tmp_path):
    busy = {"busy": "log(volume / mean(volume, 20))"}
    line = CONFIG.lines[0].model_copy(update={"features": (), "extra_features": busy})
    config = CONFIG.model_copy(update={"lines": (line,)})
    ordeal = Ordeal("flip", symbols=3, bars=320, edge=12.0, online="sgd", config=config)
    (row,) = run_markets(replay, ordeal, range(1, 2), file=tmp_path / "markets.jsonl")
    (alone,) = run_markets(
        replay, replace(ordeal, online=""), range(1, 2), file=tmp_path / "alone.jsonl"
    )
    book = row["books"]["linear"]
    assert alone["books"]["linear"]["without"] == book["without"]
    assert "with" not in alone["books"]["linear"]
    assert book["with"]["sharpe"] != book["without"]["sharpe"]
    assert book["oracle"] > 1.0
    assert book["bars"] > 100
    assert alone["online"] is None
    assert row["online"]["lines"].keys() == alone["lines"].keys()
    own = ("books", "key", "online")
    assert strip([{k: v for k, v in row.items() if k not in own}]) == strip(
        [{k: v for k, v in alone.items() if k not in own}]
    )


def test_a_line_is_compared_with_an_oracle_that_forecasts_as_it_does(tmp_path):
    line = CONFIG.lines[0].model_copy(update={"min_bars": 150})
    other = line.model_copy(update={"name": "against", "target": "relative"})
    config = CONFIG.model_copy(update={"lines": (line, other)})
    ordeal = Ordeal("planted", symbols=4, bars=300, edge=12.0, config=config)
    (row,) = run_markets(replay, ordeal, range(1, 2), file=tmp_path / "markets.jsonl")
    plain, against = (row["books"][each.name] for each in (line, other))
    world = ordeal.world(1)
    for book, relative in ((plain, False), (against, True)):
        part = slice(book["first"], book["first"] + book["bars"])
        for name, gains in (("oracle", oracle_gains), ("visible_oracle", visible_oracle_gains)):
            gain = gains(world, ordeal.settings(), relative=relative)[part]
            assert book[name] == sharpe(gain, world.bars.periods_per_year)


def test_what_lines_learn_online_with_is_checked_before_anything_runs(tmp_path):
    with pytest.raises(UsageError, match="online"):
        run_markets(replay, Ordeal(online="sdg", **SMALL), range(1), file=tmp_path / "m.jsonl")
