"""Every alert that asks for something says where to read what to do."""

import re
from pathlib import Path

import edgekeeper
from edgekeeper.alerts import Alert
from edgekeeper.config import AlertsConfig

SOURCE = Path(edgekeeper.__file__).parent
PAGE = (SOURCE.parent.parent / "docs" / "runbooks.md").read_text("utf-8")


def sections():
    return dict(re.findall(r"^## (\S+)\n\*(\w+)\.\*", PAGE, re.MULTILINE))


def test_each_rule_has_its_section_with_its_severity():
    found = sections()
    for name, rule in AlertsConfig().rules.items():
        anchor = Alert(0, rule.severity, name, "").runbook.partition("#")[2]
        assert found[anchor].lower() == rule.severity, name


def test_each_fact_that_is_told_has_its_section():
    files = [*(SOURCE / "watch").glob("*.py"), SOURCE / "alerts" / "courier.py"]
    text = "".join(path.read_text("utf-8") for path in files)
    kinds = "guard|trade|watch|model|fit|line|storage|channel"
    named = set(re.findall(rf'"((?:{kinds})_[a-z_]+)"', text))
    named |= {"guard_halt", "guard_pause", "storage_stopped", "storage_put_off", "line_retreated"}
    named -= {"model_paused", "watch_config"}
    assert len(named) > 8
    assert {name.replace("_", "-") for name in named} <= set(sections()), named


def test_no_section_is_about_nothing():
    words = "".join(
        path.read_text("utf-8")
        for path in (
            *(SOURCE / "watch").glob("*.py"),
            SOURCE / "config" / "local.py",
            SOURCE / "alerts" / "courier.py",
            SOURCE / "sidecar" / "herald.py",
        )
    )
    rules = (SOURCE.parent.parent / "deploy/prometheus/edgekeeper.rules.yml").read_text("utf-8")
    told_by_prometheus = set(re.findall(r"runbooks\.md#([a-z-]+)$", rules, re.MULTILINE))
    for anchor in sections().keys() - {"information"} - told_by_prometheus:
        head, _, tail = anchor.replace("-", "_").partition("_")
        assert anchor.replace("-", "_") in words or (head in words and tail in words)


def test_what_is_told_for_information_has_one_section_in_common():
    for rule in ("line_promoted", "storage_resumed", "drawdown_critical_cleared"):
        assert Alert(0, "info", rule, "").runbook == "docs/runbooks.md#information"
    assert "weekly" in sections()


def test_links_lead_somewhere():
    for anchor in re.findall(r"\]\(#([a-z-]+)\)", PAGE):
        assert anchor in sections()
