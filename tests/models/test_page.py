"""docs/models.md is that of today: every learner, every parameter, every comparison on record."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgekeeper.models import LEARNERS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "models.md"
RECORD = ROOT / "benchmarks" / "results" / "ensembles.jsonl"


def test_the_page_is_current():
    command = [sys.executable, str(ROOT / "scripts" / "models_page.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", LEARNERS)
def test_each_learner_has_its_meanings_and_its_space(name):
    part = PAGE.read_text("utf-8").partition(f"### `{name}`")[2].partition("\n### ")[0]
    learner = LEARNERS[name]
    for parameter in learner().parameters():
        assert f"\n| `{parameter}` |" in part
    for parameter, span in learner.space().items():
        line = part.partition(f"\n| `{parameter}` |")[2].partition("\n")[0]
        assert f"{span.low:g} to {span.high:g}" in line


def test_what_was_measured_is_told():
    text = PAGE.read_text("utf-8").partition("## When each helps")[2]
    rows = [json.loads(line) for line in RECORD.read_text("utf-8").splitlines()]
    for kind in {row["kind"] for row in rows}:
        own = [row for row in rows if row["kind"] == kind]
        heading = f"### {kind.capitalize()} markets ({len(own)})"
        part = text.partition(heading)[2].partition("###")[0]
        assert "| stack | best member" in part
        recipes = own[0]["recipes"] if kind != "real" else ("vote", "stack", "recent")
        for recipe in recipes:
            assert f"| {recipe} | rules |" in part
