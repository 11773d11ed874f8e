"""Write the Grafana dashboards of deploy/grafana/dashboards.

    python scripts/grafana.py [--check]

A dashboard is rows of panels, and a panel a title, a sentence, and what it asks Prometheus. Lines
differ by their names, never by colour alone.
"""

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "grafana" / "dashboards"
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDTH, _STAT_HEIGHT, _CHART_HEIGHT = 24, 4, 8
_GOOD, _WARN, _BAD = "blue", "orange", "red"


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes
    ----------
    title, about : str
    asks : mapping of legend to PromQL
    unit : str
        As Grafana calls it.
    kind : {"timeseries", "stat", "state-timeline"}
    limits : mapping of value to colour
        Which colour holds from a value on.
    words : mapping of value to (text, colour)
        What a number means.
    """

    title: str
    about: str
    asks: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    limits: dict[float, str] = field(default_factory=dict)
    words: dict[int, tuple[str, str]] = field(default_factory=dict)
    stacked: bool = False


def of(metric: str, **labels: str) -> str:
    """A metric of the instances that were chosen above the dashboard; ``~`` begins a pattern."""
    chosen = "".join(
        f',{name}=~"{value[1:]}"' if value.startswith("~") else f',{name}="{value}"'
        for name, value in labels.items()
    )
    return f'edgekeeper_{metric}{{instance=~"$instance"{chosen}}}'


def quantiles(metric: str, by: str = "") -> dict[str, str]:
    """Median and the slowest hundredth of a histogram."""
    kept = f"le, {by}" if by else "le"
    named = f" {{{{{by}}}}}" if by else ""
    return {
        f"{name}{named}": f"histogram_quantile({share}, sum by ({kept}) "
        f"(rate({of(f'{metric}_bucket')}[$__rate_interval])))"
        for name, share in (("p50", 0.5), ("p99", 0.99))
    }


def stat(title: str, about: str, ask: str, unit: str = "short", **more: Any) -> Panel:
    """A single number."""
    return Panel(title, about, {"": ask}, unit, "stat", **more)


MINE = {"account": "edgekeeper"}
RUN = (
    (
        stat("Equity", "In the run's currency.", of("equity", **MINE)),
        stat("Below its high", "15 % halts by default.", of("drawdown_ratio", **MINE),
             "percentunit", limits={0.05: _WARN, 0.15: _BAD}),
        stat("At work", "Position values over equity.", of("gross_exposure_ratio", **MINE),
             "percentunit"),
        stat("Account", "Halted: nothing is opened until a person resumes.",
             f"sum({of('account', state='reducing')} * 2) + sum({of('account', state='halted')})",
             words={0: ("may trade", _GOOD), 1: ("HALTED", _BAD),
                    2: ("HALTED, positions left", _BAD)}),
        stat("Model", "Paused: the fallback trades meanwhile.",
             f"sum({of('model', state='paused')} * 2) + sum({of('model', state='trading')})",
             words={0: ("the fallback trades", _GOOD), 1: ("trades", _GOOD), 2: ("PAUSED", _WARN)}),
        stat("Bars are late by", "Counted while the venue is open.", of("bars_overdue_seconds"),
             "s", limits={600: _WARN, 7200: _BAD}),
    ),
    (
        Panel("Equity against the rules", "What the money did, beside the rules alone.",
              {"{{account}}": of("equity", account="~edgekeeper|rules")}),
        Panel("Fall from the high", "The guard halts at its limit.",
              {"{{account}}": f"-{of('drawdown_ratio', **MINE)}"}, "percentunit"),
    ),
    (
        Panel("Decisions a minute", "Take, reduce or skip.",
              {"{{decision}}": f"sum by (decision) (rate({of('decisions_total')}"
               "[$__rate_interval])) * 60"}, stacked=True),
        Panel("Why signals are skipped", "The check of the funnel that settled it, a day.",
              {"{{reason}}": f"topk(8, sum by (reason) (increase({of('skips_total')}[1d])))"}),
    ),
    (
        Panel("Trades a day", "Closed, by who decided and how they ended.",
              {"{{by}} {{result}}": f"sum by (by, result) (increase({of('trades_total', **MINE)}"
               "[1d]))"}, stacked=True),
        Panel("Gains and losses a day", "Net, in the run's currency; costs are part of both.",
              {f"{name} {{{{by}}}}": f"{sign}sum by (by) (increase("
               f"{of(f'trade_{name}_total', **MINE)}[1d]))"
               for name, sign in (("gains", ""), ("losses", "-"), ("costs", "-"))}),
    ),
    (
        Panel("Alerts a day", "As recorded, by severity.",
              {"{{severity}}": f"sum by (severity) (increase({of('alerts_total')}[1d]))"}),
        Panel("Alerts that stand", "Raised and not over yet.",
              {"{{rule}}": f"{of('alert_standing')} == 1"}),
    ),
)  # fmt: skip
MODELS = (
    (
        Panel("Where lines stand", "A line earns each step.",
              {"{{line}}: {{state}}": f"{of('line_stage')} == 1"}, kind="state-timeline",
              words={1: ("here", _GOOD)}),
    ),
    (
        Panel("Evidence towards its threshold", "The least of the three bets, as a share of what "
              "is needed, in logarithms: at 100 % all nulls have fallen.",
              {"{{line}}": f"min by (instance, line) ({of('line_log_evidence')}) / "
               f"on (instance, line) {of('line_log_threshold')}"}, "percentunit"),
        Panel("Evidence against each null", "Cash, own exposure, the incumbent line.",
              {"{{line}} against {{null}}": of("line_log_evidence")}),
    ),
    (
        Panel("Share of trades that ended as forecast", "Over the newest 400; below 50 % a coin "
              "does better.", {"accuracy": of("recent_accuracy_ratio")}, "percentunit",
              limits={0.55: _GOOD}),
        Panel("Win rate beside the rules alone", "Compare money first.",
              {"difference": of("recent_win_rate_gap_ratio")}, "percentunit"),
    ),
    (
        Panel("How far forecasts have moved", "Population stability index; above .25 is odd.",
              {"{{of}}": of("recent_forecast_shift")}),
        Panel("Statistic that sends a line back", "Logarithm of the detector of harm.",
              {"{{line}}": of("line_log_harm")}),
    ),
    (
        Panel("Fits a week", "By what the gates said.",
              {"{{line}} {{verdict}}": f"sum by (line, verdict) (increase("
               f"{of('fits_total')}[7d]))"}),
        Panel("Refits that drift asked for, a week", "Drift asks; it never promotes.",
              {"{{line}}: {{reason}}": f"sum by (line, reason) (increase("
               f"{of('drift_requests_total')}[7d]))"}),
        Panel("Age of the newest fit", "Market time.",
              {"{{line}}": f"time() - {of('last_fit_timestamp_seconds')}"}, "s"),
    ),
    (
        Panel("Time that forecasts take", "Of all symbols of an instant; 100 ms pause the model.",
              quantiles("forecast_seconds"), "s"),
    ),
)  # fmt: skip
SYSTEM = (
    (
        stat("Answers", "Whether API and metrics can be reached.",
             'min(up{job="edgekeeper",instance=~"$instance"})',
             words={0: ("DOWN", _BAD), 1: ("up", _GOOD)}),
        stat("Uptime, 30 days", "Share of scrapes that were answered.",
             'avg(avg_over_time(up{job="edgekeeper",instance=~"$instance"}[30d]))', "percentunit"),
        stat("Record", "Whether it can be read.", f"min({of('record_readable')})",
             words={0: ("UNREADABLE", _BAD), 1: ("readable", _GOOD)}),
        stat("Disk free", "Where the run lies.",
             f"{of('disk_free_bytes')} / {of('disk_size_bytes')}", "percentunit"),
        stat("Packages missing", "Of those that should trade.", of("packages_missing"),
             limits={1: _BAD}),
        stat("Memory, all processes", "Meant to fit in 2 GB.",
             f"sum({of('process_resident_memory_bytes')})", "bytes",
             limits={1.8e9: _WARN, 2.0e9: _BAD}),
    ),
    (
        Panel("Memory by process", "What each holds now.",
              {"{{process}}": of("process_resident_memory_bytes")}, "bytes", stacked=True),
        Panel("Processor by process", "Cores in use.",
              {"{{process}}": f"rate({of('process_cpu_seconds_total')}[$__rate_interval])"},
              stacked=True),
    ),
    (
        Panel("Last sign of life", "Each process gives one every second or so.",
              {"{{process}}": of("heartbeat_age_seconds")}, "s"),
        Panel("Processes", "What each says of itself.",
              {"{{process}}: {{state}}": f"{of('process')} == 1"}, kind="state-timeline",
              words={1: ("so", _GOOD)}),
        Panel("Restarts an hour", "More than three are an alert.",
              {"{{process}}": f"increase({of('process_restarts_total')}[1h])"}),
    ),
    (
        Panel("Requests a second", "By route.",
              {"{{method}} {{route}}": f"sum by (method, route) (rate("
               f"{of('http_request_seconds_count')}[$__rate_interval]))"}),
        Panel("Time to answer", "Asked for: under 100 ms.", quantiles("http_request_seconds"), "s"),
        Panel("Requests that failed", "By status.",
              {"{{status}} {{route}}": f"sum by (status, route) (rate("
               f"{of('http_request_seconds_count', status='~[45]..')}[$__rate_interval]))"}),
    ),
    (
        Panel("Signals of bots a second", "By decision.",
              {"{{decision}}": f"sum by (decision) (rate({of('signal_seconds_count')}"
               "[$__rate_interval]))"}),
        Panel("Time until a bot has its answer", "A client gives up after 200 ms.",
              quantiles("signal_seconds"), "s"),
        Panel("Outcomes told, an hour", "What bots reported back.",
              {"outcomes": f"increase({of('outcomes_total')}[1h])"}),
    ),
    (
        Panel("Messages to people, an hour", "By channel and what became of them.",
              {"{{channel}} {{result}}": f"increase({of('notifications_total')}[1h])"}),
        Panel("Messages that wait", "Sent when their channel works again.",
              {"{{channel}}": of("notifications_waiting")}),
    ),
    (
        Panel("Record and folder", "Size on disk.",
              {"record": of("ledger_bytes"), "whole folder": of("folder_bytes")}, "bytes"),
        Panel("Links written a minute", "By writer.",
              {"{{role}}": f"rate({of('ledger_links_total')}[$__rate_interval]) * 60"}),
        Panel("Time that a look at the record takes", "Milliseconds, unless the disk is slow.",
              {"look": of("record_read_seconds"), "whole scrape": of("scrape_seconds")}, "s"),
    ),
)  # fmt: skip
DASHBOARDS = {
    "run": ("Edgekeeper: the run", RUN),
    "models": ("Edgekeeper: models and evidence", MODELS),
    "system": ("Edgekeeper: processes and machine", SYSTEM),
}


def dashboard(name: str, title: str, rows: tuple[tuple[Panel, ...], ...]) -> dict[str, Any]:
    """A dashboard as Grafana reads it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for row in rows:
        width = _WIDTH // len(row)
        height = _STAT_HEIGHT if row[0].kind == "stat" else _CHART_HEIGHT
        for place, one in enumerate(row):
            where = {"x": place * width, "y": top, "w": width, "h": height}
            panels.append({"id": len(panels) + 1, "gridPos": where, **_drawn(one)})
        top += height
    return {
        "uid": f"edgekeeper-{name}",
        "title": title,
        "tags": ["edgekeeper"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "utc",
        "links": [{"type": "dashboards", "tags": ["edgekeeper"], "title": "Edgekeeper",
                   "asDropdown": False, "keepTime": True, "includeVars": True}],
        "templating": {"list": [_choice_of_source(), _choice_of_instance()]},
        "panels": panels,
    }  # fmt: skip


def _drawn(panel: Panel) -> dict[str, Any]:
    steps = [{"color": _GOOD, "value": None}]
    steps += [{"color": colour, "value": value} for value, colour in panel.limits.items()]
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": steps},
        "noValue": "not known yet",
    }
    if panel.words:
        options = {
            str(value): {"text": text, "color": colour, "index": place}
            for place, (value, (text, colour)) in enumerate(panel.words.items())
        }
        defaults["mappings"] = [{"type": "value", "options": options}]
    if panel.kind == "timeseries":
        mode = "normal" if panel.stacked else "none"
        defaults["custom"] = {"lineWidth": 1, "fillOpacity": 15 if panel.stacked else 0,
                              "stacking": {"mode": mode}, "showPoints": "never"}  # fmt: skip
    targets = [
        {"refId": chr(ord("A") + k), "expr": ask, "legendFormat": legend or "__auto",
         "datasource": _SOURCE}
        for k, (legend, ask) in enumerate(panel.asks.items())
    ]  # fmt: skip
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _options(panel),
        "targets": targets,
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        colour = "background" if panel.words or panel.limits else "none"
        return {"colorMode": colour, "graphMode": "none",
                "reduceOptions": {"calcs": ["lastNotNull"]}}  # fmt: skip
    if panel.kind == "state-timeline":
        return {"showValue": "never", "mergeValues": True}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}


def _choice_of_source() -> dict[str, Any]:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _choice_of_instance() -> dict[str, Any]:
    return {
        "name": "instance",
        "label": "Instance",
        "type": "query",
        "datasource": _SOURCE,
        "query": "label_values(edgekeeper_build_info, instance)",
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "current": {"text": "All", "value": "$__all"},
    }


def files() -> dict[Path, str]:
    """What is to be written, and where."""
    return {
        FOLDER / f"{name}.json": json.dumps(dashboard(name, title, rows), indent=1) + "\n"
        for name, (title, rows) in DASHBOARDS.items()
    }


def main() -> int:
    """Write the dashboards, or say which are not up to date."""
    parser = argparse.ArgumentParser(description="Write the Grafana dashboards.")
    parser.add_argument("--check", action="store_true", help="Write nothing; fail if out of date.")
    checks = parser.parse_args().check
    stale = [
        path
        for path, text in files().items()
        if not path.is_file() or path.read_text("utf-8") != text
    ]
    if checks:
        for path in stale:
            print(f"{path.name} is out of date: python scripts/grafana.py", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in files().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
