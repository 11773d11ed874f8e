"""``Outbox``: what still has to be sent, on disk, shared by the processes of a run.

Who raises an alert writes a row for each channel and goes on. Whoever lives sends: a message is
claimed for a while by one process, so that two do not send the same, and taken over when that one
dies. So each is sent at least once; a message that is sent again carries the same key.
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgekeeper.alerts.alert import SEVERITIES, Alert
from edgekeeper.errors import StorageError

__all__ = ["OUTBOX", "Batch", "Outbox"]

OUTBOX = "outbox.sqlite"
_SECOND_NS = 10**9
_KEPT_NS = 14 * 86_400 * _SECOND_NS
_CLAIM_NS = 180 * _SECOND_NS  # longer than any channel takes to fail
_LONGEST_NS = 2 * 3_600 * _SECOND_NS
_ALONE = 3  # of so many critical ones each is a message of its own
_TOGETHER = 20
_SHORT_REPEAT_NS = 300 * _SECOND_NS

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY, channel TEXT NOT NULL, key TEXT NOT NULL, severity INTEGER NOT NULL,
    rule TEXT NOT NULL, cause TEXT NOT NULL, alert TEXT NOT NULL, created_ns INTEGER NOT NULL,
    due_ns INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', repeats INTEGER NOT NULL
    DEFAULT 0, batch TEXT, claimed_ns INTEGER NOT NULL DEFAULT 0, UNIQUE (channel, key));
CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (channel, state, due_ns);
CREATE INDEX IF NOT EXISTS outbox_causes ON outbox (channel, rule, cause, created_ns);
CREATE TABLE IF NOT EXISTS channels (
    name TEXT PRIMARY KEY, delivered INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    failed_in_a_row INTEGER NOT NULL DEFAULT 0, given_up INTEGER NOT NULL DEFAULT 0,
    last_error TEXT, failing_since_ns INTEGER, delivered_ns INTEGER,
    not_before_ns INTEGER NOT NULL DEFAULT 0, told INTEGER NOT NULL DEFAULT 0);
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Alerts that make one message: the most severe first, with how often each came again."""

    key: str
    alerts: tuple[tuple[Alert, int], ...]


