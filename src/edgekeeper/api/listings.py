"""Tables of the record, page by page: the newest first, by filters that each table has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model
from starlette.responses import Response

from edgekeeper.api.routes import Routes, answered
from edgekeeper.api.rows import nanoseconds, page_model, records
from edgekeeper.desk import Desk
from edgekeeper.desk.desk import ACCOUNT
from edgekeeper.ledger.schema import BULK, FACTS, columns_of

__all__ = ["LISTINGS", "Listing", "add_listings", "column_names"]

_WEEK_NS = 7 * 86_400 * 10**9
_LARGEST_ENTRY = 18
Text = Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


@dataclass(frozen=True, slots=True)
class Listing:
    """A table that can be read page by page.

    Attributes
    ----------
    path, table, tag : str
    does : str
        What it gives, as a sentence.
    filters : tuple of str
        Columns that rows may be chosen by.
    """

    path: str
    table: str
    tag: str
    does: str
    filters: tuple[str, ...]


_BOTS, _MONEY, _MODELS, _SAFETY = "Bots", "Trading", "Models", "Safety"
LISTINGS = (
    Listing("/v1/signals", "sidecar_signals", _BOTS, "List what bots proposed and were answered.",
            ("id", "symbol", "side", "source", "decision", "line")),
    Listing("/v1/outcomes", "sidecar_outcomes", _BOTS,
            "List how signals of bots ended, as told or as bars show.", ("id", "source")),
    Listing("/v1/bots/forecasts", "sidecar_forecasts", _BOTS,
            "List what each line said of bots' signals.", ("id", "line", "package")),
    Listing("/v1/bots/evidence", "sidecar_evidence", _BOTS,
            "List the evidence of lines on bots' signals, day by day.", ("line",)),
    Listing("/v1/bots/moves", "sidecar_moves", _BOTS,
            "List moves of lines that forecast bots' signals.", ("line", "to_stage", "actor")),
    Listing("/v1/bots/fits", "sidecar_fits", _BOTS,
            "List fits of lines that forecast bots' signals.", ("line", "verdict", "hash")),
    Listing("/v1/decisions", "decisions", _MONEY,
            "List what was decided about signals, each with its reasons.",
            ("symbol", "side", "decision", "account")),
    Listing("/v1/proposals", "signals", _MONEY, "List trades that were proposed, taken or not.",
            ("symbol", "side", "source", "id")),
    Listing("/v1/forecasts", "forecasts", _MONEY, "List what models said of each bar.",
            ("symbol", "line", "package")),
    Listing("/v1/trades", "trades", _MONEY, "List closed trades with what they earned.",
            ("symbol", "side", "exit_reason", "model", "account")),
    Listing("/v1/fills", "fills", _MONEY, "List executions with their costs.",
            ("symbol", "side", "action", "account")),
    Listing("/v1/equity", "equity", _MONEY, "List the money of an account, bar by bar.",
            ("account",)),
    Listing("/v1/evidence", "evidence", _MODELS,
            "List the evidence of a line, bar by bar, as logarithms of wealth.", ("line",)),
    Listing("/v1/moves", "stages", _MODELS,
            "List the moves of lines between stages, each with its reason.",
            ("line", "to_stage", "actor")),
    Listing("/v1/fits", "packages", _MODELS, "List fits with what the gates said of them.",
            ("line", "verdict", "hash")),
    Listing("/v1/explanations", "explanations", _MODELS,
            "List what moved the scores behind larger decisions.",
            ("symbol", "side", "model", "account")),
    Listing("/v1/refit-requests", "refit_requests", _MODELS,
            "List refits that drift or performance asked for.", ("line", "reason")),
    Listing("/v1/alerts", "alerts", _SAFETY, "List alerts as they were raised.",
            ("severity", "rule")),
    Listing("/v1/approvals", "approvals", _SAFETY,
            "List what people were asked, and what they answered.", ("kind", "subject", "answer")),
    Listing("/v1/guards", "guards", _SAFETY, "List pauses of the model and halts of the account.",
            ("event", "cause", "account")),
)  # fmt: skip
"""What can be read page by page."""


class Paged(BaseModel):
    """What every page can be asked for; other words are refused, so that no filter is lost."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(100, ge=1, le=1_000, description="Rows on a page.")
    cursor: str | None = Field(
        None, pattern=rf"^[0-9]{{1,{_LARGEST_ENTRY}}}$", description="`next` of the page before."
    )
    since: AwareDatetime | None = Field(
        None, description="Not before; a time with its zone.", examples=["2026-03-01T00:00:00Z"]
    )
    until: AwareDatetime | None = Field(
        None, description="Not after.", examples=["2026-03-02T00:00:00Z"]
    )


def add_listings(routes: Routes, desk: Desk) -> None:
    """Add every listing."""
    for listing in LISTINGS:
        routes.add(
            "GET",
            listing.path,
            _endpoint(listing, desk),
            role="read",
            tag=listing.tag,
            answers=page_model(listing.table),
        )


def column_names(table: str) -> list[str]:
    """Return the columns that are shown, with the number that pages go on from."""
    return ["entry", *columns_of(FACTS[table])]


def _endpoint(listing: Listing, desk: Desk) -> Callable[..., Response]:
    asked_as = _query_model(listing)

    def page(asked: Any) -> Response:
        where = {name: getattr(asked, name) for name in listing.filters}
        since, until = nanoseconds(asked.since), nanoseconds(asked.until)
        if since is None and listing.table in BULK:
            since = _week_before(desk, listing.table, until)
        frame = desk.rows(
            listing.table,
            column_names(listing.table),
            where={name: value for name, value in where.items() if value is not None},
            since_ns=since,
            until_ns=until,
            before=None if asked.cursor is None else int(asked.cursor),
            limit=asked.limit,
        )
        more = frame.height == asked.limit
        return answered(
            {"items": records(frame), "next": str(frame["entry"][-1]) if more else None}
        )

    page.__annotations__["asked"] = Annotated[asked_as, Query()]
    page.__doc__ = _told(listing)
    page.__name__ = listing.table
    return page


def _query_model(listing: Listing) -> type[Paged]:
    fields: dict[str, Any] = {}
    for name in listing.filters:
        default = ACCOUNT if name == "account" else None
        words = str(FACTS[listing.table].columns[name].doc)
        fields[name] = (Text | None, Field(default, description=f"Filter: {words}"))
    return create_model(f"{listing.table.title()}Asked", __base__=Paged, **fields)


def _told(listing: Listing) -> str:
    words = [listing.does]
    if "account" in listing.filters:
        words.append(f"Of the account that trades, `{ACCOUNT}`, unless another is named.")
    if listing.table in BULK:
        words.append("Without `since`, the newest week: older rows lie in segments.")
    return "\n\n".join(words)


def _week_before(desk: Desk, table: str, until_ns: int | None) -> int | None:
    """A week before an instant, or before the newest row."""
    if until_ns is None:
        newest = desk.rows(table, ["event_time_ns"], limit=1)
        until_ns = int(newest["event_time_ns"][0]) if newest.height else None
    return None if until_ns is None else until_ns - _WEEK_NS
