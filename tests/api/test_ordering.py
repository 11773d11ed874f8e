"""Orders over the API: on record under the token's name, answered, logged, and never lost."""

import json
import logging
import shutil
import threading
import time

import pytest

from edgekeeper.api import Access
from edgekeeper.desk import Desk
from edgekeeper.ledger import Ledger
from edgekeeper.trade import ORDERS


@pytest.fixture
def orders(serve, live_run, generous):
    """Beside a copy of the run that was lived, whose loop has stopped."""
    with serve(live_run, settings=generous) as service:
        yield service


@pytest.fixture(scope="module")
def ordered(serve, lived, tmp_path_factory, generous):
    """The same for several tests: what each adds stays."""
    folder = tmp_path_factory.mktemp("orders") / "run"
    shutil.copytree(lived, folder)
    with serve(folder, settings=generous) as service:
        yield service


def commands(service):
    with Desk(service.desk.folder) as desk:
        return desk.rows("commands", ["kind", "subject", "actor", "reason", "detail_json"]).rows()


def test_a_kill_is_on_record_under_the_name_of_the_token(orders, caplog):
    caplog.set_level(logging.INFO, "edgekeeper.api.audit")
    done = orders.client("trade").post("/v1/kill", json={"reason": "news", "flatten": True})
    assert done.status_code == 202
    told = done.json()
    assert told["outcome"] is None
    assert "no loop has looked yet" in told["sentence"]
    assert commands(orders) == [("kill", None, "api:test-trade", "news", '{"flatten":true}')]
    assert orders.reads.get(done.headers["location"]).json() == told
    assert orders.reads.get("/v1/commands").json() == [told]
    (line,) = [json.loads(record.getMessage()) for record in caplog.records if record.name
               == "edgekeeper.api.audit"]  # fmt: skip
    assert line == {
        "act": "kill", "who": "test-trade", "role": "trade", "from": "127.0.0.1",
        "request": done.headers["x-request-id"], "order": told["id"], "reason": "news",
        "outcome": "on record",
    }  # fmt: skip


def test_a_kill_needs_no_words(orders):
    assert orders.client("trade").post("/v1/kill").status_code == 202
    assert commands(orders)[0][3] == "no reason given"


def test_everything_that_can_be_ordered_has_a_path(orders):
    paths = [
        path.removeprefix("/v1/")
        for path, operations in orders.reads.get("/openapi.json").json()["paths"].items()
        if "post" in operations and operations["post"]["tags"] == ["Orders"]
    ]
    assert {path.rsplit("/", 1)[-1] for path in paths} == set(ORDERS)


ON_LINES = ("promote", "demote", "retire", "rollback", "pin", "unpin", "refit")


@pytest.mark.parametrize("kind", sorted(set(ORDERS) - {"kill"}))
def test_every_order_is_written_down(ordered, kind):
    subject = "linear" if kind in ON_LINES else None
    place = f"/v1/lines/linear/{kind}" if subject else f"/v1/{kind}"
    if kind in ("approve", "adopt"):
        subject = "0a1b2c3d4e5f"
        place = f"/v1/models/{subject}/{kind}"
    admin, before = ordered.client("admin"), commands(ordered)
    assert admin.post(place, json={"reason": " "}).status_code == 422
    assert admin.post(place, json={}).status_code == 422
    assert commands(ordered) == before
    assert admin.post(place, json={"reason": "tried"}).status_code == 202
    assert commands(ordered)[0][:4] == (kind, subject, "api:test-admin", "tried")


