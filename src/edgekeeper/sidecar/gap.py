"""The reality gap: costs that were assumed against those that were paid, and trades never made.

Of a round trip are known: what the bot says it paid in fees, and how much worse than the price it
saw it was filled at its entry. The exit is taken to be filled as the entry was, since the price
that was meant is not told. Whoever tells neither has no gap, rather than none of zero.
"""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgekeeper.config import Config, CostsConfig, parse_config
from edgekeeper.ledger import Ledger

__all__ = ["LEAST_TRADES", "Gap", "Missed", "Money", "read_gap"]

LEAST_TRADES = 50
_MOST_SIGNALS = 50_000  # the newest
_LEVEL = 0.10  # of a two-sided band: what lies beyond its lower end is so at 5 %
_SIGNAL = ("id", "side", "price", "size", "decision", "halted", "counted", "reasons_json", "mode")


@dataclass(frozen=True, slots=True)
class Missed:
    """Signals that were not traded for one cause.

    Attributes
    ----------
    simulated : float
        Mean net return that bars show for them; NaN: no bars.
    """

    cause: str
    count: int
    simulated: float


@dataclass(frozen=True, slots=True)
class Money:
    """Mean net return of trades at assumed costs, and once more at those that were paid."""

    whose: str
    trades: int
    at_assumed: float
    at_realised: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Assumed against realised; fractions of the entry value, of a round trip.

    Attributes
    ----------
    trades : int
        With all that a realised cost takes: prices, fees, and the price that was seen.
    realised, realised_fees, realised_fills : float
        Means; NaN where nothing is known.
    lower, upper : float
        Band of the mean excess over what was assumed, however often one looks (90 %).
    worse : bool
        Whether the whole band lies above zero after 50 trades or more.
    """

    trades: int
    outcomes: int
    assumed: float
    realised: float
    realised_fees: float
    realised_fills: float
    lower: float
    upper: float
    worse: bool
    missed: tuple[Missed, ...]
    money: tuple[Money, ...]

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        if self.trades == 0:
            return (
                "Realised costs are not known: signals have to bring a price, outcomes entry and "
                "exit price, quantity and fees."
            )
        paid = f"A round trip costs {_bps(self.realised)}, {_bps(self.assumed)} were assumed"
        if self.worse:
            return f"{paid}: reality is worse, beyond chance, over {self.trades} trades."
        if self.trades < LEAST_TRADES:
            return f"{paid}; {self.trades} trades say little, {LEAST_TRADES} are needed."
        return f"{paid}: no worse than assumed as far as {self.trades} trades can tell."

    def record(self) -> dict[str, Any]:
        """Return a plain record; what is not known is None."""
        found: dict[str, Any] = _plain({"sentence": self.sentence, **asdict(self)})
        return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _bps(share: float) -> str:
    return f"{1e4 * share:.1f} bps"


def read_gap(ledger: Ledger, config: Config | None = None) -> Gap:
    """Read the gap of a record.

    Parameters
    ----------
    ledger : Ledger
    config : Config, optional
        Whose costs were assumed; by default those of the run in the record, or the defaults.
    """
    costs = (config or _config_of(ledger)).costs
    newest = ledger.read(
        "sidecar_signals", _SIGNAL, order=["entry"], descending=True, limit=_MOST_SIGNALS
    ).reverse()
    signals = {row["id"]: row for row in newest.to_dicts()}
    told, derived = _outcomes(ledger)
    found = [_costs_of(signals.get(id), row) for id, row in told.items()]
    known = np.array([pair for pair in found if pair is not None]).reshape(-1, 2)
    assumed = 2.0 * _side(costs)
    paid = known.sum(axis=1)
    lower, upper = _band(paid - assumed)
    realised = float(paid.mean()) if len(paid) else math.nan
    return Gap(
        trades=len(paid),
        outcomes=len(told),
        assumed=assumed,
        realised=realised,
        realised_fees=float(known[:, 0].mean()) if len(paid) else math.nan,
        realised_fills=float(known[:, 1].mean()) if len(paid) else math.nan,
        lower=lower,
        upper=upper,
        worse=len(paid) >= LEAST_TRADES and lower > 0.0,
        missed=_missed(signals, told, derived),
        money=tuple(_money(ledger, told, derived, realised - assumed)),
    )


def _config_of(ledger: Ledger) -> Config:
    runs = ledger.read("runs", ["config_json"])
    if runs.height == 0:
        return Config()
    held = json.loads(runs["config_json"][-1])
    return parse_config(held[0] if isinstance(held, list) else held)


def _side(costs: CostsConfig) -> float:
    return (costs.fee_bps + costs.half_spread_bps + costs.slippage_bps) * 1e-4


def _outcomes(ledger: Ledger) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """Outcomes as told, by id; and net returns as bars show them."""
    told, derived = {}, {}
    rows = ledger.read("sidecar_outcomes", order=["entry"], descending=True, limit=_MOST_SIGNALS)
    for row in rows.reverse().to_dicts():
        if row["source"] == "bot":
            told[row["id"]] = row
        elif row["net_return"] is not None:
            derived[row["id"]] = float(row["net_return"])
    return told, derived


def _costs_of(signal: dict[str, Any] | None, outcome: dict[str, Any]) -> tuple[float, float] | None:
    """Fees and fills of a round trip, as fractions of its entry value; None: not all is told."""
    seen = None if signal is None else signal["price"]
    needed = [outcome[name] for name in ("entry_price", "exit_price", "quantity", "fees")]
    if signal is None or seen is None or None in needed:
        return None
    entry, _, quantity, fees = needed
    direction = 1.0 if signal["side"] == "long" else -1.0
    return fees / (entry * quantity), 2.0 * direction * (entry / seen - 1.0)


def _band(excess: "np.ndarray[Any, np.dtype[np.float64]]") -> tuple[float, float]:
    """Band of the mean that holds however often one looks; NaN: too few trades."""
    if len(excess) < 2:
        return math.nan, math.nan
    if float(np.ptp(excess)) == 0.0:
        return float(excess[0]), float(excess[0])
    from edgekeeper.stats.confidence_sequences import asymptotic_sequence

    lower, upper = asymptotic_sequence(excess, optimal_time=LEAST_TRADES, level=_LEVEL)
    return float(lower[-1]), float(upper[-1])


def _missed(
    signals: dict[str, dict[str, Any]],
    told: dict[str, dict[str, Any]],
    derived: dict[str, float],
) -> tuple[Missed, ...]:
    """Signals without a trade, by cause, the most frequent first."""
    causes: dict[str, list[float]] = {}
    for id, row in signals.items():
        outcome = told.get(id)
        if outcome is not None and outcome["net_return"] is not None:
            continue
        causes.setdefault(_cause(row, outcome), []).append(derived.get(id, math.nan))
    found = []
    for cause, returns in causes.items():
        known = [one for one in returns if not math.isnan(one)]
        mean = math.fsum(known) / len(known) if known else math.nan
        found.append(Missed(cause, len(returns), mean))
    return tuple(sorted(found, key=lambda one: (-one.count, one.cause)))


def _cause(row: dict[str, Any], outcome: dict[str, Any] | None) -> str:
    if outcome is not None:
        return "not traded, as the bot says"
    if row["halted"]:
        return "a halt was in force"
    if not row["counted"]:
        return "it came too late, or from the future"
    if row["size"] == 0.0:
        return "told to skip"
    return "open, or its outcome was never told"


def _money(
    ledger: Ledger, told: dict[str, dict[str, Any]], derived: dict[str, float], excess: float
) -> "list[Money]":
    """Each verdict that rests on assumed costs, repeated at those that were paid."""
    groups: list[tuple[str, list[float], float]] = [
        (
            "the bot, as told (at what it paid)",
            [row["net_return"] for row in told.values() if row["net_return"] is not None],
            0.0,
        ),
        ("signals that bars settled", list(derived.values()), excess),
    ]
    for account, words in (("edgekeeper", "the run"), ("rules", "the run's rules alone")):
        rows = ledger.read("trades", ["net_return"], where={"account": account})
        groups.append((words, rows["net_return"].drop_nulls().to_list(), excess))
    return [
        Money(whose, len(returns), mean := math.fsum(returns) / len(returns), mean - more)
        for whose, returns, more in groups
        if returns
    ]
