import json
import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from edgekeeper.cli.printing import jsonable, print_json


@dataclass
class Point:
    x: float


def test_whatever_figures_hold_becomes_json(capsys):
    figures = {
        "nan": math.nan,
        "infinite": [math.inf, -math.inf],
        "numpy": np.float64(1.5),
        "array": np.array([1.0, np.nan]),
        "record": Point(2.0),
        "path": Path("a/b"),
        "day": date(2024, 1, 2),
        "nothing": None,
        "flag": np.bool_(True),
        7: "key",
    }
    print_json(figures)
    assert json.loads(capsys.readouterr().out) == {
        "nan": None,
        "infinite": [None, None],
        "numpy": 1.5,
        "array": [1.0, None],
        "record": {"x": 2.0},
        "path": "a/b",
        "day": "2024-01-02",
        "nothing": None,
        "flag": True,
        "7": "key",
    }


def test_unknown_is_never_zero():
    assert jsonable(math.nan) is None
    assert jsonable(0.0) == 0.0