class Outbox:
    """A queue for each channel. Safe to use from several threads and processes.

    Parameters
    ----------
    path : path
        Its file; made where there is none, readable by its owner alone.
    busy_seconds : float
        How long to wait while another process writes.

    Raises
    ------
    StorageError
        The disk is full or the file damaged, here and in every method.
    """

    def __init__(self, path: Path, busy_seconds: float = 2.0) -> None:
        self._lock = threading.Lock()
        self._path = path
        with self._failures():
            path.touch(mode=0o600)
            self._file = sqlite3.connect(
                path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
            )
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=NORMAL")
            self._file.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    # -- what is raised -------------------------------------------------------------------------

    def put(
        self, channel: str, alert: Alert, *, now_ns: int, due_ns: int, repeat_ns: int, most: int
    ) -> str:
        """Have an alert sent; return ``queued``, ``known``, ``counted`` or ``full``.

        The same alert is known, however often it is put. Another one of the same rule and cause is
        counted: on the one that waits, or on one that is told when ``repeat_ns`` are over. Where
        ``most`` wait already, the least severe and oldest of all gives way.
        """
        key, cause = _key(alert), _cause(alert)
        severity = SEVERITIES.index(alert.severity)
        with self._writing() as file:
            if file.execute(
                "SELECT 1 FROM outbox WHERE channel = ? AND key = ?", (channel, key)
            ).fetchone():
                return "known"
            if alert.severity == "critical":
                repeat_ns = min(repeat_ns, _SHORT_REPEAT_NS)
            before = file.execute(
                "SELECT id, state, created_ns, batch FROM outbox WHERE channel = ? AND rule = ? "
                "AND cause = ? AND created_ns > ? ORDER BY id DESC LIMIT 1",
                (channel, alert.rule, cause, now_ns - repeat_ns),
            ).fetchone()
            if before is not None:
                number, state, created_ns, batch = before
                if state == "waiting" and batch is None:
                    file.execute("UPDATE outbox SET repeats = repeats + 1 WHERE id = ?", (number,))
                    return "counted"
                due_ns = max(due_ns, created_ns + repeat_ns)
            file.execute(
                "INSERT INTO outbox (channel, key, severity, rule, cause, alert, created_ns, "
                "due_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (channel, key, severity, alert.rule, cause, alert.to_json(), now_ns, due_ns),
            )
            return "full" if self._make_room(file, channel, most) else "queued"

    @staticmethod
    def _make_room(file: sqlite3.Connection, channel: str, most: int) -> int:
        waiting = file.execute(
            "SELECT count(*) FROM outbox WHERE channel = ? AND state = 'waiting'", (channel,)
        ).fetchone()[0]
        if waiting <= most:
            return 0
        file.execute(
            "UPDATE outbox SET state = 'given up' WHERE id IN (SELECT id FROM outbox WHERE "
            "channel = ? AND state = 'waiting' AND batch IS NULL ORDER BY severity DESC, id "
            "LIMIT ?)",
            (channel, waiting - most),
        )
        return _give_up(file, channel, waiting - most)

    # -- what is sent ---------------------------------------------------------------------------

    def claim(self, channel: str, now_ns: int, *, quiet: bool) -> Batch | None:
        """Take the next message to send; a message that failed before comes again as it was."""
        with self._writing() as file:
            _know(file, channel)
            held = file.execute(
                "SELECT not_before_ns FROM channels WHERE name = ?", (channel,)
            ).fetchone()[0]
            if 0 < held - now_ns <= _LONGEST_NS:  # more than that: the clock was set back
                return None
            rows = self._begun(file, channel, now_ns, quiet)
            if rows is None:
                return None
            key = rows[0][1] if rows else None
            if not rows:
                rows = self._fresh(file, channel, now_ns, quiet)
                key = hashlib.sha256("".join(row[2] for row in rows).encode()).hexdigest()[:32]
            if not rows or key is None:
                return None
            file.executemany(
                "UPDATE outbox SET batch = ?, claimed_ns = ? WHERE id = ?",
                [(key, now_ns, row[0]) for row in rows],
            )
            return Batch(key, tuple((_alert(row[3]), row[4]) for row in rows))

    @staticmethod
    def _begun(
        file: sqlite3.Connection, channel: str, now_ns: int, quiet: bool
    ) -> list[tuple[int, str, str, str, int]] | None:
        """Rows of a message that was tried before; None: another process is at one now."""
        rows = file.execute(
            "SELECT id, batch, key, alert, repeats, claimed_ns, severity FROM outbox WHERE "
            "channel = ? AND state = 'waiting' AND batch IS NOT NULL ORDER BY severity, id",
            (channel,),
        ).fetchall()
        if any(0 <= now_ns - row[5] < _CLAIM_NS for row in rows if row[5]):
            return None
        first = [row for row in rows if not quiet or row[6] == 0][:1]
        return [row[:5] for row in rows if first and row[1] == first[0][1]]

    @staticmethod
    def _fresh(
        file: sqlite3.Connection, channel: str, now_ns: int, quiet: bool
    ) -> list[tuple[int, str, str, str, int]]:
        """Rows that are due, as many as make one message."""
        rows = file.execute(
            "SELECT id, batch, key, alert, repeats, severity FROM outbox WHERE channel = ? AND "
            "state = 'waiting' AND batch IS NULL AND due_ns <= ? AND severity <= ? "
            "ORDER BY severity, id LIMIT ?",
            (channel, now_ns, 0 if quiet else len(SEVERITIES), _TOGETHER),
        ).fetchall()
        critical = [row for row in rows if row[5] == 0]
        if critical:
            rows = critical[:1] if len(critical) <= _ALONE else critical
        return [row[:5] for row in rows]

    def sent(self, channel: str, key: str, now_ns: int) -> bool:
        """Note that a message was taken; return whether the channel had been told of as down."""
        with self._writing() as file:
            self._end(file, channel, key, "sent")
            file.execute("DELETE FROM outbox WHERE state <> 'waiting' AND created_ns < ?",
                         (now_ns - _KEPT_NS,))  # fmt: skip
            told = file.execute("SELECT told FROM channels WHERE name = ?", (channel,)).fetchone()
            file.execute(
                "UPDATE channels SET delivered = delivered + 1, failed_in_a_row = 0, told = 0, "
                "failing_since_ns = NULL, delivered_ns = ?, not_before_ns = 0 WHERE name = ?",
                (now_ns, channel),
            )
            return bool(told and told[0])

    def failed(
        self, channel: str, key: str, error: str, now_ns: int, *, wait_ns: int, hopeless: bool
    ) -> tuple[int, int]:
        """Note a failure; return how many there were in a row, and since when.

        What is hopeless is not tried again; it says nothing about the channel.
        """
        with self._writing() as file:
            if hopeless:
                _give_up(file, channel, self._end(file, channel, key, "given up"))
            file.execute(
                "UPDATE outbox SET claimed_ns = 0 WHERE channel = ? AND batch = ?", (channel, key)
            )
            file.execute(
                "UPDATE channels SET failed = failed + 1, last_error = ?, not_before_ns = ?, "
                "failed_in_a_row = failed_in_a_row + ?, failing_since_ns = "
                "coalesce(failing_since_ns, ?) WHERE name = ?",
                (error, now_ns + wait_ns, int(not hopeless), None if hopeless else now_ns, channel),
            )
            row = file.execute(
                "SELECT failed_in_a_row, coalesce(failing_since_ns, ?) FROM channels "
                "WHERE name = ?",
                (now_ns, channel),
            ).fetchone()
            return int(row[0]), int(row[1])

    def give_up(self, channel: str, due_before_ns: int) -> int:
        """Let go of what was due long ago; return how many alerts that were."""
        with self._writing() as file:
            gone = file.execute(
                "UPDATE outbox SET state = 'given up' WHERE channel = ? AND state = 'waiting' AND "
                "due_ns < ?",
                (channel, due_before_ns),
            ).rowcount
            return _give_up(file, channel, gone)

    def tell_down(self, channel: str) -> bool:
        """Whether it still has to be told that a channel is down: true for one asker alone."""
        with self._writing() as file:
            changed = file.execute(
                "UPDATE channels SET told = 1 WHERE name = ? AND told = 0", (channel,)
            )
            return changed.rowcount == 1

    # -- how it fares ---------------------------------------------------------------------------

    def next_ns(self, channel: str) -> int | None:
        """When to look next: the first due time, or the end of a wait; None: nothing waits."""
        with self._lock, self._failures():
            due = self._file.execute(
                "SELECT min(due_ns) FROM outbox WHERE channel = ? AND state = 'waiting'", (channel,)
            ).fetchone()[0]
            held = self._file.execute(
                "SELECT not_before_ns FROM channels WHERE name = ?", (channel,)
            ).fetchone()
        return None if due is None else max(int(due), int(held[0]) if held else 0)

    @staticmethod
    def _end(file: sqlite3.Connection, channel: str, key: str, state: str) -> int:
        return file.execute(
            "UPDATE outbox SET state = ? WHERE channel = ? AND batch = ? AND state = 'waiting'",
            (state, channel, key),
        ).rowcount

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._failures():
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield self._file
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"could not use {self._path}: {error}: free some room, or remove the file; what "
                "waits in it is in alerts.log as well"
            ) from error


def _know(file: sqlite3.Connection, channel: str) -> None:
    file.execute("INSERT OR IGNORE INTO channels (name) VALUES (?)", (channel,))


def _give_up(file: sqlite3.Connection, channel: str, alerts: int) -> int:
    if alerts:
        _know(file, channel)
        file.execute(
            "UPDATE channels SET given_up = given_up + ? WHERE name = ?", (alerts, channel)
        )
    return alerts


def _key(alert: Alert) -> str:
    said: Sequence[object] = (alert.event_time, alert.severity, alert.rule, alert.message)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _cause(alert: Alert) -> str:
    """What the alert is about: its stated cause, or what it says."""
    for name in ("cause", "line", "subject", "table"):
        if name in alert.detail:
            return f"{name} {alert.detail[name]}"
    return alert.message


def _alert(text: str) -> Alert:
    said = json.loads(text)
    return Alert(
        said["event_time"], said["severity"], said["rule"], said["message"], said["detail"]
    )
