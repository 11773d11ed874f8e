"""Draw the pictures of docs/honesty.md, and print the figures it quotes.

``python scripts/honesty_pictures.py``: about a minute of CPU. The markets of the last two
pictures are those of ``make run``.
"""

import math
from pathlib import Path

import numpy as np

from edgekeeper import replay
from edgekeeper.config import parse_config
from edgekeeper.demo import demo_markets
from edgekeeper.report.axis import growth_ticks, wealth_ticks
from edgekeeper.report.charts import Series, line_chart
from edgekeeper.report.evidence_paths import least_evidence
from edgekeeper.report.picture import draw
from edgekeeper.report.story import Story
from edgekeeper.report.wording import signed, wealth
from edgekeeper.simulator import Book, MarketFeed, book_parameters
from edgekeeper.stats.performance import measure
from edgekeeper.types import Float64Array
from edgekeeper.worlds import make_world

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
TRIES, SEARCHES, YEARS = 50, 200, 5
LOWEST = math.log(1e-3)


def main() -> None:
    """Draw all three."""
    ratios = worthless_ratios()
    best = ratios.reshape(SEARCHES, TRIES).max(axis=1)
    save("luck", histogram(ratios, best))
    print(
        f"{ratios.size} worthless back-tests of {YEARS} years: median Sharpe "
        f"{np.median(ratios):.2f}; best of {TRIES}: median {np.median(best):.2f}, above 1 in "
        f"{(best > 1.0).mean():.0%} of {SEARCHES} searches"
    )
    noise, flip = (story_of(name) for name in ("noise", "flip"))
    save("evidence", evidence_picture(noise, flip))
    save("flip", flip_picture(flip))


def save(name: str, svg: str) -> None:
    """Write one picture."""
    target = PICTURES / f"{name}.svg"
    target.write_text(svg + "\n", "utf-8")
    print(target)


def worthless_ratios() -> Float64Array:
    """Sharpe ratios of accounts that enter at random, on a market with nothing to find."""
    bars = make_world("noise", seed=50, symbols=8, bars=252 * YEARS, drift_sharpe=0.0).bars
    config = parse_config({
        "costs": {"fee_bps": 0, "half_spread_bps": 0, "slippage_bps": 0},
        "guards": {"account_drawdown": 1.0, "daily_loss": 1.0},
    })  # fmt: skip
    parameters = book_parameters(config, periods_per_year=252.0, virtual=False)
    volatility = np.full(len(bars), 0.01)
    rng = np.random.default_rng(0)
    ratios = []
    for _ in range(SEARCHES * TRIES):
        signals = rng.choice([-1, 0, 1], len(bars), p=[0.02, 0.96, 0.02]).astype(np.int8)
        feed = MarketFeed(bars, volatility, signals, max_age_ns=10**9)
        log = Book(parameters, len(bars.symbols), config.cash).step(feed.chunk(0, 252 * YEARS))
        ratios.append(measure(log.equity[:, 0], 252.0).sharpe)
    return np.array(ratios)


