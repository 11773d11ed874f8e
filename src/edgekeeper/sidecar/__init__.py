"""The side-car: signals and outcomes of a bot in any language, answered and learned from."""

from edgekeeper.sidecar.client import Client, connect
from edgekeeper.sidecar.exchange import SOCKET, Conflict, Exchange, UnknownSignal
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
    "Client",
    "Conflict",
    "Exchange",
    "ForecastOut",
    "OutcomeIn",
    "OutcomeNoted",
    "SignalIn",
    "UnknownSignal",
    "connect",
]
