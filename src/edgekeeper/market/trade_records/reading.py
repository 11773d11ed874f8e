"""Open whatever was pointed at as a record of trades."""

from pathlib import Path

from edgekeeper.errors import BadData, StorageError, UsageError, nearest
from edgekeeper.market.convention import Convention
from edgekeeper.market.files import read_table
from edgekeeper.market.trade_records.fills import is_fills, read_fills
from edgekeeper.market.trade_records.freqtrade_backtest import is_backtest_folder, read_backtest
from edgekeeper.market.trade_records.freqtrade_database import is_database, read_database
from edgekeeper.market.trade_records.record import TradeRecord
from edgekeeper.market.trade_records.trades_csv import is_trades, read_trades_table

__all__ = ["read_trades"]


def read_trades(
    path: Path | str, *, strategy: str = "", tz: str = "", dates: str = ""
) -> TradeRecord:
    """Read a record of trades, its kind told by its content.

    Parameters
    ----------
    path : path
        freqtrade's ``tradesv3.sqlite``, its back-test zip, JSON or folder of them; a CSV or
        Parquet file with one row a trade, or one row a fill.
    strategy : str
        Of several in a freqtrade record, the one to read.
    tz : str
        Zone of times in a table that name none.
    dates : str
        Pattern of dates in a table that could be read in two ways.

    Raises
    ------
    StorageError
        Nothing there, or not readable.
    BadData, UsageError
        Content that is no record of trades; options that do not fit it.
    """
    # Refuses an unknown zone before anything is read.
    Convention(tz=tz, dates=dates)
    path = Path(path)
    try:
        if path.is_dir():
            if is_backtest_folder(path):
                return read_backtest(path, strategy)
            raise UsageError(
                f"{path}: expected a file, or freqtrade's folder of back-test results: name a file"
            )
        if not path.is_file():
            siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            raise StorageError(
                f"expected a record of trades, found nothing at {path}"
                f"{nearest(path.name, siblings)}"
            )
        with path.open("rb") as file:
            head = file.read(16)
        if is_database(head):
            return read_database(path, strategy)
        if path.suffix.lower() in (".zip", ".json"):
            return read_backtest(path, strategy)
    except OSError as error:
        raise StorageError(f"could not read {path}: {error.strerror or error}") from error
    table = read_table(path)
    if strategy:
        raise UsageError("--strategy chooses within a freqtrade record; this is a table")
    if is_trades(table):
        return read_trades_table(table, str(path), tz, dates)
    if is_fills(table):
        return read_fills(table, str(path), tz, dates)
    raise BadData(
        f"{path}: expected trades (exit_time and profit, return, or both prices) or fills (time, "
        f"side, quantity, price), got {table.columns[:12]}"
    )
