"""docs/api.md shows the endpoints of today, with requests that work as they are printed."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")


def test_the_page_is_current():
    command = [sys.executable, str(ROOT / "scripts" / "api_page.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_limits_and_times_on_the_page_are_those_of_the_code():
    from edgekeeper.api import ApiSettings
    from edgekeeper.api.access import CODE_MINUTES, SESSION_HOURS

    limits, words = ApiSettings(), {10: "ten", 12: "twelve"}
    assert f"{limits.body_bytes // 1024} KiB, bars {limits.bars_bytes // 2**20} MiB" in PAGE
    assert f"{limits.requests_per_second:.0f} requests a second and token" in PAGE
    assert f"{limits.messages_per_second:,.0f} signals" in PAGE
    assert f"for {words[CODE_MINUTES]} minutes" in PAGE
    assert f"lasts {words[SESSION_HOURS]} hours" in " ".join(PAGE.split())


def test_every_endpoint_has_a_request():
    heads = re.findall(r"^#### `(\w+) (\S+)`$", PAGE, re.MULTILINE)
    assert len(heads) == PAGE.count("curl -s") > 55
