"""A run as Prometheus sees it: what the record says, in bounded series, at little cost."""

import json
import threading
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edgekeeper.clock import ManualClock
from edgekeeper.desk import Desk
from edgekeeper.ledger import Ledger
from edgekeeper.monitoring import Metrics
from edgekeeper.monitoring.bars_due import BarsDue
from edgekeeper.monitoring.bounded import Bounded
from edgekeeper.watch import Heart

NS = 10**9
PATIENT = 60.0  # a scrape that gives up shows what was known before: here that is not asked


def scraped(metrics):
    """Samples by name and labels."""
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        assert family.documentation.endswith((".", "decision."))
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def of(samples, name, **labels):
    return samples[f"edgekeeper_{name}", tuple(sorted(labels.items()))]


@pytest.fixture
def seen(lived):
    with Desk(lived) as desk:
        yield desk, scraped(Metrics(desk, patience_seconds=PATIENT))


def append(folder, table, when, **row):
    with (
        Ledger.open(folder / "ledger.sqlite") as ledger,
        ledger.transaction("trade", event_time_ns=when) as tx,
    ):
        tx.append(table, row)


def test_the_figures_are_those_of_the_desk(seen):
    desk, samples = seen
    status = desk.status()
    assert of(samples, "equity", account="edgekeeper") == status.equity
    assert of(samples, "gross_exposure_ratio", account="edgekeeper") == status.gross_exposure
    assert of(samples, "bars_total") == status.bars
    assert of(samples, "last_bar_timestamp_seconds") == status.last_bar_ns / 1e9
    (line,) = status.lines
    assert of(samples, "line_stage", line=line.name, state=line.stage) == 1.0
    assert of(samples, "fits_total", line=line.name, verdict="accepted") == line.fits
    decided = desk.ledger.read("decisions", where={"account": "edgekeeper"})
    assert decided.height == sum(
        value for (name, _), value in samples.items() if name == "edgekeeper_decisions_total"
    )
    fall = desk.equity().filter(desk.equity()["account"] == "rules")["equity"]
    assert of(samples, "drawdown_ratio", account="rules") == pytest.approx(
        1.0 - fall[-1] / fall.to_numpy().max()
    )


def test_latency_is_a_histogram_of_every_instant(seen):
    desk, samples = seen
    steps = desk.ledger.read("stretches", where={"kind": "bars"})["latency_ms"]
    assert of(samples, "forecast_seconds_count") == of(samples, "instants_total") == steps.len()
    below = sum(value <= 5.0 for value in steps)
    assert of(samples, "forecast_seconds_bucket", le="0.005") == below
    assert of(samples, "forecast_seconds_sum") == pytest.approx(steps.sum() / 1e3)


def test_trades_are_told_by_who_decided_and_their_money_adds_up(seen):
    desk, samples = seen
    rows = desk.ledger.read("trades", where={"account": "edgekeeper"}).to_dicts()
    profits = [abs(r["quantity"]) * r["entry_price"] * r["net_return"] for r in rows]
    key = {"account": "edgekeeper", "by": "fallback"}
    assert of(samples, "trades_total", **key, result="won") == sum(p > 0 for p in profits)
    money = of(samples, "trade_gains_total", **key) - of(samples, "trade_losses_total", **key)
    assert money == pytest.approx(sum(profits))
    assert of(samples, "trade_costs_total", **key) == pytest.approx(sum(r["costs"] for r in rows))


def test_what_was_read_is_not_read_again(live_run):
    with Desk(live_run) as desk:
        metrics = Metrics(desk, patience_seconds=PATIENT)
        before = scraped(metrics)
        assert of(scraped(metrics), "bars_total") == of(before, "bars_total")
        when = desk.status().last_bar_ns + NS
        append(live_run, "guards", when, event_time_ns=when, account="edgekeeper", event="halt")
        append(live_run, "equity", when, event_time_ns=when, account=["edgekeeper", "rules"],
               equity=[50_000.0, float("nan")], gross_exposure=0.0)  # fmt: skip
        append(live_run, "decisions", when, event_time_ns=when, symbol="A/USD", side="long",
               account="edgekeeper", decision="take", reason="accepted")  # fmt: skip
        after = scraped(metrics)
    key = {"decision": "take", "symbol": "A/USD"}
    assert of(after, "decisions_total", **key) == of(before, "decisions_total", **key) + 1
    assert of(before, "account", state="active") == of(after, "account", state="halted") == 1.0
    assert of(after, "drawdown_ratio", account="edgekeeper") > 0.49
    assert of(after, "equity", account="rules") != of(after, "equity", account="rules")  # NaN


