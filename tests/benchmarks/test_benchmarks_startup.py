from startup import heaviest, rows

IMPORTS = """import time: self [us] | cumulative | imported package
import time:       500 |        500 |   zipimport
import time:      1500 |       9000 | click
a line of the command's own
import time:      2500 |       2500 |   click.core
"""


def test_a_command_is_held_against_the_first_one() -> None:
    measured = {
        "bare": [(10.0, 8.0), (90.0, 9.0), (12.0, 10.0)],
        "--version": [(60.0, 45.0), (58.0, 40.0), (66.0, 50.0)],
    }
    assert rows(measured) == [("bare", "12", "9", "1.0"), ("--version", "60", "45", "5.0")]


def test_the_heaviest_modules_are_those_that_take_longest_themselves() -> None:
    assert heaviest(IMPORTS, 2) == [("click.core", "2.5"), ("click", "1.5")]
