"""``edgekeeper trials``: everything that was looked at, and how much of that is luck's share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekeeper.cli.help_text import add_command
from edgekeeper.cli.options import AsJson, LedgerUrl, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import LEDGER, find_run
from edgekeeper.cli.tables import plain_table, print_bullets

if TYPE_CHECKING:
    from edgekeeper.ledger import Ledger
    from edgekeeper.ledger.studies import Study

__all__ = ["app"]

app = typer.Typer(help="Count what was tried; note on it; close a study.", no_args_is_help=True)
_NS = 10**9

Models = Annotated[
    str,
    typer.Option(
        "--models",
        metavar="DIR",
        help="Folder that `train --out` wrote, instead of a run.",
        show_default=False,
    ),
]
StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="Its name, as `list` shows it.")]


def list_trials(
    run: RunFolder = "", models: Models = "", ledger: LedgerUrl = "", as_json: AsJson = False
) -> None:
    """List the studies of a run, or of models trained by hand.

    A trial is a distinct configuration on distinct data; looking again at the same is free. The
    best of many worthless ones looks good, so every verdict needs their number.
    """
    from edgekeeper.ledger.studies import studies_of

    with _opened(run, models, ledger, write=False) as record:
        studies = studies_of(record)
    if as_json:
        print_json({"studies": [_figures(study) for study in studies]})
        return
    screen = console()
    if not studies:
        screen.print("Nothing was tried beside the recipes themselves: no search, nothing by hand.")
        return
    heads = ("Study", "Trials", "Effective", "Best", "Metric", "First", "Last", "")
    rows = [_row(study) for study in studies]
    screen.print(plain_table(heads, rows, right=("Trials", "Effective", "Best")))
    for study in studies:
        print_bullets(screen, [f"{study.name}: {note}" for note in study.notes])
    screen.print("\nEffective: as many independent trials as these, which resemble each other.")


def note_on_study(
    study: StudyName,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to remember.")],
    run: RunFolder = "",
    models: Models = "",
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Add a note to a study; nothing is ever taken off the record."""
    _act(study, text, run, models, ledger, as_json, close=False)


def close_study(
    study: StudyName,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why.", show_default=False)
    ] = "",
    run: RunFolder = "",
    models: Models = "",
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Close a study, so that its number of trials can be quoted.

    Training by hand is refused in it from then on.
    """
    _act(study, reason, run, models, ledger, as_json, close=True)


def _act(
    name: str, text: str, run: str, models: str, ledger: str, as_json: bool, *, close: bool
) -> None:
    import getpass

    from edgekeeper.clock import WallClock
    from edgekeeper.ledger.studies import note_study

    with _opened(run, models, ledger, write=True) as record:
        now = WallClock().now_ns()
        study = note_study(record, name, text, time_ns=now, actor=getpass.getuser(), close=close)
    if as_json:
        print_json(_figures(study))
        return
    done = "Closed" if close else "Noted on"
    console().print(
        f"{done} {study.name}: {study.count.trials} trials, {study.count.effective:.1f} effective",
        markup=False,
    )


@contextmanager
def _opened(run: str, models: str, url: str, *, write: bool) -> "Iterator[Ledger]":
    from edgekeeper.errors import UsageError
    from edgekeeper.ledger import Ledger
    from edgekeeper.ledger.studies import TRIALS_FILE, check_trials

    if models and (run or url):
        raise UsageError("expected --models, or --run and --ledger, not both")
    if models and not (Path(models) / TRIALS_FILE).is_file():
        raise UsageError(
            f"--models: found no {TRIALS_FILE} in {models}: `edgekeeper train --out {models}` "
            "makes one"
        )
    place = Path(models) / TRIALS_FILE if models else url or find_run(run) / LEDGER
    with Ledger.open(place, read_only=not write) as ledger:
        if models:
            check_trials(ledger)
        yield ledger


def _figures(study: "Study") -> dict[str, Any]:
    return {
        "study": study.name,
        "trials": study.count.trials,
        "effective_trials": study.count.effective,
        "metric": study.metric,
        "best": study.best,
        "first": _day(study.first_ns),
        "last": _day(study.last_ns),
        "notes": list(study.notes),
        "closed": study.closed,
    }


def _row(study: "Study") -> tuple[str, ...]:
    from edgekeeper.report.wording import count, number

    return (
        study.name,
        count(study.count.trials),
        number(study.count.effective, 1),
        number(study.best if study.best is not None else float("nan"), 4),
        study.metric.replace("_", " "),
        _day(study.first_ns),
        _day(study.last_ns),
        "closed" if study.closed else "",
    )


def _day(time_ns: int) -> str:
    from edgekeeper.report.wording import day

    return day(time_ns)


add_command(app, "list", list_trials)
add_command(app, "note", note_on_study)
add_command(app, "close", close_study)
