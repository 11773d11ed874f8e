"""Every notebook runs from top to bottom, in a namespace of its own, without Jupyter."""

import ast
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples/notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def run_cells(path):
    """Execute the code cells in order; return what each one's last line shows."""
    cells = json.loads(path.read_text())["cells"]
    namespace = {"__name__": "__main__"}
    shown = []
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]), f"{path.name}, cell {number}")
        last = tree.body[-1]
        value = isinstance(last, ast.Expr)
        body = ast.Module(tree.body[:-1] if value else tree.body, [])
        exec(compile(body, path.name, "exec"), namespace)
        if value:
            shown.append(eval(compile(ast.Expression(last.value), path.name, "eval"), namespace))
    return namespace, [value for value in shown if value is not None]


def test_all_notebooks_are_found():
    assert [path.stem for path in NOTEBOOKS] == [
        "check_a_track_record", "evidence_of_a_replay", "judge_your_forecasts",
    ]  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path):
    for cell in json.loads(path.read_text())["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_your_forecasts_are_judged(capsys):
    namespace, shown = run_cells(FOLDER / "judge_your_forecasts.ipynb")
    said = capsys.readouterr().out
    assert namespace["judged"].verdict in said
    assert "12 variants tried" in said
    assert any(hasattr(value, "_repr_svg_") for value in shown)
    assert namespace["gaps"].height == 10


def test_a_record_without_an_edge_is_luck(capsys):
    namespace, shown = run_cells(FOLDER / "check_a_track_record.ipynb")
    assert namespace["verdict"].answer in ("luck", "lost money")
    chances = shown[0]["chance that it is not luck"].to_list()
    assert chances == sorted(chances, reverse=True)
    assert "conditions tested" in capsys.readouterr().out


def test_a_replays_evidence_can_be_walked_through(capsys):
    namespace, _ = run_cells(FOLDER / "evidence_of_a_replay.ipynb")
    assert namespace["evidence"].height > 100
    assert namespace["scores"].count > 100
    assert "conditions tested" in capsys.readouterr().out
