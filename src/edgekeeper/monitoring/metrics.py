"""``Metrics``: a run as Prometheus sees it."""

import logging
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgekeeper.clock import Clock, WallClock
from edgekeeper.errors import EdgekeeperError
from edgekeeper.monitoring.bars_due import BarsDue
from edgekeeper.monitoring.bounded import OTHER, Bounded
from edgekeeper.monitoring.families import counter, gauge
from edgekeeper.monitoring.place_families import PlaceReader
from edgekeeper.monitoring.run_families import run_families
from edgekeeper.monitoring.run_reading import RunReader

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.metrics import MetricWrapperBase

    from edgekeeper.desk import Desk

__all__ = ["Metrics"]

_log = logging.getLogger(__name__)
_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SIGNAL_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_DECISIONS = frozenset(("take", "reduce", "skip", "refused", "failed"))
_MOST_ROUTES = 150
_PATIENCE_SECONDS = 3.0


class Metrics:
    """What of a run can be scraped, in a registry of its own. Safe to use from several threads.

    The record is read in a thread: where a look takes longer than ``patience_seconds``, a scrape
    shows what the one before found, so that a slow disk never fails it.

    Parameters
    ----------
    desk : Desk
    patience_seconds : float
    clock : Clock, optional

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from edgekeeper.desk import Desk
    >>> with tempfile.TemporaryDirectory() as empty, Desk(Path(empty)) as desk:
    ...     metrics = Metrics(desk)
    ...     metrics.observe_request("/v1/signals", "POST", 200, 0.004)
    ...     text = metrics.render().decode()
    >>> "edgekeeper_run_begun 0.0" in text
    True
    """

    def __init__(
        self,
        desk: "Desk",
        *,
        patience_seconds: float = _PATIENCE_SECONDS,
        clock: Clock | None = None,
    ) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self._desk, self._clock, self._due = desk, clock or WallClock(), BarsDue(desk.folder)
        self._patience = patience_seconds
        self._place = PlaceReader(desk)
        self._reader: RunReader | None = None
        self._reading = threading.Lock()
        self._known: list[Metric] = []
        self._readable, self._seconds = True, 0.0
        self._requests = Histogram(
            "edgekeeper_http_request_seconds",
            "Time to answer a request, by route, method and status.",
            ("route", "method", "status"),
            buckets=_REQUEST_BUCKETS,
            registry=None,
        )
        self._signals = Histogram(
            "edgekeeper_signal_seconds",
            "Time from a bot's signal to an answer that is safe on disk, by decision.",
            ("decision",),
            buckets=_SIGNAL_BUCKETS,
            registry=None,
        )
        self._outcomes = Counter(
            "edgekeeper_outcomes_total", "Outcomes that bots told.", registry=None
        )
        self._route = Bounded(_MOST_ROUTES)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    @property
    def content_type(self) -> str:
        """Of what :meth:`render` returns."""
        from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

        return CONTENT_TYPE_PLAIN_0_0_4

    def render(self) -> bytes:
        """Return everything in Prometheus's text format."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)

    # -- what only the process that answers knows -------------------------------------------------

    def observe_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request.

        Parameters
        ----------
        route : str
            Its template, such as ``/v1/decisions/{id}``; never the path that came.
        method : str
        status : int
        seconds : float
        """
        verb = method if method in _METHODS else OTHER
        code = str(status) if 100 <= status <= 599 else OTHER
        self._requests.labels(self._route(route), verb, code).observe(seconds)

    def observe_signal(self, decision: str, seconds: float) -> None:
        """Count a bot's signal: ``take``, ``reduce``, ``skip``, ``refused`` or ``failed``."""
        word = decision if decision in _DECISIONS else OTHER
        self._signals.labels(word).observe(seconds)

    def observe_outcome(self) -> None:
        """Count an outcome that a bot told."""
        self._outcomes.inc()

    # -- what the record and the machine tell ---------------------------------------------------

    def collect(self) -> "Iterator[Metric]":
        """Yield all families; called by the registry at each scrape."""
        begun = time.perf_counter()
        self._look()
        yield from _build()
        yield from self._known
        yield from self._place.read()
        for one in (self._requests, self._signals, self._outcomes):
            yield from _without_created(one)
        yield gauge("record_readable", "Whether the record could be read.", float(self._readable))
        yield gauge("record_read_seconds", "Time that the newest look at the record took.",
                    self._seconds)  # fmt: skip
        yield gauge("scrape_seconds", "Time that this scrape took to put together.",
                    time.perf_counter() - begun)  # fmt: skip

    def _look(self) -> None:
        """Read on in a thread, and wait for a while."""
        if not self._reading.acquire(blocking=False):
            return  # the one before is still at it
        thread = threading.Thread(target=self._read, name="metrics", daemon=True)
        thread.start()
        thread.join(self._patience)

    def _read(self) -> None:
        begun, reader = time.perf_counter(), self._reader
        self._reader = None  # unless all goes well, it is counted afresh
        readable = False
        try:
            families: list[Metric] = [gauge("run_begun", "Whether there is a run on record.",
                              float(self._desk.begun))]  # fmt: skip
            if self._desk.begun:
                reader = reader or RunReader(self._desk.ledger)
                families += _about(self._desk)
                figures = reader.read()
                families += run_families(figures)
                families += self._bars_due(figures.last_bar_ns)
            self._known, self._reader, readable = families, reader, True
        except EdgekeeperError as error:
            _log.warning("the record could not be read: %s", error)
        finally:
            self._readable = readable
            self._seconds = time.perf_counter() - begun
            self._reading.release()

    def _bars_due(self, last_bar_ns: int | None) -> "Iterator[Metric]":
        late = None
        if last_bar_ns is not None:
            late = self._due.overdue_seconds(last_bar_ns, self._clock.now_ns())
        yield gauge("bars_overdue_seconds", "Since the next bar was due, by the venues' hours.",
                    late)  # fmt: skip
        yield gauge("bar_interval_seconds", "Length of a bar.", self._due.interval_seconds)


def _build() -> "Iterator[Metric]":
    import platform
    from importlib.metadata import version

    key = (version("edgekeeper"), platform.python_version())
    yield gauge("build_info", "Which Edgekeeper this is.", {key: 1.0}, ("version", "python"))


def _about(desk: "Desk") -> "Iterator[Metric]":
    rows = desk.ledger.read("runs", ["run_id", "code_version"])
    key = (str(rows["run_id"][-1]), str(rows["code_version"][-1]))
    yield gauge("run_info", "Which run this is.", {key: 1.0}, ("run", "begun_with"))
    yield counter("run_sessions", "Times the run was begun on record.", rows.height)


def _without_created(metric: "MetricWrapperBase") -> "Iterator[Metric]":
    """Leave the time of creation out, a series for each one that nobody asks for."""
    for family in metric.collect():
        family.samples = [s for s in family.samples if not s.name.endswith("_created")]
        yield family
