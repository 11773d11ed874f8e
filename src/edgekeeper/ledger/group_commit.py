"""Group commit: many callers append, one thread writes, and one wait for the disk serves them all.

While a group is on its way to the disk the next one gathers, so that the busier it gets, the less
each fact costs. Every submission stays a link of its own: how facts were grouped leaves no trace
in the chain.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from types import TracebackType
from typing import Self

from edgekeeper.errors import BadData, EdgekeeperError, StorageError, UsageError
from edgekeeper.ledger.batches import Draft
from edgekeeper.ledger.journal import Journal
from edgekeeper.ledger.transaction import Transaction

__all__ = ["GroupCommitter"]

Facts = Mapping[str, Mapping[str, object]]
Outcome = str | EdgekeeperError


class _Submission:
    __slots__ = ("draft", "durable", "key", "receipt")

    def __init__(self, key: str | None, draft: Draft, durable: bool) -> None:
        self.key = key
        self.draft = draft
        self.durable = durable
        self.receipt: Future[str] = Future()
        self.receipt.set_running_or_notify_cancel()  # it can no longer be taken back


class GroupCommitter:
    """Takes facts from any thread and acknowledges each once it is safe; see :meth:`Ledger.live`.

    Parameters
    ----------
    journal : Journal
    begin : callable
        Gives a transaction of the role for an event time.
    translating : callable
        Context in which failures of the database become ours.
    most_links : int
        Size of a group.
    gather_ms : float
        How long a group that is not full waits for more. 0: as long as the one before it takes.
    most_waiting : int
        Submissions that may wait at once; beyond that the disk is too slow, and callers are told.
    """

    def __init__(
        self,
        journal: Journal,
        begin: Callable[[int | None], Transaction],
        translating: Callable[[], AbstractContextManager[None]],
        *,
        most_links: int = 256,
        gather_ms: float = 0.0,
        most_waiting: int = 20_000,
    ) -> None:
        if most_links < 1 or most_waiting < 1 or not 0.0 <= gather_ms <= 1_000.0:
            raise UsageError(
                "expected most_links and most_waiting from 1 and gather_ms from 0 to 1000, got "
                f"{most_links}, {most_waiting} and {gather_ms}"
            )
        self._journal = journal
        self._begin = begin
        self._translating = translating
        self._most_links = most_links
        self._gather_s = gather_ms / 1e3
        self._most_waiting = most_waiting
        self._queue: SimpleQueue[_Submission | None] = SimpleQueue()
        self._pending: dict[str, _Submission] = {}
        self._lock = Lock()
        self._closed = False
        self.failures = 0
        self._thread = Thread(target=self._write, name="edgekeeper-ledger", daemon=True)
        self._thread.start()

    def append(
        self,
        facts: Facts,
        *,
        key: str | None = None,
        event_time_ns: int | None = None,
        durable: bool = False,
    ) -> "Future[str]":
        """Hand in facts that become one link, and go on at once.

        Parameters
        ----------
        facts : mapping
            Table to columns, as for :meth:`Transaction.append`.
        key : str, optional
            Idempotency key. Who does not know whether a submission was written, after a crash
            say, hands it in again under the same key: it stands once.
        event_time_ns : int, optional
            Becomes part of the link.
        durable : bool
            Acknowledge when a power cut loses nothing (orders, API answers); else when a killed
            process does not (telemetry).

        Returns
        -------
        concurrent.futures.Future of str
            Digest of the link, or the error. Whoever does not ask is not told; ``failures``
            counts.

        Raises
        ------
        UsageError, BadData
            As for :meth:`Transaction.append`; no facts; a closed ledger; another submission under
            this key that is still on its way.
        StorageError
            Too many submissions wait.
        """
        submission = _Submission(key, self._draft(facts, key, event_time_ns), durable)
        with self._lock:
            if self._closed:
                raise UsageError("this live writer is closed: open another with ledger.live(...)")
            if key is not None and key in self._pending:
                return self._again(self._pending[key], submission)
            if self._queue.qsize() >= self._most_waiting:
                raise StorageError(
                    f"expected at most {self._most_waiting} submissions to wait for the ledger: "
                    "the disk or the server is too slow, or stands still; check it"
                )
            if key is not None:
                self._pending[key] = submission
            self._queue.put(submission)
        return submission.receipt

    def _draft(self, facts: Facts, key: str | None, event_time_ns: int | None) -> Draft:
        transaction = self._begin(event_time_ns)
        for table, columns in facts.items():
            transaction.append(table, columns)
        if key is not None:
            columns = {"event_time_ns": event_time_ns, "idempotency_key": key}
            transaction.append("receipts", columns)
        draft = transaction.draft()
        if not draft.written:
            raise UsageError("expected facts of at least one table, got none")
        return draft

    def _again(self, first: _Submission, second: _Submission) -> "Future[str]":
        same = first.draft.sealed == second.draft.sealed
        if not same or first.draft.event_time_ns != second.draft.event_time_ns:
            raise _other_facts(second.key)
        if second.durable and not first.durable:
            raise UsageError(f"{second.key!r} is on its way without durable: wait for it first")
        return first.receipt

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what waits, acknowledge it, and take no more."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    # -- the writing thread ----------------------------------------------------------------------

    def _write(self) -> None:
        open_ = True
        while open_:
            group, open_ = self._gather()
            if group:
                self._settle(group)

    def _gather(self) -> tuple[list[_Submission], bool]:
        """Wait for a submission, and take what else is there; False: there will be no more."""
        group: list[_Submission] = []
        until = None
        while len(group) < self._most_links:
            try:
                if until is None:
                    one = self._queue.get()
                    until = time.monotonic() + self._gather_s
                else:
                    left = until - time.monotonic()
                    one = self._queue.get(block=left > 0, timeout=max(left, 0) or None)
            except Empty:
                break
            if one is None:
                return group, False
            group.append(one)
        return group, True

    def _settle(self, group: Sequence[_Submission]) -> None:
        """Commit a group and tell everybody, of success or failure."""
        outcomes: list[Outcome]
        try:
            with self._translating():
                outcomes = self._commit(group)
        except EdgekeeperError as error:
            outcomes = [error] * len(group)
        except BaseException as error:
            self._tell(group, [StorageError(f"the ledger's writer failed: {error!r}")] * len(group))
            raise
        self._tell(group, outcomes)

    def _commit(self, group: Sequence[_Submission]) -> list[Outcome]:
        durable = any(one.durable for one in group)
        drafts = [one.draft for one in group]
        try:
            return list(self._journal.write_group(drafts, durable=durable))
        except self._journal.collision:
            standing = self._journal.standing([one.key for one in group if one.key is not None])
            if not standing:
                raise
        new = [one.draft for one in group if one.key not in standing]
        digests = iter(self._journal.write_group(new, durable=durable))
        return [
            next(digests) if one.key is None or one.key not in standing
            else standing[one.key].digest if standing[one.key].is_same(one.draft)
            else _other_facts(one.key)
            for one in group
        ]  # fmt: skip

    def _tell(self, group: Sequence[_Submission], outcomes: Sequence[Outcome]) -> None:
        with self._lock:
            for one in group:
                if one.key is not None:
                    self._pending.pop(one.key, None)
        for one, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, str):
                one.receipt.set_result(outcome)
            else:
                self.failures += 1
                one.receipt.set_exception(outcome)


def _other_facts(key: str | None) -> BadData:
    return BadData(
        f"expected the facts that were handed in as {key!r} before, got others: use a key once"
    )
