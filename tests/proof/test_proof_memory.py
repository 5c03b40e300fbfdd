"""False alarms and power of the memory verdict over runs of 15 minutes, an hour and eight hours.

`pytest -m proof tests/proof/test_proof_memory.py -s` prints the table in benchmarks/README.md.
"""

import sys

import pytest
from memory_simulation import HARMLESS, LEAKS_MB, LENGTHS, leaking, random_walk, verdicts

COUNT = 400
MOST_ALARMS = 0.05


def leaks_named(make, seed):
    """The share of runs called a leak, by length."""
    return [verdicts(make, length, COUNT, seed).get("leak", 0.0) for length in LENGTHS]


def told(name, shares):
    cells = " | ".join(f"{share:.1%}" for share in shares)
    sys.stdout.write(f"| {name} | {cells} |\n")


@pytest.mark.proof
def test_false_alarms_are_rare_and_leaks_worth_a_name_are_named():
    sys.stdout.write("\n| called a leak | 15m | 1h | 8h |\n| --- | --- | --- | --- |\n")
    alarms = {name: leaks_named(make, 1) for name, make in HARMLESS.items()}
    for name, shares in alarms.items():
        told(name, shares)
    told("random walk (grows, though nothing leaks)", leaks_named(random_walk, 2))
    power = {mb: leaks_named(leaking(mb), 3) for mb in LEAKS_MB}
    for mb, shares in power.items():
        told(f"leak of {mb} MB over the flood", shares)
    worst = max(share for shares in alarms.values() for share in shares)
    assert worst <= MOST_ALARMS
    assert min(min(power[mb]) for mb in (20, 50)) >= 0.95