def histogram(ratios: Float64Array, best: Float64Array) -> str:
    """All of them, and the best of each search, as shares."""
    edges = np.linspace(-2.0, 2.5, 46)
    wide, tall, left, top = 760, 200, 20, 34
    step = (wide - 2 * left) / (len(edges) - 1)
    parts = []
    for values, colour in ((ratios, "#7b8490"), (best, "#d55e00")):
        share = np.histogram(values, edges)[0] / len(values)
        for k, one in enumerate(share / 0.15):
            if one > 0:
                parts.append(
                    f"<rect x='{left + k * step:.1f}' y='{top + tall * (1 - one):.1f}' "
                    f"width='{step - 1:.1f}' height='{tall * one:.1f}' fill='{colour}' "
                    "fill-opacity='.75'/>"
                )
    text = "font-family='system-ui, sans-serif' font-size='12'"
    for tick in np.arange(-2.0, 2.6, 0.5):
        x = left + (tick + 2.0) / 4.5 * (wide - 2 * left)
        parts.append(
            f"<text x='{x:.1f}' y='{top + tall + 18}' {text} fill='#59626d' "
            f"text-anchor='middle'>{tick:g}</text>"
        )
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {wide} {top + tall + 42}' "
        "role='img' aria-label='Sharpe ratios of worthless back-tests, and of the best of fifty'>"
        f"<rect width='{wide}' height='{top + tall + 42}' fill='#fff'/>"
        f"<text x='{left}' y='20' {text} fill='#59626d'>every worthless back-test</text>"
        f"<text x='{left + 190}' y='20' {text} fill='#d55e00'>the best of each fifty</text>"
        f"<path d='M{left},{top + tall}H{wide - left}' stroke='#59626d'/>{''.join(parts)}"
        f"<text x='{wide / 2}' y='{top + tall + 36}' {text} fill='#59626d' "
        f"text-anchor='middle'>Sharpe ratio a year, before costs</text></svg>"
    )


def story_of(name: str) -> Story:
    """Replay a market of the demo."""
    market = next(one for one in demo_markets() if one.name == name)
    told, bars, config = market.make()
    return replay(bars, config, market=told).story


def evidence_picture(noise: Story, flip: Story) -> str:
    """The weakest bet of one line where nothing is to be found, and where something was planted."""
    lines = {"noise": noise.lines[0], "planted": flip.lines[0]}
    turn = next(mark.time_ns for mark in flip.marks if mark.kind == "truth")
    until = int(np.searchsorted(lines["planted"].time_ns, turn))
    time_ns = lines["planted"].time_ns[:until]
    paths = {name: least_evidence(line)[:until] for name, line in lines.items()}
    needed = lines["planted"].log_threshold[:until]
    found = int(np.argmax(paths["planted"] >= needed)) if (paths["planted"] >= needed).any() else -1
    print(
        f"evidence until the flip: noise {wealth(float(paths['noise'].max()))} at most, planted "
        f"{wealth(float(paths['planted'].max()))}, needed {wealth(float(needed[-1]))}, reached "
        f"after {found + 1} bars"
    )
    chart = line_chart(
        time_ns,
        [
            Series("an edge we planted", "edgekeeper", paths["planted"], wealth),
            Series("pure noise", "always_newest", paths["noise"], wealth),
            Series("needed", "buy_and_hold", needed, wealth),
        ],
        ticks=wealth_ticks,
        label="Wealth of the weakest of three bets against a line, logarithmic",
        height_px=260,
        limits=(LOWEST, math.inf),
    )
    return draw(chart).svg


def flip_picture(flip: Story) -> str:
    """Edgekeeper beside always-newest on the market whose edge turns round."""
    shown = {"promotion": "promoted", "retreat": "retreat", "truth": "the edge flips"}
    pins = [
        (mark.time_ns, mark.kind, shown[mark.kind]) for mark in flip.marks if mark.kind in shown
    ]
    for mark in flip.marks:
        if mark.kind in shown:
            print(mark.kind, mark.text, int(np.searchsorted(flip.time_ns, mark.time_ns)))
    chart = line_chart(
        flip.time_ns,
        [
            Series(label, name, np.log(flip.books[name].equity / flip.books[name].equity[0]), grown)
            for name, label in (
                ("edgekeeper", "Edgekeeper"),
                ("always_newest", "Always-newest"),
                ("rules", "Rules"),
            )
        ],
        ticks=growth_ticks,
        label="Growth of the accounts of Edgekeeper, of always-newest and of the rules",
        height_px=280,
        pins=pins,
    )
    return draw(chart).svg


def grown(log: float) -> str:
    """A logarithm of growth as per cent."""
    return signed(math.expm1(log))


if __name__ == "__main__":
    main()
