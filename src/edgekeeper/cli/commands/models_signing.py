"""``edgekeeper models key``, ``sign`` and ``verify``: who made a package."""

from pathlib import Path
from typing import Annotated

import typer

from edgekeeper.cli.find_package import find_package_folder
from edgekeeper.cli.options import AsJson, ConfigPath, RunFolder
from edgekeeper.cli.printing import console, print_json

__all__ = ["make_key", "sign_model", "verify_model"]

_Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A package: its folder, or its hash in a run.")
]


def make_key(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Where the private key goes; FILE.pub is public.")
    ],
    as_json: AsJson = False,
) -> None:
    """Make a pair of keys: one signs packages, one checks them.

    Keep FILE to yourself: whoever has it can sign in your name. Put the public key into
    `packages.trusted_keys` wherever only packages of yours may trade."""
    from edgekeeper.registry.keys import write_key_pair

    public = write_key_pair(Path(file))
    if as_json:
        print_json({"private": file, "public": f"{file}.pub", "public_key": public})
        return
    screen = console()
    screen.print(f"Private key {file}, public key {file}.pub", markup=False, soft_wrap=True)
    screen.print(f'\ntrusted_keys = ["{public}"]', markup=False, soft_wrap=True)


def sign_model(
    model: _Model,
    key: Annotated[
        str, typer.Option("--key", metavar="FILE", help="Private key, as `models key` makes one.")
    ],
    run: RunFolder = "",
    as_json: AsJson = False,
) -> None:
    """Sign a package, so that others can tell who made it.

    The signature lies beside the package and does not change its hash."""
    from edgekeeper.registry.keys import sign_folder

    folder = find_package_folder(model, run)
    public = sign_folder(folder, key)
    if as_json:
        print_json({"folder": folder, "public_key": public})
        return
    console().print(f"Signed {folder}\nPublic key {public}", markup=False, soft_wrap=True)


def verify_model(
    model: _Model,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Public key to trust, its digits or its file; again for more.",
            show_default="packages.trusted_keys",
        ),
    ] = None,
    config: ConfigPath = "",
    run: RunFolder = "",
    as_json: AsJson = False,
) -> None:
    """Check a package whole: bytes, graph, operators, signature.

    Ends with exit code 4 where keys are trusted and none of them signed it."""
    from edgekeeper.cli.config_file import load_config
    from edgekeeper.models.signature import signed_by
    from edgekeeper.registry import Package
    from edgekeeper.registry.folder import read_folder
    from edgekeeper.registry.keys import read_public_key

    folder = find_package_folder(model, run)
    trusted = [read_public_key(text) for text in key or ()]
    trusted = trusted or list(load_config(config)[0].packages.trusted_keys)
    package = Package.load(folder, trusted)
    signer = signed_by(read_folder(folder))
    if as_json:
        print_json({"hash": package.hash, "folder": folder, "signed_by": signer,
                    "trusted": signer in trusted})  # fmt: skip
        return
    screen = console()
    screen.print(f"Package {package.hash[:12]} is whole, and this version can serve it.")
    words = "Nobody signed it." if signer is None else f"Signed by {signer}"
    screen.print(words + (", which you trust." if signer in trusted else ""), soft_wrap=True)
