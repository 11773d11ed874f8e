import json

import pytest

from edgekeeper.errors import BadData
from edgekeeper.features.ops import OPS
from edgekeeper.models import PackageBytes
from edgekeeper.registry import Registry, check_upgrade


def remade(package, **changes):
    manifest = json.loads(package.files["manifest.json"]) | changes
    return PackageBytes.seal(manifest, package.files["model.onnx"])


def test_operators_of_these_versions_are_served(tmp_path, package):
    made = remade(package, op_versions={"lag": OPS["lag"].version, "ema": OPS["ema"].version})
    registry = Registry(tmp_path)
    folder = registry.save(made)
    assert registry.load(made.hash).hash == made.hash
    (served,) = check_upgrade([folder])
    assert (served.ok, served.probe_difference, served.line) == (True, 0.0, "line")


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ({"lag": 99}, "lag in version 99, got version 1"),
        ({"gone": 1, "lag": 1}, "gone in version 1, got none of that name"),
        ({"lag": 99, "std": 99}, "lag in version 99, .* std in version 99"),
    ],
)
def test_operators_that_changed_are_named_with_the_remedy(tmp_path, package, versions, words):
    made = remade(package, op_versions=versions)
    registry = Registry(tmp_path)
    folder = registry.save(made)
    with pytest.raises(BadData, match=f"{words}.*: refit the line, or serve it with Edgekeeper 0"):
        registry.load(made.hash)
    assert registry.manifest(made.hash).provenance.op_versions == versions  # it can be looked at
    (served,) = check_upgrade([folder])
    assert not served.ok


def test_scores_of_other_bits_are_told(tmp_path, package):
    probe = json.loads(package.files["manifest.json"])["probe"]
    probe[3] += 1e-9
    folder = Registry(tmp_path).save(remade(package, probe=probe))
    (served,) = check_upgrade([folder])
    assert served.probe_difference == pytest.approx(1e-9, rel=1e-3)
    assert "differ by up to 1e-09" in served.reasons[0]


@pytest.mark.parametrize("probe", [None, [], [0.0] * 13, [None] * 14, ["x"] * 14])
def test_probes_that_are_none(tmp_path, package, probe):
    with pytest.raises(BadData, match="probe"):
        Registry(tmp_path).save(remade(package, probe=probe))


def test_damaged_packages_do_not_stop_the_look(tmp_path, package, other):
    registry = Registry(tmp_path)
    folders = [registry.save(package), registry.save(other)]
    (folders[0] / "model.onnx").write_bytes(b"damaged")
    damaged, whole = check_upgrade(folders)
    assert damaged.hash == package.hash
    assert "model.onnx" in damaged.reasons[0]
    assert whole.ok
