"""What ``new`` writes works: it stands on its shelf, passes ruff, mypy and its own test."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import edgekeeper as package

REPOSITORY = Path(package.__file__).parents[2]
TESTS = {"op": "features", "learner": "models", "source": "market"}


@pytest.fixture
def checkout(tmp_path):
    """A copy of this checkout's source, with its settings."""
    ignored = shutil.ignore_patterns("*.html")
    shutil.copytree(REPOSITORY / "src", tmp_path / "src", ignore=ignored)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def tool(root, *words):
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def written_by(done):
    assert done.code == 0, done.err
    return [Path(file) for file in done.json["files"]]


@pytest.mark.parametrize("name", ["ab", "a_name_of_24_letters_yes"])
def test_new_plug_ins_pass_ruff_and_their_own_tests(edgekeeper, checkout, name):
    files, tests = [], []
    for kind, room in TESTS.items():
        done = edgekeeper("new", kind, name, "--root", checkout, "--json")
        files += written_by(done)
        tests.append(checkout / "tests" / room / f"test_{name}.py")
    assert set(tests) < set(files)
    tool(checkout, "ruff", "check", *files)
    tool(checkout, "ruff", "format", "--check", *files)
    if name == "ab":
        out = tool(checkout, "pytest", "-p", "no:cacheprovider", *tests)
        assert "16 passed" in out


@pytest.mark.slow
def test_new_plug_ins_pass_the_type_checker(edgekeeper, checkout):
    files = []
    for kind in TESTS:
        files += written_by(edgekeeper("new", kind, "my_thing", "--root", checkout, "--json"))
    sources = [file for file in files if "tests" not in file.parts]
    assert "Success" in tool(checkout, "mypy", "--cache-dir", checkout / "cache", *sources)


def test_several_stand_side_by_side(edgekeeper, checkout):
    for name in ("aardvark", "zebra", "moose"):
        assert edgekeeper("new", "op", name, "--root", checkout).code == 0
    registry = checkout / "src/edgekeeper/features/ops/__init__.py"
    tool(checkout, "ruff", "check", registry)
    said = subprocess.run(
        [sys.executable, "-c", "from edgekeeper.features import OPS; print(*list(OPS)[-3:])"],
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert said.stdout.split() == ["aardvark", "zebra", "moose"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("opp", "thing"), "did you mean 'op'"),
        (("op", "My-Thing"), "small letters"),
        (("op", "../up"), "small letters"),
        (("op", "lambda"), "small letters"),
        (("op", "a_name_of_25_letters_yes_"), "small letters"),
        (("op", "lag"), "exists already"),
        (("op", "cross_over"), "exists already"),
        (("learner", "logistic"), "exists already"),
        (("source", "bundled"), "exists already"),
        (("source", "importing"), "exists already"),
    ],
)
def test_names_that_will_not_do(edgekeeper, words, says):
    done = edgekeeper("new", *words, "--root", REPOSITORY)
    assert done.code == 2
    assert says in done.err


def test_outside_a_checkout(edgekeeper):
    done = edgekeeper("new", "op", "thing")
    assert done.code == 2
    assert "--root" in done.err


def test_the_shelf_is_as_expected_or_nothing_is_written(edgekeeper, checkout):
    registry = checkout / "src/edgekeeper/features/ops/__init__.py"
    registry.write_text('"""Nothing here."""\n')
    done = edgekeeper("new", "op", "thing", "--root", checkout)
    assert done.code == 3
    assert "by hand" in done.err
    assert not (registry.parent / "thing.py").exists()
