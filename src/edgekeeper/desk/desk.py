"""``Desk``: one run's record, asked and ordered, by the API, the dashboard and the chat alike."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from edgekeeper.desk.arrived import ArrivedReader
from edgekeeper.desk.earnings import EarningsReader
from edgekeeper.desk.folder import LEDGER
from edgekeeper.desk.ordering import Ordered, give_order, outcome_of
from edgekeeper.desk.positions import Position, PositionReader
from edgekeeper.desk.run_models import RunModels, read_models
from edgekeeper.desk.run_registry import run_registry
from edgekeeper.desk.run_status import RunStatus, StatusReader
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from edgekeeper.alerts import ChannelState
    from edgekeeper.desk.arrived import Arrived
    from edgekeeper.desk.data_quality import DataQuality
    from edgekeeper.desk.earnings import By, Earnings
    from edgekeeper.desk.refits import Refits
    from edgekeeper.desk.sidecar_status import SidecarStatus
    from edgekeeper.explain.why import Answer
    from edgekeeper.ledger import Ledger
    from edgekeeper.registry import Registry
    from edgekeeper.report.sections import Telling
    from edgekeeper.report.to_do import Task
    from edgekeeper.sidecar.gap import Gap
    from edgekeeper.watch import Beat

__all__ = ["ACCOUNT", "Acts", "Desk", "NoRunYet"]

ACCOUNT = "edgekeeper"
_MOST_ROWS = 10_000
_WEEK_NS = 7 * 86_400 * 10**9
_END_OF_TIME = 2**63 - 1
_PATIENCE_SECONDS, _LOOK_SECONDS = 2.0, 0.05
_T = TypeVar("_T")


class NoRunYet(UsageError):
    """There is no record yet to be asked."""


@dataclass(frozen=True, slots=True)
class Acts:
    """Acts of higher floors that a face may ask for; each may take seconds.

    Attributes
    ----------
    drift : callable
        Folder of a run to figures of what its models see: as ``edgekeeper drift RUN --json``.
    analyze : callable
        Folder of a run to what its record teaches.
    explain : callable
        (folder of a run, package, symbol, time in ns) to the parts of that forecast's score.
    inspect : callable
        Folder of a run to how good its bars are; without it this process looks through them.
    """

    drift: Callable[[Path], Mapping[str, Any]] | None = None
    analyze: Callable[[Path], "Telling"] | None = None
    explain: Callable[[Path, str, str, int], Mapping[str, Any]] | None = None
    inspect: "Callable[[Path], DataQuality] | None" = None


@dataclass(frozen=True, slots=True)
class _Readers:
    """Of one record, each with what it has seen of it."""

    status: StatusReader
    positions: PositionReader
    earnings: EarningsReader
    arrived: ArrivedReader


class Desk:
    """What may be asked of a run and ordered. Safe to use from several threads.

    The record is opened at the first question, so that a desk can stand before a run has begun.

    Parameters
    ----------
    folder : path
        Of the run.
    ledger_url : str, optional
        Where its ledger is, if not in the folder.
    acts : Acts, optional

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as empty, Desk(Path(empty)) as desk:
    ...     desk.begun
    False
    """

    def __init__(
        self, folder: Path, *, ledger_url: str | None = None, acts: Acts | None = None
    ) -> None:
        self.folder = folder
        self.acts = acts or Acts()
        self.place = ledger_url or str(folder / LEDGER)
        self._url = ledger_url or ""
        self._ledger: Ledger | None = None
        self._readers: _Readers | None = None
        self._lock = threading.RLock()

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
        """Close the record."""
        with self._lock:
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = self._readers = None

    # -- questions ------------------------------------------------------------------------------

    @property
    def begun(self) -> bool:
        """Whether there is a run on record yet."""
        if not self._url and not (self.folder / LEDGER).is_file():
            return False
        return self.ledger.read("runs", ["run_id"], limit=1).height > 0

    @property
    def ledger(self) -> "Ledger":
        """The record, read only.

        Raises
        ------
        NoRunYet
        """
        from edgekeeper.ledger import Ledger

        with self._lock:
            if self._ledger is None:
                if not self._url and not (self.folder / LEDGER).is_file():
                    raise NoRunYet(
                        f"{self.folder} holds no run yet: `edgekeeper serve` or `paper` begins one"
                    )
                self._ledger = Ledger.open(self.place, read_only=True)
            return self._ledger

    @property
    def _reading(self) -> "_Readers":
        """What goes on reading where it ended the last time."""
        with self._lock:
            if self._readers is None:
                record = self.ledger
                self._readers = _Readers(
                    StatusReader(record), PositionReader(record), EarningsReader(record),
                    ArrivedReader(self.registry(), record),
                )  # fmt: skip
            return self._readers

    @property
    def head(self) -> str:
        """Hash of what ``trade`` has written so far; the same while nothing has happened."""
        return self.ledger.head("trade")

    def status(self) -> RunStatus:
        """Where the run stands."""
        return self._reading.status.read()

    def models(self) -> RunModels:
        """Return its fits, what the gates said of each, and where each stands."""
        return read_models(self.folder, self._url)

    def arrived(self) -> "tuple[Arrived, ...]":
        """Return packages that were pushed here and not adopted yet."""
        return self._reading.arrived.read()

    def frozen(self) -> bool:
        """Whether a person has frozen the lines: of the run, or of a side-car without one."""
        table = "obeyed" if self.rows("stretches", ["number"], limit=1).height else "sidecar_obeyed"
        kinds = {"kind": ["freeze", "unfreeze"], "outcome": "done"}
        last = self.rows(table, ["kind"], where=kinds, limit=1)
        return last.height > 0 and last["kind"][0] == "freeze"

    def refits(self) -> "Refits":
        """Return when each line was fitted last, and what is asked for."""
        from edgekeeper.desk.refits import read_refits

        return read_refits(self.ledger)

    def earnings(self, account: str = ACCOUNT, by: "By | None" = None) -> "Earnings":
        """Return what an account has earned, and its trades in groups where asked for."""
        return self._reading.earnings.read(account, by)

    def registry(self) -> "Registry":
        """Return its packages on disk; with the keys that it trusts."""
        return run_registry(self.folder, self._url)

    def why(self, symbol: str, at_ns: int | None = None) -> "Answer":
        """Return the funnel of the last decision on a symbol.

        Raises
        ------
        BadData
            No decision on that symbol.
        """
        from edgekeeper.explain.why import why

        return why(self.ledger, symbol, at_ns=at_ns)

    def rows(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        *,
        where: Mapping[str, object] | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> "pl.DataFrame":
        """Return the newest rows of a table, newest first.

        With ``before``, only those written before the row of that ``entry``: so one pages on.

        Raises
        ------
        UsageError
            An unknown table or column, or a limit outside 1 to 10,000.
        """
        if not 1 <= limit <= _MOST_ROWS:
            raise UsageError(f"expected a limit of 1 to {_MOST_ROWS:,}, got {limit}")
        return self.ledger.read(
            table,
            columns,
            where=dict(where or {}),
            since_ns=since_ns,
            until_ns=until_ns,
            before=before,
            order=["entry"],
            descending=True,
            limit=limit,
        )

    def equity(self, since_ns: int | None = None) -> "pl.DataFrame":
        """Return ``event_time_ns, account, equity, gross_exposure``, oldest first."""
        return self.ledger.read(
            "equity",
            ["event_time_ns", "account", "equity", "gross_exposure"],
            since_ns=since_ns,
        )

    def positions(self, account: str = ACCOUNT) -> tuple[Position, ...]:
        """Return the open positions of an account."""
        return self._reading.positions.read(account)

    def outcome(self, order: str) -> str | None:
        """Return what became of an order; None: no loop has looked yet."""
        return outcome_of(self.ledger, order)

    def source(self) -> str:
        """Return where the bars of a live run come from; empty: this is none."""
        from edgekeeper.errors import BadData
        from edgekeeper.market.live.run_folder import read_traded

        try:
            return read_traded(self.folder).source
        except BadData:
            return ""

    def channels(self) -> "tuple[ChannelState, ...]":
        """Return how the channels that tell people of alerts fare."""
        from edgekeeper.alerts import channel_states

        return channel_states(self.folder)

    def data_quality(self) -> "DataQuality":
        """Return how good the bars are, and what was set aside. It may take seconds."""
        from edgekeeper.desk.data_quality import read_data_quality

        if self.acts.inspect is not None:
            return self.acts.inspect(self.folder)
        return read_data_quality(self.folder, self.ledger)

    def sidecar(self) -> "SidecarStatus | None":
        """Return where the side-car stands; None: there has never been one."""
        from edgekeeper.desk.sidecar_status import read_sidecar

        return read_sidecar(self.ledger)

    def gap(self) -> "Gap":
        """Return assumed against realised costs of what bots traded, and what they did not."""
        from edgekeeper.sidecar.gap import read_gap

        return read_gap(self.ledger)

    def to_do(self) -> "list[Task]":
        """Return what waits for a person: halts, pauses, fits held, changes, a week's alerts."""
        from edgekeeper.report.to_do import read_to_do

        last = self.rows("epochs", ["event_time_ns"], limit=1)
        until = int(last["event_time_ns"][0]) if last.height else 0
        return read_to_do(self.ledger, until - _WEEK_NS, _END_OF_TIME)

    def beats(self) -> "dict[str, Beat]":
        """Return the last signs of life of the run's processes."""
        from edgekeeper.watch import last_beat

        found = {
            path.stem.removeprefix("heartbeat-"): last_beat(
                self.folder, path.stem.removeprefix("heartbeat-")
            )
            for path in sorted(self.folder.glob("heartbeat-*.json"))
        }
        return {name: beat for name, beat in found.items() if beat is not None}

    # -- orders ---------------------------------------------------------------------------------

    def order(
        self,
        kind: str,
        *,
        actor: str,
        reason: str,
        subject: str = "",
        detail: Mapping[str, Any] | None = None,
        wait_seconds: float = 0.0,
    ) -> Ordered:
        """Write an order down; see :func:`~edgekeeper.desk.ordering.give_order`.

        Two faces may write at the same moment: the second waits for the first.
        """
        return _when_free(
            lambda: give_order(
                self.place, kind, actor=actor, reason=reason, subject=subject, detail=detail,
                wait_seconds=wait_seconds,
            )
        )  # fmt: skip

    def acknowledge(self, rule: str, *, actor: str, reason: str) -> int:
        """Write down that a person has seen the alerts of a rule; return how many these are."""
        from edgekeeper.ledger import Ledger
        from edgekeeper.ledger.commands import acknowledge

        def write() -> int:
            with Ledger.open(self.place) as record:
                return acknowledge(record, rule, actor=actor, reason=reason)

        return _when_free(write)

    def answer_change(self, setting: str, answer: str, *, actor: str, reason: str) -> None:
        """Write down what a person says to a proposed change of a setting."""
        from edgekeeper.ledger import Ledger
        from edgekeeper.ledger.commands import answer_change

        def write() -> None:
            with Ledger.open(self.place) as record:
                answer_change(record, setting, answer, actor=actor, reason=reason)

        _when_free(write)


def _when_free(write: Callable[[], _T]) -> _T:
    """Write once nobody else does, or give up after a while."""
    from edgekeeper.errors import StorageError

    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return write()
        except StorageError:
            if time.monotonic() >= until:
                raise
            time.sleep(_LOOK_SECONDS)
