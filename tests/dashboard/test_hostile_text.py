"""Whatever bots, people and files call things: it stays text."""

import json

import pytest

from edgekeeper.ledger import Ledger

HOSTILE = (
    "<img src=x onerror=window.hacked=1>",
    "<script>window.hacked=1</script>",
    "{{constructor.constructor('window.hacked=1')()}}",
    "${window.hacked=1}`",
    "javascript:window.hacked=1//",
    "'\" onmouseover=window.hacked=1 x='",
    "\u202egnidart\u2066\u200fשלום",
    "</script><!--<svg onload=window.hacked=1>",
)


@pytest.fixture(scope="module")
def hostile(serve, lived_copy):
    time_ns = 1_701_302_400_000_000_000
    with Ledger.open(lived_copy / "ledger.sqlite") as ledger:
        with ledger.transaction("trade", event_time_ns=time_ns) as tx:
            many = len(HOSTILE)
            tx.append(
                "decisions",
                {
                    "event_time_ns": [time_ns] * many, "symbol": list(HOSTILE),
                    "account": ["edgekeeper"] * many, "side": ["long"] * many,
                    "decision": ["take"] * many, "size": [0.1] * many, "stop": [1.0] * many,
                    "target": [2.0] * many, "reason": list(HOSTILE), "model": list(HOSTILE),
                },
            )  # fmt: skip
            tx.append(
                "alerts",
                {"event_time_ns": [time_ns] * many, "severity": ["critical"] * many,
                 "rule": list(HOSTILE), "message": list(HOSTILE)},
            )  # fmt: skip
            tx.append(
                "stages",
                {"event_time_ns": [time_ns] * many, "line": ["linear"] * many,
                 "from_stage": ["shadow"] * many, "to_stage": ["shadow"] * many,
                 "reason": list(HOSTILE), "actor": list(HOSTILE)},
            )  # fmt: skip
            tx.append(
                "guards",
                {"event_time_ns": time_ns, "account": "edgekeeper", "event": "halt",
                 "cause": HOSTILE[0], "detail": HOSTILE[1], "actor": HOSTILE[2]},
            )  # fmt: skip
        with ledger.transaction("signals") as tx:
            tx.append(
                "sidecar_guards",
                {"wall_time_ns": time_ns, "event": "start", "cause": "settings", "actor": "person",
                 "reason": json.dumps({"mode": HOSTILE[0]})},
            )  # fmt: skip
            tx.append(
                "sidecar_signals",
                {"event_time_ns": [time_ns] * many, "wall_time_ns": [time_ns] * many,
                 "id": list(HOSTILE), "symbol": list(HOSTILE), "side": ["long"] * many,
                 "source": list(HOSTILE), "mode": ["observe"] * many,
                 "decision": ["skip"] * many, "halted": [0] * many, "explored": [0] * many,
                 "counted": [1] * many, "reasons_json": [json.dumps([one]) for one in HOSTILE]},
            )  # fmt: skip
        with ledger.transaction("person") as tx:
            tx.append(
                "commands",
                {"wall_time_ns": [time_ns] * many, "id": [str(k) for k in range(many)],
                 "kind": ["kill"] * many, "subject": list(HOSTILE), "actor": list(HOSTILE),
                 "reason": list(HOSTILE)},
            )  # fmt: skip
    return serve(lived_copy)


SHOWN = ("/", "/decisions", "/models?line=linear", "/system", "/signals")


def test_foreign_text_is_shown_as_it_is_and_does_nothing(visit, hostile):
    page = visit(hostile, "/models")
    for path in ("/models", "/data", "/drift", *SHOWN):
        page.goto(hostile.url + path)
        page.wait_for_selector("#heading")
        text = page.inner_text("body")
        assert page.evaluate("window.hacked") is None
        live = "img, main script, main iframe, main [onload], main [onerror]"
        assert page.locator(live).count() == 0
        assert page.locator("a[href^='javascript']").count() == 0
        assert not set("\u202e\u2066") & set(page.content())
        if path in SHOWN:
            assert HOSTILE[0] in text
            assert HOSTILE[2] in text


def test_a_decision_on_a_hostile_symbol_opens(visit, hostile):
    page = visit(hostile, "/decisions")
    page.get_by_role("link", name=HOSTILE[0]).first.click()
    page.wait_for_selector("ol.funnel")
    assert HOSTILE[0] in page.inner_text("main.room h1")
    assert page.evaluate("window.hacked") is None
