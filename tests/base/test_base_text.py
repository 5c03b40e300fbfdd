"""The nearest known word."""

import pytest

from qosflood.base.text import nearest


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("Clens", "; did you mean Clients?"),
        ("CLIENTS", "; did you mean Clients?"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_only_a_word_that_is_like_another_is_answered(word, answer):
    assert nearest(word, ["interval", "Clients"]) == answer
