"""Orders to a live run: kill, resume and the rest, on record before they are answered."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from edgekeeper.api.access import Role
from edgekeeper.api.auditing import note
from edgekeeper.api.problems import Problem
from edgekeeper.api.routes import Body, Routes, answered, caller_of, read_message
from edgekeeper.api.rows import instant
from edgekeeper.desk import Desk
from edgekeeper.errors import UsageError

__all__ = ["Given", "OrderOut", "add_orders", "give"]

_LOOK_SECONDS = 0.05
_NOT_MINE = "not mine"
_NO_REASON = "no reason given"
_TAG = "Orders"
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
Line = Annotated[
    str,
    Path(
        min_length=1,
        max_length=100,
        pattern=r"^[A-Za-z0-9_.\-]+$",
        description="Name of a line, or the hash of a package it has used.",
        examples=["linear"],
    ),
]
Package = Annotated[
    str,
    Path(
        pattern="^[0-9a-f]{6,64}$",
        description="Hash of a fit, or at least its first six digits.",
        examples=["0a1b2c3d4e5f"],
    ),
]
OrderId = Annotated[
    str,
    Path(pattern="^[0-9a-f]{16}$", description="Of the order.", examples=["9f86d081884c7d65"]),
]
Limit = Annotated[int, Query(ge=1, le=1_000, description="How many at most.")]
Wait = Annotated[
    float,
    Query(ge=0, le=30, description="Seconds to wait for what the loop makes of it."),
]


class Message(BaseModel):
    """A message without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Given(Message):
    """Why an order is given; kept on record."""

    reason: Reason


class KillIn(Message):
    """A halt needs no reason: it must not fail for want of one."""

    reason: Reason = _NO_REASON
    flatten: bool = Field(False, description="Close all positions at their next open, too.")


class PromoteIn(Given):
    """Without ``override`` a line is promoted by its evidence alone, and this is refused."""

    override: bool = Field(False, description="Without evidence: at most 10 % of the signals.")


class RefitIn(Given):
    """A refit, whether due or not."""

    force: bool = Field(False, description="Use it although it misses a floor; on record.")


class OrderOut(BaseModel):
    """An order on record, and what the loop made of it.

    ``outcome`` is null until a loop has looked, then ``done`` or ``refused: why``.
    """

    id: str = Field(examples=["9f86d081884c7d65"])
    kind: str = Field(examples=["kill"])
    subject: str | None = Field(description="Line or package, where the kind has one.")
    actor: str = Field(examples=["api:night-watch"])
    reason: str
    given: str = Field(json_schema_extra={"format": "date-time"})
    outcome: str | None = Field(examples=["done"])
    sentence: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """An order of its own path."""

    kind: str
    role: Role
    does: str
    shape: type[Message] = Given
    of: Literal["account", "line", "package"] = "account"

    @property
    def path(self) -> str:
        """Where it is given."""
        places = {"account": "", "line": "lines/{line}/", "package": "models/{package}/"}
        return f"/v1/{places[self.of]}{self.kind}"


_KINDS = (
    _Kind("kill", "trade", "Halt the account: no new order until a person resumes.\n\nPositions "
          "keep their stops and targets, or are closed with `flatten`. A reason is kept, and may "
          "be left out: nobody should look for words while the market falls.", KillIn),
    _Kind("resume", "trade", "Lift a halt; drawdown is measured afresh from here."),
    _Kind("rearm", "trade", "End a pause of the model before its time."),
    _Kind("freeze", "admin", "Promote nobody and swap nothing; retreats still happen."),
    _Kind("unfreeze", "admin", "Let lines move and packages swap again."),
    _Kind("promote", "admin", "Let a line in shadow trade before its evidence is in.\n\nIt decides "
          "a tenth of the signals at most, and is marked as without evidence wherever it shows.",
          PromoteIn, "line"),
    _Kind("demote", "admin", "Send a line that trades back to shadow.", of="line"),
    _Kind("retire", "admin", "Close a line for good.", of="line"),
    _Kind("rollback", "admin", "Go back to an earlier package of a line, and stay there until it "
          "is unpinned.", of="line"),
    _Kind("pin", "admin", "Keep a line at its package, whatever refits come.", of="line"),
    _Kind("unpin", "admin", "Let a pinned line use its next refits again.", of="line"),
    _Kind("refit", "admin", "Fit a line, whether due or not.\n\nWith `force` it is used although "
          "it misses a floor; one that is too good to be true waits for approval all the same.",
          RefitIn, "line"),
    _Kind("approve", "admin", "Let a fit count that was held as too good to be true.",
          of="package"),
)  # fmt: skip


def add_orders(routes: Routes, desk: Desk) -> None:
    """Add a path for each order, and those that show what became of them."""
    for kind in _KINDS:
        _add(routes, desk, kind)

    def command(id: OrderId) -> OrderOut:
        """Show an order and what became of it."""
        found = _on_record(desk, id=id)
        if not found:
            raise Problem(404, "Nothing here", f"expected the id of an order on record, got {id}")
        return found[0]

    def commands(limit: Limit = 100) -> list[OrderOut]:
        """List the orders people gave, the newest first, with what became of them."""
        return _on_record(desk, limit=limit)

    routes.add("GET", "/v1/commands", commands, role="read", tag=_TAG, answers=list[OrderOut])
    routes.add("GET", "/v1/commands/{id}", command, role="read", tag=_TAG, answers=OrderOut,
               errors={404: "No such order."})  # fmt: skip


