"""``serve``: the processes of a service in one folder, supervised: web, signals, trade and chat.

They share the record and nothing else, so that any of them may die without the others. The watch
and the learner are children of ``trade``, which starts them itself. What listens to the network is
opened here and handed on: the port stays ours while the web process is started again.
"""

import fcntl
import http.client
import ipaddress
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from edgekeeper.config import Config
from edgekeeper.errors import StorageError, UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.monitoring.sd_notify import tell_alive, tell_ready, tell_stopping
from edgekeeper.supervising import Role, Supervisor, python
from edgekeeper.wanted import Wanted
from edgekeeper.watch import Heart, OutsideMonitor, keep_local, with_local

__all__ = ["Served", "serve"]

_SILENT_SECONDS = 20.0
_READY_SECONDS = 60.0
_BACKLOG = 2_048
_LEAN = {"MALLOC_ARENA_MAX": "2"}  # else the C library keeps memory aside for each thread
_SMALL_FRAMES = {"POLARS_MAX_THREADS": "1"}  # to wake another thread costs more than it does
_PAGE_FIRST_SECONDS = 2.0  # whoever starts it looks for a page, not for a bar


class Teller(Protocol):
    """Whoever shows a person how the service fares."""

    def ready(self, url: str, login: str, seconds: float) -> None:
        """The service answers: where, a link to log in with once, and how long it took."""
        ...

    def said(self, sentence: str) -> None:
        """Something happened to a process."""
        ...


@dataclass(frozen=True, slots=True)
class Served:
    """How a service was when it was stopped.

    Attributes
    ----------
    url : str
    seconds : float
        It was up.
    states : mapping of process to state
    """

    url: str
    seconds: float
    states: dict[str, str]

    def figures(self) -> dict[str, Any]:
        """Return the same for programs."""
        return {"url": self.url, "seconds": self.seconds, "processes": self.states}


def serve(
    folder: Path,
    *,
    wanted: Wanted,
    config: Config | None,
    host: str | None,
    port: int | None,
    ledger_url: str | None,
    teller: Teller,
    stop: Callable[[], bool],
) -> Served:
    """Serve a folder until ``stop`` says so.

    Parameters
    ----------
    folder : path
        Of the run; made if it is not there.
    wanted : Wanted
        What a trading loop that begins is to trade; one that is there goes on with its own.
    config : Config or None
        None: that of the run, or the default.
    host, port
        Where to listen; None: as ``[serve]`` says. Port 0: any that is free.
    ledger_url : str, optional
    teller : Teller
    stop : callable

    Raises
    ------
    UsageError
        Another process serves this folder, or listens there.
    StorageError
        The folder or the record cannot be used.
    """
    began = time.monotonic()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make the folder {folder}: {error.strerror}") from error
    settings = config or with_local(folder, Config())
    with (
        _alone(folder),
        _listening(
            host or settings.serve.host, settings.serve.port if port is None else port
        ) as listener,
    ):
        keep_local(folder, settings)
        with Ledger.open(ledger_url or folder / "ledger.sqlite"):
            pass  # made or brought up to date once, before several processes open it
        url = _url_of(listener)
        roles = _roles(folder, settings, wanted, config, ledger_url, listener)
        supervisor = Supervisor(roles, folder, teller.said)
        heart = Heart(folder, "serve", 1.0)
        monitor = None if _trades(folder, wanted) else _monitor(settings)
        waiting = True

        def idle() -> None:
            nonlocal waiting
            heart.beat()
            tell_alive()
            if monitor is not None:
                monitor.tell(well=set(supervisor.states.values()) == {"running"})
            if waiting and _answers(listener):
                waiting = False
                tell_ready(url)
                teller.ready(url, _login_link(folder, url), time.monotonic() - began)

        try:
            supervisor.run(stop, idle)
        finally:
            tell_stopping()
            heart.beat("stopped")
            if monitor is not None:
                monitor.close()
        return Served(url, time.monotonic() - began, supervisor.states)


def _roles(
    folder: Path,
    settings: Config,
    wanted: Wanted,
    config: Config | None,
    ledger_url: str | None,
    listener: socket.socket,
) -> list[Role]:
    """The processes of this folder, in the order in which they are ended."""
    place = str(folder.resolve())
    listener.set_inheritable(True)
    trades = _trades(folder, wanted)
    told = json.dumps({"ledger_url": ledger_url, "listener": listener.fileno(), "trades": trades})
    roles = [
        Role(
            "web", python("edgekeeper.web", place), told, _SILENT_SECONDS,
            files=(listener.fileno(),),
        )
    ]  # fmt: skip
    if settings.serve.sidecar:
        roles.append(
            Role("signals", python("edgekeeper.sidecar", place), ledger_url or "", _SILENT_SECONDS)
        )
    if trades:
        given = None if config is None else config.model_dump(mode="json") | config.local()
        order = json.dumps({"ledger_url": ledger_url, "wanted": wanted.to_json(), "config": given})
        busy = settings.watch.busy_seconds
        later = _PAGE_FIRST_SECONDS
        trade = Role("trade", python("edgekeeper.trading", place), order, busy, later)
        roles.append(replace(trade, environment=_SMALL_FRAMES))
    if settings.notify.telegram is not None and settings.notify.telegram.commands_from:
        roles.append(
            Role("chat", python("edgekeeper.chat", place), ledger_url or "", _SILENT_SECONDS)
        )
    return [replace(role, environment={**_LEAN, **role.environment}) for role in roles]


def _trades(folder: Path, wanted: Wanted) -> bool:
    return bool(wanted.source) or (folder / "paper.json").is_file()


def _monitor(settings: Config) -> OutsideMonitor | None:
    """Who asks the outside monitor where nothing trades here, and so no watch does."""
    if not settings.notify.has_heartbeat:
        return None
    monitor = OutsideMonitor(settings.notify, _SILENT_SECONDS)
    monitor.start()
    return monitor


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; the right ends with it, however it ends."""
    try:
        file = os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"could not open {folder / 'serve.lock'}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another `edgekeeper serve` works in {folder}: stop it first, or choose another "
                "folder with --data"
            ) from None
        yield
    finally:
        os.close(file)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise UsageError(f"--host: expected a name or address of this machine, got {host!r}: "
                         f"{error}") from error  # fmt: skip
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(_BACKLOG)
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"cannot listen on {host} port {port}: {error}; choose another with --port"
            ) from error
        yield listener


def _here(listener: socket.socket) -> tuple[str, int]:
    """Where this machine reaches what listens."""
    host, port = listener.getsockname()[:2]
    return "127.0.0.1" if ipaddress.ip_address(host).is_unspecified else host, port


def _url_of(listener: socket.socket) -> str:
    host, port = _here(listener)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _answers(listener: socket.socket) -> bool:
    """Whether the web process takes requests by now."""
    connection = http.client.HTTPConnection(*_here(listener), timeout=0.25)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _login_link(folder: Path, url: str) -> str:
    from edgekeeper.api.access import Access

    return Access(folder).login_link(url)
