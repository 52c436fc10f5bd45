"""The order of cards as fractions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tasks.rank import DIGITS, MAX_LENGTH, between, spread

ranks = st.text(DIGITS, min_size=1, max_size=8).filter(lambda text: not text.endswith("0"))
edges = st.sampled_from([None])


@given(st.one_of(edges, ranks), st.one_of(edges, ranks))
def test_there_is_always_room_between_two_ranks(one: str | None, other: str | None) -> None:
    low, high = (one, other) if one is None or other is None else sorted([one, other])
    if low is not None and low == high:
        return
    rank = between(low, high)
    assert (low or "") < rank
    assert high is None or rank < high
    assert not rank.endswith("0"), "nothing would fit before it"
    assert set(rank) <= set(DIGITS)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=200))
def test_any_series_of_insertions_keeps_the_order_it_was_given(places: list[int]) -> None:
    order: list[str] = []
    for number in places:
        place = number % (len(order) + 1)
        low = order[place - 1] if place else None
        high = order[place] if place < len(order) else None
        order.insert(place, between(low, high))
    assert order == sorted(set(order))


@given(st.integers(0, 3_000))
def test_spread_ranks_are_short_in_order_and_have_room_everywhere(count: int) -> None:
    order = spread(count)
    assert len(order) == count
    assert order == sorted(set(order))
    assert all(0 < len(rank) <= 3 and not rank.endswith("0") for rank in order)
    for low, high in zip([None, *order], [*order, None], strict=True):
        assert len(between(low, high)) <= 4


def test_ten_thousand_cards_at_either_end_keep_ranks_short() -> None:
    last = first = between(None, None)
    for _ in range(10_000):
        last, first = between(last, None), between(None, first)
    assert max(len(last), len(first)) <= 4


def test_insertions_at_one_spot_grow_until_the_column_must_be_spread() -> None:
    low, high = spread(2)
    steps = 0
    while len(high) <= MAX_LENGTH:
        high = between(low, high)
        steps += 1
    assert 100 < steps < 1_000


def test_equal_or_swapped_neighbours_are_a_defect_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no rank fits"):
        between("V", "V")
    with pytest.raises(ValueError, match="no rank fits"):
        between("W", "V")
