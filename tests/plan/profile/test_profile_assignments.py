"""What wrong assignments with --set are answered with."""

import pytest


@pytest.mark.parametrize(
    ("assignment", "line"),
    [
        (
            "peak.cliens=5",
            "--set peak.cliens=5: unknown key, expected one of clients, interval, scale; "
            "did you mean clients?",
        ),
        (
            "peak.clients=many",
            '--set peak.clients=many: got "many", expected a positive integer, e.g. 500',
        ),
        (
            "report.expect=[1]",
            "--set report.expect=[1]: got 1, expected an HTTP status from 100 to 599, e.g. 202",
        ),
        (
            'network.classes=[{name="a"},{name="b",rtt="0s"}]',
            '--set network.classes=[{name="a"},{name="b",rtt="0s"}]: [1].rtt: got "0s", '
            "expected more than 0s, e.g. 80ms",
        ),
        ("peak=5", "--set peak=5: got a number, expected a table, e.g. [peak]"),
        (
            "peak.clients.x=5",
            "--set peak.clients.x=5: peak.clients is a value and holds no keys",
        ),
        (
            "target.headers.A=hunter2",
            "--set target.headers.A=***: got a literal value, expected env:VAR or file:PATH, "
            "so that no secret is written down, e.g. env:QOSFLOOD_TOKEN",
        ),
        (
            "target.headrs.A=hunter2",
            "--set target.headrs.A=***: unknown key, expected one of url, headers, cacert, "
            "insecure, cert, key_password, resolve, tls_resume, sources, allow, key; did you "
            "mean headers?",
        ),
        (
            'target.sources=["here"]',
            '--set target.sources=["here"]: got "here", expected an IP address, e.g. 127.0.0.2',
        ),
        (
            "load.quantum=1h",
            '--set load.quantum=1h: got "1h", expected above 0, at most 10ms, e.g. 200us',
        ),
        (
            "retries.on=[]",
            "--set retries.on=[]: got [], expected a list of statuses and outcomes, "
            'e.g. ["5xx", "429"]',
        ),
        (
            "scrape.url=http://u:hunter2@h/",
            "--set scrape.url=***: got a URL with a user name or password in it, expected none: "
            "give it with --header 'Authorization=env:VAR'",
        ),
        (
            'memory.command="curl -H hunter2"',
            "--set memory.command=***: got a string, expected a list of a command's words, "
            'e.g. ["./memory-of", "qos-0"]',
        ),
        (
            'memory={command=["hunter2",4]}',
            "--set memory=***: command[1]: got a number, expected a string that is not empty, "
            'e.g. "./memory-of"',
        ),
        (
            "memory.headers.A=hunter2",
            "--set memory.headers.A=***: got a literal value, expected env:VAR or file:PATH, "
            "so that no secret is written down, e.g. env:QOSFLOOD_TOKEN",
        ),
        ("=5", '--set: got "=", expected key.path=value, e.g. peak.clients=500'),
        ("hunter2", "--set: got no =, expected key.path=value, e.g. peak.clients=500"),
        (
            "peak..clients=5",
            '--set: got "peak..clients=", expected key.path=value, e.g. peak.clients=500',
        ),
    ],
)
def test_a_wrong_assignment_is_named_by_itself(problems, assignment, line):
    found = problems("peak.clients = 5", assignment)
    assert found == [line]


def test_the_files_own_errors_stay_the_files_own_beside_an_assignment(problems):
    found = problems("peak.clients = 0", "peak.interval=x")
    assert found == [
        "profile soak.toml: peak.clients: got 0, expected a positive integer, e.g. 500",
        '--set peak.interval=x: got "x", expected a duration with a unit, e.g. 250ms, 15m or 1h30m',
    ]
