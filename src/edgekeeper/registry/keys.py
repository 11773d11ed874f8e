"""Key files: a private one that signs, and the public one beside it that others may have."""

import os
from pathlib import Path

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.models.package import SIGNATURE, verified_manifest
from edgekeeper.models.signature import check_public_key, new_key, public_key_of, sign
from edgekeeper.registry.folder import read_folder, storing, write_file

__all__ = ["read_public_key", "sign_folder", "write_key_pair"]

_LARGEST = 16 * 2**10


def write_key_pair(path: Path) -> str:
    """Make a private key at ``path``, readable by its owner alone, and ``path`` + ``.pub``.

    Returns the public key.

    Raises
    ------
    UsageError
        There is a file already: a lost key cannot be made again.
    StorageError
        The folder cannot be written.
    """
    private = new_key()
    public = public_key_of(private)
    with storing(f"write {path}"):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise UsageError(f"{path}: a file is there already: choose another name") from None
        with os.fdopen(handle, "wb") as file:
            file.write(private)
    write_file(path.with_name(f"{path.name}.pub"), f"{public}\n".encode())
    return public


def read_public_key(text: str) -> str:
    """Return a public key given as its digits, or as the file that holds them.

    Raises
    ------
    UsageError
        Neither.
    """
    if Path(text).is_file():
        try:
            text = _read(Path(text)).decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise UsageError(f"{text}: expected the file of a public key: {error}") from error
    return check_public_key(text)


def sign_folder(folder: Path, key: str | os.PathLike[str]) -> str:
    """Sign the package in a folder with the private key in a file; return the public key.

    Raises
    ------
    StorageError
        No such key file, or the folder cannot be written.
    UsageError
        Not an Ed25519 key.
    BadData
        The package is damaged: nothing is signed that does not hold.
    """
    private = _read(Path(key))
    files = {name: data for name, data in read_folder(folder).items() if name != SIGNATURE}
    verified_manifest(files)
    write_file(folder / SIGNATURE, sign(files, private))
    return public_key_of(private)


def _read(path: Path) -> bytes:
    with storing(f"read {path}"):
        try:
            with path.open("rb") as file:
                data = file.read(_LARGEST + 1)
        except FileNotFoundError:
            raise StorageError(
                f"expected a key at {path}, found none: `edgekeeper models key FILE` makes one"
            ) from None
    if len(data) > _LARGEST:
        raise BadData(f"{path}: expected a key of at most {_LARGEST} bytes, got more")
    return data