def test_a_halt_with_positions_left_is_another_state_and_a_resume_ends_it(live_run):
    with Desk(live_run) as desk:
        metrics = Metrics(desk, patience_seconds=PATIENT)
        when = desk.status().last_bar_ns + NS
        append(live_run, "guards", when, event_time_ns=when, account="edgekeeper", event="halt")
        assert of(scraped(metrics), "account", state="reducing") == 1.0
        append(live_run, "guards", when, event_time_ns=when, account="edgekeeper", event="resume")
        assert of(scraped(metrics), "account", state="active") == 1.0


def test_alerts_stand_until_they_are_over(live_run):
    with Desk(live_run) as desk:
        metrics, when = Metrics(desk, patience_seconds=PATIENT), 10**18
        # A slow machine may have had one of its own, about how long a forecast took.
        own = desk.ledger.read("alerts", ["severity"], where={"severity": "critical"}).height
        row = {"event_time_ns": when, "severity": "critical", "message": "m"}
        append(live_run, "alerts", when, **row, rule="drawdown_critical")
        append(live_run, "alerts", when, **row, rule="guard_halt")
        key = {"rule": "drawdown_critical", "severity": "critical"}
        samples = scraped(metrics)
        assert of(samples, "alert_standing", **key) == 1.0
        assert of(samples, "alerts_total", severity="critical") == own + 2.0
        assert of(samples, "alert_last_timestamp_seconds", **key) == when / 1e9
        assert not any("guard_halt" in str(k) for k in samples if "standing" in k[0])
        append(live_run, "alerts", when, event_time_ns=when, severity="info", message="over",
               rule="drawdown_critical_cleared")  # fmt: skip
        assert of(scraped(metrics), "alert_standing", **key) == 0.0


def test_there_is_something_to_scrape_before_a_run_has_begun(tmp_path):
    with Desk(tmp_path / "none") as desk:
        samples = scraped(Metrics(desk, patience_seconds=PATIENT))
    assert of(samples, "run_begun") == 0.0
    assert of(samples, "record_readable") == 1.0


def test_a_damaged_record_is_said_and_not_raised(live_run):
    with Desk(live_run) as desk:
        metrics = Metrics(desk, patience_seconds=PATIENT)
        equity = of(scraped(metrics), "equity", account="edgekeeper")
        desk.close()
        (live_run / "ledger.sqlite").write_bytes(b"no database" * 1_000)
        samples = scraped(metrics)
    assert of(samples, "record_readable") == 0.0
    assert of(samples, "equity", account="edgekeeper") == equity  # the last that was known


def test_a_slow_record_does_not_hold_a_scrape_up(lived, monkeypatch):
    gate = threading.Event()
    with Desk(lived) as desk:
        metrics = Metrics(desk, patience_seconds=0.05)
        monkeypatch.setattr(type(desk), "begun", property(lambda self: gate.wait(20)))
        begun = time.perf_counter()
        assert "edgekeeper_equity" not in metrics.render().decode()
        metrics.render()
        assert time.perf_counter() - begun < 5
        gate.set()
        for _ in range(200):
            if "edgekeeper_equity{" in metrics.render().decode():
                break
            time.sleep(0.02)
        else:
            pytest.fail("what was read was never shown")


def test_processes_tell_their_memory_and_their_restarts(live_run):
    Heart(live_run, "web", 0.0).beat()
    with Desk(live_run) as desk:
        metrics = Metrics(desk, patience_seconds=PATIENT)
        samples = scraped(metrics)
        assert of(samples, "process_resident_memory_bytes", process="web") > 10**7
        assert of(samples, "process_cpu_seconds_total", process="web") > 0.0
        assert of(samples, "process_runs", process="web") == 1.0
        assert of(samples, "process", process="trade", state="stopped") == 1.0
        assert 0.0 <= of(samples, "heartbeat_age_seconds", process="web") < 60.0
        file = live_run / "heartbeat-web.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"pid": 1}))
        assert of(scraped(metrics), "process_restarts_total", process="web") == 1.0


def test_a_package_that_should_trade_and_is_gone(live_run):
    import shutil

    from edgekeeper.registry import Pointer, Registry

    registry = Registry(live_run / "models")
    registry.set_pointer(Pointer(champion=registry.list()[0]))
    with Desk(live_run) as desk:
        metrics = Metrics(desk, patience_seconds=PATIENT)
        assert of(scraped(metrics), "packages_missing") == 0.0
        shutil.rmtree(registry.folder(registry.pointer().champion))
        assert of(scraped(metrics), "packages_missing") == 1.0


