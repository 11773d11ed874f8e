"""A record of five months with bulk rows in it, as a run would write it."""

import numpy as np

from edgekeeper.clock import ManualClock
from edgekeeper.ledger import Ledger

DAYS = np.arange("2024-01-01", "2024-06-01", dtype="datetime64[D]")
NOW = int(DAYS[-1].astype("datetime64[ns]").astype(np.int64))
CLOCK = ManualClock(NOW + 1)
SYMBOLS = ["AAA", "BBB"]


def live(ledger, first=0, last=152):
    """Write one link of trade a day, one of learn a month, and a seal at each month's end."""
    for day in range(first, last):
        time = int(DAYS[day].astype("datetime64[ns]").astype(np.int64))
        random = np.random.default_rng(day)
        with ledger.transaction("trade", event_time_ns=time) as tx:
            for side in ("long", "short"):
                tx.append("signals", {
                    "event_time_ns": time, "known_time_ns": time, "symbol": SYMBOLS, "side": side,
                    "source": "every_bar",
                })  # fmt: skip
            for line in ("trees", "línear"):
                tx.append("forecasts", {
                    "event_time_ns": time, "symbol": SYMBOLS, "line": line,
                    "package": None if day < 20 else "f" * 64,
                    "probability_long": random.random(2), "probability_short": [None, 0.5],
                    "novelty": [0.0, -0.0],
                })  # fmt: skip
            tx.append("decisions", {
                "event_time_ns": time, "symbol": SYMBOLS, "account": "a", "side": "long",
                "decision": "take", "reason": "band",
            })  # fmt: skip
        if DAYS[day].item().day == 15:
            with ledger.transaction("learn", event_time_ns=time) as tx:
                tx.append("lines", {"registered_at_ns": time, "line": "x", "recipe_hash": "h"})
        if day + 1 == len(DAYS) or DAYS[day].item().month != DAYS[day + 1].item().month:
            ledger.seal(time)


def answers(place):
    """What the record answers, whichever way it is asked."""
    with Ledger.open(place, read_only=True) as ledger:
        return {
            "heads": [ledger.verify(role).head for role in ("trade", "learn")],
            "tables": {t: ledger.read(t).rows() for t in ledger.tables() if t not in OWN},
            "one": ledger.read("forecasts", ["entry", "novelty"], where={"symbol": "BBB"},
                               since_ns=NOW - 10**16, until_ns=NOW - 10**15).rows(),
            "newest": ledger.read("forecasts", ["probability_short"], limit=5,
                                  order=["probability_short"], descending=True).rows(),
            "count": ledger.query("SELECT count(*) FROM forecasts").rows(),
            "sum": ledger.query("SELECT line, count(*), max(event_time_ns) FROM Forecasts f "
                                "WHERE probability_long > 0.5 GROUP BY 1 ORDER BY 1").rows(),
            "whole": ledger.query("SELECT * FROM signals ORDER BY entry").rows(),
            "views": [ledger.query(f"SELECT * FROM {view} ORDER BY 1").rows()
                      for view in ledger.views()],
        }  # fmt: skip


OWN = ("seals", "storage", "heartbeats")
