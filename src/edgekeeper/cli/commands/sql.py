"""``edgekeeper sql``: a read-only look into the record."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.cli.tables import plain_table
from edgekeeper.desk.folder import open_ledger
from edgekeeper.errors import UsageError

__all__ = ["sql"]


def sql(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="One SELECT.", show_default="lists the tables")
    ] = "",
    run: options.RunFolder = "",
    ledger: options.LedgerUrl = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="At most so many rows.")
    ] = 1000,
    as_csv: Annotated[bool, typer.Option("--csv", help="Rows as CSV.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Ask the record of a run anything, in SQL. Nothing can be written.

    Without a query, lists the tables of facts and the views that can be asked. Times of tables are
    nanoseconds since 1970 UTC (names end in _ns); views have them as text.
    """
    if as_csv and as_json:
        raise UsageError("expected one of --csv and --json, got both")
    folder = Path() if ledger else find_run(run)
    with open_ledger(folder, ledger) as record:
        if not query.strip():
            _list({**record.tables(), **record.views()}, as_json)
            return
        rows = record.query(query, limit=limit + 1)
    cut, rows = rows.height > limit, rows.head(limit)
    if as_json:
        print_json(rows.to_dicts())
    elif as_csv:
        sys.stdout.write(rows.write_csv())
    else:
        cells = [["" if value is None else str(value) for value in row] for row in rows.rows()]
        numbers = [name for name, kind in rows.schema.items() if kind.is_numeric()]
        console().print(plain_table(rows.columns, cells, right=numbers))
    if cut:
        sys.stderr.write(f"only the first {limit:,} rows are shown: --limit shows more\n")


def _list(tables: dict[str, str], as_json: bool) -> None:
    if as_json:
        print_json(tables)
        return
    screen = console()
    screen.print(plain_table(("Table", "What it holds"), list(tables.items())))
    screen.print('\nNext    edgekeeper sql "select * from ml_performance"')
