"""``edgekeeper train``: one candidate, judged on bars it has not seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekeeper.cli import options
from edgekeeper.cli.commands.tune import better_than_defaults
from edgekeeper.cli.model_acts import TrainedPackage
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.cli.search_progress import search_progress, usual_jobs
from edgekeeper.cli.services import services_of
from edgekeeper.cli.tables import pairs, score_pairs
from edgekeeper.cli.with_bars import AskedBars, with_bars
from edgekeeper.errors import Refused, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.config import Config
    from edgekeeper.ledger import TrialCount
    from edgekeeper.train import Progress

__all__ = ["train"]

_Out = Annotated[str, typer.Option("--out", metavar="DIR", help="Where the package is kept.")]
_Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help='A parameter of it, such as "members=lightgbm, mlp"; as often as needed.',
        show_default="its defaults",
    ),
]
_Tune = Annotated[
    int,
    typer.Option(
        "--tune",
        metavar="N",
        min=0,
        max=10_000,
        help="Look among so many configurations first.",
    ),
]
_Line = Annotated[
    str,
    typer.Option(
        "--line",
        metavar="NAME",
        help="Fit this line of the configuration, as a refit that `models adopt` can take.",
        show_default=False,
    ),
]
_Run = Annotated[
    str,
    typer.Option(
        "--run", metavar="DIR", help="Take the configuration of this run.", show_default=False
    ),
]
_Study = Annotated[
    str, typer.Option("--study", metavar="NAME", help="Under which its trial is counted.")
]


def _train(
    context: typer.Context,
    asked: AskedBars,
    out: _Out = "edgekeeper-models",
    learner: options.LearnerName = "lightgbm",
    setting: _Settings = None,
    tune: _Tune = 0,
    jobs: options.Jobs = 0,
    seed: options.Seed = None,
    features: options.FeatureList = "",
    device: options.DeviceName = "cpu",
    line: _Line = "",
    run: _Run = "",
    study: _Study = "by hand",
    as_json: options.AsJson = False,
) -> None:
    """Train one model, and judge it on what it has not seen.

    The newest fifth of the bars judges a fit on the older part; the shipped fit knows all bars.

    A candidate is never a champion: only `replay` and `paper` let one earn its place. Ends with
    exit code 4 where a gate holds or vetoes it; the package is kept all the same. Each distinct
    try is counted beside the packages: `edgekeeper trials list --models DIR`.
    """
    screen = console(as_json)
    parameters = options.read_settings(setting or (), "--set")
    opened, settings = asked.open(screen)
    if run:
        settings = _settings_of(run)
    if line and (parameters or features or tune or device != "cpu"):
        raise UsageError(
            "--line: expected no --set, --features, --tune or --device beside it: the line has its "
            "own"
        )
    if seed is not None:
        settings = settings.model_copy(update={"seed": seed})
    with _seen(screen, tune) as progress:
        trained = services_of(context).train(
            opened.bars,
            learner=learner,
            parameters=parameters,
            features=options.split_list(features) or None,
            line=line,
            config=settings,
            out=Path(out),
            tune=tune,
            jobs=jobs or usual_jobs(),
            progress=progress,
            device=device,
        )
    count = _count(trained, settings, Path(out), study)
    if as_json:
        print_json({**_figures(trained), "study": study, **asdict(count)})
    else:
        _show(screen, trained, out)
        screen.print(
            f"Trials  {count.trials} in study {study!r}{_and_tuning(trained)}, "
            f"{count.effective:.1f} effective",
            markup=False,
        )
    if trained.verdict.outcome != "accepted":
        raise typer.Exit(Refused.exit_code)


def _settings_of(run: str) -> "Config":
    import json

    from edgekeeper.config import parse_config
    from edgekeeper.desk.folder import open_ledger

    with open_ledger(find_run(run)) as ledger:
        return parse_config(json.loads(ledger.read("runs", ["config_json"])["config_json"][-1]))


@contextmanager
def _seen(screen: "Console", tune: int) -> "Iterator[Progress]":
    """Show that something is being done, and of a search how far it is."""
    if tune:
        with search_progress(screen, "tuning, then training and judging") as progress:
            yield progress
    else:
        with screen.status("training and judging"):
            yield lambda done, total: None


def _count(trained: TrainedPackage, settings: "Config", out: Path, study: str) -> "TrialCount":
    """Put the try on record beside the package, and before it what was looked at to tune it.

    Counts them together: a certificate wants to know of both.
    """
    import numpy as np

    from edgekeeper.learn.search_record import record_search_by_hand
    from edgekeeper.ledger import TrialCount, TrialFacts
    from edgekeeper.ledger.studies import record_by_hand
    from edgekeeper.train import labels_hash

    manifest = trained.package.manifest
    brackets, data = labels_hash(settings), manifest.provenance.data
    tried = {
        "learner": manifest.learner,
        "features": dict(manifest.features),
        **manifest.parameters,
        "gates": settings.gates.model_dump(mode="json"),
        "seed": manifest.seed,
    }
    count = record_by_hand(
        out,
        [TrialFacts(tried, trained.verdict.hold_out.scores.log_loss, np.empty(0))],
        study=study,
        line=manifest.provenance.lineage.line,
        time_ns=data.last,
        data_hash=data.hash,
        labels_hash=brackets,
        metric="hold_out_log_loss",
    )
    if trained.searched is None:
        return count
    looked = record_search_by_hand(
        out,
        trained.searched,
        features=trained.features,
        time_ns=data.last,
        data_hash=data.hash,
        labels_hash=brackets,
    )
    return TrialCount(count.trials + looked.trials, count.effective + looked.effective)


train = with_bars(_train, usual="bundled")


def _and_tuning(trained: TrainedPackage) -> str:
    return "" if trained.searched is None else f" and 'search/{trained.searched.line.name}'"


def _figures(trained: TrainedPackage) -> dict[str, object]:
    verdict = trained.verdict
    return {
        "model": trained.package.hash,
        "package": trained.package.hash,
        "folder": trained.folder,
        "verdict": verdict.outcome,
        "reasons": [f"{gate.name}: {gate.detail}" for gate in verdict.gates if not gate.passed],
        "gates": [gate.record() for gate in verdict.gates],
        "metrics": verdict.hold_out.metrics(),
        "features": len(trained.package.features),
        "learner": trained.package.manifest.learner,
        "parameters": dict(trained.package.manifest.parameters),
        "tuned": [] if trained.searched is None else list(trained.searched.tuned),
        "tuning": None if trained.searched is None else better_than_defaults(trained.searched),
    }


def _show(screen: "Console", trained: TrainedPackage, out: str) -> None:
    from edgekeeper.report.wording import number
    from edgekeeper.validate.profiles import measured_rate

    verdict = trained.verdict
    words = {
        "accepted": "Accepted: it may be looked at in shadow. That proves nothing yet.",
        "vetoed": "Vetoed.",
        "needs_approval": "Held: too good to be true until a person has looked.",
    }
    screen.print(f"\n{words[verdict.outcome]}")
    if trained.searched is not None:
        screen.print(better_than_defaults(trained.searched), markup=False, soft_wrap=True)
    for gate in verdict.gates:
        screen.print(f"  {'✓' if gate.passed else '✗'} {gate.name}: {gate.detail}", markup=False)
    rows = score_pairs(verdict.hold_out.scores)
    rows["Log loss"] += f" ({number(verdict.hold_out.base_loss, 4)} is knowing the base rate alone)"
    rows["Net Sharpe"] = f"{number(verdict.hold_out.sharpe)} (virtual book, hold-out)"
    screen.print()
    screen.print(pairs(rows))
    if verdict.hold_out.scores.log_loss >= verdict.hold_out.base_loss:
        screen.print("\nNo better than knowing the base rate: expect nothing of it yet.")
    manifest = trained.package.manifest
    screen.print(f"\nLearner {_recipe(trained)}", markup=False, soft_wrap=True)
    if device := manifest.parameters.get("device"):
        screen.print(f"Device  {_devices(device)}", markup=False, soft_wrap=True)
    screen.print(f"Package {trained.folder}", markup=False, soft_wrap=True)
    profile = str(manifest.provenance.gates["profile"])
    screen.print(f"Gates   {measured_rate(profile).sentence}", markup=False, soft_wrap=True)
    screen.print(
        f"Next    edgekeeper validate {out} --bars LATER.csv     on bars it has not seen",
        markup=False,
        soft_wrap=True,
    )


def _devices(found: Any) -> str:
    """Where each part was fitted, and what follows from it."""
    where = ", ".join(f"{name} on {device}" for name, device in found["fitted_on"].items())
    return f"{where}; another machine need not come to the same bits"


def _recipe(trained: TrainedPackage) -> str:
    """The learner with its parameters, and which of them a search has chosen."""
    manifest = trained.package.manifest
    tuned = () if trained.searched is None else trained.searched.tuned
    words = [
        f"{name} {value}" + (" (tuned)" if name in tuned else "")
        for name, value in manifest.parameters.items()
        if isinstance(value, bool | int | float | str) and value != ""
    ]
    return f"{manifest.learner}: {', '.join(words)}"
