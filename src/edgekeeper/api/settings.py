"""What the API allows, and what its server is started with. Shapes no result."""

from dataclasses import dataclass
from typing import Any

__all__ = ["ApiSettings", "uvicorn_settings"]


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Limits of the API.

    Attributes
    ----------
    hosts : tuple of str
        Names under which browsers may reach the service, beside those of this machine. Addresses
        are always allowed: only a name can be made to point elsewhere.
    processes : tuple of str
        Whose signs of life ``/health/ready`` waits for, such as ``("trade", "signals")``.
    dead_after_seconds, busy_seconds : float
        Age at which a sign of life is too old; while a process is busy with something long.
    body_bytes, bars_bytes : int
        Largest message, and largest message of bars.
    requests_per_second, requests_burst : float
        Of one token, everything but what bots send.
    messages_per_second, messages_burst : float
        Of one token: signals, outcomes, bars.
    failures_per_minute, failures_burst : float
        Of one address: tokens and codes that open nothing.
    answer_seconds : float
        How long the process that answers signals may take.
    """

    hosts: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    dead_after_seconds: float = 15.0
    busy_seconds: float = 3_600.0
    body_bytes: int = 256 * 1024
    bars_bytes: int = 4 * 1024 * 1024
    requests_per_second: float = 50.0
    requests_burst: float = 200.0
    messages_per_second: float = 5_000.0
    messages_burst: float = 10_000.0
    failures_per_minute: float = 10.0
    failures_burst: float = 20.0
    answer_seconds: float = 5.0


def uvicorn_settings() -> dict[str, Any]:
    """Return what :class:`uvicorn.Config` is given beside the application, host and port.

    No header says what serves; no header of a proxy is believed; nobody waits for ever. Requests
    are not logged, since a one-time link has its code in the address.
    """
    from edgekeeper.api.connection import BoundedConnection

    return {
        "http": BoundedConnection,
        "server_header": False,
        "proxy_headers": False,
        "access_log": False,
        "log_config": None,
        "workers": 1,
        "limit_concurrency": 1_000,
        "backlog": 256,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 3,
        "ws_max_size": 1024 * 1024,
    }
