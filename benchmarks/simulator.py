"""Speed of the simulator beside vectorbt and backtesting.py, in one run on one machine.

One symbol, a crossover of two averages, entered at the next open with a stop and a target; an
opposite signal turns the position round; 5 basis points a fill. All three run from signals to an
equity curve and a list of trades; Edgekeeper also applies its policy, limits and guards and logs
every decision. Compilation is left out, and of each figure the best of several rounds is kept.
backtesting.py runs fewer bars; its rate is per bar.

The peers are optional and live in an environment of their own:

    python -m venv peers && peers/bin/pip install "vectorbt==1.2.*" backtesting
    python benchmarks/simulator.py --peer-python peers/bin/python [--full] [--json]
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

COST = 5e-4
CASH = 100_000.0
SIGMA = 1e-3  # of a bar
BRACKET = SIGMA * 10**0.5  # what one expects of ten bars
MINUTE_NS = 60 * 10**9
Market = dict[str, np.ndarray]
Timed = dict[str, float]


def make_market(bars: int, fast: int, slow: int) -> Market:
    """A random walk that opens where it closed, and the crossings of two of its averages."""
    rng = np.random.default_rng(7)
    close = 100.0 * np.exp(np.cumsum(SIGMA * rng.standard_normal(bars)))
    open_ = np.concatenate(([100.0], close[:-1]))
    reach = 1.0 + 0.5 * SIGMA * rng.random((2, bars))
    above = mean(close, fast) > mean(close, slow)
    signal = np.diff(above.astype(np.int8), prepend=above[:1].astype(np.int8))
    signal[: slow + 1] = 0
    return {
        "open": open_,
        "high": np.maximum(open_, close) * reach[0],
        "low": np.minimum(open_, close) / reach[1],
        "close": close,
        "signal": signal.astype(np.int8),
    }


def mean(values: np.ndarray, window: int) -> np.ndarray:
    total = np.concatenate((np.zeros(window), np.cumsum(values)))
    return (total[window:] - total[:-window]) / window


def best_of(rounds: int, work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def run_edgekeeper(market: Market, bracket: float, rounds: int) -> Timed:
    from edgekeeper.bars import Bars
    from edgekeeper.config import Config
    from edgekeeper.simulator import Book, MarketFeed, book_parameters

    n = len(market["close"])
    horizon = 10_000  # neither peer has a time limit
    config = Config.model_validate(
        {
            "labels": {"horizon_bars": horizon},
            "costs": {"fee_bps": COST * 1e4, "half_spread_bps": 0, "slippage_bps": 0},
            # A losing strategy would be halted, and a halted one is fast.
            "guards": {"account_drawdown": 1.0, "daily_loss": 1.0},
        }
    )
    bars = Bars.from_arrays(
        symbol=np.full(n, "A"),
        event_time=np.arange(1, n + 1) * MINUTE_NS,
        **{name: market[name] for name in ("open", "high", "low", "close")},
    )
    volatility = np.full(n, bracket / horizon**0.5)
    parameters = book_parameters(config, periods_per_year=252 * 390, virtual=False)
    state: dict[str, object] = {}

    def feed() -> None:
        state["feed"] = MarketFeed(bars, volatility, market["signal"], max_age_ns=0)

    def step() -> None:
        book = Book(parameters, 1, CASH)
        state["log"] = book.step(state["feed"].chunk(0, n))

    feed()
    step()
    prepare, seconds = best_of(rounds, feed), best_of(rounds, step)
    log = state["log"]
    return {
        "seconds": seconds,
        "seconds_with_feed": seconds + prepare,
        "bars": n,
        "trades": int(log.counts[0]),
        "in_position": float((log.equity[:, 2] > 0).mean()),
    }


def one_bar_us(symbols: int = 8, instants: int = 3_000) -> float:
    """Median time of a live step: cut one bar of each symbol, with forecasts, and decide."""
    from edgekeeper.bars import Bars
    from edgekeeper.config import Config
    from edgekeeper.simulator import Book, MarketFeed, book_parameters
    from edgekeeper.types import Forecasts

    rng = np.random.default_rng(7)
    shape = (instants, symbols)
    close = 100.0 * np.exp(np.cumsum(SIGMA * rng.standard_normal(shape), axis=0))
    open_ = np.vstack((np.full(symbols, 100.0), close[:-1]))
    rows = instants * symbols
    bars = Bars.from_arrays(
        symbol=np.tile([f"S{i}" for i in range(symbols)], instants),
        event_time=np.repeat(np.arange(instants) * MINUTE_NS, symbols),
        open=open_.ravel(),
        high=np.maximum(open_, close).ravel(),
        low=np.minimum(open_, close).ravel(),
        close=close.ravel(),
    )
    feed = MarketFeed(bars, np.full(rows, SIGMA), np.zeros(rows, np.int8), max_age_ns=0)
    forecasts = []
    for _ in range(instants):
        one = Forecasts.empty(symbols)
        one.probability[:] = rng.random((symbols, 2))
        one.expected_return[:] = SIGMA * rng.standard_normal((symbols, 2))
        one.novelty[:] = 0.0
        forecasts.append(one)
    book = Book(book_parameters(Config(), periods_per_year=98_280, virtual=False), symbols, CASH)
    book.use_model(True)
    seconds = []
    for now in range(instants):
        begin = time.perf_counter()
        book.step(feed.chunk(now, now + 1, forecasts[now]))
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds) * 1e6)


def run_vectorbt(market: Market, bracket: float, rounds: int) -> Timed:
    import vectorbt

    signal = np.concatenate(([0], market["signal"][:-1]))  # filled at the next open
    state = {}

    def run() -> None:
        portfolio = vectorbt.Portfolio.from_signals(
            market["close"],
            entries=signal > 0,
            short_entries=signal < 0,
            price=market["open"],
            open=market["open"],
            high=market["high"],
            low=market["low"],
            sl_stop=bracket,
            tp_stop=bracket,
            upon_opposite_entry="reverse",
            size=0.1 * CASH,
            size_type="value",
            init_cash=1e4 * CASH,  # sizes are fixed here: never short of cash
            fees=COST,
        )
        state["equity"] = portfolio.value()
        state["trades"] = portfolio.trades.records

    run()
    seconds = best_of(rounds, run)
    return {"seconds": seconds, "bars": len(signal), "trades": len(state["trades"])}


def run_backtesting(market: Market, bracket: float, rounds: int) -> Timed:
    import pandas
    from backtesting import Backtest, Strategy

    signal, close = market["signal"], market["close"]

    class Crossover(Strategy):
        def init(self) -> None:
            pass

        def next(self) -> None:
            row = len(self.data) - 1
            side = signal[row]
            if side == 0 or (self.position and self.position.is_long == (side > 0)):
                return
            self.position.close()
            order = self.buy if side > 0 else self.sell
            order(
                size=0.1,
                sl=close[row] * (1.0 - side * bracket),
                tp=close[row] * (1.0 + side * bracket),
            )

    frame = pandas.DataFrame(
        {name.title(): market[name] for name in ("open", "high", "low", "close")},
        index=pandas.date_range("2000-01-01", periods=len(close), freq="min"),
    )
    test = Backtest(frame, Crossover, cash=CASH, commission=COST, margin=0.5)
    state = {}

    def run() -> None:
        state["result"] = test.run()

    seconds = best_of(rounds, run)
    return {"seconds": seconds, "bars": len(close), "trades": int(state["result"]["# Trades"])}


PEERS = {"vectorbt": run_vectorbt, "backtesting.py": run_backtesting}


def run_peer(python: str, name: str, market: Market, bracket: float, rounds: int) -> Timed | None:
    """Run a peer in its own interpreter; None where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "market.npz"
        np.savez(path, **market)
        command = [python, __file__, "--peer", name, "--market", str(path)]
        command += ["--bracket", repr(bracket), "--rounds", str(rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"{name}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def measure(arguments: argparse.Namespace) -> dict[str, object]:
    rounds = arguments.rounds or (40 if arguments.full else 10)
    market = make_market(arguments.bars, *arguments.windows)
    few = {name: values[: arguments.slow_bars] for name, values in market.items()}
    results = {"edgekeeper": run_edgekeeper(market, arguments.bracket, rounds)}
    for name in PEERS:
        slow = name == "backtesting.py"
        timed = run_peer(
            arguments.peer_python, name, few if slow else market, arguments.bracket,
            1 if slow else rounds,
        )  # fmt: skip
        if timed is not None:
            results[name] = timed
    for timed in results.values():
        timed["bars_per_second"] = timed["bars"] / timed["seconds"]
    ours = results["edgekeeper"]["bars_per_second"]
    return {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "bars_per_signal": round(arguments.bars / np.count_nonzero(market["signal"]), 1),
        "one_bar_of_8_symbols_us": round(one_bar_us(), 1),
        "results": results,
        "times_faster": {
            name: round(ours / timed["bars_per_second"], 1)
            for name, timed in results.items()
            if name != "edgekeeper"
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--slow-bars", type=int, default=50_000, help="for backtesting.py")
    parser.add_argument("--windows", type=int, nargs=2, default=(20, 100), help="of the averages")
    parser.add_argument("--bracket", type=float, default=BRACKET, help="stop and target, fraction")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--full", action="store_true", help="more rounds")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peer-python", default=sys.executable, help="where the peers live")
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--market", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        with np.load(arguments.market) as saved:
            market = dict(saved)
        print(json.dumps(PEERS[arguments.peer](market, arguments.bracket, arguments.rounds)))
        return
    report = measure(arguments)
    if arguments.json:
        print(json.dumps(report, indent=2))
        return
    print(f"{report['machine']}; one signal in {report['bars_per_signal']} bars")
    for name, timed in report["results"].items():
        print(
            f"{name:15} {timed['bars']:>9,} bars  {timed['seconds'] * 1e3:9.1f} ms  "
            f"{timed['bars_per_second'] / 1e6:8.3f} M bars/s  {timed['trades']:>7,} trades"
        )
    ours = report["results"]["edgekeeper"]
    print(
        f"edgekeeper in a position {ours['in_position']:.0%} of the bars; with the feed made anew "
        f"{ours['bars'] / ours['seconds_with_feed'] / 1e6:.1f} M bars/s"
    )
    print(f"one bar of 8 symbols with forecasts: {report['one_bar_of_8_symbols_us']} microseconds")
    for name, ratio in report["times_faster"].items():
        print(f"edgekeeper is {ratio:,} x {name}")


if __name__ == "__main__":
    main()
