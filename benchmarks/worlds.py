"""False promotions and power on worlds whose truth is known: the runs whose figures are quoted.

``python benchmarks/worlds.py noise`` runs 300 noise markets in their three natures, with 50
configurations tried in each line's yearly search; ``asked`` and ``asked-start`` run 60 of them
under the profiles of that name, ``online`` 16 without online learning and again with it; ``power``
runs planted edges of several strengths in markets of 20 symbols, just long enough for four years
after registration, most of them where the virtual books earn a Sharpe ratio of 2; ``slow_drift``
runs edges of several strengths, without and with online learning, since what lines earn of an
oracle's book depends on that most; ``flip`` and ``leak`` run 20 markets each, ``flip-online`` 16
flips without search, with and without online learning, as ``online`` does with noise. ``peers``,
``peers-flip`` and ``peers-noise`` are drift, flips and noise with the recipe ``peers``, without
search, and without and with its online learning; ``peers-approved`` is the strongest drift, whose
fits are held as implausible until somebody says otherwise, had somebody done so. All is
``edgekeeper worlds`` under the seeds set aside for publishing; lines go to
``benchmarks/results/worlds-KIND.jsonl``, the picture beside them, and a second call runs only what
is missing.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from edgekeeper.build import replay
from edgekeeper.config import Config, parse_config, recipe_text
from edgekeeper.many_worlds import Ordeal, run_markets
from edgekeeper.report.world_picture import world_picture
from edgekeeper.report.world_rates import world_rates
from edgekeeper.worlds import seeds

RESULTS = Path(__file__).parent / "results"
SEARCH = 50
SPENT = 1_000
"""Seeds of runs from before the linear line was registered first, which those runs suggested."""
SPENT_BY_EARLIER_PEERS = 5_000
"""Seeds of runs of the forms that ``peers`` had before, the last of which was held back less."""
FOUR_YEARS_AND_A_START = 504 + 1_008 + 8
POWER = {"symbols": 20, "bars": FOUR_YEARS_AND_A_START, "search": SEARCH}


def _with(profile: str) -> Config:
    return parse_config({"gates": {"profile": profile}})


def _recipe(name: str) -> Config:
    return parse_config(recipe_text(name))


def _believed(config: Config) -> Config:
    """Return what a person runs who believes in an edge that gates hold as too good to be true."""
    values = config.model_dump()
    values["gates"] |= {"max_sharpe": 1_000.0}
    return parse_config(values)


RUNS: dict[str, list[tuple[Ordeal, int]]] = {
    "noise": [(Ordeal("noise", search=SEARCH), 300)],
    "power": [
        (Ordeal("planted", edge=edge, **POWER), markets)
        for edge, markets in ((5.5, 24), (7.25, 24), (7.5, 72), (8.0, 24), (10.5, 24))
    ],
    "asked": [(Ordeal("noise", search=SEARCH, config=_with("asked")), 60)],
    "asked-start": [(Ordeal("noise", search=SEARCH, config=_with("asked-start")), 60)],
    "flip": [(Ordeal("flip", edge=6.0, search=SEARCH), 20)],
    "slow_drift": [
        (Ordeal("slow_drift", edge=edge, search=SEARCH, online="sgd"), markets)
        for edge, markets in ((6.0, 20), (12.0, 8), (18.0, 8))
    ],
    "peers": [
        (Ordeal("slow_drift", edge=edge, online="bayes", config=_recipe("peers")), markets)
        for edge, markets in ((4.0, 20), (6.0, 20), (12.0, 12), (18.0, 12))
    ],
    "peers-approved": [
        (Ordeal("slow_drift", edge=18.0, online="bayes", config=_believed(_recipe("peers"))), 12)
    ],
    "peers-flip": [(Ordeal("flip", edge=6.0, online="bayes", config=_recipe("peers")), 20)],
    "peers-noise": [(Ordeal("noise", online="bayes", config=_recipe("peers")), 40)],
    "leak": [(Ordeal("leak", search=SEARCH), 20)],
    "online": [(Ordeal("noise", online="sgd"), 16)],
    "flip-online": [(Ordeal("flip", edge=6.0, online="sgd"), 16)],
}


def _spent(ordeal: Ordeal) -> int:
    return SPENT_BY_EARLIER_PEERS if ordeal.online == "bayes" else SPENT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", choices=RUNS)
    parser.add_argument("--edge", type=float, help="only that of this strength")
    parser.add_argument("--markets", type=int, help="fewer, to look at it")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    for ordeal, markets in RUNS[arguments.run]:
        if arguments.edge not in (None, ordeal.edge):
            continue
        rows = run_markets(
            replay,
            ordeal,
            seeds("published", arguments.markets or markets, _spent(ordeal)),
            file=arguments.results / f"worlds-{arguments.run}.jsonl",
            jobs=arguments.jobs,
            done=lambda row: print(row["seed"], row["moves"], f"{row['seconds']} s", flush=True),
        )
        rates = world_rates(rows)
        several = len(RUNS[arguments.run]) > 1
        name = f"worlds-{arguments.run}" + (f"-{ordeal.edge:g}" if several else "")
        picture = arguments.results / f"{name}.svg"
        picture.write_text(world_picture(rows, rates.sentence), "utf-8")
        print(json.dumps({"edge": ordeal.edge, **asdict(rates)}, indent=2))
        print(rates.sentence)


if __name__ == "__main__":
    main()
