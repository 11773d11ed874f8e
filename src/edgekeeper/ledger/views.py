"""The tables that bots and dashboards of this kind have had for years, as views over the facts.

Views hold nothing: they are dropped before every migration and made anew after it. An unknown
value is NULL, never zero. Times are text, ISO 8601 in UTC.
"""

import re
from dataclasses import dataclass

from sqlalchemy import Connection, text

__all__ = ["VIEWS", "View", "create_views", "drop_views", "translated"]


@dataclass(frozen=True, slots=True)
class View:
    """A named query.

    Attributes
    ----------
    doc : str
    query : str
        SQL in which ``@time(x)`` turns nanoseconds into text, ``@json(column, a, b)`` reads a
        value inside JSON, and ``@number(…)`` reads it as a number.
    """

    doc: str
    query: str


VIEWS: dict[str, View] = {
    "ml_trade_features": View(
        "Closed trades of the account that trades, with what they were decided on.",
        """
SELECT t.entry AS id, t.entry AS trade_id, t.symbol, t.side, t.entry_price,
  @time(t.entry_time_ns) AS entry_timestamp,
  f.rsi, f.macd, f.macd_signal, f.adx, f.volume_ratio, f.vwap_distance, f.ema9, f.ema21,
  f.spy_trend, f.vix_level, f.time_of_day, f.day_of_week, f.market_regime,
  CASE WHEN s.source LIKE 'ai%' THEN s.confidence END AS ai_confidence,
  CASE WHEN s.source LIKE 'ai%' THEN s.source END AS ai_source,
  CAST(NULL AS TEXT) AS ai_reasoning,
  s.confidence AS signal_confidence,
  v.confirmations AS confirmations_count, CAST(NULL AS TEXT) AS confirmations,
  CASE WHEN t.net_return > 0 THEN 1 WHEN t.net_return <= 0 THEN 0 END AS is_profitable,
  100 * t.net_return AS profit_pct,
  (t.exit_time_ns - t.entry_time_ns) / 60000000000.0 AS hold_duration_minutes,
  CASE WHEN t.exit_reason = 'target' THEN 1 WHEN t.exit_reason IS NOT NULL THEN 0 END
    AS hit_target,
  CASE WHEN t.exit_reason = 'stop' THEN 1 WHEN t.exit_reason IS NOT NULL THEN 0 END AS hit_stop,
  t.mfe AS max_favorable_excursion, t.mae AS max_adverse_excursion,
  @time(t.exit_time_ns) AS created_at
FROM trades t
LEFT JOIN trade_features f ON f.account = t.account AND f.symbol = t.symbol
  AND f.side = t.side AND f.decision_time_ns = t.decision_time_ns
  AND f.exit_time_ns = t.exit_time_ns
LEFT JOIN signals s ON s.event_time_ns = t.decision_time_ns AND s.symbol = t.symbol
  AND s.side = t.side AND s.source <> 'every_bar' AND s.source NOT LIKE 'rules:%'
LEFT JOIN (SELECT event_time_ns, symbol, side, COUNT(*) AS confirmations FROM signals
  WHERE source LIKE 'rules:%' GROUP BY event_time_ns, symbol, side) v
  ON v.event_time_ns = t.decision_time_ns AND v.symbol = t.symbol AND v.side = t.side
WHERE t.account = 'edgekeeper'
""",
    ),
    "ml_models": View(
        "Every fit with its recipe and its hold-out.",
        """
SELECT p.entry AS id, p.line AS model_name, p.refit_index AS model_version,
  @json(l.recipe_json, line, learner) AS model_type,
  'models/packages/' || p.hash AS model_file_path,
  @number(p.metrics_json, samples) AS training_samples,
  @time(p.window_start_ns) AS training_start_date,
  @time(p.window_end_ns) AS training_end_date,
  @json(l.recipe_json, line, features) AS features,
  @json(l.recipe_json, line, parameters) AS hyperparameters,
  @number(p.metrics_json, hold_out_accuracy) AS accuracy,
  @number(p.metrics_json, hold_out_precision) AS precision,
  @number(p.metrics_json, hold_out_recall) AS recall,
  @number(p.metrics_json, hold_out_f1) AS f1_score,
  @number(p.metrics_json, hold_out_auc) AS auc_roc,
  CASE WHEN p.verdict <> 'accepted' THEN p.verdict
    WHEN p.entry < (SELECT MAX(q.entry) FROM packages q
      WHERE q.line = p.line AND q.verdict = 'accepted') THEN 'superseded'
    ELSE COALESCE((SELECT m.to_stage FROM stages m WHERE m.line = p.line
      ORDER BY m.entry DESC LIMIT 1), 'candidate') END AS status,
  CASE WHEN p.verdict = 'accepted' THEN @time(p.fitted_at_ns) END AS deployed_at,
  @time(p.fitted_at_ns) AS created_at, p.hash
FROM packages p
LEFT JOIN lines l ON l.line = p.line
""",
    ),
    "ml_predictions": View(
        "Forecasts of the side each one favours, with what became of those that were traded.",
        """
SELECT b.entry AS id, p.entry AS model_id, t.entry AS trade_id,
  b.probability AS success_probability, b.expected_return, b.risk AS risk_score,
  d.decision AS ml_recommendation,
  CASE d.decision WHEN 'take' THEN 1.0 WHEN 'reduce' THEN 0.5 WHEN 'skip' THEN 0.0 END
    AS confidence_adjustment,
  CASE WHEN t.net_return > 0 THEN 1 WHEN t.net_return <= 0 THEN 0 END AS actual_outcome,
  t.net_return AS actual_return, t.net_return - b.expected_return AS prediction_error,
  @time(b.event_time_ns) AS created_at, b.symbol, b.side
FROM (
  SELECT f.entry, f.event_time_ns, f.symbol, f.package,
    CASE WHEN f.expected_return_short > f.expected_return_long THEN 'short' ELSE 'long' END
      AS side,
    CASE WHEN f.expected_return_short > f.expected_return_long THEN f.probability_short
      ELSE f.probability_long END AS probability,
    CASE WHEN f.expected_return_short > f.expected_return_long THEN f.expected_return_short
      ELSE f.expected_return_long END AS expected_return,
    CASE WHEN f.expected_return_short > f.expected_return_long THEN f.risk_short
      ELSE f.risk_long END AS risk
  FROM forecasts f WHERE f.probability_long IS NOT NULL
) b
JOIN packages p ON p.hash = b.package
LEFT JOIN decisions d ON d.account = 'edgekeeper' AND d.model = b.package
  AND d.event_time_ns = b.event_time_ns AND d.symbol = b.symbol
LEFT JOIN trades t ON t.account = 'edgekeeper' AND t.model = b.package
  AND t.decision_time_ns = b.event_time_ns AND t.symbol = b.symbol AND t.side = b.side
""",
    ),
    "ml_performance": View(
        "What each package earned a day, over every account that traded it; per trade, net.",
        """
SELECT MIN(g.trade) AS id, g.model_id, g.date, COUNT(*) AS trades_count,
  AVG(g.won) AS win_rate,
  SUM(CASE WHEN g.net > 0 THEN g.net END) / NULLIF(-SUM(CASE WHEN g.net < 0 THEN g.net END), 0)
    AS profit_factor,
  CASE WHEN COUNT(*) > 1 AND AVG(g.net * g.net) > AVG(g.net) * AVG(g.net)
    THEN AVG(g.net) / SQRT(AVG(g.net * g.net) - AVG(g.net) * AVG(g.net)) END AS sharpe_ratio,
  MIN(g.fall) AS max_drawdown, SUM(g.net) AS total_return,
  AVG(CASE WHEN g.expected IS NULL THEN NULL WHEN (g.expected > 0) = (g.net > 0) THEN 1.0
    ELSE 0.0 END) AS prediction_accuracy,
  AVG(ABS(g.net - g.expected)) AS mean_absolute_error,
  MAX(r.won) AS baseline_win_rate, 100 * (AVG(g.won) - MAX(r.won)) AS improvement_pct,
  g.date AS created_at, g.account
FROM (
  SELECT c.*, c.earned - MAX(c.earned) OVER (PARTITION BY c.account, c.model_id
    ORDER BY c.exit_time_ns, c.trade) AS fall
  FROM (
    SELECT t.entry AS trade, t.account, p.entry AS model_id, t.exit_time_ns,
      SUBSTR(@time(t.exit_time_ns), 1, 10) AS date, t.net_return AS net,
      CASE WHEN t.net_return > 0 THEN 1.0 ELSE 0.0 END AS won,
      CASE t.side WHEN 'long' THEN f.expected_return_long ELSE f.expected_return_short END
        AS expected,
      SUM(t.net_return) OVER (PARTITION BY t.account, p.entry
        ORDER BY t.exit_time_ns, t.entry) AS earned
    FROM trades t
    JOIN packages p ON p.hash = t.model
    LEFT JOIN forecasts f ON f.package = t.model AND f.event_time_ns = t.decision_time_ns
      AND f.symbol = t.symbol
    WHERE t.net_return IS NOT NULL
  ) c
) g
LEFT JOIN (
  SELECT SUBSTR(@time(exit_time_ns), 1, 10) AS date,
    AVG(CASE WHEN net_return > 0 THEN 1.0 ELSE 0.0 END) AS won
  FROM trades WHERE account = 'rules' GROUP BY SUBSTR(@time(exit_time_ns), 1, 10)
) r ON r.date = g.date
GROUP BY g.account, g.model_id, g.date
""",
    ),
    "predictions": View(
        "What the account that trades did with each bar, in three words.",
        """
SELECT d.entry AS id, d.symbol,
  CASE WHEN d.decision = 'skip' THEN 'HOLD' WHEN d.side = 'long' THEN 'BUY' ELSE 'SELL' END
    AS action,
  COALESCE(d.reasons_json, '{"reason":"' || d.reason || '"}') AS confidence_breakdown,
  @time(d.event_time_ns) AS created_at, d.model
FROM decisions d WHERE d.account = 'edgekeeper'
""",
    ),
}


