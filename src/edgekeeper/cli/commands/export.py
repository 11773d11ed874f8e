"""``edgekeeper export``: tables of the record as files."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from edgekeeper.cli import options
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.cli.tables import plain_table
from edgekeeper.desk.folder import open_ledger
from edgekeeper.errors import UsageError, nearest

__all__ = ["export"]


def export(
    tables: Annotated[
        str, typer.Option("--tables", metavar="A,B", help="Only these.", show_default="all")
    ] = "",
    to: Annotated[str, typer.Option("--to", metavar="DIR", help="Where files go.")] = "export",
    form: Annotated[
        Literal["parquet", "csv"], typer.Option("--format", help="Kind of file.")
    ] = "parquet",
    run: options.RunFolder = "",
    ledger: options.LedgerUrl = "",
    as_json: options.AsJson = False,
) -> None:
    """Write tables and views of a run's record as Parquet or CSV files.

    One file each, replaced whole. The record stays as it is.
    """
    from io import BytesIO

    from edgekeeper.atomic import write_atomically

    folder = Path() if ledger else find_run(run)
    written: dict[str, int] = {}
    with open_ledger(folder, ledger) as record:
        known = [*record.tables(), *record.views()]
        wanted = options.split_list(tables) or known
        for name in wanted:
            if name not in known:
                raise UsageError(
                    f"--tables: expected some of {', '.join(known)}, got {name!r}"
                    f"{nearest(name, known)}"
                )
        for name in wanted:
            rows = (
                record.read(name) if name in record.tables()
                else record.query(f"SELECT * FROM {name}")  # noqa: S608 - one of the names above
            )  # fmt: skip
            content = BytesIO()
            if form == "csv":
                rows.write_csv(content)
            else:
                rows.write_parquet(content)
            write_atomically(Path(to, f"{name}.{form}"), content.getvalue())
            written[name] = rows.height
    if as_json:
        print_json({"to": to, "rows": written})
        return
    cells = [(f"{name}.{form}", f"{rows:,}") for name, rows in written.items()]
    console().print(plain_table((f"In {to}", "Rows"), cells, right=("Rows",)))
