"""What an account ordered, was filled at, earned, and when a guard stepped in."""

from sqlalchemy import Index

from edgekeeper.ledger.schema.columns import fact_table, instant, json_text, real, text, whole

__all__ = ["equity", "fills", "guards", "orders", "trade_features", "trades"]

orders = fact_table(
    "orders",
    "Orders as sent.",
    instant("event_time_ns", "close of the bar whose decision sent it", required=True),
    text("id", "client order id, unique within its account", required=True),
    text("account", "who ordered", required=True),
    text("symbol", "what", required=True),
    text("side", "side of the position: long or short", required=True),
    text("action", "open, close, cancel", required=True),
    text("order_type", "market, limit, stop"),
    real("quantity", "units"),
    real("limit_price", "price of a limit order"),
    real("stop", "stop price of the bracket"),
    real("target", "target price of the bracket"),
)

fills = fact_table(
    "fills",
    "Executions.",
    instant("event_time_ns", "instant of the execution", required=True),
    text("order_id", "the order it fills"),
    text("account", "whose", required=True),
    text("symbol", "what", required=True),
    text("side", "side of the position: long or short", required=True),
    text("action", "open or close", required=True),
    real("quantity", "units"),
    real("price", "per unit, spread and slippage included"),
    real("fee", "in base currency"),
    real("reference_price", "the bar's price before spread and slippage"),
)

trades = fact_table(
    "trades",
    "Closed trades with their outcome; fractions are of the entry value.",
    instant("exit_time_ns", "instant of the exit", required=True),
    instant("decision_time_ns", "close of the bar decided on"),
    instant("entry_time_ns", "instant of the entry"),
    text("account", "whose", required=True),
    text("symbol", "what", required=True),
    text("side", "long or short", required=True),
    real("quantity", "units"),
    real("entry_price", "per unit, before costs: reference price of its fill"),
    real("exit_price", "per unit, before costs: reference price of its fill"),
    text("exit_reason", "target, stop, time, opposite or flattened"),
    real("gross_return", "before costs"),
    real("net_return", "after costs"),
    real("costs", "fees, spread, slippage, borrow"),
    real("mfe", "largest favourable excursion"),
    real("mae", "largest adverse excursion, zero or below"),
    whole("bars_held", "bars from entry to exit"),
    text("model", "content hash of the package, NULL for the fallback"),
)

trade_features = fact_table(
    "trade_features",
    "What the market looked like when a closed trade was decided, in terms people know.",
    instant("decision_time_ns", "close of the bar decided on", required=True),
    instant("exit_time_ns", "instant of the exit, as in trades", required=True),
    text("account", "whose trade", required=True),
    text("symbol", "what", required=True),
    text("side", "long or short", required=True),
    real("rsi", "relative strength, 14 bars, 0 to 100"),
    real("macd", "difference of the 12- and 26-bar averages, in price"),
    real("macd_signal", "its 9-bar average, in price"),
    real("adx", "strength of the trend, 14 bars, 0 to 100"),
    real("volume_ratio", "volume over its 20-bar mean"),
    real("vwap_distance", "close over the 20-bar volume-weighted price, minus one"),
    real("ema9", "9-bar average of the close"),
    real("ema21", "21-bar average of the close"),
    text("spy_trend", "bullish, neutral or bearish, where SPY is known"),
    real("vix_level", "VIX, where it is known"),
    real("time_of_day", "hours since midnight UTC"),
    whole("day_of_week", "0 is Monday"),
    text("market_regime", "trending, ranging or volatile"),
)

equity = fact_table(
    "equity",
    "Accounts marked to market.",
    instant("event_time_ns", "close of the bar", required=True),
    text("account", "whose", required=True),
    real("equity", "base currency"),
    real("cash", "base currency"),
    real("gross_exposure", "sum of position values over equity"),
    real("net_exposure", "long minus short over equity"),
)

guards = fact_table(
    "guards",
    "Model pauses, account halts, and strategies that were dropped.",
    instant("event_time_ns", "when the guard acted", required=True),
    text("account", "whose", required=True),
    text("event", "pause, rearm, halt, resume or drop", required=True),
    text("cause", "loss_streak, drawdown, latency, model_missing, daily_loss, manual, ..."),
    text("detail", "the figures, as a sentence"),
    text("actor", "guard, operator, or a person"),
    json_text("evidence_json", "the figures"),
)
Index("ix_equity_event_time_ns", equity.c.event_time_ns)
Index("ix_trades_exit_time_ns", trades.c.exit_time_ns)
