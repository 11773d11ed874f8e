"""``Keeping``: seals the side-car's chain each month, and keeps its rows within the disk."""

import numpy as np

from edgekeeper.clock import Clock
from edgekeeper.config import Config, StorageConfig
from edgekeeper.ledger import Ledger, Upkeep

__all__ = ["Keeping"]

_ROLE = "signals"
_SHORTEST_MONTH = 28


class Keeping:
    """What the process that answers does beside it, in a thread, about once a minute.

    A month (UTC, by the wall clock) is sealed when the next one has begun, or when the process
    comes back. Of sealed months the forecasts of the lines move to segments, and go where the
    settings let them; signals with their answers, and outcomes, stay for good.

    Parameters
    ----------
    ledger : Ledger
        Open for writing.
    config : Config
    clock : Clock
    """

    def __init__(self, ledger: Ledger, config: Config, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock
        self._upkeep = Upkeep(ledger, _settings(config), clock, role=_ROLE)
        self._sealed: np.datetime64 | None = None

    def look(self) -> None:
        """Do what is due."""
        now = self._clock.now_ns()
        month = np.datetime64(now, "ns").astype("datetime64[M]")
        if month != self._sealed:
            self._ledger.seal(now, role=_ROLE)
            self._upkeep.month_end(now)
            self._sealed = month


def _settings(config: Config) -> StorageConfig:
    """As they are set, but never without forecasts of days whose outcomes may still come."""
    storage = config.storage
    least = 1 + config.sidecar.outcome_days // _SHORTEST_MONTH
    detail = storage.shadow_detail_months
    return storage.model_copy(
        update={
            "keep_months": max(storage.keep_months, least),
            "shadow_detail_months": None if detail is None else max(detail, least),
        }
    )