def _add(routes: Routes, desk: Desk, kind: _Kind) -> None:
    adapter = TypeAdapter(kind.shape)
    empty = KillIn() if kind.shape is KillIn else None

    async def on_account(request: Request, wait: Wait = 0.0) -> Response:
        asked = await read_message(request, adapter, empty=empty)
        return await _given(request, desk, kind.kind, "", asked, wait)

    async def on_line(request: Request, line: Line, wait: Wait = 0.0) -> Response:
        asked = await read_message(request, adapter, empty=empty)
        return await _given(request, desk, kind.kind, line, asked, wait)

    async def on_package(request: Request, package: Package, wait: Wait = 0.0) -> Response:
        asked = await read_message(request, adapter, empty=empty)
        return await _given(request, desk, kind.kind, package, asked, wait)

    on: dict[str, Callable[..., Any]] = {
        "account": on_account, "line": on_line, "package": on_package,
    }  # fmt: skip
    endpoint = on[kind.of]
    endpoint.__doc__ = (
        f"{kind.does}\n\nAnswered 200 once the loop has done it, 202 while it has not looked yet "
        "(`Location` leads to what becomes of it), 409 where it would not."
    )
    example = {"reason": "news before the weekend"}
    routes.add("POST", kind.path, endpoint, role=kind.role, tag=_TAG, answers=OrderOut, status=202,
               body=Body(kind.shape, example, optional=empty is not None),
               errors={409: "The loop would not, or there is no live run."})  # fmt: skip


async def _given(
    request: Request, desk: Desk, kind: str, subject: str, asked: Message, wait: float
) -> Response:
    said = asked.model_dump(exclude_defaults=True)
    reason = said.pop("reason", _NO_REASON)
    order = await give(request, desk, kind, subject=subject, reason=reason, detail=said, wait=wait)
    if order.outcome is not None and order.outcome != "done":
        raise Problem(409, "Refused", order.sentence)
    status = 202 if order.outcome is None else 200
    return answered(order, status, {"Location": f"/v1/commands/{order.id}"})


async def give(
    request: Request,
    desk: Desk,
    kind: str,
    *,
    reason: str,
    subject: str = "",
    detail: Mapping[str, Any] | None = None,
    wait: float = 0.0,
) -> OrderOut:
    """Write an order down under the caller's name, log it, and wait a while for its outcome.

    The record is let go of before waiting, so that no other order waits for this one.
    """
    who = caller_of(request)
    actor = f"api:{who.name}"
    await run_in_threadpool(lambda: desk.ledger)  # raises where there is none: writing makes one
    try:
        ordered = await run_in_threadpool(
            lambda: desk.order(kind, actor=actor, reason=reason, subject=subject, detail=detail)
        )
    except UsageError as error:
        note(kind, who, request, outcome="no live run", subject=subject)
        raise Problem(409, "No live run", str(error)) from None
    order = await _looked_at(desk, ordered.id, wait)
    note(kind, who, request, outcome=order.outcome or "on record", subject=subject, order=order.id,
         reason=reason)  # fmt: skip
    return order


async def _looked_at(desk: Desk, id: str, wait: float) -> OrderOut:
    until = time.monotonic() + wait
    while True:
        (order,) = await run_in_threadpool(lambda: _on_record(desk, id=id))
        over = order.outcome is not None or time.monotonic() >= until
        if over or not await run_in_threadpool(lambda: _somebody_obeys(desk)):
            return order
        await asyncio.sleep(_LOOK_SECONDS)


def _somebody_obeys(desk: Desk) -> bool:
    """Whether a loop is there that could look."""
    return desk.ledger.has_writer("trade") or desk.ledger.has_writer("signals")


def _on_record(desk: Desk, *, id: str | None = None, limit: int = 1) -> list[OrderOut]:
    """Orders with their outcomes, the newest first."""
    rows = desk.rows("commands", where={} if id is None else {"id": id}, limit=limit)
    ids = rows["id"].to_list()
    done = {
        one: outcome
        for table in ("sidecar_obeyed", "obeyed")
        for one, outcome in desk.rows(
            table, ["id", "outcome"], where={"id": ids}, limit=limit
        ).iter_rows()
        if outcome != _NOT_MINE
    }
    return [
        OrderOut(
            id=row["id"],
            kind=row["kind"],
            subject=row["subject"],
            actor=row["actor"],
            reason=row["reason"],
            given=instant(row["wall_time_ns"]) or "",
            outcome=done.get(row["id"]),
            sentence=_sentence(row, done.get(row["id"])),
        )
        for row in rows.iter_rows(named=True)
    ]


def _sentence(row: Mapping[str, Any], outcome: str | None) -> str:
    what = f"{row['kind']} {row['subject'] or ''}".strip()
    return f"{what}: {outcome or 'on record; no loop has looked yet'}."
