"""The socket: framing, hostile lines, reconnecting, and who may open it."""

import asyncio
import json
import stat
from pathlib import Path
from runpy import run_path

import pytest

from edgekeeper.errors import BadData, StorageError
from edgekeeper.sidecar import Conflict, UnknownSignal, connect
from edgekeeper.sidecar.facts import nanoseconds
from edgekeeper.sidecar.running import opened
from edgekeeper.sidecar.server import serving
from edgekeeper.sidecar.wire import MOST_BYTES, parse_line

_KIT = run_path(str(Path(__file__).with_name("kit.py")))
START, outcome, signal = _KIT["START"], _KIT["outcome"], _KIT["signal"]


def served(folder, doing):
    from edgekeeper.clock import ManualClock

    async def go():
        async with (
            opened(folder, clock=ManualClock(nanoseconds(START))) as sidecar,
            serving(folder, sidecar.answering),
        ):
            return await doing(sidecar)

    return asyncio.run(go())


async def raw(folder, *lines):
    """Send lines as they are; return as many replies, or fewer where it hung up."""
    reader, writer = await asyncio.open_unix_connection(folder / "signals.sock", limit=MOST_BYTES)
    for line in lines:
        writer.write(line + b"\n")
    writer.write_eof()
    replies = [json.loads(line) async for line in reader]
    writer.close()
    return replies


def test_only_this_user_may_open_the_socket_and_it_goes_at_the_end(folder):
    async def doing(sidecar):
        return stat.S_IMODE((folder / "signals.sock").stat().st_mode)

    assert served(folder, doing) == 0o600
    assert not (folder / "signals.sock").exists()


def test_errors_come_back_as_what_they_are(folder):
    async def doing(sidecar):
        client = connect(folder)
        await client.signal(signal())
        with pytest.raises(Conflict, match="another side"):
            await client.signal(signal(side="short"))
        with pytest.raises(UnknownSignal):
            await client.outcome(outcome("never"))
        assert (await client.outcome(outcome(when=START))).new
        await client.close()

    served(folder, doing)


def test_lines_that_are_no_requests_are_told_so_and_harm_nobody(folder):
    good = b'{"n": 7, "ask": "ping", "message": {}}'
    hostile = (
        b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 10_000,
        b'{"n": "1", "ask": "signal", "message": {}}',
        b'{"n": 1, "ask": "rm", "message": {}}',
        b'{"n": 1, "ask": "signal", "message": {"id": "a"}}',
        b'{"n": 1, "ask": "signal", "message": {"id": "../x", "symbol": "A", "side": "long",'
        b' "time": "2026-01-05T00:00:00Z"}}',
        b'{"n": 1, "ask": "signal", "message": {"id": "x", "symbol": "A", "side": "long",'
        b' "time": "2026-01-05T00:00:00Z", "features": {"a": NaN}}}',
        b'{"n": 1, "ask": "signal", "message": {"id": "x", "symbol": "A", "side": "long",'
        b' "time": "2026-01-05T00:00:00Z", "confidance": 1}}',
        b'{"n": 1, "ask": "signal", "message": {"id": "x", "symbol": "A", "side": "long",'
        b' "time": "2026-01-05T00:00:00"}}',
    )  # fmt: skip

    async def doing(sidecar):
        replies = await raw(folder, *hostile, good)
        assert len(replies) == len(hostile) + 1
        assert replies[-1] == {"n": 7, "answer": "here"}
        assert all(reply["error"] == "BadData" for reply in replies[:-1])
        too_long = await raw(folder, b" " * (MOST_BYTES + 10), good)
        assert "bytes" in too_long[0]["says"]
        assert len(too_long) == 1
        assert await raw(folder, good) == [{"n": 7, "answer": "here"}]

    served(folder, doing)


def test_a_client_connects_again_and_says_so_when_nobody_answers(folder):
    client = []

    async def doing(sidecar):
        first = connect(folder)
        await first.signal(signal("a"))
        first.drop()  # the connection breaks under it
        assert (await first.signal(signal("b"))).id == "b"
        await first.close()
        assert (await first.signal(signal("c"))).id == "c"
        client.append(first)
        await first.close()

    served(folder, doing)

    async def after():
        with pytest.raises(StorageError, match=r"nobody answers signals at .*edgekeeper serve"):
            await connect(folder).signal(signal("d"))

    asyncio.run(after())


def test_a_silent_server_is_given_up(folder):
    folder.mkdir()

    async def mute(reader, writer):
        await reader.read()
        writer.close()

    async def doing():
        server = await asyncio.start_unix_server(mute, folder / "signals.sock")
        client = connect(folder, timeout_seconds=0.1)
        with pytest.raises(StorageError, match=r"no answer within 0\.1 s"):
            await client.signal(signal())
        await client.close()
        server.close()
        await server.wait_closed()

    asyncio.run(doing())


def test_long_folders_have_a_socket_too(tmp_path):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()

    async def doing(sidecar):
        client = connect(folder)
        answer = await client.signal(signal())
        await client.close()
        return answer.id

    assert served(folder, doing) == "a"


def test_a_request_is_a_line():
    assert parse_line(b'{"n": 1, "ask": "ping", "message": {}}') == (1, "ping", {})
    with pytest.raises(BadData, match="expected"):
        parse_line(b'{"n": true, "ask": "ping", "message": {}}')
