import contextlib
import os
import resource
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.models import PackageBytes
from edgekeeper.registry import Package, Pointer, Registry, load_package_dir

from .conftest import FEATURES, VOLATILITY, make_package


def everything_under(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@contextlib.contextmanager
def no_file_beyond(size):
    """The system refuses to write more than ``size`` bytes to a file: a disk that fills up."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def not_allowed(folder):
    """``folder`` cannot be written; root is nobody meanwhile, since root may write anywhere."""
    root = os.geteuid() == 0
    folder.chmod(0o500)
    if root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


def test_save_and_load(tmp_path, package, other):
    registry = Registry(tmp_path / "deep" / "models")
    assert registry.list() == ()
    folder = registry.save(package)
    registry.save(other)
    assert folder.name == package.hash
    assert registry.list() == tuple(sorted((package.hash, other.hash)))
    assert sorted(path.name for path in folder.iterdir()) == sorted(package.files)
    loaded = registry.load(package.hash)
    assert isinstance(loaded, Package)
    assert loaded.hash == package.hash
    assert registry.manifest(package.hash).to_json() == loaded.manifest.to_json()
    assert registry.manifest(other.hash).provenance.lineage.refit == 1


def test_the_facade_forecasts_from_a_folder(tmp_path, package):
    folder = Registry(tmp_path).save(package)
    forecasts = [
        load(path).forecast(FEATURES, VOLATILITY)
        for load in (Package.load, load_package_dir)
        for path in (folder, str(folder))
    ]
    for forecast in forecasts:
        assert np.isfinite(forecast.probability).all()
        assert np.array_equal(forecast.probability, forecasts[0].probability)


def test_saving_twice_is_saving_once(tmp_path, package):
    registry = Registry(tmp_path)
    folder = registry.save(package)
    before = [(path, path.stat().st_mtime_ns) for path in folder.iterdir()]
    assert registry.save(package) == folder
    assert [(path, path.stat().st_mtime_ns) for path in folder.iterdir()] == before
    assert everything_under(tmp_path / "packages") == [
        package.hash,
        *sorted(f"{package.hash}/{name}" for name in package.files),
    ]


def test_many_may_save_at_once(tmp_path, package):
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: Registry(tmp_path).save(package), range(32)))
    assert len(set(folders)) == 1
    assert Registry(tmp_path).list() == (package.hash,)
    assert len(list((tmp_path / "packages").iterdir())) == 1


def test_file_times_and_names_around_it_do_not_matter(tmp_path, package):
    registry = Registry(tmp_path)
    folder = registry.save(package)
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    (tmp_path / "packages" / "notes.txt").write_text("mine")
    assert registry.load(package.hash).hash == package.hash
    assert registry.list() == (package.hash,)


@pytest.mark.parametrize("name", ["manifest.json", "model.onnx", "checksums.json"])
@pytest.mark.parametrize("damage", ["removed", "emptied", "flipped", "linked", "folder", "pipe"])
def test_damage_on_disk_is_named(tmp_path, package, name, damage):
    registry = Registry(tmp_path)
    path = registry.save(package) / name
    data = bytearray(package.files[name])
    path.unlink()
    if damage == "emptied":
        path.write_bytes(b"")
    elif damage == "flipped":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif damage == "linked":
        (tmp_path / "elsewhere").write_bytes(data)
        path.symlink_to(tmp_path / "elsewhere")
    elif damage == "folder":
        path.mkdir()
    elif damage == "pipe":
        os.mkfifo(path)
    match = "json|onnx" if (name, damage) == ("checksums.json", "flipped") else name
    with pytest.raises((BadData, StorageError), match=match):
        registry.load(package.hash)
    if damage == "flipped":
        with pytest.raises(BadData, match="damage"):
            registry.save(package)


def test_a_folder_with_another_package_is_refused(tmp_path, package, other):
    registry = Registry(tmp_path)
    registry.save(other)
    registry.folder(other.hash).rename(registry.folder(package.hash))
    for read in (registry.load, registry.manifest):
        with pytest.raises(BadData, match="tampered"):
            read(package.hash)
    with pytest.raises(BadData, match="damage"):
        registry.save(package)


def test_a_package_with_a_false_hash_is_not_saved(tmp_path, package, other):
    with pytest.raises(BadData, match="hash"):
        Registry(tmp_path).save(PackageBytes(package.files, other.hash))
    assert everything_under(tmp_path) == []


@pytest.mark.parametrize(
    "hash",
    ["", ".", "..", "../../etc", "a" * 63, "a" * 65, "A" * 64, "/" + "a" * 63, "a" * 64 + "\n",
     "a" * 32 + "/" + "a" * 31, "\0" * 64, "％" * 64],
)  # fmt: skip
def test_paths_instead_of_hashes_are_refused(tmp_path, hash):
    registry = Registry(tmp_path)
    for use in (registry.load, registry.manifest, registry.folder, Pointer):
        with pytest.raises(UsageError, match="64 hex digits"):
            use(hash)


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "packages/../x", "model.onnx\0", "MODEL.ONNX", "model.onnx ", "",
     ".", "con", "modеl.onnx", "a" * 5_000, "-rf"],
)  # fmt: skip
def test_files_of_other_names_are_neither_saved_nor_written(tmp_path, package, name):
    with pytest.raises(BadData, match="expected only"):
        Registry(tmp_path).save(PackageBytes({**package.files, name: b"x"}, package.hash))
    assert everything_under(tmp_path) == []


def test_a_link_in_place_of_a_package_is_not_followed(tmp_path, package):
    registry, elsewhere = Registry(tmp_path / "models"), Registry(tmp_path / "elsewhere")
    folder = elsewhere.save(package)
    (registry.root / "packages").mkdir(parents=True)
    registry.folder(package.hash).symlink_to(folder)
    for read in (registry.load, registry.manifest):
        with pytest.raises(StorageError, match="expected package"):
            read(package.hash)


@pytest.mark.parametrize("name", ["manifest.json", "model.onnx", "checksums.json"])
def test_devices_are_not_read(tmp_path, package, name):
    path = Registry(tmp_path).save(package) / name
    path.unlink()
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # endless zeros
    except PermissionError:
        pytest.skip("only root may make a device")
    with pytest.raises(BadData, match=f"{name}: expected a plain file"):
        Registry(tmp_path).load(package.hash)


def test_what_is_not_there(tmp_path):
    with pytest.raises(StorageError, match="models list"):
        Registry(tmp_path).load("a" * 64)
    with pytest.raises(StorageError, match="no such folder"):
        Package.load(tmp_path / "missing")
    assert StorageError.exit_code == 6


@pytest.mark.parametrize("size", [0, 10, 1_000])
def test_a_full_disk_leaves_nothing_half_written(tmp_path, package, size):
    registry = Registry(tmp_path)
    with no_file_beyond(size), pytest.raises(StorageError, match="cannot write"):
        registry.save(package)
    assert everything_under(tmp_path / "packages") == []
    assert registry.save(package).is_dir()
    registry.set_pointer(Pointer(package.hash))
    with no_file_beyond(min(size, 10)), pytest.raises(StorageError, match="cannot write"):
        registry.set_pointer(Pointer())
    assert registry.pointer().champion == package.hash
    assert everything_under(tmp_path)[-1] == "pointer.json"


def test_unwritable_folders_are_said_so(tmp_path, package, other):
    registry = Registry(tmp_path)
    registry.save(package)
    registry.set_pointer(Pointer(package.hash))
    before = everything_under(tmp_path)
    with not_allowed(tmp_path / "packages"), pytest.raises(StorageError, match="writable"):
        registry.save(other)
    with not_allowed(tmp_path), pytest.raises(StorageError, match="writable"):
        registry.set_pointer(Pointer())
    assert everything_under(tmp_path) == before
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match="cannot"):
        Registry(tmp_path / "file").save(other)
    with pytest.raises(StorageError, match="cannot"):
        Registry(tmp_path / "file").set_pointer(Pointer())


_KILLED = """
import os, sys
from edgekeeper.models import PackageBytes
from edgekeeper.registry import Pointer, Registry
root, source, hash, after = sys.argv[1:]
files = {name: open(f"{source}/{name}", "rb").read() for name in os.listdir(source)}
left, sync = int(after), os.fsync
def dying(handle):
    global left
    left -= 1
    if left < 0:
        os._exit(9)
    sync(handle)
os.fsync = dying
registry = Registry(root)
registry.save(PackageBytes(files, hash))
registry.set_pointer(Pointer(hash))
"""


@pytest.mark.parametrize("after", range(8))
def test_killed_at_any_moment_nothing_is_half_there(tmp_path, package, other, after):
    """The process dies at its n-th sync; what it leaves is whole, and saving again works."""
    source = Registry(tmp_path / "source").save(package)
    registry = Registry(tmp_path / "models")
    registry.save(other)
    registry.set_pointer(Pointer(other.hash))
    arguments = [str(registry.root), str(source), package.hash, str(after)]
    done = subprocess.run([sys.executable, "-c", _KILLED, *arguments], check=False)
    assert done.returncode == (0 if after >= 7 else 9)
    saved = package.hash in registry.list()
    assert saved == (after >= 4)
    for hash in registry.list():
        assert registry.load(hash).hash == hash
    assert registry.pointer().champion == (package.hash if after >= 6 else other.hash)
    registry.save(package)
    registry.set_pointer(Pointer(package.hash))
    assert registry.load(registry.pointer().champion).hash == package.hash


def test_pointer_names_only_what_is_here(tmp_path, package):
    registry = Registry(tmp_path)
    assert registry.pointer() == Pointer()
    with pytest.raises(StorageError, match="expected package"):
        registry.set_pointer(Pointer(package.hash))
    registry.save(package)
    with pytest.raises(StorageError, match="expected package"):
        registry.set_pointer(Pointer(package.hash, arms={"b" * 64: 0.1}))
    registry.set_pointer(Pointer(package.hash, changed_at=5, reason="earned it"))
    assert registry.pointer() == Pointer(package.hash, changed_at=5, reason="earned it")


def test_readers_see_the_old_or_the_new_pointer(tmp_path, package, other):
    registry = Registry(tmp_path)
    for each in (package, other):
        registry.save(each)
    champions = {package.hash, other.hash}
    registry.set_pointer(Pointer(package.hash))
    with ThreadPoolExecutor(3) as pool:
        readers = [
            pool.submit(lambda: {Registry(tmp_path).pointer().champion for _ in range(200)})
            for _ in range(2)
        ]
        for i in range(20):
            registry.set_pointer(Pointer((package, other)[i % 2].hash))
        assert set().union(*(reader.result() for reader in readers)) <= champions


def test_a_line_has_a_history(tmp_path, package):
    registry = Registry(tmp_path)
    registry.save(package)
    child = make_package(refit=1, parent=package.hash)
    registry.save(child)
    assert registry.manifest(child.hash).provenance.lineage.parent == package.hash