def test_requests_are_counted_by_template_and_never_without_bound(lived):
    with Desk(lived) as desk:
        metrics = Metrics(desk, patience_seconds=PATIENT)
        for k in range(400):
            metrics.observe_request(f"/v1/{k}", "GET", 200, 0.01)
        metrics.observe_request("/v1/0", "BREW", 999_999, 0.01)
        metrics.observe_signal("take", 0.002)
        metrics.observe_signal('evil"\n{', 0.002)
        metrics.observe_outcome()
        samples = scraped(metrics)
    routes = {
        dict(labels)["route"] for name, labels in samples if name.endswith("request_seconds_count")
    }
    assert len(routes) == 151
    key = {"route": "other", "method": "GET", "status": "200"}
    assert of(samples, "http_request_seconds_count", **key) == 250
    odd = {"route": "/v1/0", "method": "other", "status": "other"}
    assert of(samples, "http_request_seconds_count", **odd) == 1
    assert of(samples, "signal_seconds_count", decision="other") == 1
    assert of(samples, "outcomes_total") == 1
    assert not any("_created" in name for name, _ in samples)


def test_names_from_outside_cannot_break_the_format(live_run):
    with Desk(live_run) as desk:
        metrics = Metrics(desk, patience_seconds=PATIENT)
        hostile = 'A"}\n# TYPE x \x1b[31m\\' + "Z" * 200
        for k in range(150):
            append(live_run, "decisions", 10**18, event_time_ns=10**18, account="edgekeeper",
                   symbol=f"S{k}{hostile}", side="long", decision="skip",
                   reason=f"{k}{hostile}")  # fmt: skip
        samples = scraped(metrics)
    symbols = {dict(labels)["symbol"] for name, labels in samples if "decisions" in name}
    assert len(symbols) == 101
    assert all(len(symbol) <= 60 and symbol.isprintable() for symbol in symbols)


def test_bounded_gives_each_value_its_own_label_or_other():
    label = Bounded(1)
    assert (label("a"), label("b"), label(None), label("a")) == ("a", "other", "other", "a")


def test_a_look_reads_little(live_run):
    with Desk(live_run) as desk:
        metrics = Metrics(desk, patience_seconds=PATIENT)
        metrics.render()
        spent = []
        for _ in range(10):
            begun = time.perf_counter()
            metrics.render()
            spent.append(time.perf_counter() - begun)
    assert sorted(spent)[5] < 0.25, "milliseconds, on a machine that is not busy"


def test_a_bar_is_late_only_while_its_venue_is_open(live_run):
    with Desk(live_run) as desk:
        last = desk.status().last_bar_ns
        clock = ManualClock(last + 3_600 * NS)
        metrics = Metrics(desk, clock=clock, patience_seconds=PATIENT)
        samples = scraped(metrics)
        assert of(samples, "bars_overdue_seconds") == 0.0
        assert of(samples, "bar_interval_seconds") == 3_600.0
        clock.advance_to(last + 3 * 3_600 * NS)
        assert of(scraped(metrics), "bars_overdue_seconds") == 7_200.0
        wanted = json.loads((live_run / "paper.json").read_text())
        (live_run / "paper.json").write_text(json.dumps(wanted | {"symbols": ["SPY"]}))
        friday = 1_700_859_600 * NS  # 2023-11-24 21:00 UTC: half a holiday before a weekend
        due = BarsDue(live_run)
        assert due.overdue_seconds(friday, friday + 40 * 3_600 * NS) == 0.0
        assert due.overdue_seconds(friday, friday + 72 * 3_600 * NS) > 0.0
        (live_run / "paper.json").write_text("{")
        assert BarsDue(live_run).overdue_seconds(friday, friday) is None


def test_channels_to_people_tell_how_they_fare(live_run):
    from edgekeeper.alerts import Alert, Outbox

    outbox = Outbox(live_run / "outbox.sqlite")
    now = time.time_ns()
    for k in range(2):
        outbox.put("slack", Alert(k, "critical", f"rule {k}", "m"), now_ns=now, due_ns=now,
                   repeat_ns=0, most=10)  # fmt: skip
    batch = outbox.claim("slack", now, quiet=False)
    outbox.failed("slack", batch.key, "refused", now, wait_ns=0, hopeless=False)
    outbox.close()
    with Desk(live_run) as desk:
        metrics = Metrics(desk, patience_seconds=PATIENT)
        samples = scraped(metrics)
        assert of(samples, "notifications_waiting", channel="slack") == 2.0
        assert of(samples, "channel_failures_in_a_row", channel="slack") == 1.0
        assert of(samples, "notifications_total", channel="slack", result="failed") == 1.0
        (live_run / "outbox.sqlite").write_bytes(b"x" * 4_096)
        assert not any("channel" in name for name, _ in scraped(metrics))
