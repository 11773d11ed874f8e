import inspect

import pytest

from edgekeeper import errors
from edgekeeper.errors import EdgekeeperError, nearest


def test_exit_codes_are_stable_and_distinct():
    codes = {
        name: kind.exit_code
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, EdgekeeperError)
    }
    assert codes == {
        "EdgekeeperError": 1,
        "UsageError": 2,
        "BadData": 3,
        "Refused": 4,
        "Halted": 5,
        "StorageError": 6,
    }


def test_every_error_can_be_caught_as_one_and_is_exported():
    kinds = [getattr(errors, name) for name in errors.__all__ if name != "nearest"]
    assert len(kinds) == 6
    assert all(issubclass(kind, EdgekeeperError) for kind in kinds)


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("horizn", ["horizon", "target"], "; did you mean 'horizon'?"),
        ("sed", ("seed",), "; did you mean 'seed'?"),
        ("entirely else", ["horizon", "target"], ""),
        ("", ["horizon"], ""),
        ("horizon", [], ""),
    ],
)
def test_nearest_names_the_closest_or_nothing(name, known, expected):
    assert nearest(name, known) == expected


def test_nearest_takes_any_iterable_once():
    assert nearest("clos", iter(["open", "close"])) == "; did you mean 'close'?"
