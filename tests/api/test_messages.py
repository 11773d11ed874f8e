"""What bots send: answered once and for all, refused with a reason, and never lost in between."""

import json
from dataclasses import replace

import pytest

SIGNAL = {"id": "a1", "symbol": "A/USD", "side": "long", "time": "2026-03-02T15:00:00Z"}
OUTCOME = {"id": "a1", "closed_at": "2026-03-02T18:00:00Z", "return": 0.01}
BAR = {"symbol": "A/USD", "time": "2026-03-02T15:00:00Z", "open": 1, "high": 2, "low": 1,
       "close": 2}  # fmt: skip


def test_the_same_id_gets_the_same_answer(service):
    bot = service.client("trade")
    first = bot.post("/v1/signals", json={**SIGNAL, "id": "same"})
    assert first.status_code == 200
    assert set(first.json()) == {
        "id", "decision", "size", "stop", "target", "forecast", "reasons", "model", "mode",
        "halted",
    }  # fmt: skip
    bot.post("/v1/signals", json={**SIGNAL, "id": "another"})
    assert bot.post("/v1/signals", json={**SIGNAL, "id": "same"}).json() == first.json()


def test_outcomes_and_bars_count_once(service):
    bot = service.client("trade")
    assert bot.post("/v1/outcomes", json=OUTCOME).json() == {"id": "a1", "new": True}
    assert bot.post("/v1/outcomes", json=OUTCOME).json() == {"id": "a1", "new": False}
    assert service.exchange.outcomes["a1"].net_return == 0.01
    bars = {"interval": "1h", "bars": [BAR]}
    assert bot.post("/v1/bars", json=bars).json() == {"new": 1}
    assert bot.post("/v1/bars", json=bars).json() == {"new": 0}


@pytest.mark.parametrize(
    ("path", "body", "at"),
    [
        ("/v1/signals", {**SIGNAL, "time": "2026-03-02T15:00:00"}, "time"),
        ("/v1/signals", {**SIGNAL, "time": "yesterday"}, "time"),
        ("/v1/signals", {**SIGNAL, "side": "buy"}, "side"),
        ("/v1/signals", {**SIGNAL, "id": "'; DROP TABLE signals; --"}, "id"),
        ("/v1/signals", {**SIGNAL, "id": "<script>alert(1)</script>"}, "id"),
        ("/v1/signals", {**SIGNAL, "id": "x" * 101}, "id"),
        ("/v1/signals", {**SIGNAL, "symbol": "../../etc/passwd"}, "symbol"),
        ("/v1/signals", {**SIGNAL, "symbol": "A\u0000B"}, "symbol"),
        ("/v1/signals", {**SIGNAL, "confidence": 1.1}, "confidence"),
        ("/v1/signals", {**SIGNAL, "confidance": 0.5}, "confidance"),
        ("/v1/signals", {**SIGNAL, "features": {"a b": 1}}, "features"),
        ("/v1/signals", {**SIGNAL, "features": {f"f{n}": 1 for n in range(501)}}, "features"),
        ("/v1/signals", [SIGNAL], "the message"),
        ("/v1/signals", "a signal", "the message"),
        ("/v1/outcomes", {**OUTCOME, "return": -1.5}, "return"),
        ("/v1/outcomes", {"id": "a1"}, "closed_at"),
        ("/v1/bars", {"interval": "1h", "bars": []}, "bars"),
        ("/v1/bars", {"interval": "0h", "bars": [BAR]}, "interval"),
        ("/v1/bars", {"interval": "1h", "bars": [{**BAR, "open": 0}]}, "bars.0.open"),
    ],
)
def test_a_message_that_does_not_fit_is_refused_with_the_place(service, path, body, at):
    done = service.client("trade").post(path, json=body)
    assert done.status_code == 422
    told = done.json()
    assert told["errors"][0]["at"].startswith(at)
    assert told["detail"].startswith(told["errors"][0]["at"])
    assert len(done.content) < 6_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        json.dumps({**SIGNAL, "price": 1}).encode()[:-1] + b', "price": NaN}',
        json.dumps(SIGNAL).encode()[:-1] + b', "price": Infinity}',
        json.dumps(SIGNAL).encode()[:-1] + b', "price": 1e999}',
        json.dumps(SIGNAL).encode()[:-1] + b', "price": ' + b"9" * 5_000 + b"}",
        json.dumps(SIGNAL).encode()[:-1] + b', "source": "\\ud800"}',
        b'id=a1&symbol=A',
    ],
    ids=range(12),
)  # fmt: skip
def test_hostile_bytes_are_refused(service, content):
    done = service.client("trade").post("/v1/signals", content=content)
    assert done.status_code == 422, done.text
    assert done.headers["content-type"] == "application/problem+json"


def test_a_message_that_the_exchange_cannot_use_is_refused_in_its_words(service):
    done = service.client("trade").post("/v1/signals", json={**SIGNAL, "symbol": "UNKNOWN"})
    assert done.status_code == 422
    assert "add it to its symbols" in done.json()["detail"]


def test_where_nobody_answers_a_bot_is_told_when_to_ask_again(serve, generous, in_memory, tmp_path):
    exchange = in_memory
    hasty = replace(generous, answer_seconds=0.2)
    with serve(tmp_path, exchange=exchange, settings=hasty) as service:
        bot = service.client("trade")
        for trouble in ("gone", "hangs"):
            exchange.gone, exchange.hangs = trouble == "gone", trouble == "hangs"
            done = bot.post("/v1/signals", json=SIGNAL)
            assert done.status_code == 503
            assert done.headers["retry-after"] == "1"
        exchange.hangs = False
        assert bot.post("/v1/signals", json=SIGNAL).status_code == 200


def test_a_service_without_an_exchange_says_so(before):
    for path, body in (("/v1/signals", SIGNAL), ("/v1/outcomes", OUTCOME)):
        done = before.client("trade").post(path, json=body)
        assert done.status_code == 503
        assert "edgekeeper serve" in done.json()["detail"]
