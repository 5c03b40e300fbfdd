"""The first and the last of each kind, whoever hands them in."""

from hypothesis import given
from hypothesis import strategies as st

from qosflood.journal.first_and_last import FirstAndLast

THINGS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1000)), max_size=60)


@given(THINGS)
def test_handed_in_by_their_order_the_first_and_the_last_of_each_kind_are_kept(things):
    things.sort(key=lambda thing: thing[1])
    kept = FirstAndLast[int](3, 2)
    first = {"a": [], "b": []}
    for kind, order in things:
        if kept.offer(kind, order, order):
            first[kind].append(order)
    last = kept.take_last()
    for kind in "ab":
        of_kind = [order for name, order in things if name == kind]
        assert first[kind] == of_kind[:3]
    rest = [[order for name, order in things if name == kind][3:][-2:] for kind in "ab"]
    assert sorted(last) == sorted(rest[0] + rest[1])
    assert kept.take_last() == []


def test_the_last_are_those_of_the_highest_order_whatever_came_when():
    kept = FirstAndLast[str](1, 2)
    assert kept.offer("kind", 1, "first")
    for order in (9, 3, 8, 2):
        assert not kept.offer("kind", order, str(order))
    assert kept.take_last() == ["8", "9"]
