"""``edgekeeper status``: who trades, how lines stand, what is paused or halted."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.cli.options import AsJson, LedgerUrl, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.cli.tables import pairs, plain_table, print_bullets
from edgekeeper.desk.folder import open_ledger
from edgekeeper.desk.run_status import LineStatus, RunStatus, read_status

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["status"]

_MOST_SYMBOLS = 8


def status(run: RunFolder = "", ledger: LedgerUrl = "", as_json: AsJson = False) -> None:
    """Say where a run stands: who trades, what is proven, the money.

    With each line's evidence, and whether the model is paused or the account halted.
    """
    from edgekeeper.report.expected_evidence import expected_figures

    folder = Path() if ledger else find_run(run)
    with open_ledger(folder, ledger) as record:
        state, name = read_status(record), record.place if ledger else str(folder)
    if as_json:
        lines = [
            {**asdict(line), "expected": expected_figures(line.expected)} for line in state.lines
        ]
        print_json({"run": name, **asdict(state), "lines": lines})
    else:
        _show(console(), name, state)


def _show(screen: "Console", name: str, state: RunStatus) -> None:
    from edgekeeper.report.wording import count, day, number, percent, signed

    growth = signed(state.equity / state.start_equity - 1.0)
    rows = {
        "Run": f"{name}: {count(state.bars)} bars of {_named(state.symbols)}",
        "Last bar": f"{day(state.last_bar_ns, minutes=True)} UTC",
        "Equity": f"{number(state.equity)} {state.currency} ({growth}), "
        f"{percent(state.gross_exposure, 0)} of it at work",
        "Trades": _who(state),
        "Model": _since(state.paused_ns, state.pause_cause, "paused", "not paused"),
        "Account": _since(state.halted_ns, state.halt_cause, state.standing, "ACTIVE"),
        "Ledger": state.ledger[:16],
    }
    if state.not_kept:
        rows["Disk"] = "; ".join(state.not_kept)
    if state.champion is None:
        del rows["Model"]
    screen.print(pairs(rows))
    screen.print()
    heads = ("Line", "Stage", "Since", "Fits", "Evidence", "Needed", "Expected")
    screen.print(plain_table(heads, [_row(line) for line in state.lines], right=heads[3:6]))
    screen.print()
    print_bullets(screen, [f"{line.name}: {_reason(line)}" for line in state.lines])


def _named(symbols: tuple[str, ...]) -> str:
    more = len(symbols) - _MOST_SYMBOLS
    return ", ".join(symbols[:_MOST_SYMBOLS]) + (f" and {more} more" if more > 0 else "")


def _who(state: RunStatus) -> str:
    if state.champion is not None:
        return f"line {state.champion}, model {(state.model or '')[:12]}"
    who = {"rules": "the rules", "cash": "nobody", "follow_bot": "your bot's signals"}
    return f"{who.get(state.fallback, state.fallback)}: no line holds the right to trade now"


def _since(time_ns: int | None, cause: str, bad: str, good: str) -> str:
    from edgekeeper.report.wording import day

    if time_ns is None:
        return good
    return f"{bad} since {day(time_ns, minutes=True)} UTC ({cause.replace('_', ' ')})"


def _row(line: LineStatus) -> tuple[str, ...]:
    from edgekeeper.report.wording import became, count, day

    return (
        line.name,
        line.stage,
        day(line.since_ns),
        count(line.fits),
        became(line.evidence),
        count(line.needed),
        _expected(line),
    )


def _expected(line: LineStatus) -> str:
    from edgekeeper.report.wording import MISSING, day

    if line.expected is None:
        return MISSING
    return day(line.expected.expected_ns) if line.expected.expected_ns else line.expected.date


def _reason(line: LineStatus) -> str:
    return line.reason if line.expected is None else f"{line.reason}. {line.expected.sentence}"
