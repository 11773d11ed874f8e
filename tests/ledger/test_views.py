import json

import pytest

from edgekeeper.errors import UsageError
from edgekeeper.ledger import Ledger

DAY = 86_400 * 10**9
HASH = "a" * 64
# Names that bots of this kind have had for years; whoever queries them finds them all.
ASKED = {
    "ml_trade_features": "id trade_id symbol side entry_price entry_timestamp rsi macd macd_signal "
    "adx volume_ratio vwap_distance ema9 ema21 spy_trend vix_level time_of_day day_of_week "
    "market_regime ai_confidence ai_source ai_reasoning signal_confidence confirmations_count "
    "confirmations is_profitable profit_pct hold_duration_minutes hit_target hit_stop "
    "max_favorable_excursion max_adverse_excursion created_at",
    "ml_models": "id model_name model_version model_type model_file_path training_samples "
    "training_start_date training_end_date features hyperparameters accuracy precision recall "
    "f1_score auc_roc status deployed_at created_at",
    "ml_predictions": "id model_id trade_id success_probability expected_return risk_score "
    "ml_recommendation confidence_adjustment actual_outcome actual_return prediction_error "
    "created_at",
    "ml_performance": "id model_id date trades_count win_rate profit_factor sharpe_ratio "
    "max_drawdown total_return prediction_accuracy mean_absolute_error baseline_win_rate "
    "improvement_pct created_at",
    "predictions": "action confidence_breakdown created_at",
}


@pytest.fixture
def ledger(place):
    """Two trades of one package on one day, one of the rules, one forecast not traded."""
    with Ledger.open(place) as ledger:
        with ledger.transaction("learn") as tx:
            tx.append("packages", {
                "fitted_at_ns": DAY, "hash": HASH, "line": "main", "refit_index": [0, 1],
                "verdict": ["vetoed", "accepted"],
                "metrics_json": [{"hold_out_auc": 0.6, "samples": 120}, {"hold_out_auc": 0.7}],
            } | {"hash": ["b" * 64, HASH]})  # fmt: skip
        with ledger.transaction("trade") as tx:
            tx.append("lines", {"registered_at_ns": DAY, "line": "main", "recipe_hash": "c" * 64,
                                "recipe_json": {"line": {"learner": "logistic",
                                                         "features": ["returns"]}}})  # fmt: skip
            tx.append("stages", {"event_time_ns": DAY, "line": "main", "to_stage": "production",
                                 "reason": "r", "actor": "rule"})  # fmt: skip
            tx.append("signals", {
                "event_time_ns": 2 * DAY, "known_time_ns": 2 * DAY, "symbol": "X", "side": "long",
                "source": ["every_bar", "ai_screener"], "confidence": [None, 0.8],
            })  # fmt: skip
            tx.append("forecasts", {
                "event_time_ns": 2 * DAY, "symbol": ["X", "Y", "Z", "N"], "line": "main",
                "package": HASH, "probability_long": [0.6, 0.4, 0.5, None],
                "probability_short": [0.3, 0.7, 0.5, None],
                "expected_return_long": [0.02, -0.01, 0.0, None],
                "expected_return_short": [-0.02, 0.01, 0.0, None],
            })  # fmt: skip
            tx.append("decisions", {
                "event_time_ns": 2 * DAY, "symbol": ["X", "Y", "Z"], "account": "edgekeeper",
                "side": ["long", "short", "long"], "decision": ["take", "reduce", "skip"],
                "reason": "band", "model": HASH,
            })  # fmt: skip
            tx.append("trades", {
                "decision_time_ns": 2 * DAY, "entry_time_ns": 3 * DAY, "exit_time_ns": 4 * DAY,
                "account": ["edgekeeper", "edgekeeper", "rules"], "symbol": ["X", "Y", "X"],
                "side": ["long", "short", "long"], "net_return": [0.03, -0.01, 0.02],
                "exit_reason": ["target", "stop", "time"], "model": [HASH, HASH, None],
            })  # fmt: skip
            tx.append("trade_features", {
                "decision_time_ns": 2 * DAY, "exit_time_ns": 4 * DAY, "account": "edgekeeper",
                "symbol": "X", "side": "long", "rsi": 61.5,
            })  # fmt: skip
        yield ledger


