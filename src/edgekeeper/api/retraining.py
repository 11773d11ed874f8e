"""The endpoints of old, by the names that were asked for: ``/api/ml/...``."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from edgekeeper.api.order_kinds import Message, OrderOut, Reason
from edgekeeper.api.ordering import give
from edgekeeper.api.problems import Problem
from edgekeeper.api.routes import Body, Routes, answered, read_message
from edgekeeper.api.run import RunStanding, line_out
from edgekeeper.api.settings import ApiSettings
from edgekeeper.api.shapes import ModelInfo, RetrainingStatus
from edgekeeper.desk import Desk, RunStatus

if TYPE_CHECKING:
    from edgekeeper.models import Manifest

__all__ = ["add_retraining"]

_TAG = "Retraining"
_ASKED = "asked for over the API"
_OVER = "retired"
Subject = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.\-]+$")]


class TriggerIn(Message):
    """Which line to fit, and why; without a line, all that are not retired."""

    line: Subject | None = None
    reason: Reason = _ASKED


class RollbackIn(Message):
    """Which line, or which of its packages to go back to; without, the champion's line."""

    line: Subject | None = None
    package: Subject | None = None
    reason: Reason = _ASKED


class Triggered(BaseModel):
    """Orders on record; what becomes of each is under ``/v1/commands/{id}``."""

    orders: list[OrderOut]


_TRIGGER, _ROLLBACK = TypeAdapter(TriggerIn), TypeAdapter(RollbackIn)


def add_retraining(
    routes: Routes, desk: Desk, standing: RunStanding, settings: ApiSettings
) -> None:
    """Add status, trigger and rollback of retraining, and what trades."""

    manifests = Manifests(desk)

    def status() -> Response:
        """Say when each line was fitted last, and what is asked for that has not come yet."""
        return answered(_status(desk, settings))

    async def trigger(
        request: Request,
        force: Annotated[
            bool,
            Query(description="Use it although it misses a floor; integrity is never skipped."),
        ] = False,
    ) -> Response:
        """Ask for a refit, and go on: the loop fits beside its trading.

        With `force` a fit is used although it is worse than the one before or misses a floor of
        the profile; that stands on record. What is too good to be true waits for approval all the
        same.
        """
        asked = await read_message(request, _TRIGGER, empty=TriggerIn())
        detail = {"force": True} if force else None
        named = (
            [asked.line] if asked.line else await run_in_threadpool(lambda: _lines(standing.read()))
        )
        orders = [
            await give(request, desk, "refit", subject=line, reason=asked.reason, detail=detail)
            for line in named
        ]
        return answered(Triggered(orders=orders), 202)

    async def rollback(request: Request) -> Response:
        """Go back to an earlier package of a line, and stay there until it is unpinned."""
        asked = await read_message(request, _ROLLBACK, empty=RollbackIn())
        subject = asked.package or asked.line or ""
        order = await give(request, desk, "rollback", subject=subject, reason=asked.reason)
        return answered(order, 202, {"Location": f"/v1/commands/{order.id}"})

    def info() -> Response:
        """Say what trades: its line, what it was trained on, its figures, and the lines behind."""
        return answered(_info(desk, manifests, standing.read()))

    no_run = {409: "There is no live run."}
    routes.add("GET", "/api/ml/retraining/status", status, role="read", tag=_TAG,
               answers=RetrainingStatus)  # fmt: skip
    routes.add("POST", "/api/ml/retraining/trigger", trigger, role="admin", tag=_TAG, status=202,
               answers=Triggered, errors=no_run,
               body=Body(TriggerIn, {"reason": "new data"}, optional=True))  # fmt: skip
    routes.add("POST", "/api/ml/retraining/rollback", rollback, role="admin", tag=_TAG, status=202,
               answers=OrderOut, errors=no_run,
               body=Body(RollbackIn, {"reason": "worse since Monday"}, optional=True))  # fmt: skip
    routes.add("GET", "/api/ml/model/info", info, role="read", tag=_TAG, answers=ModelInfo)


def _status(desk: Desk, settings: ApiSettings) -> RetrainingStatus:
    from edgekeeper.api.health import beat_is_alive

    beat = desk.beats().get("trade")
    refits = desk.refits()
    fields = {name: getattr(refits, name) for name in type(refits).__dataclass_fields__}
    running = beat is not None and beat_is_alive(beat, settings)
    return RetrainingStatus.model_validate({**fields, "running": running})


def _lines(state: RunStatus) -> list[str]:
    found = [line.name for line in state.lines if line.stage != _OVER]
    if not found:
        raise Problem(409, "Nothing to fit", "no line of this run is left to be fitted")
    return found


class Manifests:
    """What packages say of themselves; immutable, so the newest is read and checked once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._held: tuple[str, Manifest] | None = None

    def get(self, package: str) -> "Manifest":
        """Return the manifest of a package."""
        held = self._held
        if held is None or held[0] != package:
            held = self._held = (package, self._desk.models().registry.manifest(package))
        return held[1]


def _info(desk: Desk, manifests: Manifests, state: RunStatus) -> ModelInfo:
    return ModelInfo(
        trading=state.model is not None,
        sentence=_sentence(state),
        champion=None if state.model is None else _champion(desk, manifests, state),
        lines=[line_out(line) for line in state.lines],
    )


def _champion(desk: Desk, manifests: Manifests, state: RunStatus) -> Any:
    models = desk.models()
    fit = next(fit for fit in models.fits if fit.hash == state.model)
    manifest = manifests.get(fit.hash)
    made = manifest.provenance
    return {
        "package": fit.hash,
        "line": fit.line,
        "learner": manifest.learner,
        "fitted": models.fitted_at_ns[fit.hash],
        "trained_from": made.data.first,
        "trained_to": made.data.last,
        "samples": made.data.rows,
        "features": dict(manifest.features),
        "parameters": dict(manifest.parameters),
        "metrics": dict(fit.metrics),
    }


def _sentence(state: RunStatus) -> str:
    if state.champion is not None:
        return f"Line {state.champion} trades, with model {(state.model or '')[:12]}."
    who = {"rules": "the rules trade", "cash": "nobody trades", "follow_bot": "the bot trades"}
    return f"No line has earned the right to trade: {who.get(state.fallback, state.fallback)}."
