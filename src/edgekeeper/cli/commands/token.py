"""``edgekeeper token``: who may ask the service of a run, and what."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from edgekeeper.cli.help_text import add_command
from edgekeeper.cli.options import AsJson
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import PAPER
from edgekeeper.cli.tables import plain_table

if TYPE_CHECKING:
    from edgekeeper.api.grants import TokenOnRecord

__all__ = ["app"]

app = typer.Typer(help="Make tokens for the service, list and revoke them.", no_args_is_help=True)
_Data = Annotated[
    str, typer.Option("--data", metavar="DIR", help="Folder of the run.", show_default=PAPER)
]
_MEANS = {
    "read": "may look at everything and change nothing",
    "trade": "may also send signals, halt and resume",
    "admin": "may also decide about models",
}


def create_token(
    role: Annotated[
        Literal["read", "trade", "admin"],
        typer.Option("--role", help="Look; also send signals, halt, resume; also decide."),
    ],
    name: Annotated[
        str,
        typer.Option(
            "--name", metavar="NAME", help="Whose it is.", show_default="the role and a number"
        ),
    ] = "",
    days: Annotated[
        int,
        typer.Option(
            "--days", metavar="N", min=0, max=3_650, help="How long; 0: until it is revoked."
        ),
    ] = 0,
    data: _Data = "",
    as_json: AsJson = False,
) -> None:
    """Make a token, and print it: this once, and never again.

    Only its hash is kept. Its name stands on record with every order that is given with it."""
    from datetime import UTC, datetime, timedelta

    from edgekeeper.api.access import Access

    folder = Path(data or PAPER)
    access = Access(folder)
    chosen = name or _free_name(role, {one.name for one in access.tokens()})
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    token = access.create_token(chosen, role, expires)
    made = access.tokens()[-1]
    if as_json:
        print_json({"token": token, **_figures(made), "folder": folder})
        return
    # Alone on standard output, so that a script can keep it.
    screen = console(as_json=True)
    until = f"until {_day(made.expires_ns)}" if made.expires_ns else "until it is revoked"
    screen.print(f"Token {chosen} of {folder}: {_MEANS[role]}, {until}.", markup=False)
    screen.print("Keep it now: it is not shown again.", style="bold")
    console().print(token, markup=False, soft_wrap=True)


def list_tokens(data: _Data = "", as_json: AsJson = False) -> None:
    """List the tokens of a run: names, roles, and whether they are in force."""
    from edgekeeper.api.access import Access

    tokens = Access(Path(data or PAPER)).tokens()
    if as_json:
        print_json({"tokens": [_figures(one) for one in tokens]})
        return
    screen = console()
    if not tokens:
        screen.print("No token was made yet: edgekeeper token create --role read", markup=False)
        return
    rows = [
        (one.id, one.name, one.role, one.state(time.time_ns()), _day(one.created_ns),
         _day(one.expires_ns))
        for one in tokens
    ]  # fmt: skip
    screen.print(plain_table(("Id", "Name", "Role", "State", "Made", "Ends"), rows))


def revoke_token(
    which: Annotated[str, typer.Argument(metavar="NAME|ID", help="As `token list` shows it.")],
    data: _Data = "",
    as_json: AsJson = False,
) -> None:
    """Let a token open nothing any more.

    Sessions of browsers that were opened with it end as well. A service that runs sees it within
    a second."""
    from edgekeeper.api.access import Access

    revoked = Access(Path(data or PAPER)).revoke(which)
    if as_json:
        print_json(_figures(revoked))
    else:
        console().print(
            f"Token {revoked.name} ({revoked.id}) opens nothing any more.", markup=False
        )


def _free_name(role: str, taken: set[str]) -> str:
    return next(f"{role}-{n}" for n in range(1, len(taken) + 2) if f"{role}-{n}" not in taken)


def _figures(token: "TokenOnRecord") -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "state": token.state(time.time_ns()),
        "created": _time(token.created_ns),
        "expires": _time(token.expires_ns),
        "revoked": _time(token.revoked_ns),
    }


def _time(ns: int | None) -> str | None:
    from datetime import UTC, datetime

    if ns is None:
        return None
    return datetime.fromtimestamp(ns // 10**9, UTC).isoformat().replace("+00:00", "Z")


def _day(ns: int | None) -> str:
    from edgekeeper.report.wording import day

    return day(ns)


add_command(app, "create", create_token)
add_command(app, "list", list_tokens)
add_command(app, "revoke", revoke_token)
