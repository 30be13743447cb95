"""Says which promise of the simulation is broken first: `python -m tests.mutations.probe SEEDS`.

Prints the promise and the seed, or nothing.
"""

import sys

from tests.simulation.audit import broken
from tests.simulation.run import simulate


def first_breach(seeds: int) -> str:
    """The first promise that one of so many seeds breaks, and the seed; empty if none does."""
    for seed in range(seeds):
        try:
            breaches = broken(simulate(seed))
        except Exception as wrong:  # noqa: BLE001  # code that was broken may raise anything
            return f"{type(wrong).__name__}, seed {seed}"
        if breaches:
            first = min(breaches, key=lambda promise: breaches[promise][0])
            return f"{first}, seed {seed}"
    return ""


if __name__ == "__main__":
    print(first_breach(int(sys.argv[1])))
