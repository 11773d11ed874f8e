"""A bot with a known truth: signals with one feature that may or may not tell how they end."""

import asyncio
from datetime import timedelta
from pathlib import Path
from runpy import run_path

import numpy as np

from edgekeeper.clock import ManualClock
from edgekeeper.errors import EdgekeeperError
from edgekeeper.learn import FitAnswer
from edgekeeper.ledger import Ledger
from edgekeeper.sidecar import OutcomeIn, SignalIn
from edgekeeper.sidecar.facts import nanoseconds
from edgekeeper.sidecar.fit import fit_signals
from edgekeeper.sidecar.fitting import read_rows
from edgekeeper.sidecar.model import save_model
from edgekeeper.sidecar.running import opened
from edgekeeper.sidecar.settings import learner_of

START = run_path(str(Path(__file__).with_name("kit.py")))["START"]


class FitsAtOnce:
    """The same fits as those of the process, in this one."""

    def __init__(self, folder, config):
        self.folder, self.config, self.came = folder, config, []

    def ask(self, request):
        package, problem = None, ""
        try:
            with Ledger.open(self.folder / "ledger.sqlite", read_only=True) as ledger:
                rows = read_rows(ledger, request.now_ns)
            made = fit_signals(rows, request.line, learner_of(request.line), self.config.gates)
            save_model(self.folder, made)
            package = made.hash
        except EdgekeeperError as error:
            problem = str(error)
        self.came.append(FitAnswer(request, package, problem))

    def answers(self):
        came, self.came = self.came, []
        return came

    def close(self):
        pass


def trades(days, a_day, edge, seed):
    """Feature and outcome of each signal of each day: ``[days, a_day]`` both."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(days, a_day))
    chance = 0.5 + edge * np.tanh(x)
    won = random.random((days, a_day)) < chance
    return x, np.where(won, 0.0095, -0.0105)


def day_of_signals(day, x, source="world"):
    """Signals of a day, the first at one o'clock, one each hour."""
    begin = START + timedelta(days=day)
    return [
        SignalIn(
            id=f"d{day}-{n}", symbol=("BTC/USDT", "ETH/USDT")[n % 2], side="long",
            time=begin + timedelta(hours=1 + n), features={"x": float(value)}, source=source,
        )
        for n, value in enumerate(x)
    ]  # fmt: skip


async def live(sidecar, clock, x, net, *, first=0, told=lambda answer: True):
    """Live through days; return the answers by id."""
    answers = {}
    for day in range(first, first + len(x)):
        signals = day_of_signals(day, x[day - first])
        for signal in signals:
            clock.advance_to(nanoseconds(signal.time))
            answers[signal.id] = await sidecar.answering.signal(signal)
        clock.advance_to(nanoseconds(START + timedelta(days=day, hours=23)))
        outcomes = [
            OutcomeIn(
                id=signal.id, closed_at=signal.time + timedelta(minutes=50),
                net_return=float(ended), exit_reason="target" if ended > 0 else "stop",
            )
            for signal, ended in zip(signals, net[day - first], strict=True)
            if told(answers[signal.id])
        ]  # fmt: skip
        await asyncio.gather(*(sidecar.answering.outcome(one) for one in outcomes))
        await sidecar.learning.look()
    return answers


def lived(folder, config, x, net, *, first=0, told=lambda answer: True):
    """Live through days in a fresh process's place; return answers, and the learning's state."""
    folder.mkdir(exist_ok=True)

    async def go():
        clock = ManualClock(nanoseconds(START + timedelta(days=first)))
        fitter = FitsAtOnce(folder, config)
        async with opened(folder, clock=clock, config=config, fitter=fitter) as sidecar:
            answers = await live(sidecar, clock, x, net, first=first, told=told)
            return answers, sidecar.learning.lines

    return asyncio.run(go())
