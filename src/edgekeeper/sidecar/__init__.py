"""The side-car: signals and outcomes of a bot in any language, answered and learned from."""

from edgekeeper.sidecar.exchange import SOCKET, Exchange
from edgekeeper.sidecar.messages import (
    Answer,
    Bar,
    BarsIn,
    ForecastOut,
    OutcomeIn,
    OutcomeNoted,
    SignalIn,
)

__all__ = [
    "SOCKET",
    "Answer",
    "Bar",
    "BarsIn",
    "Exchange",
    "ForecastOut",
    "OutcomeIn",
    "OutcomeNoted",
    "SignalIn",
]
