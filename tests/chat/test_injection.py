"""Whatever stands in names, symbols and reasons arrives as text, and as nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.chat import read_command
from edgekeeper.chat.commands import ORDERS, wish_of
from edgekeeper.errors import UsageError

EVIL = [
    "*bold* _it_ `code` [link](https://evil.example)", "<b>x</b> <a href='https://evil'>y</a>",
    "\u202egnp.exe", "\x1b[31mred", "@everyone", "'; DROP TABLE commands; --", "{0} {wish}", "%s",
]  # fmt: skip


def test_a_reason_comes_back_as_it_is_without_a_parse_mode(asked, server):
    for evil in EVIL:
        told = asked(f"/kill {evil}")
        words = "".join(one for one in " ".join(evil.split()) if one.isprintable())
        assert f"Reason: {words}\n" in told
    assert not any({"parse_mode", "entities"} & set(sent) for sent in server.sent)


def test_a_symbol_or_line_that_is_none_comes_back_as_text(asked, server):
    for evil in EVIL:
        for command in ("/why", "/promote", "/approve"):
            told = asked(f"{command} {evil}")
            assert "\x1b" not in told
            assert "\u202e" not in told
    assert not any({"parse_mode", "entities"} & set(sent) for sent in server.sent)


@given(st.text(max_size=300))
def test_any_text_is_a_command_or_none(text):
    for typed in (text, f"/{text}", f"/kill {text}", f"/why@{text}"):
        said = read_command(typed, "keeperbot")
        assert said is None or (said.name and "\n" not in said.rest)
        if said is not None and said.name in ORDERS:
            try:
                wish = wish_of(said, lambda: ["linear", "trees"])
            except UsageError:
                continue
            assert len(wish.reason) <= 500
            assert wish.kind == ORDERS[said.name].kind
