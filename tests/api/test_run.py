"""What may be asked of a run: the same as its record says, beside a run and before one."""

import time

import pytest

from edgekeeper.api import ApiSettings
from edgekeeper.desk import Acts, Desk
from edgekeeper.errors import BadData
from edgekeeper.monitoring import Metrics


def test_status_and_lines_say_what_the_record_says(service):
    state, told = service.desk.status(), service.reads.get("/v1/status").json()
    assert told["ledger"] == state.ledger
    assert told["symbols"] == list(state.symbols)
    assert told["equity"] == state.equity
    assert told["last_bar"].endswith("Z")
    assert told["lines"] == service.reads.get("/v1/lines").json()
    assert told["lines"][0]["name"] == "linear"


def test_models_are_the_fits_of_the_record(service):
    models = service.reads.get("/v1/models").json()
    assert [one["hash"] for one in models] == [fit.hash for fit in service.desk.models().fits]
    one = service.reads.get(f"/v1/models/{models[0]['hash'][:12]}").json()
    assert one == models[0]
    assert service.reads.get("/v1/models/ffffff").status_code == 404
    info = service.reads.get("/api/ml/model/info").json()
    assert info["trading"] == (info["champion"] is not None)
    assert info["sentence"].endswith(".")


def test_why(service):
    told = service.reads.get("/v1/why", params={"symbol": "A/USD"}).json()
    answer = service.desk.why("A/USD")
    assert told["sentence"] == answer.sentence
    assert [step["question"] for step in told["steps"]] == [q for q, _ in answer.steps]
    before = service.reads.get("/v1/why", params={"symbol": "A/USD", "at": told["time"]}).json()
    assert before == told
    missing = service.reads.get("/v1/why", params={"symbol": "A/USDT"})
    assert missing.status_code == 404
    assert "did you mean 'A/USD'?" in missing.json()["detail"]
    assert service.reads.get("/v1/why").status_code == 422


@pytest.mark.parametrize(
    "by", ["symbol", "side", "hour", "weekday", "exit_reason", "regime", "model"]
)
def test_performance_in_groups_adds_up(service, by):
    told = service.reads.get("/v1/performance", params={"account": "rules", "by": by}).json()
    trades = service.desk.ledger.read("trades", where={"account": "rules"})
    assert told["trades"]["trades"] == trades.height > 0
    assert sum(group["trades"] for group in told["groups"]) == trades.height
    wins = sum(group["trades"] * group["win_rate"] for group in told["groups"])
    assert wins == pytest.approx((trades["net_return"] > 0).sum())
    mean = sum(group["trades"] * group["mean_return"] for group in told["groups"])
    assert mean == pytest.approx(trades["net_return"].sum())
    equity = service.desk.ledger.read("equity", ["equity"], where={"account": "rules"})["equity"]
    assert told["total_return"] == pytest.approx(equity[-1] / equity[0] - 1)
    assert told["max_drawdown"] == pytest.approx((1 - equity / equity.cum_max()).max())


def test_performance_of_an_account_that_is_not_there(service):
    done = service.reads.get("/v1/performance", params={"account": "nobody"})
    assert done.status_code == 404
    assert "rules" in done.json()["detail"]
    assert service.reads.get("/v1/performance", params={"by": "moon"}).status_code == 422


def test_processes_and_what_is_missing(service):
    (process,) = service.reads.get("/v1/processes").json()
    assert (process["process"], process["state"], process["alive"]) == ("trade", "stopped", False)
    done = service.reads.get("/health/ready")
    assert done.status_code == 503
    assert done.json()["missing"] == ["process signals has given no sign of life"]


def test_ready_where_everything_is_there(serve, live_run):
    with serve(live_run) as service:
        assert service.reads.get("/health/ready").json() == {"ready": True, "missing": []}
    with serve(live_run, access=service.access, settings=ApiSettings(processes=("trade",)),
               named="again") as service:  # fmt: skip
        done = service.reads.get("/health/ready")
        assert (done.status_code, done.headers["retry-after"]) == (503, "2")
        assert "trade" in done.json()["missing"][0]


def test_rows_that_were_set_aside(service):
    told = service.reads.get("/v1/quarantine", params={"limit": 3}).json()
    assert len(told["items"]) == 3 <= told["total"]
    assert set(told["items"][0]) == {"source", "row", "symbol", "time", "reason", "content"}


def until_measured(client, path):
    for _ in range(200):
        done = client.get(path)
        assert done.status_code == 200
        if done.json()["current"]:
            return done.json()
        assert "retry-after" in done.headers
        time.sleep(0.02)
    raise AssertionError("never measured")


def test_data_quality(service):
    told = until_measured(service.reads, "/v1/data-quality")
    assert {row["symbol"] for row in told["figures"]["symbols"]} == {"A/USD", "B/USD"}
    assert told["figures"]["symbols"][0]["first"].endswith("Z")
    assert told["ledger"] == service.desk.head


def test_what_takes_long_never_keeps_anybody_waiting(serve, lived, tmp_path, generous, keys_apart):
    asked = []

    def drift(folder):
        asked.append(folder)
        time.sleep(3.0)
        return {"drift": True, "fitted_ns": 0}

    def analyze(folder):
        raise BadData("expected trades, got none: wait")

    acts = Acts(drift=drift, analyze=analyze)
    with serve(lived, settings=generous, access=keys_apart, acts=acts) as service:
        began = time.monotonic()
        first = service.reads.get("/v1/drift").json()
        assert time.monotonic() - began < 2.0
        assert (first["figures"], first["current"]) == (None, False)
        told = until_measured(service.reads, "/v1/drift")
        assert told["figures"] == {"drift": True, "fitted": "1970-01-01T00:00:00Z"}
        assert asked == [lived], "once for a state of the record"
        wrong = until_measured(service.reads, "/v1/insights")
        assert (wrong["figures"], wrong["trouble"]) == (None, "expected trades, got none: wait")


@pytest.mark.parametrize("path", ["/v1/status", "/v1/models", "/v1/lines", "/v1/why?symbol=A",
                                  "/v1/performance", "/v1/to-do", "/api/ml/model/info",
                                  "/api/ml/retraining/status", "/v1/positions",
                                  "/v1/commands"])  # fmt: skip
def test_before_a_run_it_says_so(before, path):
    done = before.reads.get(path)
    assert (done.status_code, done.json()["title"]) == (409, "No run yet")


def test_figures_for_a_monitor(serve, live_run, generous, keys_apart, in_memory):
    with (
        Desk(live_run) as desk,
        serve(live_run, settings=generous, access=keys_apart, metrics=Metrics(desk),
              exchange=in_memory) as service,
    ):  # fmt: skip
        bot = service.client("trade")
        sent = {"id": "a", "symbol": "A", "side": "long", "time": "2026-01-01T00:00:00Z"}
        bot.post("/v1/signals", json=sent)
        bot.post("/v1/signals", json={})
        service.reads.get("/v1/models/abcdef")
        service.reads.get("/nothing/anyone/may/choose")
        told = service.reads.get("/metrics")
        assert told.headers["content-type"].startswith("text/plain")
        assert 'route="/v1/models/{package}"' in told.text
        assert "anyone" not in told.text
        assert 'decision="take"' in told.text
        assert 'decision="refused"' in told.text
