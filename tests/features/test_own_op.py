"""The example of docs/own_op.md runs, and the kit catches what such an op may get wrong."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from edgekeeper.errors import BadData, UsageError
from edgekeeper.features import OPS, FeatureSet, Op, evaluate, register
from edgekeeper.testing.ops import check_op

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("own_op", ROOT / "examples" / "own_op.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    OPS.pop("rising_share", None)


def test_the_example_runs(example, capsys):
    example.main()
    assert "proved on" in capsys.readouterr().out


def test_it_is_a_word_like_any_other_and_says_what_it_needs(example, bars):
    register(example.RISING_SHARE)
    values = evaluate("rising_share(close, 5)", bars)
    up = evaluate("delta(close) > 0", bars)
    rows = [r for r in range(len(bars)) if bars.symbol[r] == 0]
    share, alpha = 0.0, 2 / 6
    for row in rows[1:]:
        share += alpha * (up[row] - share)
    assert values[rows[-1]] == pytest.approx(share, rel=1e-12)
    with pytest.raises(UsageError, match="from 2 to 131072 as 'n' of rising_share"):
        FeatureSet({"x": "rising_share(close, 1)"})
    with pytest.raises(UsageError, match="did you mean 'rising_share'"):
        FeatureSet({"x": "rising_shar(close, 9)"})


_TEXT = """
def twice(n, x, out, params, state):
    for i in range(n):
        out[i] = 2.0 * x[i]
"""


def test_an_op_written_in_text_as_in_a_notebook_is_compiled_each_time():
    """Numba has no file to keep it beside."""
    names = {"__name__": "__main__"}
    exec(_TEXT, names)
    check_op(Op("twice", names["twice"], 1))


def test_another_version_is_another_feature(example, monkeypatch):
    op = example.RISING_SHARE
    monkeypatch.setitem(OPS, op.name, op)
    first = FeatureSet({"x": "rising_share(close, 9)"})
    monkeypatch.setitem(OPS, op.name, replace(op, version=2))
    second = FeatureSet({"x": "rising_share(close, 9)"})
    assert first.hash != second.hash
    assert second.op_versions["rising_share"] == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lookback": lambda p: 3}, "expected a value after 3 rows"),
        ({"warm_up": lambda p: int(p[0])}, "no trace of the start"),
        ({"state_size": lambda p: 3}, "wrote beyond"),
    ],
)
def test_the_kit_catches_what_is_said_wrongly(example, wrong, message):
    with pytest.raises(BadData, match=message):
        check_op(replace(example.RISING_SHARE, **wrong))


def test_the_page_names_every_part(example):
    page = (ROOT / "docs" / "own_op.md").read_text("utf-8")
    for part in ("inputs", "params", "state_size", "lookback", "warm_up", "constants", "version"):
        assert f"`{part}" in page
