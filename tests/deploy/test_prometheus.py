"""Rules and dashboards ask for what there is, and a real Prometheus takes both."""

import json
import re
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from edgekeeper.config import AlertsConfig
from edgekeeper.desk import Desk
from edgekeeper.ledger import Ledger
from edgekeeper.monitoring import Metrics

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "deploy" / "prometheus"
RULES = PLACE / "edgekeeper.rules.yml"
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text("utf-8")
TOKEN = "a-token-of-the-test"


def rules():
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


@pytest.fixture(scope="module")
def known(lived):
    """Names of series that Edgekeeper tells of."""
    with Desk(lived) as desk:
        text = Metrics(desk, patience_seconds=60.0).render().decode()
    found = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE))
    for name, kind in list(found.items()):
        if kind == "histogram":
            found |= {f"{name}_{part}": kind for part in ("bucket", "count", "sum")}
    return found


def asked(text):
    return set(re.findall(r"\bedgekeeper_[a-z0-9_]+", text))


def test_rules_ask_for_what_is_told_and_counters_are_asked_for_as_such(known):
    for name, rule in rules().items():
        assert asked(rule["expr"]) <= known.keys(), name
        for counted in re.findall(r"(?:increase|rate)\((edgekeeper_\w+)", rule["expr"]):
            assert known[counted] in ("counter", "histogram"), name


def test_each_rule_names_a_section_of_the_runbooks_of_its_severity():
    sections = dict(re.findall(r"^## (\S+)\n\*(\w+)\.\*", RUNBOOKS, re.MULTILINE))
    for name, rule in rules().items():
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/runbooks.md", name
        assert rule["annotations"]["summary"], name
        if "{{" in anchor:
            continue  # of the rule that Edgekeeper raised, which has its own test
        assert anchor in sections, name
        if rule["labels"]["severity"] == "critical":
            assert sections[anchor] == "Critical", name


@pytest.mark.parametrize(
    ("alert", "rule", "per_unit"),
    [
        ("EdgekeeperAccuracyCritical", "accuracy_critical", 1.0),
        ("EdgekeeperAccuracyWarning", "accuracy_warning", 1.0),
        ("EdgekeeperWinRateCritical", "win_rate_critical", 1.0),
        ("EdgekeeperWinRateWarning", "win_rate_warning", 1.0),
        ("EdgekeeperDrawdown", "drawdown_critical", 1.0),
        ("EdgekeeperLatency", "latency_critical", 1e-3),
        ("EdgekeeperForecastsOdd", "forecasts_odd", 1.0),
    ],
)
def test_thresholds_are_those_of_the_configuration(alert, rule, per_unit):
    text, wanted = rules()[alert]["expr"], AlertsConfig().rules[rule]
    sign, number = re.search(r"([<>]) (-?[\d.]+)", text).groups()
    assert float(number) == pytest.approx(wanted.threshold * per_unit)
    assert sign == ("<" if wanted.direction == "below" else ">")
    if "results" in text:
        assert int(re.search(r">= (\d+)", text)[1]) == wanted.at_least


def test_dashboards_are_those_of_the_script():
    command = [sys.executable, str(ROOT / "scripts" / "grafana.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_dashboards_ask_for_what_is_told(path, known):
    board = json.loads(path.read_text("utf-8"))
    exprs = [t["expr"] for panel in board["panels"] for t in panel["targets"]]
    assert asked(" ".join(exprs)) <= known.keys()
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) > 8
    for panel in board["panels"]:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert panel["description"]


def test_every_family_is_on_a_dashboard_or_in_a_rule(known):
    text = RULES.read_text("utf-8") + "".join(path.read_text("utf-8") for path in DASHBOARDS)
    named = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked(text)}
    families = {name for name in known if not name.endswith(("_bucket", "_count", "_sum"))}
    left = {name.removeprefix("edgekeeper_") for name in families - named}
    assert left == {
        "run_begun", "run_info", "run_sessions_total", "net_exposure_ratio",
        "bars_total", "instants_total", "orders_total", "last_bar_timestamp_seconds",
        "last_bar_taken_timestamp_seconds", "process_open_files",
    }  # fmt: skip


def test_provisioning_reads_the_folder_that_deployment_fills():
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((folder / "dashboards/edgekeeper.yml").read_text())["providers"]
    assert source["type"] == "prometheus"
    assert provider["options"]["path"].endswith("grafana/dashboards")


