"""Play every world with every policy, two at a time, and print what came of it.

Arguments: worlds to play, all without any; `--seed N` plays another month, `--all` prints
every policy's figures.
"""

import argparse
import sys
from collections.abc import Callable
from multiprocessing import Pool
from typing import Final

from benchmarks.routing.baselines import (
    LeastBusy,
    LowestLatency,
    RandomOrder,
    RoundRobin,
    cheapest_first,
    static_priority,
)
from benchmarks.routing.corents import Corent
from benchmarks.routing.oracle import Oracle
from benchmarks.routing.report import CORENT, ORACLE, Figures, figures, tables
from benchmarks.routing.simulator import Policy, simulate
from benchmarks.routing.worlds import WORLDS, World
from corent.core.tiers import Preference

SEED: Final = 20260801
PROCESSES: Final = 2

# Those that ask for no preference: played once, valued four times.
ALIKE: Final[dict[str, Callable[[World, int], Policy]]] = {
    "random": lambda world, seed: RandomOrder(world.offers, seed=seed),
    "robin": lambda world, seed: RoundRobin(world.offers, seed=seed),
    "cheapest": lambda world, seed: cheapest_first(world.offers, seed=seed),
    "ewma": lambda world, seed: LowestLatency(world.offers, seed=seed),
    "leastbusy": lambda world, seed: LeastBusy(world.offers, seed=seed),
}
BY_PREFERENCE: Final[dict[str, Callable[[World, Preference, int], Policy]]] = {
    CORENT: lambda world, preference, seed: Corent(world, preference, seed=seed),
    "priority": lambda world, preference, seed: static_priority(world.offers, preference, seed=seed),
    ORACLE: lambda world, preference, _seed: Oracle(world, preference),
}
ORDER: Final = (CORENT, *ALIKE, "priority", ORACLE)

type Task = tuple[str, Preference | None, int]
type Played = dict[tuple[Preference, str], Figures]


def main() -> None:
    """Play, and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.routing")
    parser.add_argument("worlds", nargs="*", help=", ".join(WORLDS))
    parser.add_argument("--all", action="store_true", help="figures of every policy, not of Corent alone")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    worlds = asked.worlds or list(WORLDS)
    tasks: list[Task] = [(world, one, asked.seed) for world in worlds for one in (*Preference, None)]
    with Pool(PROCESSES) as pool:
        played = dict(zip(tasks, pool.map(play, tasks, chunksize=1), strict=True))
    results = {}
    for world in worlds:
        shared = played[world, None, asked.seed]
        for preference in Preference:
            every = {**shared, **played[world, preference, asked.seed]}
            results[world, preference] = {name: every[preference, name] for name in ORDER}
    sys.stdout.write("\n".join(tables(results, of_all=asked.all)) + "\n")


def play(task: Task) -> Played:
    """Figures of the policies of one task: those of a preference, or those that ask for none."""
    name, preference, seed = task
    world = WORLDS[name](seed)
    if preference is not None:
        return {
            (preference, policy): figures(
                simulate(world, make(world, preference, seed), seed=seed), preference
            )
            for policy, make in BY_PREFERENCE.items()
        }
    played: Played = {}
    for policy, make_alike in ALIKE.items():
        jobs = simulate(world, make_alike(world, seed), seed=seed)
        played |= {(each, policy): figures(jobs, each) for each in Preference}
    return played


if __name__ == "__main__":
    main()
