"""The real application behind a real server on this machine, asked over HTTP."""

import asyncio
import contextlib
import socket
import threading
from dataclasses import dataclass, field

import httpx
import pytest
import uvicorn

from edgekeeper.api import Access, ApiSettings, make_api, uvicorn_settings
from edgekeeper.desk import Desk
from edgekeeper.errors import BadData, StorageError
from edgekeeper.sidecar import Answer, OutcomeNoted

ROLES = ("read", "trade", "admin")


class InMemory:
    """Decides about signals in this process: takes every other, and remembers its answers."""

    def __init__(self):
        self.answers = {}
        self.outcomes = {}
        self.bars_known = set()
        self.gone = False
        self.hangs = False

    async def signal(self, signal):
        await self._there()
        if signal.symbol == "UNKNOWN":
            raise BadData("expected a symbol of this run, got 'UNKNOWN': add it to its symbols")
        take = len(self.answers) % 2 == 0
        answer = Answer(
            id=signal.id, decision="take" if take else "skip", size=1.0 if take else 0.0,
            reasons=("every other one",),
        )  # fmt: skip
        return self.answers.setdefault(signal.id, answer)

    async def outcome(self, outcome):
        await self._there()
        new = outcome.id not in self.outcomes
        self.outcomes.setdefault(outcome.id, outcome)
        return OutcomeNoted(id=outcome.id, new=new)

    async def bars(self, bars):
        await self._there()
        given = {(bar.symbol, bar.time) for bar in bars.bars}
        new = len(given - self.bars_known)
        self.bars_known |= given
        return new

    async def _there(self):
        if self.gone:
            raise StorageError("nobody answers on signals.sock: is `edgekeeper serve` there?")
        if self.hangs:
            await asyncio.sleep(60)


@dataclass
class Service:
    """A running service and its keys."""

    base: str
    access: Access
    desk: Desk
    tokens: dict
    exchange: object = None
    app: object = None
    clients: list = field(default_factory=list)

    def client(self, token=None, **more):
        """Return a client that shows a token; of a role, or any text; None: none."""
        shown = self.tokens.get(token, token)
        headers = {} if shown is None else {"Authorization": f"Bearer {shown}"}
        # Without TLS; its certificates would be read for every client.
        made = httpx.Client(base_url=self.base, headers=headers, timeout=20, verify=False, **more)
        self.clients.append(made)
        return made

    @property
    def reads(self):
        return self.client("read")


@contextlib.contextmanager
def serving(
    folder, *, exchange=None, access=None, settings=None, metrics=None, acts=None, named="test"
):
    access = access or Access(folder)
    tokens = {role: access.create_token(f"{named}-{role}", role) for role in ROLES}
    with Desk(folder, acts=acts) as desk, socket.socket() as listening:
        app = make_api(desk, access, exchange=exchange, settings=settings, metrics=metrics)
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, **uvicorn_settings()))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        service = Service(
            f"http://127.0.0.1:{listening.getsockname()[1]}", access, desk, tokens, exchange, app
        )
        try:
            while not server.started:
                assert thread.is_alive()
            yield service
        finally:
            for client in service.clients:
                client.close()
            server.should_exit = True
            thread.join()


GENEROUS = ApiSettings(
    requests_per_second=1e6, requests_burst=1e6, failures_per_minute=1e9, failures_burst=1e9
)


@pytest.fixture(scope="session")
def exchange():
    return InMemory()


@pytest.fixture(scope="session")
def service(lived, exchange, tmp_path_factory):
    """Beside the run that was lived; nobody may give it orders."""
    access = Access(tmp_path_factory.mktemp("access"))
    with serving(lived, exchange=exchange, access=access, settings=GENEROUS) as running:
        yield running


@pytest.fixture(scope="session")
def before(tmp_path_factory):
    """In an empty folder, before there is a run."""
    with serving(tmp_path_factory.mktemp("empty"), settings=GENEROUS) as running:
        yield running


@pytest.fixture(scope="session")
def generous():
    """Limits that no test comes near."""
    return GENEROUS


@pytest.fixture
def keys_apart(tmp_path):
    """Tokens beside a run that others share."""
    return Access(tmp_path / "keys")


@pytest.fixture
def in_memory():
    """Return an exchange of its own."""
    return InMemory()


@pytest.fixture(scope="session")
def serve():
    """Serve a folder: ``with serve(folder, settings=...) as service``."""
    return serving
