"""``POST /v1/packages``: take a package that was made elsewhere, signed by somebody it trusts.

It is no message of JSON but a parcel of bytes, for `edgekeeper models push`.
"""

from dataclasses import asdict

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from edgekeeper.api.auditing import note
from edgekeeper.api.routes import Routes, answered, caller_of
from edgekeeper.desk import Desk
from edgekeeper.errors import EdgekeeperError

__all__ = ["PACKAGES", "add_packages"]

PACKAGES = "/v1/packages"


def add_packages(routes: Routes, desk: Desk) -> None:
    """Add the path; it is the only one that takes large bodies, of admins alone."""

    def take(parcel: bytes) -> dict[str, object]:
        from edgekeeper.registry import receive

        return asdict(receive(desk.registry(), parcel))

    async def packages(request: Request) -> Response:
        """Take a package. It is verified whole before it lies beside those that serve."""
        who = caller_of(request)
        try:
            taken = await run_in_threadpool(take, await request.body())
        except EdgekeeperError as error:
            note("receive", who, request, outcome=f"refused: {error}")
            raise
        note("receive", who, request, outcome="done", subject=str(taken["hash"]))
        return answered(taken, 201 if taken["new"] else 200)

    routes.add("POST", PACKAGES, packages, role="admin", tag="Models", lean=True, listed=False)
