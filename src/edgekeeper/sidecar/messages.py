"""What a bot sends and what it is answered: the shapes of ``/v1``.

Times are RFC 3339 with a zone. Unknown keys are refused: a misspelt ``confidence`` that was quietly
dropped would be missing from everything learned later.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, PlainSerializer

__all__ = ["Answer", "Bar", "BarsIn", "ForecastOut", "OutcomeIn", "OutcomeNoted", "SignalIn"]

_ID = r"^[A-Za-z0-9][A-Za-z0-9_.:\-]*$"
_SYMBOL = r"^[A-Za-z0-9][A-Za-z0-9_.:/\-]*$"
_WORD = r"^[A-Za-z0-9_%][A-Za-z0-9_.%/:\-]*$"


def _text(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


Time = Annotated[AwareDatetime, PlainSerializer(_text, return_type=str, when_used="json")]
Id = Annotated[str, Field(min_length=1, max_length=100, pattern=_ID)]
Symbol = Annotated[str, Field(min_length=1, max_length=40, pattern=_SYMBOL)]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=_WORD)]
Said = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Positive = Annotated[FiniteFloat, Field(gt=0)]
Side = Literal["long", "short"]


class Message(BaseModel):
    """A message: frozen, without unknown keys, NaN or infinities."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=False)


class SignalIn(Message):
    """A trade that a bot proposes. A feature that is not known is null, never zero."""

    id: Id
    symbol: Symbol
    side: Side
    time: Time
    confidence: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    source: Said | None = None
    price: Positive | None = None
    features: dict[Name, FiniteFloat | None] = Field(default_factory=dict, max_length=500)


class ForecastOut(Message):
    """What the model says of a signal; null: it does not say."""

    probability: float | None = None
    expected_return: float | None = None
    lower: float | None = None
    upper: float | None = None
    risk: float | None = None
    minutes: float | None = None
    novelty: float | None = None


class Answer(Message):
    """What is decided about a signal, for good: the same id gets the same answer.

    ``decision`` is what the bot should do in the present mode; ``size`` the share of its usual
    stake: 1 take, .5 reduce, 0 skip. ``halted`` alone may change: it says whether a halt is in
    force now, and then nothing trades, whatever was decided before.
    """

    id: str
    decision: Literal["take", "reduce", "skip"]
    size: float
    stop: float | None = None
    target: float | None = None
    forecast: ForecastOut = ForecastOut()
    reasons: tuple[str, ...] = ()
    model: str | None = None
    mode: Literal["observe", "advise", "enforce"] = "observe"
    halted: bool = False


class OutcomeIn(Message):
    """How a signal's trade ended. ``return`` is net of costs, as a fraction of the entry value.

    ``exit_reason`` ``"not_traded"`` says that there was no trade: nothing is learned from it.
    """

    model_config = ConfigDict(populate_by_name=True)

    id: Id
    closed_at: Time
    net_return: Annotated[FiniteFloat, Field(alias="return", ge=-1)]
    exit_reason: Said | None = None
    entry_price: Positive | None = None
    exit_price: Positive | None = None
    quantity: Positive | None = None
    fees: Annotated[FiniteFloat, Field(ge=0)] | None = None


class OutcomeNoted(Message):
    """What became of an outcome; ``new`` is false where it was known already."""

    id: str
    new: bool


class Bar(Message):
    """One bar of one symbol; ``time`` is when it closes."""

    symbol: Symbol
    time: Time
    open: Positive
    high: Positive
    low: Positive
    close: Positive
    volume: Annotated[FiniteFloat, Field(ge=0)] | None = None


class BarsIn(Message):
    """Bars of one interval, such as ``"1h"``."""

    interval: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}[mhd]$")]
    bars: Annotated[tuple[Bar, ...], Field(min_length=1, max_length=10_000)]
