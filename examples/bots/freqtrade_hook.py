"""freqtrade: let Edgekeeper see every entry, and decide once you enforce it.

    from freqtrade.strategy import IStrategy
    from freqtrade_hook import EdgekeeperHook

    class MyStrategy(EdgekeeperHook, IStrategy):        # the hook first
        edgekeeper_features = ("rsi", "adx")            # columns of your data frame
        ...

Put this file and ``edgekeeper/sidecar/bot.py`` (as ``edgekeeper_bot.py``) beside your strategy, and
set EDGEKEEPER_TOKEN. It is inactive in back-tests and hyperopt: outcomes of the past would teach it
what it is then tested on. Whoever overrides one of these callbacks calls ``super()``.
"""

import logging
import math
from datetime import UTC, datetime

try:
    from edgekeeper_bot import Bot, Verdict, WrongMessage
except ImportError:
    from edgekeeper.sidecar.bot import Bot, Verdict, WrongMessage

_RUNNING = ("live", "dry_run")
_KEY = "edgekeeper_id"


class EdgekeeperHook:
    """Callbacks of freqtrade's strategy interface, version 3."""

    edgekeeper_url = "http://127.0.0.1:8765"
    edgekeeper_folder = "user_data/edgekeeper"
    edgekeeper_features: tuple = ()
    edgekeeper_on_unreachable = "follow_bot"

    _edgekeeper = None

    def bot_start(self, **kwargs):
        """Connect, in live and dry runs only."""
        mode = self.config["runmode"]
        if getattr(mode, "value", mode) in _RUNNING:
            self._edgekeeper = Bot(
                self.edgekeeper_url,
                folder=self.edgekeeper_folder,
                on_unreachable=self.edgekeeper_on_unreachable,
            )
            self._edgekeeper_asked = {}
        before = getattr(super(), "bot_start", None)
        if before is not None:
            before(**kwargs)

    def custom_stake_amount(self, pair, current_time, current_rate, proposed_stake, min_stake,
                            max_stake, leverage, entry_tag, side, **kwargs):  # fmt: skip
        """Trade with less where it is told to; freqtrade asks for the stake before it confirms."""
        if self._edgekeeper is None:
            return proposed_stake
        verdict = self._edgekeeper_verdict(pair, current_time, current_rate, entry_tag, side)
        share = verdict.stake_share
        if share <= 0.0 or share >= 1.0:
            return proposed_stake  # a skip is refused by confirm_trade_entry
        return max(proposed_stake * share, min_stake or 0.0)

    def confirm_trade_entry(self, pair, order_type, amount, rate, time_in_force, current_time,
                            entry_tag, side, **kwargs):  # fmt: skip
        """Enter or not; the same candle gets the same answer."""
        if self._edgekeeper is None:
            return True
        verdict = self._edgekeeper_verdict(pair, current_time, rate, entry_tag, side)
        if verdict.reached:
            self._edgekeeper_asked[pair] = verdict.id
        return verdict.trade

    def confirm_trade_exit(self, pair, trade, order_type, amount, rate, time_in_force, exit_reason,
                           current_time, **kwargs):  # fmt: skip
        """Never stand in the way of an exit."""
        return True

    def order_filled(self, pair, trade, order, current_time, **kwargs):
        """Remember which signal a trade came from, and tell how it ended once it has."""
        if self._edgekeeper is None:
            return
        if order.ft_order_side == trade.entry_side:
            known = self._edgekeeper_asked.pop(pair, None)
            if known is not None and trade.get_custom_data(_KEY) is None:
                trade.set_custom_data(_KEY, known)
        elif not trade.is_open and trade.get_custom_data(_KEY) is not None:
            self._edgekeeper.outcome(
                trade.get_custom_data(_KEY),
                float(trade.close_profit),
                closed_at=_aware(trade.close_date_utc or current_time),
                exit_reason=str(trade.exit_reason or "unknown")[:60],
                entry_price=float(trade.open_rate),
                exit_price=float(trade.close_rate),
                quantity=float(trade.amount),
                fees=_fees(trade),
            )

    def _edgekeeper_verdict(self, pair, current_time, rate, entry_tag, side):
        frame, _ = self.dp.get_analyzed_dataframe(pair, self.timeframe)
        candle = frame.iloc[-1]
        when = _aware(candle["date"])
        name = f"ft-{pair}-{side}-{when:%Y%m%dT%H%M}".replace(":", "_").replace("/", "_")
        try:
            return self._edgekeeper.signal(
                pair.split(":")[0],
                side,
                id=name,
                time=_aware(self._edgekeeper_first_asked(pair, side, when, current_time)),
                source=entry_tag or None,
                features={one: _known(candle.get(one)) for one in self.edgekeeper_features},
            )
        except WrongMessage as error:  # a mistake of this file: no reason to stop trading
            logging.getLogger(__name__).warning("Edgekeeper did not take %s: %s", name, error)
            halted = self._edgekeeper.halted
            return Verdict(name, "take", 1.0, "observe", halted, False)

    def _edgekeeper_first_asked(self, pair, side, candle, current_time):
        """The time a candle was first asked about: asked again, the facts have to be the same."""
        times = self.__dict__.setdefault("_edgekeeper_times", {})
        if times.get((pair, side), (None, None))[0] != candle:
            times[pair, side] = (candle, current_time)
        return times[pair, side][1]


def _known(value):
    """A number, or None where there is none: never 0 in its place."""
    if value is None or isinstance(value, str) or not math.isfinite(float(value)):
        return None
    return float(value)


def _aware(when):
    when = when.to_pydatetime() if hasattr(when, "to_pydatetime") else when
    assert isinstance(when, datetime)
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)


def _fees(trade):
    value = float(trade.amount)
    return value * (
        float(trade.open_rate) * float(trade.fee_open or 0.0)
        + float(trade.close_rate) * float(trade.fee_close or 0.0)
    )
