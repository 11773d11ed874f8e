"""The API before the real process that answers signals, over its socket, kill and all."""

import contextlib
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from runpy import run_path

import pytest

from edgekeeper.sidecar import connect

process_of = run_path(str(Path(__file__).parents[1] / "sidecar" / "kit.py"))["process_of"]


def said(id, **more):
    now = datetime.now(UTC).isoformat()
    return {"id": id, "symbol": "BTC/USD", "side": "long", "time": now, "price": 100.0, **more}


@contextlib.contextmanager
def both(serve, generous, folder):
    with (
        process_of(folder) as child,
        serve(folder, exchange=connect(folder), settings=generous) as service,
    ):
        yield child, service


def test_a_bot_and_its_signals(serve, generous, tmp_path):
    with both(serve, generous, tmp_path / "run") as (child, service):
        bot = service.client("trade")
        message = said("one", features={"rsi": 30.0})
        answers = [bot.post("/v1/signals", json=message) for _ in range(3)]
        assert [done.status_code for done in answers] == [200] * 3
        assert answers[0].json() == answers[1].json() == answers[2].json()
        other = bot.post("/v1/signals", json={**message, "side": "short"})
        assert other.status_code == 409
        closed = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        outcome = {"id": "one", "closed_at": closed, "return": 0.01}
        assert bot.post("/v1/outcomes", json=outcome).json() == {"id": "one", "new": True}
        assert bot.post("/v1/outcomes", json=outcome).json() == {"id": "one", "new": False}
        assert bot.post("/v1/outcomes", json={**outcome, "id": "none"}).status_code == 404
        (listed,) = service.reads.get("/v1/signals").json()["items"]
        assert (listed["id"], listed["decision"]) == ("one", answers[0].json()["decision"])
        assert service.reads.get("/v1/outcomes").json()["items"][0]["net_return"] == 0.01

        bots = service.reads.get("/v1/bots/status").json()
        assert (bots["signals"], bots["outcomes"], bots["halted"]) == (1, 1, "")
        gap = service.reads.get("/v1/gap").json()
        assert gap["figures"] is None or gap["figures"]["outcomes"] == 1

        killed = service.client("trade").post("/v1/kill?wait=10", json={"reason": "news"})
        assert (killed.status_code, killed.json()["outcome"]) == (200, "done")
        assert bot.post("/v1/signals", json=said("two")).json()["halted"] is True

        ready = service.reads.get("/health/ready").json()
        assert "process signals" not in str(ready)
        child.kill()
        child.wait()
        done = bot.post("/v1/signals", json=said("three"))
        assert (done.status_code, done.headers["retry-after"]) == (503, "1")
        assert "process signals" in str(service.reads.get("/health/ready").json()["missing"])


def test_many_signals_are_each_answered_soon(serve, generous, tmp_path):
    """A bound no quiet machine comes near: benchmarks have the figures."""
    with both(serve, generous, tmp_path / "run") as (_, service):
        bot, took = service.client("trade"), []
        for n in range(200):
            began = time.perf_counter()
            assert bot.post("/v1/signals", json=said(f"n-{n}")).status_code == 200
            took.append(time.perf_counter() - began)
        assert sorted(took)[100] < 0.05


@pytest.mark.parametrize("feature", [float("nan"), "text", [1], {"a": 1}])
def test_a_feature_is_a_number(service, feature):

    content = json.dumps(said("odd", features={"x": feature}))
    done = service.client("trade").post("/v1/signals", content=content)
    assert done.status_code == 422
