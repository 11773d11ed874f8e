"""``edgekeeper validate``: an honest verdict on one model or on anyone's forecasts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekeeper.cli import options
from edgekeeper.cli.find_package import find_package, find_package_folder
from edgekeeper.cli.forecast_file import is_forecast_file, read_forecast_file, read_returns_file
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.services import services_of
from edgekeeper.cli.tables import pairs, plain_table, print_bullets
from edgekeeper.cli.with_bars import AskedBars, with_bars
from edgekeeper.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.validate import Certificate

__all__ = ["validate"]

_MOST_CONDITIONS = 6
_Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A package: its folder, or its hash in a run; or a file of anyone's forecasts "
        "with the columns timestamp, symbol, side, probability.",
    ),
]
_Trials = Annotated[
    int | None,
    typer.Option(
        "--trials",
        metavar="N",
        help="How many variants were tried until this one was picked; never assumed.",
        show_default="as the package records",
    ),
]
_TrialReturns = Annotated[
    str,
    typer.Option(
        "--trial-returns",
        metavar="FILE",
        help="Returns of every variant, one a column: for effective N and overfitting.",
    ),
]
_Profile = Annotated[
    str,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="evidence, asked or asked-start.",
        show_default="the configuration's",
    ),
]
_Champion = Annotated[
    str, typer.Option("--champion", metavar="MODEL", help="Package to be no worse than.")
]
_Out = Annotated[
    str, typer.Option("--out", metavar="FILE", help="Write the certificate there, as HTML.")
]


def _validate(
    context: typer.Context,
    asked: AskedBars,
    model: _Model,
    trials: _Trials = None,
    trial_returns: _TrialReturns = "",
    profile: _Profile = "",
    champion: _Champion = "",
    run: options.RunFolder = "",
    out: _Out = "",
    as_json: options.AsJson = False,
) -> None:
    """Judge a model or forecasts by what came after them.

    Of a model, only bars after everything it was fitted on count; earlier ones warm up its
    features. Prints a certificate: every gate with figure and floor, books at once and twice the
    costs beside the rules, and how sure one can be given how much was tried. Ends with exit code
    4 unless the verdict is *passed*.
    """
    screen = console(as_json)
    forecasts: Any
    outside = is_forecast_file(model)
    opened, settings = asked.open(screen, run)
    trusted = settings.packages.trusted_keys
    forecasts = read_forecast_file(model) if outside else find_package(model, run, trusted)
    if trials is None and not outside and not trial_returns:
        trials = _trials_beside(model, run)
    with screen.status("judging"):
        judged = services_of(context).validate(
            forecasts,
            opened.bars,
            settings,
            trials=trials,
            trial_returns=read_returns_file(trial_returns) if trial_returns else None,
            profile=profile or None,
            champion=find_package(champion, run, trusted) if champion else None,
            name=Path(model).stem if outside else "",
        )
    certificate = judged.certificate
    if out:
        _write(Path(out), certificate)
    if as_json:
        hash = getattr(forecasts, "hash", None)
        print_json({"model": hash, **certificate.record()})
    else:
        _show(screen, certificate)
        if out:
            screen.print(f"\nPage    {out}", markup=False, soft_wrap=True)
    if certificate.answer != "passed":
        raise typer.Exit(Refused.exit_code)


validate = with_bars(_validate, required=False)


def _trials_beside(model: str, run: str) -> int | None:
    """How many were tried by hand in the registry that keeps this package, where any counted."""
    from edgekeeper.ledger.studies import trials_by_hand

    # A registry keeps its packages in a folder of their own.
    counted = trials_by_hand(find_package_folder(model, run).parent.parent)
    return counted.trials if counted is not None else None


def _write(path: Path, certificate: "Certificate") -> None:
    from edgekeeper.atomic import write_atomically
    from edgekeeper.report.certificate import render_certificate

    page = render_certificate(certificate, generated_from="edgekeeper validate")
    write_atomically(path, page.encode())


def _show(screen: "Console", certificate: "Certificate") -> None:
    from edgekeeper.report import certificate_words as words

    screen.print(f"\n{words.headline(certificate)}", style="bold", markup=False)
    screen.print(words.next_step(certificate), markup=False)
    screen.print(f"\n{words.subject(certificate)}\n", style="dim", markup=False)
    heads = words.GATE_HEADS
    screen.print(plain_table(heads, words.gate_rows(certificate), right=heads[2:]))
    screen.print()
    books = words.BOOK_HEADS
    screen.print(plain_table(books, words.book_rows(certificate), right=books[1:]))
    screen.print()
    screen.print(pairs(words.score_rows(certificate)))
    screen.print()
    screen.print(pairs(words.evidence_pairs(certificate)))
    told = words.condition_rows(certificate, most=_MOST_CONDITIONS)
    screen.print()
    if told:
        names = words.CONDITION_HEADS
        screen.print(plain_table(names, told, right=names[1:]))
    else:
        screen.print("By condition: none can be told from chance.")
    screen.print()
    print_bullets(screen, list(certificate.evaluation.case.notes))
