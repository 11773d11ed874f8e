"""Addresses from outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.dashboard.place import Place


@given(st.text(max_size=3_000))
def test_any_address_is_read_or_is_the_start(url):
    place = Place.of(url)
    assert place.path
    assert Place.of(place.url).query == place.query or len(place.url) > 2_000


@pytest.mark.parametrize("url", ["/decisions?" + "a" * 2_001, "http://[", "?" + "a=1&" * 30])
def test_what_is_malformed_or_too_long_is_the_start(url):
    assert Place.of(url) == Place("/")


def test_of_a_name_given_twice_the_last_counts():
    assert Place.of("/x?a=1&a=2").get("a") == "2"


def test_empty_text_takes_a_name_out():
    assert Place.of("/x?a=1&b=2").to(a="").url == "/x?b=2"
