"""Shapes of what is told about a run. A number that is not known is null, never zero."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from edgekeeper.api.rows import instant

__all__ = [
    "BotsStatusOut",
    "ChannelOut",
    "EarningsOut",
    "FitOut",
    "LineOut",
    "MeasuredOut",
    "ModelInfo",
    "PositionOut",
    "ProcessOut",
    "QuarantinePage",
    "RetrainingStatus",
    "StatusOut",
    "TaskOut",
    "WhyOut",
    "plain",
]

Number = float | None
Instant = Annotated[
    str | None,
    BeforeValidator(lambda ns: instant(ns) if isinstance(ns, int) else ns),
    Field(json_schema_extra={"format": "date-time"}),
]


class Told(BaseModel):
    """Read off an object of the desk."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())


class LineOut(Told):
    """One line, its stage and its evidence as wealth: at ``needed`` it has earned its place."""

    name: str
    learner: str
    stage: str = Field(examples=["shadow"])
    since: Instant = Field(validation_alias="since_ns")
    fits: int
    newest: str | None = Field(description="Hash of its newest accepted fit.")
    evidence: Number
    needed: Number
    reason: str
    expected: str | None = Field(None, description="When the evidence may be in, as a sentence.")


class StatusOut(Told):
    """Where a run stands at its last bar."""

    last_bar: Instant = Field(validation_alias="last_bar_ns")
    bars: int
    symbols: list[str]
    currency: str
    start_equity: Number
    equity: Number
    gross_exposure: Number
    fallback: str = Field(description="Who trades while no line may.")
    champion: str | None = Field(description="Line that trades; null: the fallback does.")
    model: str | None = Field(description="Hash of its package.")
    standing: Literal["ACTIVE", "REDUCING", "HALTED"]
    paused: Instant = Field(validation_alias="paused_ns")
    pause_cause: str
    halted: Instant = Field(validation_alias="halted_ns")
    halt_cause: str
    lines: list[LineOut]
    ledger: str = Field(description="Hash of the record so far.")
    not_kept: list[str] = Field(description="Rows that are not kept for want of disk.")


class FitOut(Told):
    """One fit, what the gates said of it, and where it stands now."""

    hash: str
    line: str
    number: int = Field(description="From 0 within the line.")
    fitted: Instant
    verdict: str = Field(examples=["accepted"])
    status: str = Field(examples=["production"])
    metrics: dict[str, Number]
    gates: dict[str, str]


class Champion(Told):
    """The package that trades."""

    package: str
    line: str
    learner: str
    fitted: Instant
    trained_from: str | None
    trained_to: str | None
    samples: int | None
    features: dict[str, str]
    parameters: dict[str, Any]
    metrics: dict[str, Number]


class ModelInfo(Told):
    """What trades, and what stands behind it."""

    trading: bool = Field(description="Whether a model trades; if not, the fallback does.")
    sentence: str
    champion: Champion | None
    lines: list[LineOut]


class LineRetraining(Told):
    """How it stands with the refits of one line."""

    line: str
    fits: int
    accepted: int
    newest: str | None
    verdict: str | None
    fitted: Instant = Field(validation_alias="fitted_ns")
    asked: Instant = Field(
        validation_alias="asked_ns", description="Since when a refit is asked for that has not come"
    )
    asked_because: str


class RetrainingStatus(Told):
    """When lines were fitted last, what is asked for, and by what schedule they are fitted."""

    schedule: str = Field(examples=["bars"])
    daily: str
    weekly: str
    time_zone: str
    running: bool = Field(description="Whether a trading loop is there to do it.")
    lines: list[LineRetraining]


class StepOut(Told):
    """A question a decision went through."""

    question: str
    passed: bool


class WhyOut(Told):
    """The last decision on a symbol, with the questions it went through."""

    sentence: str
    time: Instant
    symbol: str
    side: str
    decision: str
    reason: str
    size: Number
    stop: Number
    target: Number
    model: str | None
    steps: list[StepOut]
    forecast: dict[str, Number] | None
    because: str | None = Field(description="What moved its score, largest first.")


class TaskOut(Told):
    """One thing that waits for a person."""

    kind: str
    urgency: str
    since: Instant = Field(validation_alias="since_ns")
    text: str
    command: str


class ProcessOut(Told):
    """The last sign of life of a process."""

    process: str
    pid: int
    state: str
    alive: bool
    age_seconds: Number = Field(description="Null: before this machine was started.")
    at: Instant


class BotLineOut(Told):
    """A line that forecasts bots' signals; at ``needed`` its evidence is in."""

    name: str
    stage: str
    share: Number = Field(description="Of the signals that it decides.")
    evidence: Number
    needed: Number
    days: int
    package: str | None
    reason: str


class BotsStatusOut(Told):
    """Where the answering of bots' signals stands."""

    mode: str = Field(examples=["observe"])
    halted: str = Field(description="Why nothing trades; empty: no halt.")
    decides: str = Field(description="Line in production, or `bot`.")
    signals: int
    outcomes: int
    newest: Instant = Field(validation_alias="newest_ns")
    missing: Number = Field(description="Share of signals whose outcome was never told.")
    lines: list[BotLineOut]


class PositionOut(Told):
    """An open position."""

    symbol: str
    side: str
    quantity: Number
    entry_price: Number = Field(description="Paid per unit, costs included.")
    since: Instant = Field(validation_alias="since_ns")
    stop: Number
    target: Number


class ChannelOut(Told):
    """A channel that tells people of alerts."""

    name: str
    delivered: int
    failed: int
    failed_in_a_row: int = Field(description="Since the last delivery.")
    waiting: int
    given_up: int
    last_error: str | None
    failing_since: Instant = Field(validation_alias="failing_since_ns")
    last_delivered: Instant = Field(validation_alias="delivered_ns")


class GroupOut(Told):
    """Closed trades of a group."""

    name: str
    trades: int
    win_rate: Number
    mean_return: Number
    profit_factor: Number


class EarningsOut(Told):
    """What an account has earned, from its first bar on record to its last."""

    account: str
    since: Instant = Field(validation_alias="since_ns")
    until: Instant = Field(validation_alias="until_ns")
    total_return: Number
    drawdown: Number
    max_drawdown: Number
    trades: GroupOut
    groups: list[GroupOut]


class MeasuredOut(Told):
    """Figures that take seconds; meanwhile those of an earlier state of the record."""

    figures: dict[str, Any] | None
    ledger: str | None = Field(description="State of the record they are of.")
    current: bool = Field(description="Whether nothing has happened since.")
    trouble: str = Field(description="Why there are none.")


class QuarantineRow(Told):
    """A row of data that was set aside."""

    source: str | None
    row: int | None
    symbol: str | None
    time: str | None
    reason: str | None
    content: str | None


class QuarantinePage(Told):
    """Rows that were set aside, never repaired."""

    total: int
    items: list[QuarantineRow]


def plain(value: Any) -> Any:
    """Return figures for programs: fields that end in ``_ns`` as instants.

    Examples
    --------
    >>> plain({"since_ns": 0, "share": 0.5})
    {'since': '1970-01-01T00:00:00Z', 'share': 0.5}
    """
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {
            str(key).removesuffix("_ns"): instant(item)
            if str(key).endswith("_ns") and isinstance(item, int)
            else plain(item)
            for key, item in value.items()
        }
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value
