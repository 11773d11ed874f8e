"""Orders to a live run: kill, resume and the rest, on record before they are answered."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from edgekeeper.api.auditing import note
from edgekeeper.api.order_kinds import (
    KINDS,
    NO_REASON,
    Acknowledged,
    Given,
    KillIn,
    Kind,
    Limit,
    Line,
    Message,
    OrderId,
    OrderOut,
    Package,
    Rule,
    Wait,
)
from edgekeeper.api.problems import Problem
from edgekeeper.api.routes import Body, Routes, answered, caller_of, read_message
from edgekeeper.api.rows import instant
from edgekeeper.desk import Desk
from edgekeeper.errors import UsageError

__all__ = ["add_orders", "give"]

_LOOK_SECONDS = 0.05
_NOT_MINE = "not mine"
_TAG = "Orders"
_GIVEN = TypeAdapter(Given)


def add_orders(routes: Routes, desk: Desk) -> None:
    """Add a path for each order, and those that show what became of them."""
    for kind in KINDS:
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

    async def acknowledge(request: Request, rule: Rule) -> Response:
        """Say that you have seen the alerts of a rule: they wait for nobody any more."""
        asked = await read_message(request, _GIVEN)
        who = caller_of(request)
        await run_in_threadpool(lambda: desk.ledger)
        try:
            seen = await run_in_threadpool(
                lambda: desk.acknowledge(rule, actor=f"api:{who.name}", reason=asked.reason)
            )
        except UsageError as error:
            raise Problem(404, "Nothing here", str(error)) from None
        note("acknowledge", who, request, outcome="done", subject=rule, reason=asked.reason)
        return answered(Acknowledged(rule=rule, alerts=seen))

    routes.add("POST", "/v1/alerts/{rule}/acknowledge", acknowledge, role="trade", tag="Safety",
               answers=Acknowledged, body=Body(Given, {"reason": "looked at it"}))  # fmt: skip


def _add(routes: Routes, desk: Desk, kind: Kind) -> None:
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
    reason = said.pop("reason", NO_REASON)
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
