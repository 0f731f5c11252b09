"""What a program pays for importing the Python client: CPU of fresh interpreters, taken in turns."""

import os
import resource
import statistics
import subprocess
import sys
from typing import Final

ROUNDS: Final = 15
PROGRAMS: Final = {
    "interpreter alone": "pass",
    "import openai": "import openai",
    "import corent": "import corent",
    "from corent import Corent": "from corent import Corent",
    "a client made": "from corent import Corent; Corent(api_key='co_test_x')",
    # What the first call loads, and no program is spared that makes one.
    "a client made, and httpx loaded": "from corent import Corent; Corent(api_key='co_test_x'); import httpx",
}
UNIT: Final = "import openai"


def cpu_s(code: str) -> float:
    """Return the CPU that a fresh interpreter takes for the code, its own start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def main() -> None:
    """Measure and print."""
    for code in PROGRAMS.values():
        cpu_s(code)  # Writes the .pyc files.
    taken = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS):
        for name, code in PROGRAMS.items():
            taken[name].append(cpu_s(code))
    medians = {name: statistics.median(each) for name, each in taken.items()}
    start_s = medians["interpreter alone"]
    lines = [f"{'':34} {'CPU ms':>7} {'/ openai':>9} {'/ openai, without the start':>28}"]
    for name, median_s in medians.items():
        whole = median_s / medians[UNIT]
        added = (median_s - start_s) / (medians[UNIT] - start_s)
        lines.append(f"{name:34} {median_s * 1_000:7.0f} {whole:9.3f} {added:28.3f}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
