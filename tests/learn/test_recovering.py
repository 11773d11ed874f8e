"""A service that takes over from the record makes the very fits of one that never ended."""

import pytest

from edgekeeper.config import SearchConfig
from edgekeeper.errors import UsageError
from edgekeeper.learn import LearnService, Wish

from .conftest import CONFIG

LINE = CONFIG.lines[0].model_copy(update={"search": SearchConfig(trials=3, rows=200)})
SEARCHED = CONFIG.model_copy(update={"lines": (LINE, CONFIG.lines[2])})
WISHED = Wish("recent", tune=True, force=True)


def test_fits_go_on_as_if_nothing_had_ended(open_desk, planted):
    desk = open_desk(planted, SEARCHED)
    desk.signal(slice(0, len(planted)))
    first = desk.learn
    for line, at, wish in (
        ("linear", 300, None),
        ("other", 300, None),
        ("linear", 340, None),
        ("linear", 380, WISHED),
        ("linear", 420, None),
    ):
        assert first.refit(line, desk.at(at), 1, wish) is not None
    second = LearnService(first.feed, SEARCHED, desk.ledger, desk.registry)
    second.take_over()
    for line in ("linear", "other"):
        made = second.refit(line, desk.at(460), 1)
        assert made == first.refit(line, desk.at(460), 1)  # to the byte: it is the content's hash
    assert len(set(desk.packages()["hash"])) == 7


def test_what_was_wished_for_is_on_record(desk):
    desk.signal(slice(0, len(desk.bars)))
    plain = desk.registry.load(desk.learn.refit("linear", desk.at(400)))
    assert "wished" not in plain.manifest.provenance.gates
    made = desk.registry.load(desk.learn.refit("linear", desk.at(440), 0, Wish("full")))
    assert made.manifest.provenance.gates["wished"] == {"window": "full"}
    assert '"wished"' in desk.packages()["metrics_json"][1]


def test_force_skips_a_veto_and_nothing_else(open_desk, planted):
    for floors, verdict in (
        ({"min_auc": 0.99, "max_auc": 0.999}, "accepted"),
        ({"min_auc": 0.99, "max_auc": 0.4}, "needs_approval"),
    ):
        gates = CONFIG.gates.model_copy(update=floors)
        desk = open_desk(planted, CONFIG.model_copy(update={"gates": gates}))
        desk.signal(slice(0, len(planted)))
        desk.learn.refit("linear", desk.at(400), 0, Wish(force=True))
        row = desk.packages().row(0, named=True)
        assert row["verdict"] == verdict
        assert '"passed":false' in row["reasons_json"].replace(" ", "")


def test_a_window_that_is_none_is_refused():
    with pytest.raises(UsageError, match="expected a window of recent, full"):
        Wish.of({"window": "all"})
    assert Wish.of({"window": "full", "job": "weekly"}).record() == {"window": "full"}
