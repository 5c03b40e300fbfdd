"""What wrong networks in a profile are answered with."""

import pytest


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            'network.mix = "poor"',
            'network.mix: got "poor", expected "auto", "healthy" or "mixed", e.g. "mixed"',
        ),
        (
            'network = { mix = "mixed", classes = [{ name = "vpn" }] }',
            'network: got mix "mixed" together with classes, expected one of the two: remove mix',
        ),
        (
            "network.classes = 5",
            "network.classes: got 5, expected at most 16 tables [[network.classes]], "
            'e.g. [{ name = "vpn" }]',
        ),
        (
            "network.classes = [5]",
            "network.classes[0]: got a number, expected a table, e.g. [[network.classes]]",
        ),
        (
            "[[network.classes]]",
            "network.classes[0].name: got nothing, expected a name of at most 40 letters, digits, "
            'dots, dashes and underscores, e.g. "vpn"',
        ),
        (
            '[[network.classes]]\nname = "a"\n[[network.classes]]\nname = "a"',
            'network.classes: got "a" twice, expected a different name for each class',
        ),
        (
            'network.classes = [{ name = "a" }, { name = "b", los = 1 }]',
            "network.classes[1].los: unknown key, expected one of name, weight, rtt, rtt_spread, "
            "jitter, correlation, good_packets, bad_packets, good_loss, bad_loss",
        ),
        *(
            (f'network.classes = [{{ name = "a", {given} }}]', f"network.classes[0]{line}")
            for given, line in (
                (
                    "weight = 0",
                    ".weight: got 0, expected a number above 0, at most a million, e.g. 20",
                ),
                (
                    "weight = inf",
                    ".weight: got Infinity, expected a number above 0, at most a million, e.g. 20",
                ),
                ('rtt = "0s"', '.rtt: got "0s", expected more than 0s, e.g. 80ms'),
                ('rtt = "11s"', '.rtt: got "11s", expected at most 10s, e.g. 80ms'),
                ('jitter = "11s"', '.jitter: got "11s", expected at most 10s, e.g. 80ms'),
                (
                    "rtt = 80",
                    '.rtt: got "80", expected a duration with a unit, e.g. 80ms',
                ),
                ("rtt_spread = 3", ".rtt_spread: got 3, expected a number from 0 to 2, e.g. 0.4"),
                (
                    "correlation = 1",
                    ".correlation: got 1, expected a number from 0 to below 1, e.g. 0.9",
                ),
                (
                    "good_packets = 0.5",
                    ".good_packets: got 0.5, expected a number of packets from 1 to a thousand "
                    "million, e.g. 400",
                ),
                (
                    "bad_packets = nan",
                    ".bad_packets: got NaN, expected a number of packets from 1 to a thousand "
                    "million, e.g. 40",
                ),
                (
                    "good_loss = -1",
                    ".good_loss: got -1, expected a number from 0 to 1, e.g. 0.0001",
                ),
                ("bad_loss = 1.5", ".bad_loss: got 1.5, expected a number from 0 to 1, e.g. 0.25"),
                (
                    "good_loss = 0.5",
                    ": got good_loss 0.5 above bad_loss 0.005, expected at most as much, "
                    "e.g. good_loss = 0.0005",
                ),
            )
        ),
    ],
)
def test_a_wrong_network_is_answered_in_one_line(problems, text, line):
    assert problems(text) == [f"profile soak.toml: {line}"]


def test_more_network_classes_than_a_shard_has_room_for_are_answered_in_one_line(problems):
    classes = ", ".join(f'{{ name = "n{number}" }}' for number in range(17))
    (line,) = problems(f"network.classes = [{classes}]")
    assert line.endswith('expected at most 16 tables [[network.classes]], e.g. [{ name = "vpn" }]')
