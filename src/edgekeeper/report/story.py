"""What a report tells about one run on one market: figures and series, no layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from edgekeeper.report.expected_evidence import ExpectedEvidence
from edgekeeper.stats.breakdown import Part
from edgekeeper.stats.calibration import Reliability
from edgekeeper.stats.performance import Performance
from edgekeeper.stats.scores import Scores
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["BOOKS", "BookStory", "Drawdown", "LineStory", "Mark", "MarkKind", "Story"]

BOOKS = ("edgekeeper", "always_newest", "rules", "buy_and_hold")

MarkKind = Literal["promotion", "retreat", "refusal", "pause", "halt", "truth"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at an instant, as one sentence."""

    time_ns: int
    kind: MarkKind
    text: str


@dataclass(frozen=True, slots=True)
class Drawdown:
    """A fall from a high and the way back; ``end_ns`` is None while it lasts."""

    start_ns: int
    bottom_ns: int
    end_ns: int | None
    depth: float


@dataclass(frozen=True, slots=True)
class BookStory:
    """One account: its equity after each bar, and what that amounts to."""

    name: str
    equity: Float64Array
    performance: Performance
    double_cost: Performance | None
    trades: int
    mean_gross_exposure: float
    costs_paid: float


@dataclass(frozen=True, slots=True)
class LineStory:
    """One line: where it stands and the path of its evidence.

    ``time_ns`` and the four log paths have one entry a bar since registration; ``log_threshold``
    may step when the line is tested again. ``harm`` is NaN while the line is not in production.
    ``expected`` says when the evidence of a line in shadow may be in.
    """

    name: str
    learner: str
    stage: str
    verdict: str
    reasons: Sequence[str]
    refits: int
    level: float
    time_ns: Int64Array
    log_cash: Float64Array
    log_exposure: Float64Array
    log_incumbent: Float64Array
    log_threshold: Float64Array
    harm: Float64Array
    harm_threshold: float
    expected: ExpectedEvidence | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One run on one market.

    Attributes
    ----------
    sentence : str
        The verdict in plain words; ``details`` continues it.
    books : mapping of name to BookStory
        Keys as in :data:`BOOKS`.
    exposure : float64 [T]
        Edgekeeper's gross exposure as a fraction of equity.
    conditions : mapping of measure to parts
        What trades earned and how well forecasts did, by regime, hour, weekday, symbol, side,
        source and confidence.
    reasons : mapping of str to int
        How many of the account's decisions ended with each reason.
    feature_importance : sequence of (name, share)
        Of the newest package that forecast, largest first, shares of 1.
    assumptions : sequence of (what, how)
    """

    name: str
    title: str
    sentence: str
    details: Sequence[str]
    caveats: Sequence[str]
    symbols: Sequence[str]
    time_ns: Int64Array
    books: Mapping[str, BookStory]
    exposure: Float64Array
    marks: Sequence[Mark]
    lines: Sequence[LineStory]
    monthly: Mapping[str, float]
    drawdowns: Sequence[Drawdown]
    decisions: Mapping[str, int]
    reasons: Mapping[str, int]
    scores: Scores | None
    reliability: Reliability | None
    feature_importance: Sequence[tuple[str, float]]
    assumptions: Sequence[tuple[str, str]]
    ledger_hash: str = ""
    wall_seconds: float = 0.0
    next_steps: Sequence[str] = field(default_factory=tuple)
    conditions: Mapping[str, Sequence[Part]] = field(default_factory=dict)