def test_promtool_takes_the_rules_and_they_say_what_they_should(program, tmp_path):
    promtool = program("promtool")
    done = subprocess.run([promtool, "check", "rules", RULES], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    cases = (ROOT / "tests" / "deploy" / "rules.test.yml").read_text("utf-8")
    (tmp_path / "cases.yml").write_text(cases.replace("RULES", str(RULES)))
    command = [promtool, "test", "rules", tmp_path / "cases.yml"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# -- a real Prometheus -----------------------------------------------------------------------------


def app_of(metrics):
    """The least that serves metrics, and asks for a token as the API does."""

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        allowed = (b"authorization", f"Bearer {TOKEN}".encode()) in scope["headers"]
        body = metrics.render() if allowed else b"no token"
        head = [(b"content-type", metrics.content_type.encode())]
        status = 200 if allowed else 401
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    return app


@contextmanager
def served(app, port):
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def prometheus(binary, folder, target, port):
    """Prometheus with our own configuration, made quicker, on our own rules."""
    text = (PLACE / "prometheus.yml").read_text("utf-8")
    (folder / "token").write_text(TOKEN)
    for old, new in (
        ("/etc/prometheus/edgekeeper.token", str(folder / "token")),
        ("127.0.0.1:8765", f"127.0.0.1:{target}"),
        ("scrape_timeout: 10s", "scrape_timeout: 200ms"),
        ("interval: 15s", "interval: 200ms"),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "prometheus.yml").write_text(text)
    (folder / RULES.name).write_text(RULES.read_text("utf-8"))
    command = [binary, f"--config.file={folder / 'prometheus.yml'}",
               f"--storage.tsdb.path={folder / 'data'}",
               f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=5) as client:
                yield client
        finally:
            process.terminate()


def until(ask, seconds=15.0):
    """What a question answers once it answers at all."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := ask():
                return found
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    pytest.fail(f"nothing within {seconds} s")


def firing(client):
    alerts = client.get("alerts").raise_for_status().json()["data"]["alerts"]
    return {a["labels"]["alertname"]: a for a in alerts if a["state"] == "firing"}


def value_of(client, query):
    answer = client.get("query", params={"query": query}).raise_for_status().json()
    return [float(one["value"][1]) for one in answer["data"]["result"]]


def test_a_real_prometheus_scrapes_and_raises_what_is_wrong(program, free_port, live_run, tmp_path):
    binary, target, port = program("prometheus"), free_port(), free_port()
    with Desk(live_run) as desk, served(app_of(Metrics(desk)), target):
        equity = desk.status().equity
        with prometheus(binary, tmp_path, target, port) as client:
            query = 'edgekeeper_equity{account="edgekeeper"}'
            assert until(lambda: value_of(client, query)) == [pytest.approx(equity)]
            (scraped,) = client.get("targets").json()["data"]["activeTargets"]
            assert (scraped["health"], scraped["lastError"]) == ("up", "")
            assert "EdgekeeperAccountHalted" not in firing(client)
            when = desk.status().last_bar_ns + 10**9
            with (
                Ledger.open(live_run / "ledger.sqlite") as ledger,
                ledger.transaction("trade", event_time_ns=when) as tx,
            ):
                tx.append("guards", {"event_time_ns": when, "account": "edgekeeper",
                                     "event": "halt", "cause": "drawdown"})  # fmt: skip
                tx.append("alerts", {"event_time_ns": time.time_ns(), "severity": "critical",
                                     "rule": "guard_halt", "message": "m"})  # fmt: skip
            told = until(lambda: {"EdgekeeperAccountHalted", "EdgekeeperToldCritical"}
                         <= firing(client).keys() and firing(client))  # fmt: skip
            halted, critical = told["EdgekeeperAccountHalted"], told["EdgekeeperToldCritical"]
            assert halted["labels"]["state"] == "reducing"
            assert halted["annotations"]["runbook"] == "docs/runbooks.md#guard-halt"
            assert critical["annotations"]["runbook"] == "docs/runbooks.md#guard-halt"
            for board in DASHBOARDS:
                for panel in json.loads(board.read_text())["panels"]:
                    for one in panel["targets"]:
                        expr = one["expr"].replace("$__rate_interval", "1m")
                        answer = client.get(
                            "query", params={"query": expr.replace("$instance", ".*")}
                        )
                        assert answer.json()["status"] == "success", expr
