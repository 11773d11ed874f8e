import json
import subprocess

import pytest

from edgekeeper.errors import BadData, Refused, StorageError, UsageError
from edgekeeper.models.package import SIGNATURE
from edgekeeper.models.signature import signed_by, verify
from edgekeeper.registry import Package, Registry
from edgekeeper.registry.folder import read_folder
from edgekeeper.registry.keys import read_public_key, sign_folder, write_key_pair


@pytest.fixture
def key(tmp_path):
    return tmp_path / "mine", write_key_pair(tmp_path / "mine")


def test_signed_packages_load_where_the_key_is_trusted(tmp_path, package, key):
    file, public = key
    registry = Registry(tmp_path / "models", trusted=[public], signing_key=file)
    folder = registry.save(package)
    assert sorted(file.name for file in folder.iterdir()) == sorted((*package.files, SIGNATURE))
    assert registry.load(package.hash).hash == package.hash  # the hash does not change
    assert registry.save(package) == folder
    assert signed_by(read_folder(folder)) == public
    assert Registry(tmp_path / "models").load(package.hash).hash == package.hash


def test_unsigned_and_strange_ones_are_refused(tmp_path, package, key):
    file, public = key
    folder = Registry(tmp_path / "models").save(package)
    with pytest.raises(Refused, match="expected a signature"):
        Package.load(folder, [public])
    stranger = write_key_pair(tmp_path / "stranger")
    sign_folder(folder, tmp_path / "stranger")
    with pytest.raises(Refused, match=f"got that of {stranger}"):
        Package.load(folder, [public])
    sign_folder(folder, file)  # signing again replaces the signature
    assert Package.load(folder, [stranger, public]).hash == package.hash


def test_a_signature_of_another_package_is_noticed(tmp_path, package, other, key):
    file, public = key
    registry = Registry(tmp_path / "models", signing_key=file)
    signature = (registry.save(other) / SIGNATURE).read_bytes()
    folder = registry.save(package)
    for damaged in (
        signature,
        signature.replace(public.encode(), b"0" * 64),
        signature.replace(b"ed25519", b"md5crap"),
        signature.replace(public.encode(), b"x" * 64),
        signature[:-3],
        b"{}\n",
        b"",
        b"\n" * 5_000,
    ):
        (folder / SIGNATURE).write_bytes(damaged)
        with pytest.raises(BadData, match=r"signature\.json"):
            Package.load(folder, [public])


def test_signatures_that_are_no_files(tmp_path, package, key):
    folder = Registry(tmp_path / "models").save(package)
    (tmp_path / "elsewhere").write_bytes(b"{}\n")
    (folder / SIGNATURE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadData, match="a link"):
        Package.load(folder, [key[1]])


def test_a_damaged_package_is_not_signed(tmp_path, package, key):
    folder = Registry(tmp_path / "models").save(package)
    (folder / "model.onnx").write_bytes(b"other")
    with pytest.raises(BadData, match=r"model\.onnx"):
        sign_folder(folder, key[0])
    assert not (folder / SIGNATURE).exists()


def test_openssl_agrees(tmp_path, package, key):
    """The signed bytes are those of checksums.json, so any tool can check a package."""
    file, _ = key
    folder = Registry(tmp_path / "models", signing_key=file).save(package)
    record = json.loads((folder / SIGNATURE).read_text())
    (tmp_path / "raw").write_bytes(bytes.fromhex(record["signature"]))
    command = ["openssl", "pkeyutl", "-verify", "-inkey", str(file), "-rawin", "-in",
               str(folder / "checksums.json"), "-sigfile", str(tmp_path / "raw")]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    assert "Verified Successfully" in done.stdout


def test_keys(tmp_path, key):
    file, public = key
    assert file.stat().st_mode & 0o077 == 0
    assert read_public_key(f"{file}.pub") == public == read_public_key(public)
    with pytest.raises(UsageError, match="there already"):
        write_key_pair(file)
    with pytest.raises(UsageError, match="64 hexadecimal"):
        read_public_key("ABC")
    with pytest.raises(StorageError, match="models key"):
        sign_folder(tmp_path, tmp_path / "none")


def test_keys_that_are_none(tmp_path, package):
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    curve = ec.generate_private_key(ec.SECP256R1())
    pem = (form.Encoding.PEM, form.PrivateFormat.PKCS8)
    folder = Registry(tmp_path / "models").save(package)
    for data, message in (
        (b"", "private key in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key in PEM"),
        (curve.private_bytes(*pem, form.NoEncryption()), "Ed25519"),
        (curve.private_bytes(*pem, form.BestAvailableEncryption(b"x")), "unencrypted"),
    ):
        (tmp_path / "bad").write_bytes(data)
        with pytest.raises(UsageError, match=message):
            sign_folder(folder, tmp_path / "bad")


def test_without_trusted_keys_nobody_asks(package):
    verify(package.files, ())
    assert signed_by(package.files) is None