@pytest.mark.parametrize("view", ASKED)
def test_every_column_that_was_asked_for_is_there(ledger, view):
    columns = ledger.query(f"SELECT * FROM {view}").columns
    assert set(columns) >= set(ASKED[view].split())
    assert view in ledger.views()


def test_trades_with_what_they_were_decided_on(ledger):
    first, second = ledger.query("SELECT * FROM ml_trade_features ORDER BY id").to_dicts()
    assert (first["symbol"], first["rsi"], first["profit_pct"]) == ("X", 61.5, 3.0)
    assert (first["ai_source"], first["ai_confidence"]) == ("ai_screener", 0.8)
    assert (first["is_profitable"], first["hit_target"], first["hit_stop"]) == (1, 1, 0)
    assert first["hold_duration_minutes"] == 24 * 60
    assert first["entry_timestamp"] == "1970-01-04T00:00:00Z"
    assert (second["is_profitable"], second["hit_stop"], second["rsi"]) == (0, 1, None)


def test_models_with_recipe_and_hold_out(ledger):
    vetoed, newest = ledger.query("SELECT * FROM ml_models ORDER BY id").to_dicts()
    assert (vetoed["status"], vetoed["deployed_at"], vetoed["training_samples"]) == (
        "vetoed", None, 120.0,
    )  # fmt: skip
    assert (newest["status"], newest["model_type"], newest["auc_roc"]) == (
        "production", "logistic", 0.7,
    )  # fmt: skip
    assert json.loads(newest["features"]) == ["returns"]
    assert newest["model_file_path"].endswith(HASH)


def test_predictions_with_their_outcomes(ledger):
    rows = ledger.query("SELECT * FROM ml_predictions ORDER BY id").to_dicts()
    assert [row["symbol"] for row in rows] == ["X", "Y", "Z"], "who abstains predicts nothing"
    x, y, z = rows
    assert (x["side"], x["success_probability"], x["ml_recommendation"]) == ("long", 0.6, "take")
    assert x["prediction_error"] == pytest.approx(0.01)
    assert (y["side"], y["success_probability"], y["actual_outcome"]) == ("short", 0.7, 0)
    assert (z["actual_outcome"], z["trade_id"], z["confidence_adjustment"]) == (None, None, 0.0)
    actions = ledger.query("SELECT action FROM predictions ORDER BY id")["action"].to_list()
    assert actions == ["BUY", "SELL", "HOLD"]


def test_performance_a_day(ledger):
    (row,) = ledger.query("SELECT * FROM ml_performance").to_dicts()
    assert (row["date"], row["trades_count"], row["win_rate"]) == ("1970-01-05", 2, 0.5)
    assert row["profit_factor"] == pytest.approx(3.0)
    assert row["total_return"] == pytest.approx(0.02)
    assert row["max_drawdown"] == pytest.approx(-0.01)
    assert row["sharpe_ratio"] == pytest.approx(0.01 / 0.02)
    assert row["prediction_accuracy"] == 0.5
    assert row["mean_absolute_error"] == pytest.approx((0.01 + 0.02) / 2)
    assert (row["baseline_win_rate"], row["improvement_pct"]) == (1.0, -50.0)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM trades",
        "INSERT INTO seals SELECT * FROM seals",
        "DROP TABLE trades",
        "CREATE TABLE x (y int)",
        "SELECT 1; DELETE FROM trades",
        "SELECT 1; COMMIT; DELETE FROM trades",
        "SELECT * FROM trads",
        "SELEC 1",
        "",
    ],
)
def test_a_query_reads_one_thing_and_never_writes(ledger, statement):
    with pytest.raises(UsageError, match="expected"):
        ledger.query(statement)
    assert ledger.read("trades").height == 3
    with ledger.transaction("trade") as tx:
        tx.append("equity", {"event_time_ns": 1, "account": "a"})
    assert ledger.verify("trade").links == 2, "writing goes on as before"


def test_names_limits_and_nothing_found(ledger):
    rows = ledger.query("SELECT 1 AS a, 2 AS a, NULL AS b, 'x%' AS c")
    assert rows.columns == ["a", "a_2", "b", "c"]
    assert ledger.query("SELECT * FROM trades", limit=2).height == 2
    assert ledger.query("SELECT symbol FROM trades WHERE side = 'none'").shape == (0, 1)
