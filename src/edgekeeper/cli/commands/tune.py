"""``edgekeeper tune``: better parameters for a learner, or the plain answer that there are none."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekeeper.cli import options
from edgekeeper.cli.model_acts import TunedSearch
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.search_progress import search_progress, usual_jobs
from edgekeeper.cli.services import services_of
from edgekeeper.cli.tables import plain_table
from edgekeeper.cli.with_bars import AskedBars, with_bars

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.ledger import TrialCount
    from edgekeeper.train import Search

__all__ = ["better_than_defaults", "tune"]

_STUDY, _PICTURE = "tuning.journal", "tuning.svg"


def _tune(
    context: typer.Context,
    asked: AskedBars,
    learner: options.LearnerName = "lightgbm",
    trials: Annotated[
        int, typer.Option("--trials", metavar="N", min=2, max=10_000, help="How many in all.")
    ] = 100,
    features: options.FeatureList = "",
    fix: Annotated[
        str,
        typer.Option(
            "--fix",
            metavar="NAME=VALUE,…",
            help="Parameters that stay as they are.",
            show_default="none",
        ),
    ] = "",
    folds: Annotated[
        int,
        typer.Option("--folds", metavar="K", min=2, max=20, help="Stretches a trial is scored on."),
    ] = 3,
    rows: Annotated[
        int,
        typer.Option(
            "--rows", metavar="N", min=200, max=10_000_000, help="Most that a trial is fitted on."
        ),
    ] = 2_000,
    seed: options.Seed = None,
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Where history and picture are kept.")
    ] = "edgekeeper-models",
    storage: Annotated[
        str,
        typer.Option(
            "--storage",
            metavar="FILE|URL",
            help="Journal, .sqlite file or database of the study.",
            show_default=f"{_STUDY} in DIR",
        ),
    ] = "",
    jobs: options.Jobs = 0,
    as_json: options.AsJson = False,
) -> None:
    """Look for better parameters of a learner.

    It reads only bars older than those that would judge a model. The defaults stay unless another
    trial is better by more than one standard error. Asking again goes on where it stopped, and
    every distinct trial is counted: `edgekeeper trials list --models DIR`.
    """
    from edgekeeper.config import SearchConfig

    screen = console(as_json)
    fixed = options.read_settings(options.split_list(fix), "--fix")
    opened, settings = asked.open(screen)
    if seed is not None:
        settings = settings.model_copy(update={"seed": seed})
    folder = Path(out)
    with search_progress(screen, f"tuning {learner}") as progress:
        found = services_of(context).tune(
            opened.bars,
            learner=learner,
            features=options.split_list(features) or None,
            fixed=fixed,
            rule=SearchConfig(rule="optuna", trials=trials, folds=folds, rows=rows),
            config=settings,
            storage=storage or str(folder / _STUDY),
            jobs=jobs or usual_jobs(),
            progress=progress,
        )
    count = _count(found, folder)
    picture = _draw(found, folder / _PICTURE)
    if as_json:
        print_json({**_figures(found), **asdict(count), "picture": picture})
    else:
        _show(screen, found, count, picture)


tune = with_bars(_tune, usual="bundled")


def _count(found: TunedSearch, folder: Path) -> "TrialCount":
    """Put every distinct trial on record, once."""
    from edgekeeper.learn.search_record import record_search_by_hand

    return record_search_by_hand(
        folder,
        found.search,
        features=found.features,
        time_ns=found.last_ns,
        data_hash=found.data_hash,
        labels_hash=found.labels_hash,
    )


def _draw(found: TunedSearch, path: Path) -> Path:
    from edgekeeper.report.search_picture import search_picture

    return search_picture(found.search, found.importance).save(path)


def better_than_defaults(search: "Search") -> str:
    """Say in one sentence whether a search found anything."""
    from edgekeeper.report.wording import number

    if not search.tuned:
        return f"There is nothing to tune: every parameter of {search.line.learner} is fixed."
    tried = f"{len(search.trials)} trials of {search.line.learner}"
    by = f"{number(search.gain, 4)} ± {number(search.error, 4)} of log loss"
    if search.chosen:
        return f"{tried}: better than the defaults by {by}."
    if search.best == 0:
        return f"{tried}: not better than the defaults; none had a smaller loss."
    return f"{tried}: not better than the defaults; the best of them by {by}, which may be luck."


def _figures(found: TunedSearch) -> dict[str, Any]:
    search = found.search
    chosen = search.trials[search.chosen]
    return {
        "sentence": better_than_defaults(search),
        "learner": search.line.learner,
        "better": search.chosen != 0,
        "parameters": {
            name: {"value": value, "kind": "tuned" if name in search.tuned else "fixed"}
            for name, value in chosen.parameters.items()
        },
        "best": dict(search.trials[search.best].parameters),
        "loss": chosen.loss,
        "default_loss": search.trials[0].loss,
        "gain": search.gain,
        "gain_standard_error": search.error,
        "looked_at": len(search.trials),
        "given_up": sum(trial.pruned for trial in search.trials),
        "importance": dict(found.importance),
        "study": f"search/{search.line.name}",
    }


def _show(screen: "Console", found: TunedSearch, count: "TrialCount", picture: Path) -> None:
    search = found.search
    first, used = search.trials[0].parameters, search.trials[search.chosen].parameters
    best = search.trials[search.best].parameters
    screen.print(f"\n{better_than_defaults(search)}", style="bold", markup=False, soft_wrap=True)
    screen.print()
    rows = [
        [name, _short(first[name]), _short(best[name]), _short(used[name]), _share(found, name)]
        for name in search.tuned
    ]
    if rows:
        heads = ("Parameter", "default", "best seen", "used", "matters")
        screen.print(plain_table(heads, rows, right=heads[1:]))
    kept = [f"{name} {_short(v)}" for name, v in first.items() if name not in search.tuned]
    if kept:
        screen.print(f"\nFixed   {', '.join(kept)}", markup=False, soft_wrap=True)
    screen.print(
        f"Trials  {count.trials} on record, {count.effective:.1f} effective\nPicture {picture}",
        markup=False,
        soft_wrap=True,
    )


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _share(found: TunedSearch, name: str) -> str:
    from edgekeeper.report.wording import percent

    return percent(found.importance[name], 0) if name in found.importance else ""
