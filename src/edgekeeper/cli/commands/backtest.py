"""``edgekeeper backtest``: one fixed model over history."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from edgekeeper.cli import options
from edgekeeper.cli.find_package import find_package, find_package_folder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.services import services_of
from edgekeeper.cli.tables import pairs, plain_table, print_bullets
from edgekeeper.cli.with_bars import AskedBars, with_bars

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.config import Config
    from edgekeeper.ledger import TrialCount
    from edgekeeper.registry import Package
    from edgekeeper.report.backtest_story import BacktestStory

__all__ = ["backtest"]

STUDY = "walk forward"


def _backtest(
    context: typer.Context,
    asked: AskedBars,
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="A package: its folder, or its hash in a run."),
    ],
    walk_forward: Annotated[
        int | None,
        typer.Option(
            "--walk-forward",
            metavar="N",
            help="Choose bands, bracket width and sizing anew in N windows, each on the unseen "
            "bars before it.",
            show_default=False,
        ),
    ] = None,
    impact: Annotated[
        str,
        typer.Option(
            "--impact",
            metavar="RULE",
            help="How market impact grows with a fill's share of the volume: square-root, linear.",
        ),
    ] = "square-root",
    impact_coefficient: Annotated[
        float,
        typer.Option(
            "--impact-coefficient", metavar="X", help="In volatilities of a bar; 0: no impact."
        ),
    ] = 1.0,
    run: options.RunFolder = "",
    device: options.DeviceName = "cpu",
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="Write the report there, as HTML.")
    ] = "",
    as_json: options.AsJson = False,
) -> None:
    """Trade one fixed model over history.

    The account's limits, guards and costs apply. Only bars that the model has not seen count; what
    it earned on the others is shown apart and proves nothing. Says what costs and market impact
    took, and how much money the strategy could bear.
    """
    screen = console(as_json)
    opened, settings = asked.open(screen)
    package = find_package(model, run, settings.packages.trusted_keys, device)
    with screen.status("trading"):
        result = services_of(context).backtest(
            package,
            opened.bars,
            settings,
            walk_forward=walk_forward,
            impact=cast(Literal["square-root", "linear"], impact),
            impact_coefficient=impact_coefficient,
        )
    if out:
        from edgekeeper.atomic import write_atomically

        write_atomically(Path(out), result.html().encode())
    count = None
    if result.story.walk_forward:
        count = _count(result.story, package, settings, find_package_folder(model, run))
    if as_json:
        print_json({"model": package.hash, **result.figures})
        return
    _show(screen, result.story)
    if count:
        screen.print(
            f"\nTrials  {count.trials} in study {STUDY!r}, {count.effective:.1f} effective",
            markup=False,
        )
    if out:
        screen.print(f"\nPage    {out}", markup=False, soft_wrap=True)


backtest = with_bars(_backtest)


def _count(
    story: "BacktestStory", package: "Package", settings: "Config", folder: Path
) -> "TrialCount":
    """Put every setting that was looked at on record, beside the package's own trial."""
    from edgekeeper.ledger import TrialFacts
    from edgekeeper.ledger.studies import record_by_hand
    from edgekeeper.ledger.trials import content_hash
    from edgekeeper.train import labels_hash

    walk = story.walk_forward
    assert walk is not None
    # A registry keeps packages one folder deeper than their trials.
    place = folder.parent.parent if folder.parent.name == "packages" else folder.parent
    for k, window in enumerate(walk.windows):
        known = {
            "model": package.hash,
            "first": window.train_first_ns,
            "last": window.train_last_ns,
        }
        count = record_by_hand(
            place,
            [
                TrialFacts(look.setting, look.sharpe, look.profile, look.chosen)
                for look in walk.looks
                if look.window == k
            ],
            study=STUDY,
            line=story.line,
            time_ns=window.train_last_ns,
            data_hash=content_hash(known),
            labels_hash=labels_hash(settings),
            metric="net_sharpe",
        )
    return count


def _show(screen: "Console", story: "BacktestStory") -> None:
    from edgekeeper.report import backtest_words as words

    screen.print(f"\n{words.headline(story)}", style="bold", markup=False)
    screen.print(words.next_step(story), markup=False)
    screen.print(f"\n{words.subject(story)}\n", style="dim", markup=False)
    if story.unseen:
        heads = words.BOOK_HEADS
        screen.print(plain_table(heads, words.book_rows(story.unseen), right=heads[1:]))
        screen.print()
        screen.print(pairs(words.activity_pairs(story.unseen, story.currency)))
        screen.print()
        screen.print(pairs(words.cost_pairs(story.unseen, story.currency)))
        screen.print()
    if story.seen:
        screen.print(words.seen_words(story.seen) + "\n", markup=False)
    if story.walk_forward:
        _show_walk(screen, story)
    print_bullets(screen, story.assumptions)


def _show_walk(screen: "Console", story: "BacktestStory") -> None:
    from edgekeeper.report import backtest_words as words

    assert story.walk_forward is not None
    screen.print("Walk forward", style="bold")
    screen.print(words.walk_words(story.walk_forward) + "\n", markup=False)
    # The page has the training windows too; a terminal has no room for them.
    rows = [(one[0], *one[2:]) for one in words.window_rows(story.walk_forward)]
    heads = (words.WINDOW_HEADS[0], *words.WINDOW_HEADS[2:])
    screen.print(plain_table(heads, rows, right=heads[1:]))
    screen.print()
