"""What comes from elsewhere is checked whole, and leaves nothing behind where it does not hold."""

import io
import tarfile

import pytest

from edgekeeper.errors import BadData, Refused, UsageError
from edgekeeper.models.package import SIGNATURE
from edgekeeper.registry import MOST_BYTES, Registry, pack, receive, receive_folder, unpack
from edgekeeper.registry.folder import read_folder
from edgekeeper.registry.keys import sign_folder, write_key_pair


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "far")


@pytest.fixture
def signed(tmp_path, package):
    """Files of a signed package, and the public key."""
    public = write_key_pair(tmp_path / "key")
    folder = Registry(tmp_path / "near").save(package)
    sign_folder(folder, tmp_path / "key")
    return read_folder(folder), public


def archive(*entries):
    """A tar of (name, content, changes) as a stranger might make it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content, changes in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            for field, value in changes.items():
                setattr(entry, field, value)
            tar.addfile(entry, io.BytesIO(content) if entry.isreg() else None)
    return buffer.getvalue()


def nothing_lies(registry):
    return not registry.root.exists() or not any(registry.root.rglob("*.json"))


def test_a_parcel_is_the_package_and_always_the_same(package):
    parcel = pack(package.files)
    assert unpack(parcel) == dict(package.files)
    assert pack(dict(reversed(list(package.files.items())))) == parcel


def test_a_signed_package_is_taken_once(registry, signed, package):
    files, public = signed
    registry = Registry(registry.root, trusted=[public])
    first, second = (receive(registry, pack(files)) for _ in range(2))
    assert (first.hash, first.new, first.signed_by) == (package.hash, True, public)
    assert (second.new, second.line, second.refit) == (False, "line", 0)
    assert registry.load(package.hash).hash == package.hash


def test_nobody_is_trusted_by_default(registry, package):
    with pytest.raises(Refused, match="trusted_keys"):
        receive(registry, pack(package.files))
    assert nothing_lies(registry)
    assert receive(registry, pack(package.files), unsigned=True).signed_by is None


def test_a_strangers_signature_is_refused_also_where_unsigned_would_do(registry, signed, tmp_path):
    other = Registry(registry.root, trusted=[write_key_pair(tmp_path / "other")])
    with pytest.raises(Refused, match="trusted keys"):
        receive(other, pack(signed[0]), unsigned=True)
    files = {name: data for name, data in signed[0].items() if name != SIGNATURE}
    with pytest.raises(Refused, match="expected a signature"):
        receive(other, pack(files), unsigned=True)
    assert nothing_lies(registry)


def test_one_changed_byte_is_noticed_wherever_it_is(registry, signed):
    files, public = signed
    registry = Registry(registry.root, trusted=[public])
    for name, data in files.items():
        spoilt = bytearray(data)
        spoilt[len(spoilt) // 2] ^= 1
        with pytest.raises((BadData, Refused)):
            receive(registry, pack({**files, name: bytes(spoilt)}))
    assert nothing_lies(registry)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_parcel_that_was_cut_off(registry, package, share):
    parcel = pack(package.files)
    content = sum(map(len, package.files.values()))  # what comes after it is padding
    with pytest.raises(BadData):
        receive(registry, parcel[: int(share * content)], unsigned=True)
    assert nothing_lies(registry)


@pytest.mark.parametrize(
    "entries",
    [
        [("../../etc/cron.d/x", b"x", {})],
        [("/etc/passwd", b"x", {})],
        [("./manifest.json", b"x", {})],
        [("manifest.json", b"", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"})],
        [("manifest.json", b"", {"type": tarfile.LNKTYPE, "linkname": "model.onnx"})],
        [("manifest.json", b"", {"type": tarfile.CHRTYPE})],
        [("manifest.json", b"", {"type": tarfile.FIFOTYPE})],
        [("packages", b"", {"type": tarfile.DIRTYPE})],
        [("manifest.json", b"{}", {}), ("manifest.json", b"{}", {})],
        [("manifest.json", b"{}", {}), ("run.py", b"import os", {})],
        [("signature.json", b"x" * 5_000, {})],
    ],
    ids=lambda entries: entries[-1][0],
)
def test_hostile_archives(registry, entries):
    with pytest.raises(BadData):
        receive(registry, archive(*entries), unsigned=True)
    assert nothing_lies(registry)


def test_sizes_that_lie_and_bombs(registry, package):
    parcel = bytearray(pack(package.files))
    parcel[124:136] = b"77777777777\0"  # 8 GB, says the first entry
    for bad in (bytes(parcel), b"\x1f\x8b" + b"\0" * 2_000, b"BZh9" + b"1" * 2_000, b"\0" * 10_240):
        with pytest.raises(BadData):
            unpack(bad)
    with pytest.raises(BadData, match="at most"):
        unpack(b"\0" * (MOST_BYTES + 1))


def test_scores_that_do_not_come_back_here(registry, package, monkeypatch):
    from edgekeeper.models.package import PackagedModel

    monkeypatch.setattr(PackagedModel, "probe_difference", lambda self: 1e-7)
    with pytest.raises(BadData, match="1e-07 off"):
        receive(registry, pack(package.files), unsigned=True)
    assert nothing_lies(registry)


def test_a_folder_with_a_link_in_it(registry, package, tmp_path):
    folder = Registry(tmp_path / "near").save(package)
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").symlink_to("/etc/passwd")
    with pytest.raises(BadData, match="link"):
        receive_folder(registry, folder, unsigned=True)
    with pytest.raises(UsageError):
        registry.folder("../x")
