import io

from rich.console import Console, Group

from edgekeeper.report.panel import MarketPanel
from edgekeeper.report.snapshot import Snapshot


def drawn(panel):
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(Group(*panel.rows(0.0)))
    return console.export_text()


def feed(panel, steps):
    for done, own, newest in steps:
        equities = {"edgekeeper": own, "always_newest": newest}
        panel.update(Snapshot("a", 0, done, 100, equities), 0.0)


def test_curves_share_one_scale_and_end_where_the_run_stands():
    panel = MarketPanel("Noise")
    assert panel.waiting
    feed(panel, [(0, 1.0, 1.0), (25, 1.5, 0.8), (50, 2.0, 0.5)])
    rows = drawn(panel).splitlines()
    own = next(row for row in rows if "Edgekeeper" in row).split()[-1]
    newest = next(row for row in rows if "Always-newest" in row).split()[-1]
    assert own.endswith("█")
    assert newest.endswith("▁")
    assert len(own) == len(newest) == 25
    assert not panel.waiting
    assert panel.share == 0.5


def test_an_account_at_zero_leaves_a_blank_not_a_crash():
    panel = MarketPanel("Noise")
    feed(panel, [(0, 1.0, 1.0), (50, 1.1, 0.0)])
    assert "−100.0%" in drawn(panel)
