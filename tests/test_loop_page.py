"""docs/loop.md draws the stages and orders of today."""

import subprocess
import sys
from pathlib import Path

from edgekeeper.rollout import ALLOWED
from edgekeeper.trade import ORDERS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "loop.md").read_text("utf-8")


def test_the_page_is_current():
    command = [sys.executable, str(ROOT / "scripts" / "loop_page.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_move_and_order_is_drawn():
    for source, targets in ALLOWED.items():
        for target in targets:
            assert f"{source} --> {target}" in PAGE
    for order in ORDERS:
        assert f"{order}`" in PAGE