def create_views(connection: Connection) -> None:
    """Make every view, inside the connection's transaction."""
    for name, view in VIEWS.items():
        query = translated(view.query, connection.dialect.name).replace(":", r"\:")
        connection.execute(text(f"CREATE VIEW {name} AS {query}"))


def drop_views(connection: Connection) -> None:
    """Drop those that are there."""
    for name in VIEWS:
        connection.execute(text(f"DROP VIEW IF EXISTS {name}"))


def translated(query: str, dialect: str) -> str:
    """Replace our three functions by the dialect's own."""
    sqlite = dialect == "sqlite"

    def time(match: re.Match[str]) -> str:
        if sqlite:
            return f"strftime('%Y-%m-%dT%H:%M:%SZ', {match[1]} / 1000000000, 'unixepoch')"
        seconds = f"to_timestamp({match[1]} / 1000000000)"
        return f"""to_char({seconds} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""

    def json(match: re.Match[str]) -> str:
        column, *path = (word.strip() for word in match[2].split(","))
        if sqlite:
            value = f"json_extract({column}, '$.{'.'.join(path)}')"
        else:
            value = f"(CAST({column} AS json) #>> '{{{','.join(path)}}}')"
        return f"CAST({value} AS DOUBLE PRECISION)" if match[1] == "number" else value

    query = re.sub(r"@time\(([\w.]+)\)", time, query)
    return re.sub(r"@(json|number)\(([^)]*)\)", json, query)
