"""Pictures of the dashboard for README and docs: ``python scripts/screenshots.py [FOLDER]``.

A run on the demo's market is lived until a model trades, a bot sends signals, everything is served
as ``edgekeeper serve`` does it, and a browser looks at it. Bars, signals and decisions are the same
each time; hours of wall time and memory are those of the machine. Takes some minutes.
"""

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

CHROMIUM = "/usr/bin/chromium"
PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
BARS = 900
SIGNALS = 400
PORT = 8799
SETTINGS = "refits.process = false\nexplain.store_above = 0.02\n"
WIDE, PHONE = (1440, 900), (390, 844)
SHOTS = (
    # name, address, size, colours
    ("overview", "/", WIDE, "light"),
    ("overview-dark", "/", WIDE, "dark"),
    ("models", "/models", WIDE, "light"),
    ("line", "/models?line=trees", WIDE, "dark"),
    ("decision", "a decision", WIDE, "light"),
    ("performance", "/performance", WIDE, "light"),
    ("drift", "/drift", WIDE, "dark"),
    ("signals", "/signals", WIDE, "light"),
    ("system", "/system", WIDE, "dark"),
    ("phone", "/", PHONE, "light"),
    ("phone-dark", "/models", PHONE, "dark"),
)


def live(folder: Path) -> None:
    """Live a run on the demo's bars, as fast as the machine can."""
    from edgekeeper.build import PaperWanted, paper
    from edgekeeper.config import parse_config
    from edgekeeper.running import Blank

    taken = [0]

    def told(run: object, poller: object) -> None:
        taken[0] = getattr(run, "instants_taken", 0)

    paper(
        PaperWanted("demo:100"), parse_config(SETTINGS), out=folder, screen=Blank(),
        stop=lambda: taken[0] >= BARS, told=told, watched=False,
    )  # fmt: skip


async def send(folder: Path) -> None:
    """Be a bot in a hurry: each trade ends before the next signal, and most outcomes are told."""
    from edgekeeper.sidecar import OutcomeIn, SignalIn, connect

    bot, dice = connect(folder), random.Random(1)
    first = datetime.now(UTC) - timedelta(seconds=SIGNALS // 4)
    for number in range(SIGNALS):
        when, momentum = first + timedelta(seconds=number / 4), dice.gauss(0, 1)
        signal = SignalIn(
            id=f"breakout-{number}",
            symbol=dice.choice(["BTC/USDT", "ETH/USDT", "SOL/USDT"]),
            side=dice.choice(["long", "short"]),
            time=when,
            confidence=min(1.0, max(0.0, 0.5 + 0.2 * momentum)),
            source="breakout",
            price=100.0,
            features={"momentum": momentum, "spread_bps": 4.0 * dice.random()},
        )
        await bot.signal(signal)
        if dice.random() < 0.9:
            made = 0.004 * momentum + dice.gauss(0, 0.01)
            entry = 100.0 * (1 + abs(dice.gauss(0, 0.0004)))
            outcome = OutcomeIn(
                id=signal.id, closed_at=when + timedelta(milliseconds=200), net_return=made,
                exit_reason="target" if made > 0 else "stop", entry_price=entry,
                exit_price=entry * (1 + made), quantity=1.0, fees=0.1,
            )  # fmt: skip
            await bot.outcome(outcome)


@contextmanager
def served(folder: Path):
    """Serve the folder with all its processes; bars come so slowly that pictures stand still."""
    command = [sys.executable, "-m", "edgekeeper", "serve", "--data", str(folder),
               "--source", "demo:0.01", "--port", str(PORT)]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{PORT}"
    finally:
        process.terminate()
        process.wait(60)


def wait_for(folder: Path, *names: str) -> None:
    """Wait for signs of life."""
    from edgekeeper.watch import last_beat

    until = time.monotonic() + 900
    for name in names:
        while True:
            beat = last_beat(folder, name)
            if beat is not None and beat.state == "alive" and beat.runs:
                break
            if time.monotonic() > until:
                raise SystemExit(f"{name} gave no sign of life")
            time.sleep(0.5)


def take(folder: Path, url: str, out: Path) -> None:
    """Look at everything and keep the pictures."""
    from playwright.sync_api import sync_playwright

    from edgekeeper.api import Access

    access = Access(folder)
    opened = access.open_session(access.create_token("ada", "admin"))
    if opened is None:
        raise SystemExit("no session could be opened")
    time.sleep(1.0)  # until the web process knows of it
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, address, (wide, tall), colours in SHOTS:
            context = browser.new_context(
                viewport={"width": wide, "height": tall}, color_scheme=colours,
                device_scale_factor=2 if wide < 500 else 1,
            )  # fmt: skip
            context.add_cookies([{"name": "edgekeeper_session", "value": opened[0], "url": url}])
            page = context.new_page()
            page.goto(url + (address if address.startswith("/") else explained(folder)))
            page.wait_for_selector("#heading")
            page.wait_for_function(
                "!document.body.innerText.includes('worked out.')", timeout=300_000
            )
            page.wait_for_timeout(12_000 if address == "/system" else 500)
            page.screenshot(path=out / f"dashboard-{name}.png")
            context.close()
        browser.close()


def explained(folder: Path) -> str:
    """Address of the newest decision whose score was kept."""
    from urllib.parse import quote

    from edgekeeper.desk import Desk

    with Desk(folder) as desk:
        row = desk.rows("explanations", where={"account": "edgekeeper"}, limit=1).row(0, named=True)
    return f"/decisions?symbol={quote(row['symbol'], safe='')}&at={row['event_time_ns']}"


def main() -> None:
    """Make them all."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        live(folder)
        with served(folder) as url:
            wait_for(folder, "signals", "web", "trade")
            asyncio.run(send(folder))
            take(folder, url, out)


if __name__ == "__main__":
    main()