def test_an_order_waits_for_its_loop_and_tells_what_became_of_it(orders):
    """A loop that obeys, as the trading loop writes it: done, then refused."""
    there, outcomes = threading.Event(), iter(["done", "refused: the account is not halted"])

    def obey():
        with Ledger.open(orders.desk.folder / "ledger.sqlite") as ledger:
            ledger.transaction("trade")  # claims the role: there is a loop now
            there.set()
            seen = 0
            until = time.monotonic() + 20
            while seen < 2 and time.monotonic() < until:
                rows = ledger.read("commands", ["id", "kind", "actor", "reason"])
                for id, kind, actor, reason in rows.rows()[seen:]:
                    with ledger.transaction("trade", event_time_ns=5) as tx:
                        tx.append(
                            "obeyed",
                            {"event_time_ns": 5, "after": 1, "id": id, "kind": kind,
                             "subject": None, "actor": actor, "reason": reason,
                             "outcome": next(outcomes), "detail_json": None},
                        )  # fmt: skip
                    seen += 1
                time.sleep(0.02)

    loop = threading.Thread(target=obey)
    loop.start()
    there.wait()
    bot = orders.client("trade")
    done = bot.post("/v1/kill?wait=10", json={"reason": "news"})
    refused = bot.post("/v1/resume?wait=10", json={"reason": "over"})
    loop.join()
    assert (done.status_code, done.json()["outcome"]) == (200, "done")
    assert refused.status_code == 409
    assert "not halted" in refused.json()["detail"]


def test_orders_given_at_once_all_stand(orders):
    def give(n):
        done.append(clients[n].post("/v1/kill", json={"reason": f"number {n}"}).status_code)

    done, clients = [], [orders.client("trade") for _ in range(8)]
    threads = [threading.Thread(target=give, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [202] * 8
    assert {row[3] for row in commands(orders)} == {f"number {n}" for n in range(8)}


def test_retraining_by_its_old_names(orders):
    admin = orders.client("admin")
    status = orders.reads.get("/api/ml/retraining/status").json()
    assert [line["line"] for line in status["lines"]] == ["linear"]
    assert status["lines"][0]["fits"] > 0
    assert status["running"] is False
    done = admin.post("/api/ml/retraining/trigger?force=true")
    assert done.status_code == 202
    (order,) = done.json()["orders"]
    assert (order["kind"], order["subject"]) == ("refit", "linear")
    assert commands(orders)[0] == (
        "refit", "linear", "api:test-admin", "asked for over the API", '{"force":true}'
    )  # fmt: skip
    back = admin.post("/api/ml/retraining/rollback", json={"line": "linear", "reason": "worse"})
    assert back.status_code == 202
    assert commands(orders)[0][:2] == ("rollback", "linear")
    assert admin.post("/api/ml/retraining/trigger", json={"lines": "x"}).status_code == 422


def test_before_a_run_orders_are_refused_and_nothing_is_made(before):
    for path in ("/v1/kill", "/api/ml/retraining/trigger", "/v1/lines/linear/retire"):
        done = before.client("admin").post(path, json={"reason": "why"})
        assert done.status_code == 409
        assert done.json()["title"] == "No run yet"
    assert not (before.desk.folder / "ledger.sqlite").exists()


def test_a_replay_takes_no_orders(serve, tmp_path, generous):
    Ledger.open(tmp_path / "ledger.sqlite").close()
    with serve(tmp_path, settings=generous, access=Access(tmp_path / "keys")) as service:
        done = service.client("admin").post("/v1/kill")
        assert done.status_code == 409
        assert "no live run" in done.json()["detail"]


@pytest.mark.parametrize("name", ["../x", "a b", "a%00b", "a%2F..%2Fb", "x" * 101, "%3Cscript%3E"])
def test_a_line_is_named_plainly(ordered, name):
    before = commands(ordered)
    done = ordered.client("admin").post(f"/v1/lines/{name}/retire", json={"reason": "why"})
    assert done.status_code in (404, 422)
    assert commands(ordered) == before


def test_an_alert_is_acknowledged_under_the_name_of_the_token(orders):
    bot = orders.client("trade")
    done = bot.post("/v1/alerts/weekly/acknowledge", json={"reason": "read it"})
    assert done.status_code == 200
    assert done.json()["alerts"] > 0
    (answer,) = orders.reads.get("/v1/approvals").json()["items"]
    assert (answer["subject"], answer["actor"]) == ("weekly", "api:test-trade")
    assert bot.post("/v1/alerts/none/acknowledge", json={"reason": "x"}).status_code == 404
