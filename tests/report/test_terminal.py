import io
import math
from dataclasses import replace

import pytest
from rich.console import Console

from edgekeeper.errors import UsageError
from edgekeeper.report.snapshot import Snapshot
from edgekeeper.report.terminal import LiveScreen


def snapshot(market="a", done=600, **changes):
    equities = {"edgekeeper": 1.124, "always_newest": 0.919, "rules": math.nan}
    base = Snapshot(market, 12_000 * 86_400 * 10**9, done, 1000, equities, 3, 1, 1, "It moved.")
    return replace(base, **changes)


def shown(screen, width=80):
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(screen.render())
    return console.export_text()


def quiet(**options):
    return LiveScreen(
        {"a": "Noise", "b": "Real daily bars"}, console=Console(file=io.StringIO(), width=80),
        minutes=3, **options,
    )  # fmt: skip


def test_the_first_screen_promises_what_it_takes():
    screen = quiet()
    screen.phase("compiling the simulator")
    text = shown(screen)
    assert "2 markets, about 3 minutes, paper money, nothing leaves this machine" in text
    assert "compiling the simulator" in text
    assert "next: Noise · Real daily bars" in text


def test_a_running_market_shows_everything_in_eighty_columns():
    seconds = iter([100.0, 161.0])
    screen = quiet(seconds=lambda: next(seconds))
    screen.update(snapshot())
    text = shown(screen)
    for expected in ("60%", "2002-11-09", "1:01", "+12.4%", "−8.1%", "3 tried", "It moved."):
        assert expected in text, expected
    assert all(len(row) <= 80 for row in text.splitlines())
    rules = next(row for row in text.splitlines() if "Rules" in row)
    assert "—" in rules
    assert "next: Real daily bars" in text


def test_a_phase_lasts_until_the_next_update():
    screen = quiet()
    screen.update(snapshot())
    screen.phase("training the quarter's refit")
    assert "training" in shown(screen)
    screen.update(snapshot())
    assert "training" not in shown(screen)


def test_a_finished_market_keeps_its_verdict(make_story):
    screen = quiet()
    screen.update(snapshot())
    screen.finish(replace(make_story(bars=50, promoted=False), name="a"))
    text = shown(screen)
    assert "Nothing earned a promotion" in text
    assert "60%" not in text


def test_without_a_terminal_it_prints_a_few_plain_lines_and_finishes(make_story):
    out = io.StringIO()
    with LiveScreen({"a": "Noise"}, minutes=0.4, console=Console(file=out, width=80)) as screen:
        screen.phase("compiling")
        for done in range(1001):
            screen.update(snapshot(done=done))
        screen.finish(replace(make_story(bars=50, promoted=False), name="a"))
    rows = out.getvalue().splitlines()
    assert rows[0].startswith("Edgekeeper: 1 market, under a minute, paper money")
    assert len(rows) == 7
    assert "\x1b" not in out.getvalue()
    assert rows[-1].startswith("Noise: No edge found here")


def test_in_a_terminal_the_screen_appears_at_once_and_is_left_standing():
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True)
    with LiveScreen({"a": "Noise"}, {"a": 1000}, console=console) as screen:
        assert "1 market, 1,000 bars, paper money" in out.getvalue()
        screen.update(snapshot())
    assert out.getvalue().rstrip().endswith("\x1b[?25h")  # the cursor is back
    assert "60%" in out.getvalue()


def test_an_error_gives_the_terminal_back():
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True)
    screen = LiveScreen({"a": "Noise"}, console=console)

    def fail():
        with screen:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert "\x1b[?25h" in out.getvalue()


def test_hostile_text_moves_no_cursor():
    screen = LiveScreen({"a": "[red]x\x1b[2J"}, console=Console(file=io.StringIO()))
    screen.phase("[bold]p\x1b]0;t\x07")
    assert "[bold]p]0;t" in shown(screen)
    screen.update(snapshot(event="[link=x]\x1b[2Jgone\r"))
    text = shown(screen)
    assert "[red]x[2J" in text
    assert "[link=x][2Jgone" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("changes", [{"total": 0, "done": 0}, {"done": 5000}, {"equities": {}}])
def test_odd_snapshots_are_drawn_all_the_same(changes):
    screen = quiet()
    screen.update(snapshot(**changes))
    assert "Edgekeeper" in shown(screen)


def test_a_market_never_announced_is_refused():
    with pytest.raises(UsageError, match=r"one of the markets a, b, got 'c'"):
        quiet().update(snapshot("c"))
