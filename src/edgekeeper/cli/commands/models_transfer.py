"""``edgekeeper models push``, ``pull`` and ``receive``: packages and runs between machines."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli.find_package import find_package_folder
from edgekeeper.cli.options import AsJson, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.desk.folder import MODELS
from edgekeeper.errors import StorageError, UsageError

if TYPE_CHECKING:
    from edgekeeper.registry import FarSide, Received

__all__ = ["pull_models", "push_model", "receive_model"]

_INCOMING = f"{MODELS}/incoming"
_VARIABLE = "EDGEKEEPER_TOKEN"
_Machine = Annotated[
    str,
    typer.Argument(
        metavar="HOST[:DIR]", help="[USER@]HOST by ssh, and the folder of the run there."
    ),
]
_Program = Annotated[
    str, typer.Option("--program", metavar="PATH", help="How Edgekeeper is called there.")
]
_SshConfig = Annotated[
    str,
    typer.Option(
        "--ssh-config", metavar="FILE", help="Configuration of ssh.", show_default="your own"
    ),
]


def push_model(
    target: Annotated[
        str,
        typer.Argument(
            metavar="HOST[:DIR]|URL",
            help="[USER@]HOST by ssh, and the folder of the run there; or an https address of "
            "`edgekeeper serve`.",
        ),
    ],
    model: Annotated[
        str,
        typer.Argument(
            metavar="[MODEL]",
            help="A package: its folder, or its hash in a run.",
            show_default="the run's newest accepted fit",
        ),
    ] = "",
    run: RunFolder = "",
    program: _Program = "edgekeeper",
    ssh_config: _SshConfig = "",
    token_file: Annotated[
        str,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help="Token of role admin, for an address.",
            show_default=f"the variable {_VARIABLE}",
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Send a package to another machine, and have it checked there.

    It is verified here, copied beside the packages there, and verified again: checksums,
    signature (where that machine trusts keys), its graph, its recorded scores. Then it is moved
    into place in one step. An interrupted transfer leaves nothing that serves; pushing what is
    there already costs nothing.

    It does not trade by that: `models adopt` there goes on with it, `models rollback` goes back.
    """
    from edgekeeper.registry import FarSide
    from edgekeeper.registry.folder import load_package_dir

    folder = _chosen(model, run)
    hash = load_package_dir(folder).hash
    screen = console(as_json)
    with screen.status(f"sending {hash[:12]}"):
        if target.startswith(("http://", "https://")):
            told = _upload(target, folder, token_file)
        else:
            config = Path(ssh_config) if ssh_config else None
            told = _copy(FarSide.parse(target, program=program, ssh_config=config), folder, hash)
    if as_json:
        print_json({"target": target, **told})
        return
    screen.print(
        f"Package {hash[:12]} was verified at {target}"
        if told["new"]
        else f"Package {hash[:12]} was at {target} already",
        markup=False,
    )
    words = f"Next, there    edgekeeper models adopt {hash} --reason …"
    screen.print(words, markup=False, soft_wrap=True)


def _chosen(model: str, run: str) -> Path:
    """Folder of the package named, or of the newest one that was let in."""
    from edgekeeper.desk.run_models import read_models

    if model:
        return find_package_folder(model, run)
    models = read_models(find_run(run))
    accepted = [fit.hash for fit in models.fits if fit.verdict == "accepted"]
    if not accepted:
        raise UsageError("no fit of this run was accepted yet: name a package")
    return models.registry.folder(accepted[-1])


def _copy(far: "FarSide", folder: Path, hash: str) -> dict[str, object]:
    import json

    asked = ["models", "receive", hash, "--run", far.folder, "--json"]
    known = json.loads(far.edgekeeper(*asked, "--ask"))
    if known["present"]:
        return {"hash": hash, "new": False}
    far.send(folder, f"{far.folder}/{_INCOMING}/{hash}")
    received: dict[str, object] = json.loads(far.edgekeeper(*asked))
    return received


def _upload(url: str, folder: Path, token_file: str) -> dict[str, object]:
    from edgekeeper.registry.folder import read_folder
    from edgekeeper.registry.uploading import upload

    token = os.environ.get(_VARIABLE, "")
    if token_file:
        try:
            token = Path(token_file).read_text("utf-8").strip()
        except OSError as error:
            raise StorageError(f"could not read {token_file}: {error.strerror}") from error
    if not token:
        raise UsageError(f"expected a token of role admin: --token-file FILE, or set {_VARIABLE}")
    return upload(url, read_folder(folder), token)


def receive_model(
    hash: Annotated[str, typer.Argument(metavar="HASH", help="Of the package, whole.")],
    run: Annotated[
        str, typer.Option("--run", metavar="DIR", help="Folder of the run.", show_default=False)
    ] = "",
    ask: Annotated[
        bool, typer.Option("--ask", help="Only say whether the package is here.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a package that was copied here, and take it.

    `models push` calls this on the other machine. What does not hold is removed."""
    import shutil

    from edgekeeper.desk.run_registry import run_registry
    from edgekeeper.registry import receive_folder

    registry = run_registry(Path(run or "."))
    place = registry.folder(hash)
    if ask:
        present = place.is_dir() and registry.manifest(hash) is not None
        if as_json:
            print_json({"hash": hash, "present": present})
        else:
            console().print("It is here." if present else "It is not here.")
        return
    incoming = Path(run or ".") / _INCOMING / hash
    try:
        received = receive_folder(registry, incoming, unsigned=not registry.trusted)
        if received.hash != hash:
            raise UsageError(f"expected package {hash[:12]}, got {received.hash[:12]}")
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    if as_json:
        print_json(asdict(received))
    else:
        _tell(received)


def _tell(received: "Received") -> None:
    who = f"signed by {received.signed_by}" if received.signed_by else "signed by nobody"
    console().print(
        f"Package {received.hash[:12]} of line {received.line} holds, {who}.", soft_wrap=True
    )


def pull_models(
    source: _Machine,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="DIR", help="Folder of the mirror here.", show_default="pulled-HOST"
        ),
    ] = "",
    ledger: Annotated[
        str,
        typer.Option(
            "--ledger",
            metavar="URL",
            help="Where its record is, if it lies in a database: a URL that works from here.",
            show_default="a file there",
        ),
    ] = "",
    program: _Program = "edgekeeper",
    ssh_config: _SshConfig = "",
    as_json: AsJson = False,
) -> None:
    """Fetch a run: record, bars and packages, to train and study here.

    The record is a verified copy made while the run goes on. Fetching again brings only what is
    new; of a record in a database, which is copied into a file, all of it. Secrets, logs and
    backups stay where they are."""
    from edgekeeper.desk.pulling import pull_run
    from edgekeeper.registry import FarSide

    far = FarSide.parse(
        source, program=program, ssh_config=Path(ssh_config) if ssh_config else None
    )
    folder = Path(to or f"pulled-{far.host.rpartition('@')[2].strip('[]').replace(':', '-')}")
    screen = console(as_json)
    with screen.status(f"fetching from {far.host}"):
        pulled = pull_run(far, folder, ledger)
    if as_json:
        print_json({"source": source, **asdict(pulled)})
        return
    screen.print(
        f"Fetched and verified: {pulled.folder}, {pulled.links:,} links, {pulled.new_links:,} of "
        f"them new, ledger {pulled.head[:16]}",
        markup=False,
        soft_wrap=True,
    )
    screen.print(f"\nNext    edgekeeper status --run {folder}", markup=False, soft_wrap=True)
