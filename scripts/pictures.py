"""Take the pictures of the README from a real run: needs Chromium.

``python scripts/pictures.py [--run FOLDER]``; else of the demo's second market.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
)


def main() -> None:
    """Run the demo's second market if need be, and photograph its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path)
    run = parser.parse_args().run
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        sys.exit("expected Chromium on the path, found none: apt-get install chromium")
    with tempfile.TemporaryDirectory() as scratch:
        if run is None:
            run = Path(scratch) / "demo"
            command = [sys.executable, "-m", "edgekeeper", "demo", "--markets", "flip"]
            subprocess.run([*command, "--out", str(run)], check=True)
        target = ROOT / "docs" / "pictures" / "report.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        page = (run / "report.html").resolve().as_uri()
        size = ("--window-size=1100,1560", "--force-device-scale-factor=1")
        profile = f"--user-data-dir={scratch}/profile"
        subprocess.run(
            [browser, *FLAGS, *size, profile, f"--screenshot={target}", page],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        print(target)


if __name__ == "__main__":
    main()
