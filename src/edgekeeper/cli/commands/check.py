"""``edgekeeper check``: was it skill or luck? A verdict on trades already made."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekeeper.cli import options
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.tables import pairs, plain_table, print_bullets
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.market.trade_records import TradeRecord
    from edgekeeper.stats.breakdown import Part
    from edgekeeper.validate.track_record import TrackRecord

__all__ = ["check"]

_MOST_CONDITIONS = 5


def check(
    trades: Annotated[
        str,
        typer.Argument(
            metavar="TRADES",
            help="freqtrade's tradesv3.sqlite, back-test zip, JSON or folder; CSV or Parquet of "
            "trades or of a broker's fills.",
        ),
    ],
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials",
            metavar="N",
            help="How many variants were tried until these were picked; never assumed.",
            show_default="asked",
        ),
    ] = None,
    cost_bps: Annotated[
        float,
        typer.Option(
            "--cost-bps",
            metavar="BPS",
            help="Cost of each side, in hundredths of a per cent, where none is recorded.",
        ),
    ] = 5.0,
    capital: Annotated[
        float | None,
        typer.Option(
            "--capital",
            metavar="AMOUNT",
            help="Money the trades were made with.",
            show_default="as recorded, else the most at stake at once",
        ),
    ] = None,
    strategy: Annotated[
        str,
        typer.Option("--strategy", metavar="NAME", help="Of several in a freqtrade record."),
    ] = "",
    html: Annotated[
        str,
        typer.Option("--html", metavar="FILE", help="Write the page there, with its picture."),
    ] = "",
    tz: options.Zone = "",
    dates: options.Dates = "",
    as_json: options.AsJson = False,
) -> None:
    """Was it skill or luck? One page about trades already made.

    Net at recorded and at twice the costs, intervals, how sure one can be that it is not luck given
    how many variants were tried, how much record is missing, and when not to trade.
    """
    from edgekeeper.market.trade_records import read_trades
    from edgekeeper.validate.track_record import judge_track_record

    record = read_trades(trades, strategy=strategy, tz=tz, dates=dates)
    if trials is None and not as_json:
        trials = _asked(record)
    verdict = judge_track_record(record, trials=trials, cost_bps=cost_bps, capital=capital)
    screen = console(as_json)
    if html:
        _write(Path(html), verdict, Path(trades).name)
    if as_json:
        print_json(_figures(verdict))
        return
    _show(screen, verdict)
    if html:
        screen.print(f"\nPage    {html}", markup=False, soft_wrap=True)


def _asked(record: "TradeRecord") -> int | None:
    """How many variants were tried, if a person is there to be asked; an empty answer is none."""
    if not _is_person():
        return None
    said = typer.prompt(
        "How many strategies, settings and ideas were tried before this one was picked, itself "
        f"included (at least {record.least_trials}; empty if you do not know)",
        default="",
        show_default=False,
    )
    if not said.strip():
        return None
    try:
        return int(said)
    except ValueError as error:
        raise UsageError(f"expected a whole number of variants, got {said!r}") from error


def _is_person() -> bool:
    return sys.stdin.isatty()


def _write(path: Path, verdict: "TrackRecord", name: str) -> None:
    from edgekeeper.atomic import write_atomically
    from edgekeeper.report.track_record import render_track_record

    page = render_track_record(verdict, title=name, generated_from=f"edgekeeper check {name}")
    write_atomically(path, page.encode())


def _show(screen: "Console", verdict: "TrackRecord") -> None:
    from edgekeeper.report import track_words as words

    screen.print(words.headline(verdict), style="bold", markup=False)
    screen.print(words.next_step(verdict), markup=False)
    screen.print(f"\n{words.subject(verdict)}\n", style="dim", markup=False)
    heads = words.MONEY_HEADS
    screen.print(plain_table(heads, words.money_rows(verdict), right=heads[1:]))
    screen.print()
    screen.print(pairs(words.evidence_pairs(verdict)))
    screen.print()
    avoid = words.condition_rows(verdict, verdict.avoid[:_MOST_CONDITIONS])
    if avoid:
        names = words.CONDITION_HEADS
        screen.print(plain_table(names, avoid, right=names[1:]))
        more = len(verdict.avoid) - len(avoid)
        if more > 0:
            screen.print(f"and {more} more: see --html or --json", style="dim")
    else:
        screen.print(
            f"Conditions to avoid: none; of {verdict.tested} with enough trades, no loss can be "
            "told from chance."
        )
    screen.print()
    print_bullets(screen, list(verdict.remarks))


def _figures(verdict: "TrackRecord") -> dict[str, Any]:
    from dataclasses import asdict

    from edgekeeper.report import track_words as words

    record = verdict.record
    return {
        "verdict": verdict.answer,
        "sentence": words.headline(verdict),
        "next": words.next_step(verdict),
        "origin": record.origin,
        "trades": len(record),
        "symbols": sorted(record.trades["symbol"].unique()),
        "currency": record.currency,
        "first_entry_ns": int(record.times("entry_time").min()),
        "last_exit_ns": int(record.times("exit_time").max()),
        "open_trades": record.open_trades,
        "set_aside": dict(record.set_aside),
        "period": verdict.periods.name,
        "periods": verdict.periods.count,
        "years": verdict.years,
        "capital": verdict.capital,
        "costs_recorded_share": verdict.costs_known,
        "recorded_costs": asdict(verdict.once),
        "twice_the_costs": asdict(verdict.twice),
        "skew": verdict.shape.skew,
        "kurtosis": verdict.shape.kurtosis,
        "autocorrelation": verdict.shape.autocorrelation,
        "trials": verdict.trials,
        "least_trials": record.least_trials,
        "probabilistic_sharpe": verdict.probability_single,
        "deflated_sharpe": verdict.probability,
        "deflated_sharpe_twice_the_costs": verdict.probability_twice,
        "fragile": verdict.fragile,
        "survives_trials": verdict.survives_trials,
        "years_needed": verdict.years_needed,
        "years_missing": verdict.years_missing,
        "avoid": [_part(part) for part in verdict.avoid],
        "conditions": [_part(part) for part in verdict.conditions],
        "remarks": list(verdict.remarks),
    }


def _part(part: "Part") -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(part)
