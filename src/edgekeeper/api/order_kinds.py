"""The orders that may be given over the API: their paths, who may, and what each is told with."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from edgekeeper.api.grants import Role

__all__ = [
    "KINDS",
    "NO_REASON",
    "Acknowledged",
    "Given",
    "KillIn",
    "Kind",
    "Limit",
    "Line",
    "Message",
    "OrderId",
    "OrderOut",
    "Package",
    "Reason",
    "Rule",
    "Wait",
]

NO_REASON = "no reason given"
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
        description="Hash of a fit, or id of a change that waits; at least its first six digits.",
        examples=["0a1b2c3d4e5f"],
    ),
]
Rule = Annotated[
    str,
    Path(
        min_length=1,
        max_length=100,
        pattern=r"^[^/\x00-\x1f\x7f]+$",
        description="As `/v1/alerts` names it.",
        examples=["drawdown_critical"],
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

    reason: Reason = NO_REASON
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


class Acknowledged(BaseModel):
    """Alerts of a rule that were seen."""

    rule: str
    alerts: int


@dataclass(frozen=True, slots=True)
class Kind:
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


KINDS = (
    Kind("kill", "trade", "Halt the account: no new order until a person resumes.\n\nPositions "
          "keep their stops and targets, or are closed with `flatten`. A reason is kept, and may "
          "be left out: nobody should look for words while the market falls.", KillIn),
    Kind("resume", "trade", "Lift a halt; drawdown is measured afresh from here."),
    Kind("rearm", "trade", "End a pause of the model before its time."),
    Kind("freeze", "admin", "Promote nobody and swap nothing; retreats still happen."),
    Kind("unfreeze", "admin", "Let lines move and packages swap again."),
    Kind("promote", "admin", "Let a line in shadow trade before its evidence is in.\n\nIt decides "
          "a tenth of the signals at most, and is marked as without evidence wherever it shows.",
          PromoteIn, "line"),
    Kind("demote", "admin", "Send a line that trades back to shadow.", of="line"),
    Kind("retire", "admin", "Close a line for good.", of="line"),
    Kind("rollback", "admin", "Go back to an earlier package of a line, and stay there until it "
          "is unpinned.", of="line"),
    Kind("pin", "admin", "Keep a line at its package, whatever refits come.", of="line"),
    Kind("unpin", "admin", "Let a pinned line use its next refits again.", of="line"),
    Kind("refit", "admin", "Fit a line, whether due or not.\n\nWith `force` it is used although "
          "it misses a floor; one that is too good to be true waits for approval all the same.",
          RefitIn, "line"),
    Kind("approve", "admin", "Let a fit count that was held as too good to be true, or say yes to "
         "a change of a policy, by its id.",
          of="package"),
    Kind("adopt", "admin", "Go on with a package that was made elsewhere and pushed here.\n\nIt "
         "takes the place of a refit: of the same recipe, newer, and let in by its gates. It is "
         "named by its whole hash.", of="package"),
)  # fmt: skip
