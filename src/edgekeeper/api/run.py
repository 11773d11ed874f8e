"""What may be asked about a run: where it stands, its models, why, what it earned."""

import math
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path, Query
from pydantic import AwareDatetime
from starlette.responses import Response

from edgekeeper.api.health import beat_is_alive
from edgekeeper.api.kept import Kept
from edgekeeper.api.problems import Problem
from edgekeeper.api.routes import Routes, answered
from edgekeeper.api.rows import nanoseconds
from edgekeeper.api.settings import ApiSettings
from edgekeeper.api.shapes import (
    BotsStatusOut,
    ChannelOut,
    EarningsOut,
    FitOut,
    LineOut,
    PositionOut,
    ProcessOut,
    StatusOut,
    StepOut,
    TaskOut,
    WhyOut,
)
from edgekeeper.desk import Desk, LineStatus, RunStatus
from edgekeeper.desk.desk import ACCOUNT
from edgekeeper.desk.earnings import By
from edgekeeper.errors import BadData, UsageError

if TYPE_CHECKING:
    pass

__all__ = ["RunStanding", "add_run", "line_out"]

_SOON_SECONDS = 30.0
_RUN, _MODELS, _TRADING, _SAFETY, _DATA = "Run", "Models", "Trading", "Safety", "Data"
Name = Annotated[str, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Hash = Annotated[
    str,
    Path(
        pattern="^[0-9a-f]{6,64}$",
        description="Hash of a fit, or at least its first six digits.",
        examples=["0a1b2c3d4e5f"],
    ),
]


def add_run(routes: Routes, desk: Desk, standing: "RunStanding", settings: ApiSettings) -> None:
    """Add what may be asked about a run."""

    def status() -> Response:
        """Say where the run stands: who trades, the money, how far each line's evidence is."""
        return answered(_status(standing.read()))

    def to_do() -> Response:
        """List what waits for a person, the most urgent first, and what to type."""
        return answered([TaskOut.model_validate(task) for task in desk.to_do()])

    def processes() -> Response:
        """List the processes of the run with their last signs of life."""
        return answered(_processes(desk, settings))

    def channels() -> Response:
        """Say how the channels fare that tell people of alerts."""
        return answered([ChannelOut.model_validate(one) for one in desk.channels()])

    def bots() -> Response:
        """Say where the answering of bots' signals stands: mode, halts, who decides, evidence."""
        found = desk.sidecar()
        if found is None:
            raise Problem(404, "Nothing here", "no process has answered signals for this run yet")
        return answered(BotsStatusOut.model_validate(found))

    routes.add("GET", "/v1/bots/status", bots, role="read", tag="Bots", answers=BotsStatusOut,
               errors={404: "Nothing has answered signals yet."})  # fmt: skip
    routes.add("GET", "/v1/channels", channels, role="read", tag=_SAFETY,
               answers=list[ChannelOut])  # fmt: skip
    routes.add("GET", "/v1/status", status, role="read", tag=_RUN, answers=StatusOut)
    routes.add("GET", "/v1/to-do", to_do, role="read", tag=_RUN, answers=list[TaskOut])
    routes.add("GET", "/v1/processes", processes, role="read", tag=_RUN,
               answers=list[ProcessOut])  # fmt: skip
    _add_models(routes, desk, standing)
    _add_trading(routes, desk)


class RunStanding:
    """Where the run stands: worked out once for a state of its record, and twice a minute."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept = Kept(desk.status)

    def read(self) -> RunStatus:
        """Return it."""
        return self._kept.get((self._desk.head, int(time.monotonic() / _SOON_SECONDS)))


def line_out(line: LineStatus) -> LineOut:
    """Return a line as programs read it."""
    found = LineOut.model_validate(_without_expected(line))
    found.expected = None if line.expected is None else line.expected.sentence
    return found


def _add_models(routes: Routes, desk: Desk, standing: "RunStanding") -> None:
    def models() -> Response:
        """List every fit with its figures, what the gates said, and where it stands."""
        return answered(_fits(desk))

    def model(package: Hash) -> Response:
        """Show one fit."""
        found = [fit for fit in _fits(desk) if fit.hash.startswith(package)]
        if len(found) != 1:
            raise Problem(404, "Nothing here", f"expected the hash of one fit, got {package}")
        return answered(found[0])

    def lines() -> Response:
        """List the lines with their stages and evidence."""
        return answered([line_out(line) for line in standing.read().lines])

    routes.add("GET", "/v1/models", models, role="read", tag=_MODELS, answers=list[FitOut])
    routes.add("GET", "/v1/models/{package}", model, role="read", tag=_MODELS, answers=FitOut,
               errors={404: "No such fit."})  # fmt: skip
    routes.add("GET", "/v1/lines", lines, role="read", tag=_MODELS, answers=list[LineOut])


def _add_trading(routes: Routes, desk: Desk) -> None:
    def why(
        symbol: Annotated[Name, Query(description="As in the bars.", examples=["BTC/USD"])],
        at: Annotated[
            AwareDatetime | None, Query(description="The last decision up to then.")
        ] = None,
    ) -> Response:
        """Say why a symbol was traded, or why not: every question of its last decision."""
        return answered(_why(desk, symbol, at))

    def positions(
        account: Annotated[Name, Query(description="Whose.")] = ACCOUNT,
    ) -> Response:
        """List the positions that are open."""
        return answered([PositionOut.model_validate(one) for one in desk.positions(account)])

    routes.add("GET", "/v1/positions", positions, role="read", tag=_TRADING,
               answers=list[PositionOut])  # fmt: skip

    def performance(
        account: Annotated[
            Name, Query(description="Whose; `rules` is the strategy without a model.")
        ] = ACCOUNT,
        by: Annotated[By | None, Query(description="Groups of trades.")] = None,
    ) -> Response:
        """Say what an account has earned, and its trades in groups."""
        try:
            found = desk.earnings(account, by)
        except UsageError as error:
            if not desk.begun:
                raise
            raise Problem(404, "Nothing here", str(error)) from None
        return answered(EarningsOut.model_validate(found))

    routes.add("GET", "/v1/why", why, role="read", tag=_TRADING, answers=WhyOut,
               errors={404: "No decision on that symbol."})  # fmt: skip
    routes.add("GET", "/v1/performance", performance, role="read", tag=_TRADING,
               answers=EarningsOut, errors={404: "No such account."})  # fmt: skip


def _status(state: RunStatus) -> StatusOut:
    fields = {name: getattr(state, name) for name in RunStatus.__dataclass_fields__}
    return StatusOut.model_validate({**fields, "lines": [line_out(line) for line in state.lines]})


def _without_expected(line: LineStatus) -> dict[str, Any]:
    names = set(LineStatus.__dataclass_fields__) - {"expected"}
    return {name: getattr(line, name) for name in names}


def _fits(desk: Desk) -> list[FitOut]:
    desk.ledger.head("trade")  # raises where there is no run to ask
    models = desk.models()
    return [
        FitOut(
            hash=fit.hash,
            line=fit.line,
            number=fit.number,
            fitted=models.fitted_at_ns[fit.hash],
            verdict=fit.verdict,
            status=models.standings[fit.hash],
            metrics=dict(fit.metrics),
            gates=dict(fit.reasons),
        )
        for fit in models.fits
    ]


def _why(desk: Desk, symbol: str, at: datetime | None) -> WhyOut:
    moment, asked = nanoseconds(at), {"symbol": symbol, "account": ACCOUNT}
    try:
        answer = desk.why(symbol, moment)
    except BadData as error:
        if desk.rows("decisions", ["symbol"], where=asked, until_ns=moment, limit=1).height:
            raise
        raise Problem(404, "Nothing here", str(error)) from None
    fields = {name: getattr(answer, name) for name in type(answer).__dataclass_fields__}
    return WhyOut.model_validate(
        fields
        | {
            "sentence": answer.sentence,
            "time": answer.time_ns,
            "steps": [StepOut(question=question, passed=ok) for question, ok in answer.steps],
            "because": None if answer.because is None else answer.because.sentence,
        }
    )


def _processes(desk: Desk, settings: ApiSettings) -> list[ProcessOut]:
    found = []
    for name, beat in desk.beats().items():
        age = beat.age_seconds()
        found.append(
            ProcessOut(
                process=name,
                pid=beat.pid,
                state=beat.state,
                alive=beat_is_alive(beat, settings),
                age_seconds=age if math.isfinite(age) else None,
                at=beat.wall_time_ns,
            )
        )
    return found
