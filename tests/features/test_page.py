"""docs/features.md is that of today, and everything with a source in TA-Lib has its oracle."""

import subprocess
import sys
from pathlib import Path

from edgekeeper.features import OPS
from edgekeeper.features.across import ACROSS

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_that_of_today():
    command = [sys.executable, str(ROOT / "scripts" / "features_page.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_op_is_compared_with_something():
    text = (ROOT / "docs" / "features.md").read_text("utf-8")
    ops = text.partition("## Ops")[2].partition("## Indicators")[0]
    assert [line for line in ops.splitlines() if line.endswith("| none |")] == []
    assert ops.count("\n| `") == len(OPS) + len(ACROSS) + 1


def test_the_page_tells_of_every_catalogue():
    from edgekeeper.features import CATALOGUES, indicators

    text = (ROOT / "docs" / "features.md").read_text("utf-8")
    for name in CATALOGUES:
        assert f"## Catalogue `{name}`" in text
    for indicator in indicators().values():
        assert f"`{indicator.signature}`" in text
