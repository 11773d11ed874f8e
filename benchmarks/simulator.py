"""Speed of the simulator beside vectorbt and backtesting.py, in one run on one machine.

A crossover of two averages, entered at the next open with a stop and a target; an opposite signal
turns the position round; 5 basis points a fill. From the same signals to an equity curve and a list
of trades: of one symbol, and of several that share one account. Edgekeeper also applies its policy,
limits and guards, and logs every decision. backtesting.py knows one symbol and gets fewer bars.
Compilation is left out. All are single-threaded, so CPU time is compared, the best of several
rounds: neighbours count less.

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
CHUNK = 65_536  # instants at a time: results do not depend on it, the use of memory does
MINUTE_NS = 60 * 10**9
PRICES = ("open", "high", "low", "close")
Market = dict[str, np.ndarray]
Figures = dict[str, float]


def make_market(instants: int, symbols: int, fast: int, slow: int) -> Market:
    """Random walks that open where they closed, and the crossings of two averages: [T, S]."""
    rng = np.random.default_rng(7)
    shape = (instants, symbols)
    close = 100.0 * np.exp(np.cumsum(SIGMA * rng.standard_normal(shape), axis=0))
    open_ = np.vstack((np.full(symbols, 100.0), close[:-1]))
    reach = 1.0 + 0.5 * SIGMA * rng.random((2, *shape))
    above = (mean(close, fast) > mean(close, slow)).astype(np.int8)
    signal = np.diff(above, axis=0, prepend=above[:1])
    signal[: slow + 1] = 0
    return {
        "open": open_,
        "high": np.maximum(open_, close) * reach[0],
        "low": np.minimum(open_, close) / reach[1],
        "close": close,
        "signal": signal,
    }


def mean(values: np.ndarray, window: int) -> np.ndarray:
    total = np.vstack((np.zeros((window, values.shape[1])), np.cumsum(values, axis=0)))
    return (total[window:] - total[:-window]) / window


def best_of(rounds: int, work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def run_edgekeeper(market: Market, bracket: float, rounds: int) -> Figures:
    from edgekeeper.bars import Bars
    from edgekeeper.config import Config
    from edgekeeper.simulator import Book, MarketFeed, book_parameters

    instants, symbols = market["close"].shape
    horizon = 10_000  # the peers have no time limit
    config = Config.model_validate(
        {
            "labels": {"horizon_bars": horizon},
            "costs": {"fee_bps": COST * 1e4, "half_spread_bps": 0, "slippage_bps": 0},
            # A losing strategy would be halted, and a halted one is fast.
            "guards": {"account_drawdown": 1.0, "daily_loss": 1.0},
        }
    )
    bars = Bars.from_arrays(
        symbol=np.tile([f"S{i:03}" for i in range(symbols)], instants),
        event_time=np.repeat(np.arange(1, instants + 1) * MINUTE_NS, symbols),
        **{name: market[name].ravel() for name in PRICES},
    )
    volatility = np.full(len(bars), bracket / horizon**0.5)
    feed = MarketFeed(bars, volatility, market["signal"].ravel(), max_age_ns=0)
    parameters = book_parameters(config, periods_per_year=252 * 390, virtual=False)

    equity, trades = np.empty((instants, 4)), []

    def run() -> None:
        book = Book(parameters, symbols, CASH)
        trades.clear()
        for first in range(0, instants, CHUNK):
            last = min(first + CHUNK, instants)
            log = book.step(feed.chunk(first, last))
            equity[first:last] = log.equity
            trades.append(log.trades[: log.counts[0]].copy())

    run()
    return {
        "seconds": best_of(rounds, run),
        "trades": sum(map(len, trades)),
        "busy": float((equity[:, 2] > 0).mean()),
    }


def run_vectorbt(market: Market, bracket: float, rounds: int) -> Figures:
    import vectorbt

    signal = np.vstack((market["signal"][:1] * 0, market["signal"][:-1]))  # at the next open
    together = market["close"].shape[1] > 1 or None
    trades = []

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
            cash_sharing=bool(together),
            group_by=together,
        )
        portfolio.value()
        trades.append(len(portfolio.trades.records))

    run()
    return {"seconds": best_of(rounds, run), "trades": trades[-1]}


def run_backtesting(market: Market, bracket: float, rounds: int) -> Figures:
    import pandas
    from backtesting import Backtest, Strategy

    signal, close = market["signal"][:, 0], market["close"][:, 0]

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
        {name.title(): market[name][:, 0] for name in PRICES},
        index=pandas.date_range("2000-01-01", periods=len(close), freq="min"),
    )
    test = Backtest(frame, Crossover, cash=CASH, commission=COST, margin=0.5)
    trades = []
    seconds = best_of(1 + rounds // 10, lambda: trades.append(test.run()["# Trades"]))
    return {"seconds": seconds, "trades": int(trades[-1])}


PEERS = {"vectorbt": run_vectorbt, "backtesting.py": run_backtesting}


def run_peer(name: str, market: Market, options: argparse.Namespace) -> Figures | None:
    """Run a peer in its own interpreter; None where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "market.npz"
        np.savez(path, **market)
        command = [options.peer_python, __file__, "--peer", name, "--market", str(path)]
        command += ["--bracket", repr(options.bracket), "--rounds", str(options.rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"{name}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def measure(symbols: int, options: argparse.Namespace) -> dict[str, object]:
    """Figures of all three for a market of so many symbols."""
    market = make_market(options.bars // symbols, symbols, *options.windows)
    figures = {"edgekeeper": run_edgekeeper(market, options.bracket, options.rounds)}
    sizes = {"edgekeeper": market["close"].size}
    for name in PEERS:
        part = market
        if name == "backtesting.py":
            if symbols > 1:
                continue
            part = {key: values[: options.slow_bars] for key, values in market.items()}
        figures_of_peer = run_peer(name, part, options)
        if figures_of_peer is not None:
            figures[name], sizes[name] = figures_of_peer, part["close"].size
    for name, values in figures.items():
        values["bars"] = sizes[name]
        values["bars_per_second"] = sizes[name] / values["seconds"]
    ours = figures["edgekeeper"]["bars_per_second"]
    return {
        "symbols": symbols,
        "bars_per_signal": round(market["signal"].size / np.count_nonzero(market["signal"]), 1),
        "figures": figures,
        "times_faster": {
            name: round(ours / values["bars_per_second"], 1)
            for name, values in figures.items()
            if name != "edgekeeper"
        },
    }


def one_bar_us(symbols: int = 8, instants: int = 3_000) -> float:
    """Median time of a live step: cut one bar of each symbol, with forecasts, and decide."""
    from edgekeeper.bars import Bars
    from edgekeeper.config import Config
    from edgekeeper.simulator import Book, MarketFeed, book_parameters
    from edgekeeper.types import Forecasts

    rng = np.random.default_rng(7)
    market = make_market(instants, symbols, 20, 100)
    bars = Bars.from_arrays(
        symbol=np.tile([f"S{i}" for i in range(symbols)], instants),
        event_time=np.repeat(np.arange(instants) * MINUTE_NS, symbols),
        **{name: market[name].ravel() for name in PRICES},
    )
    volatility = np.full(len(bars), SIGMA)
    feed = MarketFeed(bars, volatility, market["signal"].ravel(), max_age_ns=0)
    book = Book(book_parameters(Config(), periods_per_year=98_280, virtual=False), symbols, CASH)
    book.use_model(True)
    seconds = []
    for now in range(instants):
        forecasts = Forecasts.empty(symbols)
        forecasts.probability[:] = rng.random((symbols, 2))
        forecasts.expected_return[:] = SIGMA * rng.standard_normal((symbols, 2))
        forecasts.novelty[:] = 0.0
        begin = time.perf_counter()
        book.step(feed.chunk(now, now + 1, forecasts))
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds) * 1e6)


def show(report: dict[str, object]) -> None:
    print(report["machine"])
    for market in report["markets"]:
        busy = market["figures"]["edgekeeper"]["busy"]
        print(
            f"\n{market['symbols']} symbol(s), a signal in {market['bars_per_signal']} bars, "
            f"something held in {busy:.0%} of the instants"
        )
        for name, values in market["figures"].items():
            print(
                f"  {name:15}{values['seconds'] * 1e3:9.1f} ms for {values['bars']:>9,} bars "
                f"{values['bars_per_second'] / 1e6:9.2f} M bars/s {values['trades']:>8,} trades"
            )
        for name, ratio in market["times_faster"].items():
            print(f"  edgekeeper is {ratio:,} x {name}")
    print(f"\none bar of 8 symbols, with forecasts: {report['one_bar_of_8_symbols_us']} us")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--slow-bars", type=int, default=50_000, help="for backtesting.py")
    parser.add_argument("--symbols", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--windows", type=int, nargs=2, default=(30, 120), help="of the averages")
    parser.add_argument("--bracket", type=float, default=BRACKET, help="stop and target, fraction")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--full", action="store_const", dest="rounds", const=40, help="40 rounds")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peer-python", default=sys.executable, help="where the peers live")
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--market", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        with np.load(options.market) as saved:
            market = dict(saved)
        print(json.dumps(PEERS[options.peer](market, options.bracket, options.rounds)))
        return
    report = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "markets": [measure(symbols, options) for symbols in options.symbols],
        "one_bar_of_8_symbols_us": round(one_bar_us(), 1),
    }
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        show(report)


if __name__ == "__main__":
    main()
