"""Who made a package: an Ed25519 signature over its checksums, beside the package.

Checksums show that a package is whole, not whose it is. The signed bytes are those of
``checksums.json``, so ``openssl pkeyutl -verify -rawin`` can check one too. ``cryptography`` is
needed to sign and to check, by nobody else.
"""

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from edgekeeper.errors import BadData, Refused, UsageError
from edgekeeper.models.canonical import canonical_bytes, canonical_record
from edgekeeper.models.fields import Fields
from edgekeeper.models.package import CHECKSUMS, SIGNATURE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["check_public_key", "new_key", "public_key_of", "sign", "signed_by", "verify"]

_FORMAT = 1
_KEY_DIGITS, _SIGNATURE_DIGITS = 64, 128


def check_public_key(text: str) -> str:
    """Return a public key if it is one: 64 lower-case hexadecimal digits.

    Raises
    ------
    UsageError
        Anything else.
    """
    if not _hexadecimal(text, _KEY_DIGITS):
        raise UsageError(
            f"expected a public key, {_KEY_DIGITS} hexadecimal digits as `models key` prints, got "
            f"{text[:80]!r}"
        )
    return text


def new_key() -> bytes:
    """Return a new private key as PEM, unencrypted; whoever holds it can sign."""
    _library()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_key_of(private_key: bytes) -> str:
    """Return the public key of a private one (PEM), as 64 hexadecimal digits."""
    return _loaded(private_key).public_key().public_bytes_raw().hex()


def sign(files: Mapping[str, bytes], private_key: bytes) -> bytes:
    """Return the ``signature.json`` of a package.

    Parameters
    ----------
    files : mapping
        The package's, verified.
    private_key : bytes
        PEM, such as `openssl genpkey -algorithm ed25519` writes.

    Raises
    ------
    UsageError
        Not an Ed25519 key, or ``cryptography`` is not installed.
    """
    key = _loaded(private_key)
    return canonical_bytes(
        {
            "format": _FORMAT,
            "algorithm": "ed25519",
            "public_key": key.public_key().public_bytes_raw().hex(),
            "signature": key.sign(files[CHECKSUMS]).hex(),
        }
    )


def signed_by(files: Mapping[str, bytes]) -> str | None:
    """Return the public key whose signature a package carries, checked; None without one.

    Raises
    ------
    BadData
        A signature that is malformed, or of other bytes.
    UsageError
        ``cryptography`` is not installed.
    """
    if SIGNATURE not in files:
        return None
    with Fields(canonical_record(files[SIGNATURE], SIGNATURE), SIGNATURE) as record:
        version, algorithm = record.integer("format"), record.text("algorithm")
        key, signature = record.text("public_key"), record.text("signature")
    if (version, algorithm) != (_FORMAT, "ed25519"):
        raise BadData(
            f"{SIGNATURE}: expected format {_FORMAT} with ed25519, got {version} with {algorithm}"
        )
    if not (_hexadecimal(key, _KEY_DIGITS) and _hexadecimal(signature, _SIGNATURE_DIGITS)):
        raise BadData(f"{SIGNATURE}: expected key and signature in hexadecimal digits")
    _library()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(signature), files[CHECKSUMS])
    except (InvalidSignature, ValueError) as error:
        raise BadData(
            f"{SIGNATURE}: expected the signature of these checksums, got another: tampered with, "
            "fetch the package again"
        ) from error
    return key


def verify(files: Mapping[str, bytes], trusted: Collection[str]) -> None:
    """Refuse a package that none of the trusted keys signed; without trusted keys, accept all.

    Raises
    ------
    Refused
        Unsigned, or signed by somebody else.
    BadData, UsageError
        As :func:`signed_by`.
    """
    if not trusted:
        return
    key = signed_by(files)
    if key is None:
        raise Refused(
            "package: expected a signature, since packages.trusted_keys is set, got none: sign it "
            "with `edgekeeper models sign`"
        )
    if key not in trusted:
        raise Refused(
            f"package: expected the signature of one of {len(trusted)} trusted keys, got that of "
            f"{key}: add the key to packages.trusted_keys if you trust whoever holds it"
        )


def _loaded(private_key: bytes) -> "Ed25519PrivateKey":
    _library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(
            f"expected an unencrypted private key in PEM: {error}: `edgekeeper models key FILE` "
            "makes one"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"expected an Ed25519 key, got {type(key).__name__}")
    return key


def _hexadecimal(text: str, digits: int) -> bool:
    return re.fullmatch(rf"[0-9a-f]{{{digits}}}", text) is not None


def _library() -> None:
    from importlib.util import find_spec

    if find_spec("cryptography") is None:
        raise UsageError(
            "signatures need the library cryptography: install edgekeeper[signing], or leave "
            "packages.trusted_keys empty"
        )
