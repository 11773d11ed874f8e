"""``edgekeeper demo --chapter models``: where a tuned ensemble beats a single model, where not."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.services import services_of
from edgekeeper.cli.tables import plain_table
from edgekeeper.errors import StorageError

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.report.model_duel import ModelDuel

__all__ = ["PICTURE", "demo_models"]

PICTURE = "models.svg"


def demo_models(context: typer.Context, folder: Path, as_json: bool) -> None:
    """Run the chapter, say what came of it, and leave a picture."""
    from edgekeeper.report.model_duel import duel_picture, duel_sentence

    began = time.monotonic()
    screen = console(as_json)
    words = "2 markets, under a minute: one with a planted edge, one real; nothing leaves here"
    if not screen.is_terminal:
        screen.print(f"Edgekeeper: {words}", soft_wrap=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot use {folder}: {error.strerror or error}: choose another with --out"
        ) from error
    with screen.status(words) as status:
        duels = services_of(context).model_chapter(phase=status.update)
    picture = duel_picture(duels).save(folder / PICTURE)
    if as_json:
        markets = {duel.name: _figures(duel) for duel in duels}
        wall = time.monotonic() - began
        print_json({"markets": markets, "picture": str(picture), "wall_seconds": wall})
        return
    for duel in duels:
        _show(screen, duel)
    screen.print()
    for duel in duels:
        screen.print(duel_sentence(duel), style="bold", markup=False)
    screen.print(f"\nPicture {picture}", markup=False, soft_wrap=True)
    screen.print(
        "Next    edgekeeper train --ensemble average --tune 20     on bars of your own: --bars",
        markup=False,
        soft_wrap=True,
    )


def _show(screen: "Console", duel: "ModelDuel") -> None:
    from edgekeeper.report.model_duel import DUEL_HEADS, duel_rows

    screen.print(
        f"\n{duel.title}: fitted {duel.fits} times on what was known, after {duel.trials} trials "
        "each before the first",
        markup=False,
    )
    screen.print(plain_table(DUEL_HEADS, duel_rows(duel), right=DUEL_HEADS[1:3]))


def _figures(duel: "ModelDuel") -> dict[str, object]:
    from edgekeeper.report.model_duel import duel_sentence

    return {
        "sentence": duel_sentence(duel),
        "fits": duel.fits,
        "trials": duel.trials,
        "better": {rival: duel.winner(rival) or None for rival in duel.forecasters[1:]},
        "differences": [
            {name: getattr(one, name) for name in one.__dataclass_fields__}
            for one in duel.differences
        ],
    }
