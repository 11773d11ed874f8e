"""Health: whether the service lives, and whether everything is there that it needs."""

from typing import Literal

from pydantic import BaseModel, Field
from starlette.responses import Response

from edgekeeper.api.observing import Meter
from edgekeeper.api.problems import Problem
from edgekeeper.api.routes import Routes, answered
from edgekeeper.api.settings import ApiSettings
from edgekeeper.desk import Desk
from edgekeeper.errors import EdgekeeperError
from edgekeeper.watch import Beat

__all__ = ["Live", "Ready", "add_health", "beat_is_alive", "missing_for"]

_TAG = "Health"


class Live(BaseModel):
    """The service takes requests."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Whether the service can do its work, and what is missing, as sentences."""

    ready: bool
    missing: list[str] = Field(examples=[["the trading loop gives no sign of life"]])


def add_health(routes: Routes, desk: Desk, settings: ApiSettings, meter: Meter | None) -> None:
    """Add ``/health/live``, ``/health/ready`` and ``/metrics``."""

    async def live() -> Live:
        """Say whether the service takes requests. Open to everybody, and says nothing else."""
        return Live()

    def ready() -> Response:
        """Say whether the record can be read and all processes live; if not, what is missing."""
        missing = missing_for(desk, settings)
        found = Ready(ready=not missing, missing=missing)
        again = {"Retry-After": "2"} if missing else {}
        return answered(found, 503 if missing else 200, again)

    def metrics() -> Response:
        """Give all figures in the text format of Prometheus."""
        if meter is None:
            raise Problem(404, "No figures", "this service was started without a meter")
        return Response(meter.render(), headers={"Content-Type": meter.content_type})

    routes.add("GET", "/health/live", live, role=None, tag=_TAG, answers=Live)
    routes.add("GET", "/health/ready", ready, role="read", tag=_TAG, answers=Ready)
    routes.add("GET", "/metrics", metrics, role="read", tag=_TAG, media_type="text/plain",
               errors={404: "The service measures nothing."})  # fmt: skip


def missing_for(desk: Desk, settings: ApiSettings) -> list[str]:
    """Return what is missing, as sentences."""
    missing = []
    try:
        _ = desk.head
        if "trade" in settings.processes and not desk.begun:
            missing.append("no run is on record yet")
    except EdgekeeperError as error:
        missing.append(f"the record cannot be read: {error}")
    try:
        beats = desk.beats()
    except EdgekeeperError as error:
        return [*missing, f"signs of life cannot be read: {error}"]
    for name in settings.processes:
        beat = beats.get(name)
        if beat is None:
            missing.append(f"process {name} has given no sign of life")
        elif not beat_is_alive(beat, settings):
            missing.append(f"process {name} gives no sign of life (its last: {beat.state})")
    return missing


def beat_is_alive(beat: Beat, settings: ApiSettings) -> bool:
    """Whether a process whose last sign of life this is lives now."""
    if beat.state in ("stopped", "failed") or not beat.runs:
        return False
    most = settings.busy_seconds if beat.state == "busy" else settings.dead_after_seconds
    return beat.age_seconds() <= most
