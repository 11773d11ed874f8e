"""What ``import edgekeeper`` offers, what it costs, and two rooms that can be called."""

import inspect
import subprocess
import sys

import pytest

import edgekeeper
from edgekeeper import __main__ as program


def python(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


HEAVY = ["numpy", "numba", "polars", "sqlalchemy", "edgekeeper.config"]
ACTS = "from edgekeeper import train, validate, replay"


def test_importing_the_package_imports_nothing_heavy():
    names = [*HEAVY, "pydantic", "typer", "rich", "importlib.metadata"]
    code = f"import sys, edgekeeper; print(*[m for m in {names} if m in sys.modules])"
    assert python(code) == []


@pytest.mark.parametrize("words", ["--help", "replay --help", "--version", "repaly", "models"])
def test_help_imports_nothing_heavy(words):
    code = (
        f"import sys; sys.argv = ['edgekeeper', *{words.split()}]\n"
        "import contextlib, io\n"
        "from edgekeeper.__main__ import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    main()\n"
        f"print(*[m for m in {HEAVY} if m in sys.modules])"
    )
    assert python(code) == []


@pytest.mark.parametrize("name", edgekeeper.__all__)
def test_every_name_is_there(name):
    assert getattr(edgekeeper, name) is not None
    assert name in dir(edgekeeper)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Bras'"):
        edgekeeper.Bras  # noqa: B018


@pytest.mark.parametrize(
    "order",
    [
        f"{ACTS}\nimport edgekeeper.train.fit, edgekeeper.validate.gates",
        f"import edgekeeper.train, edgekeeper.validate.gates\n{ACTS}",
        f"from edgekeeper.train.fit import fit_model\nimport edgekeeper.build\n{ACTS}",
    ],
    ids=["acts first", "rooms first", "all before"],
)
def test_acts_are_callable_in_any_order_of_imports(order):
    code = (
        f"{order}\nimport edgekeeper\n"
        "assert callable(train) and callable(validate) and callable(replay)\n"
        "assert edgekeeper.train is train and edgekeeper.validate is validate\n"
        "assert edgekeeper.train.fit.fit_model is edgekeeper.train.fit_model\n"
        "print('good')"
    )
    assert python(code) == ["good"]


def test_an_act_shows_its_arguments():
    from edgekeeper import build

    assert inspect.signature(edgekeeper.train) == inspect.signature(build.train)
    assert inspect.signature(edgekeeper.validate) == inspect.signature(build.validate)
    assert inspect.signature(edgekeeper.explain) == inspect.signature(build.explain)


def test_a_room_that_is_called_does_its_act():
    from edgekeeper.errors import Refused
    from edgekeeper.worlds import make_world

    bars = make_world("noise", seed=1, symbols=1, bars=60).bars
    with pytest.raises(Refused, match="independent outcomes"):
        edgekeeper.train(bars, learner="logistic")


def test_the_module_and_the_command_are_one(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["edgekeeper", "--version"])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 0
    said = subprocess.run(
        [sys.executable, "-m", "edgekeeper", "--version"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert said.stdout == capsys.readouterr().out
