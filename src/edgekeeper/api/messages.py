"""What bots send: signals, outcomes and bars, handed on to the process that answers them.

The hot path: bytes are read into a message once, handed on, and its answer written out. No disk.
"""

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from pydantic import BaseModel, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from edgekeeper.api.observing import Meter
from edgekeeper.api.problems import Problem
from edgekeeper.api.routes import Body, Routes, read_message
from edgekeeper.api.settings import ApiSettings
from edgekeeper.errors import BadData
from edgekeeper.sidecar import Answer, BarsIn, Exchange, OutcomeIn, OutcomeNoted, SignalIn

__all__ = ["BarsNoted", "add_messages"]

T = TypeVar("T")
_SIGNAL = TypeAdapter(SignalIn)
_OUTCOME = TypeAdapter(OutcomeIn)
_BARS = TypeAdapter(BarsIn)
_ANSWER = TypeAdapter(Answer)
_NOTED = TypeAdapter(OutcomeNoted)
_TAG = "Bots"


class BarsNoted(BaseModel):
    """What became of bars: how many of them were new."""

    new: int = Field(ge=0, examples=[2])


_BARS_NOTED = TypeAdapter(BarsNoted)


_A_SIGNAL = Body(
    SignalIn,
    {
        "id": "bot-2026-03-02-0001",
        "symbol": "BTC/USD",
        "side": "long",
        "time": "2026-03-02T15:00:00Z",
        "confidence": 0.7,
        "source": "crossover",
        "price": 64250.5,
        "features": {"rsi": 31.5, "funding_rate": None},
    },
)
_AN_OUTCOME = Body(
    OutcomeIn,
    {
        "id": "bot-2026-03-02-0001",
        "closed_at": "2026-03-02T18:30:00Z",
        "return": 0.0123,
        "exit_reason": "target",
        "entry_price": 64260.0,
        "exit_price": 65115.0,
        "quantity": 0.05,
        "fees": 3.2,
    },
)
_TWO_BARS = Body(
    BarsIn,
    {
        "interval": "1h",
        "bars": [
            {"symbol": "BTC/USD", "time": f"2026-03-02T{hour}:00:00Z", "open": 64100.0,
             "high": 64400.0, "low": 64000.0, "close": 64250.5, "volume": 12.5}
            for hour in (15, 16)
        ],
    },
)  # fmt: skip


def add_messages(
    routes: Routes, exchange: Exchange | None, settings: ApiSettings, meter: Meter | None = None
) -> None:
    """Add ``POST /v1/signals``, ``/v1/outcomes`` and ``/v1/bars``."""
    said = {404: "No signal of that id came.", 409: "The id is known with other facts."}

    async def signal(request: Request) -> Response:
        """Ask what to do about a signal.

        The same id gets the same answer, however often it is asked. The answer comes once it is
        safe on disk. Where it does not come in time, do as you decided for that case.
        """
        began, became = time.perf_counter(), "refused"
        try:
            message = await read_message(request, _SIGNAL)
            became = "failed"
            answer = await _in_time(_asked(exchange).signal(message), settings.answer_seconds)
            became = answer.decision
        except BadData:
            became = "refused"
            raise
        finally:
            if meter is not None:
                meter.observe_signal(became, time.perf_counter() - began)
        return _json(_ANSWER.dump_json(answer))

    async def outcome(request: Request) -> Response:
        """Tell how the trade of a signal ended.

        Also of one that was skipped, where you know it; otherwise it is read off the bars. Prices,
        quantity and fees show what trading really costs beside what was assumed.
        """
        message = await read_message(request, _OUTCOME)
        noted = await _in_time(_asked(exchange).outcome(message), settings.answer_seconds)
        if meter is not None and noted.new:
            meter.observe_outcome()
        return _json(_NOTED.dump_json(noted))

    async def bars(request: Request) -> Response:
        """Send bars, where Edgekeeper has no market data of its own.

        Bars that are known already count once.
        """
        message = await read_message(request, _BARS)
        new = await _in_time(_asked(exchange).bars(message), settings.answer_seconds)
        return _json(_BARS_NOTED.dump_json(BarsNoted(new=new)))

    for path, endpoint, body, answers in (
        ("/v1/signals", signal, _A_SIGNAL, Answer),
        ("/v1/outcomes", outcome, _AN_OUTCOME, OutcomeNoted),
        ("/v1/bars", bars, _TWO_BARS, BarsNoted),
    ):
        routes.add("POST", path, endpoint, role="trade", tag=_TAG, body=body, answers=answers,
                   lane="messages", lean=True, errors=said)  # fmt: skip


def _asked(exchange: Exchange | None) -> Exchange:
    if exchange is None:
        raise _nobody("nothing answers signals here: `edgekeeper serve` starts what does")
    return exchange


async def _in_time(coming: Awaitable[T], seconds: float) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await coming
    except TimeoutError:
        raise _nobody(f"no answer within {seconds:g} s; the same id may be sent again") from None


def _nobody(why: str) -> Problem:
    return Problem(503, "Nobody answers", why, headers={"Retry-After": "1"})


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")
