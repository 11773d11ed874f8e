"""``models learners`` shows the shelf as it is."""

from edgekeeper.models import LEARNERS


def test_learners_are_listed_with_spaces_and_policies(edgekeeper):
    records = {record["name"]: record for record in listed(edgekeeper)}
    assert set(records) == set(LEARNERS)
    for name, record in records.items():
        assert record["parameters"] == LEARNERS[name]().parameters()
        assert set(record["space"]) == set(LEARNERS[name].space())
        assert record["missing_values"] == LEARNERS[name].missing_values
        assert len(record["about"]) > 20
    assert records["xgboost"]["space"]["learning_rate"] == {
        "low": 0.01, "high": 0.3, "log": True, "whole": False,
    }  # fmt: skip


def listed(edgekeeper):
    return edgekeeper("models", "learners", "--json").json["learners"]


def test_learners_are_shown_to_people(edgekeeper):
    shown = edgekeeper("models", "learners").out
    assert all(name in shown for name in LEARNERS)
    assert "learning_rate 0.01 to 0.3 (log)" in " ".join(shown.split())
