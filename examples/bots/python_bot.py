"""A bot of a few lines that asks Edgekeeper before each trade, and says how each ended.

Run it beside `edgekeeper serve` with EDGEKEEPER_TOKEN set. Prices are made up.
"""

import random
import sys
from datetime import UTC, datetime

from edgekeeper.sidecar.bot import Bot


def main(trades: int = 5, url: str = "http://127.0.0.1:8765", folder: str = "python-bot") -> None:
    """Propose trades, follow the answers, and tell what became of them."""
    bot = Bot(url, folder=folder, on_unreachable="follow_bot")
    dice = random.Random(0)
    for number in range(trades):
        now = datetime.now(UTC)
        verdict = bot.signal(
            "BTC/USDT",
            "long",
            id=f"python-bot-{now:%Y%m%dT%H%M%S.%f}-{number}",
            time=now,
            features={"momentum": dice.gauss(0.0, 1.0), "spread": None},
        )
        print(verdict.decision, verdict.stake_share, *verdict.reasons[-1:], sep=" | ")
        if not verdict.trade:
            continue
        entry, leave, quantity = 100.0, 100.0 * (1.0 + dice.gauss(0.0, 0.01)), verdict.stake_share
        fees = 0.001 * quantity * (entry + leave)
        bot.outcome(
            verdict.id,
            (leave - entry) / entry - fees / (quantity * entry),
            exit_reason="target" if leave > entry else "stop",
            entry_price=entry,
            exit_price=leave,
            quantity=quantity,
            fees=fees,
        )
    print("still waiting to be sent:", bot.flush())
    bot.close()


if __name__ == "__main__":
    main(*(int(one) if one.isdigit() else one for one in sys.argv[1:]))
