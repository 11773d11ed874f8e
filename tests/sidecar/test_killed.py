"""Property 2: duplicates, replays, reordering, disconnects and ``kill -9``: each decided once."""

import asyncio
import random
from datetime import UTC, datetime
from pathlib import Path
from runpy import run_path

from edgekeeper.errors import StorageError
from edgekeeper.ledger import Ledger
from edgekeeper.sidecar import connect

_KIT = run_path(str(Path(__file__).with_name("kit.py")))
process_of, signal = _KIT["process_of"], _KIT["signal"]


def messages(count, tag, now):
    """Signals, some of them twice, some long after, out of order."""
    first = [signal(f"{tag}-{i}", now, features={"x": i / 7}) for i in range(count)]
    shuffled = first + random.Random(1).sample(first, count // 3)
    random.Random(2).shuffle(shuffled)
    return shuffled + first[:50]


async def send(folder, signals, acknowledged, *, connections=4, stop=lambda: False):
    """Send over several connections that break now and then; note what was acknowledged."""
    clients = [connect(folder) for _ in range(connections)]
    room = asyncio.Semaphore(200)

    async def one(number, message):
        async with room:
            if stop():
                return
            for _ in range(5):  # as a bot does that got no answer
                try:
                    answer = await clients[number % connections].signal(message)
                    break
                except StorageError:
                    if stop():
                        return
            else:
                return
            acknowledged.setdefault(message.id, set()).add(answer.model_dump_json())
            if number % 97 == 0:
                clients[number % connections].drop()

    await asyncio.gather(*(one(n, m) for n, m in enumerate(signals)))
    for client in clients:
        await client.close()


def on_record(place):
    with Ledger.open(place, read_only=True) as ledger:
        ledger.verify("signals")
        return ledger.read("sidecar_signals", ["id", "decision", "reasons_json"])


def test_each_signal_is_decided_once_whatever_the_bot_does(folder):
    sent = messages(1_500, "s", datetime.now(UTC))
    acknowledged = {}
    with process_of(folder):
        asyncio.run(send(folder, sent, acknowledged))
        asyncio.run(send(folder, sent[:300], acknowledged))  # and once more, from another bot
    ids = on_record(folder / "ledger.sqlite")["id"].to_list()
    assert len(ids) == len(set(ids)) == 1_500
    assert {message.id for message in sent} == set(acknowledged) == set(ids)
    assert all(len(answers) == 1 for answers in acknowledged.values())


def test_kill_9_under_load_loses_nothing_that_was_answered(folder):
    acknowledged = {}
    pick = random.Random(3)
    for attempt in range(4):
        sent = messages(600, f"k{attempt}", datetime.now(UTC))
        with process_of(folder) as child:

            async def strike(child, answered, after):
                while len(acknowledged) < answered:
                    await asyncio.sleep(0.001)
                await asyncio.sleep(after)
                child.kill()

            async def load(child, sent, answered, after):
                striking = asyncio.create_task(strike(child, answered, after))
                await send(folder, sent, acknowledged, stop=lambda: child.poll() is not None)
                striking.cancel()

            answered = len(acknowledged) + pick.randint(30, 300)
            asyncio.run(load(child, sent, answered, pick.uniform(0.0, 0.02)))
            assert child.poll() is not None, "all 600 were answered before the blow"
    assert len(acknowledged) > 100
    with process_of(folder):
        # Whatever was answered is answered the same way, also of signals that are stale by now.
        known = {m.id: m for a in range(4) for m in messages(600, f"k{a}", datetime.now(UTC))}
        again = {}
        place = folder / "ledger.sqlite"
        stood = on_record(place)
        assert set(acknowledged) <= set(stood["id"].to_list())
        assert stood["id"].n_unique() == stood.height
        times = {}
        with Ledger.open(place, read_only=True) as ledger:
            for id, when in ledger.read("sidecar_signals", ["id", "event_time_ns"]).iter_rows():
                times[id] = datetime.fromtimestamp(when / 1e9, UTC)
        exact = [known[id].model_copy(update={"time": times[id]}) for id in list(acknowledged)[:40]]
        asyncio.run(send(folder, exact, again))
    assert all(again[id] == acknowledged[id] for id in again)
    assert len(again) == 40
