import json

import pytest

from edgekeeper.chat import Memory


def test_what_has_to_be_known_again_is(tmp_path):
    memory = Memory(tmp_path)
    memory.begin(41)
    memory.await_order("o-1", {"chat": 7, "what": "kill", "since": 1.5})
    assert memory.note_stranger(8, 9, "Eve", 5)
    assert not memory.note_stranger(8, 9, "Eve again", 6)
    again = Memory(tmp_path)
    assert (again.next_update, list(again.orders), list(again.strangers)) == (42, ["o-1"], ["8 9"])
    again.forget_order("o-1")
    assert Memory(tmp_path).orders == {}
    assert (tmp_path / "chat.json").stat().st_mode & 0o077 == 0


def test_it_does_not_grow(tmp_path):
    memory = Memory(tmp_path)
    told = sum(memory.note_stranger(number, number, "x" * 1_000, 0) for number in range(300))
    for number in range(300):
        memory.await_order(f"{number}", {"chat": 7, "what": "kill", "since": 0})
    assert told == 100
    assert len(memory.orders) == 100
    assert "299" in memory.orders
    assert (tmp_path / "chat.json").stat().st_size < 30_000


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "5", json.dumps({"next_update": "x", "orders": 5, "strangers": [1]}),
     json.dumps({"orders": {"a": 5, "b": {"chat": "x", "since": 1}, "c": {"chat": 1}}})],
)  # fmt: skip
def test_a_damaged_file_is_an_empty_memory(tmp_path, damage):
    (tmp_path / "chat.json").write_text(damage)
    memory = Memory(tmp_path)
    assert (memory.next_update, memory.orders, memory.strangers) == (0, {}, {})
