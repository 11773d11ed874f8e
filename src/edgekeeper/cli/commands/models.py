"""``edgekeeper models``: the packages of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekeeper.cli.commands import orders
from edgekeeper.cli.commands.learners import list_learners
from edgekeeper.cli.commands.models_diff import diff_models
from edgekeeper.cli.commands.models_mirror import mirror_models
from edgekeeper.cli.commands.models_notes import note_model, tag_model
from edgekeeper.cli.commands.models_signing import make_key, sign_model, verify_model
from edgekeeper.cli.commands.models_transfer import pull_models, push_model, receive_model
from edgekeeper.cli.find_package import find_package_folder
from edgekeeper.cli.help_text import add_command
from edgekeeper.cli.options import AsJson, RunFolder
from edgekeeper.cli.printing import console, jsonable, print_json
from edgekeeper.cli.run_folder import RUN, find_run
from edgekeeper.cli.tables import pairs, plain_table
from edgekeeper.desk.run_models import best_first, read_models

if TYPE_CHECKING:
    from edgekeeper.models import Manifest

__all__ = ["app"]

app = typer.Typer(help="List the models of a run, compare them, sign them.", no_args_is_help=True)
_SHORT = 12
_FIRST_FEATURES = 6
_METRICS = {
    "hold_out_auc": "AUC",
    "hold_out_sharpe": "Net Sharpe",
    "hold_out_log_loss": "Log loss",
}


def list_models(
    best: Annotated[
        str,
        typer.Option(
            "--best",
            metavar="FIGURE",
            help="Order by a figure of the hold-out, such as auc or sharpe, the best first.",
            show_default="in the order they were fitted",
        ),
    ] = "",
    run: RunFolder = "",
    as_json: AsJson = False,
) -> None:
    """List every fit of a run, where it stands, and what the gates said."""
    folder = find_run(run)
    rows = _fits(folder)
    if best:
        rows = best_first(rows, best)
    if as_json:
        print_json({"run": folder, "models": rows})
        return
    screen = console()
    if not rows:
        screen.print("No model was fitted in this run: too few bars, or outcomes, for a first fit.")
        return
    screen.print(plain_table(*_table(rows), right=("Fit", "AUC", "Sharpe")))
    screen.print("\nproduction trades now. AUC and net Sharpe are those of the hold-out.")
    place = "" if folder == Path(RUN) else f" --run {folder}"
    shown = rows[0] if best else rows[-1]
    words = f"Next    edgekeeper models show {shown['hash'][:_SHORT]}{place}"
    screen.print(words, markup=False, soft_wrap=True)


def _fits(folder: Path) -> list[dict[str, Any]]:
    from edgekeeper.registry.notes import read_notes
    from edgekeeper.report.wording import day

    models = read_models(folder)
    present = set(models.registry.list())
    return [
        {
            "hash": fit.hash,
            "line": fit.line,
            "fit": fit.number,
            "fitted": day(models.fitted_at_ns[fit.hash]),
            "verdict": fit.verdict,
            "status": models.standings[fit.hash],
            "trades": models.standings[fit.hash] == "production",
            "on_disk": fit.hash in present,
            "metrics": dict(fit.metrics),
            "gates": dict(fit.reasons),
            "tags": dict(read_notes(models.registry, fit.hash).tags),
        }
        for fit in models.fits
    ]


def _table(rows: list[dict[str, Any]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    from edgekeeper.report.wording import number

    def metric(row: dict[str, Any], name: str, digits: int) -> str:
        value = row["metrics"].get(f"hold_out_{name}")
        return number(float("nan") if value is None else value, digits)

    def remarks(row: dict[str, Any]) -> str:
        verdict = row["verdict"].replace("_", " ") + ("" if row["on_disk"] else ", not on disk")
        return " ".join((verdict, *(f"{name}={text}" for name, text in row["tags"].items())))

    heads = ("Model", "Line", "Fit", "Fitted", "Status", "Verdict", "AUC", "Sharpe")
    return heads, [
        (
            row["hash"][:_SHORT],
            row["line"],
            str(row["fit"]),
            row["fitted"],
            row["status"],
            remarks(row),
            metric(row, "auc", 3),
            metric(row, "sharpe", 2),
        )
        for row in rows
    ]


def show_model(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="A package: its folder, or its hash in a run."),
    ],
    run: RunFolder = "",
    as_json: AsJson = False,
) -> None:
    """Show what a package says about itself.

    It is checked against its hash first: nobody has changed it since it was made."""
    from edgekeeper.registry import Package

    folder = find_package_folder(model, run)
    package = Package.load(folder)
    if as_json:
        print_json({"hash": package.hash, "folder": folder, **_record(package.manifest)})
        return
    screen = console()
    screen.print(f"Model {package.hash[:_SHORT]}, checked against its hash", style="bold")
    screen.print(pairs(_summary(package.manifest) | _written_beside(folder)))
    screen.print(f"\nFolder  {folder}", markup=False, soft_wrap=True)


def _written_beside(folder: Path) -> dict[str, str]:
    """Tags and note, where the package lies in a registry."""
    from edgekeeper.registry import Registry
    from edgekeeper.registry.notes import read_notes

    place = folder.resolve()
    if place.parent.name != "packages":
        return {}
    notes = read_notes(Registry(place.parent.parent), place.name)
    tags = " ".join(f"{name}={text}" for name, text in notes.tags.items())
    return {name: text for name, text in (("Tags", tags), ("Note", notes.note)) if text}


def _record(manifest: "Manifest") -> dict[str, Any]:
    record: dict[str, Any] = jsonable(manifest.to_json())
    del record["reference"], record["heads"]
    return record


def _summary(manifest: "Manifest") -> dict[str, str]:
    from edgekeeper.report.wording import count, day, number

    made = manifest.provenance
    names = list(manifest.features)
    more = len(names) - _FIRST_FEATURES
    rows = {
        "Line": f"{made.lineage.line}, fit {made.lineage.refit}"
        + (f", after {made.lineage.parent[:_SHORT]}" if made.lineage.parent else ""),
        "Learner": f"{manifest.learner} (seed {manifest.seed})",
        "Has seen": f"{count(made.data.rows)} rows of {', '.join(made.data.symbols)}, "
        f"{day(made.data.first)} to {day(made.data.last)}",
        "Features": f"{len(names)}: {', '.join(names[:_FIRST_FEATURES])}"
        + (f" and {more} more" if more > 0 else ""),
        "Parity": f"{count(manifest.parity.rows)} rows, {count(manifest.parity.rows_with_nan)} "
        f"with gaps, largest difference {manifest.parity.largest_difference:.2g}",
        "Made by": f"Edgekeeper {made.code_version}",
    }
    if "outcome" in made.gates:
        rows["Gates"] = str(made.gates["outcome"]).replace("_", " ")
    for name, label in _METRICS.items():
        if name in made.metrics:
            rows[label] = f"{number(made.metrics[name], 3)} on the hold-out"
    return rows


add_command(app, "list", list_models)
add_command(app, "show", show_model)
add_command(app, "learners", list_learners)
add_command(app, "diff", diff_models)
add_command(app, "tag", tag_model)
add_command(app, "note", note_model)
add_command(app, "key", make_key)
add_command(app, "sign", sign_model)
add_command(app, "verify", verify_model)
add_command(app, "mirror", mirror_models)
add_command(app, "push", push_model)
add_command(app, "pull", pull_models)
add_command(app, "receive", receive_model)
add_command(app, "adopt", orders.adopt)
add_command(app, "promote", orders.promote)
add_command(app, "demote", orders.demote)
add_command(app, "rollback", orders.rollback)
add_command(app, "pin", orders.pin)
add_command(app, "unpin", orders.unpin)
add_command(app, "freeze", orders.freeze)
add_command(app, "unfreeze", orders.unfreeze)
add_command(app, "retire", orders.retire)
add_command(app, "refit", orders.refit)
