"""How the channels of a run fare, as every process that has sent by them wrote it down."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edgekeeper.alerts.outbox import OUTBOX
from edgekeeper.errors import StorageError

__all__ = ["ChannelState", "channel_states"]


@dataclass(frozen=True, slots=True)
class ChannelState:
    """One channel to the outside.

    Attributes
    ----------
    name : str
    delivered, failed : int
        Messages, since the run's folder was made.
    failed_in_a_row : int
        Since the last delivery; above zero it takes nothing now.
    waiting, given_up : int
        Alerts that will be sent, and that never will.
    last_error : str or None
        What the last failure said, whenever that was; without secrets.
    failing_since_ns, delivered_ns : int or None
        By the wall clock.
    """

    name: str
    delivered: int
    failed: int
    failed_in_a_row: int
    waiting: int
    given_up: int
    last_error: str | None
    failing_since_ns: int | None
    delivered_ns: int | None


def channel_states(folder: Path) -> tuple[ChannelState, ...]:
    """Return the state of each channel of a run, by name; none where there are none.

    Raises
    ------
    StorageError
        The outbox cannot be read.
    """
    path = folder / OUTBOX
    if not path.is_file():
        return ()
    try:
        place = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(place, uri=True, timeout=1.0)) as file:
            rows = file.execute(
                "SELECT name, delivered, failed, failed_in_a_row, (SELECT count(*) FROM outbox "
                "WHERE channel = name AND state = 'waiting'), given_up, last_error, "
                "failing_since_ns, delivered_ns FROM channels ORDER BY name"
            ).fetchall()
    except sqlite3.Error as error:
        raise StorageError(f"could not read {path}: {error}") from error
    return tuple(ChannelState(*row) for row in rows)
