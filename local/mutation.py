"""`make mutate`: change the ledger's code a little, a thousand times over, and count how often a test fails.

mutmut works on a copy in `.corent/mutation/`, laid out as it wants it: code in `src`, tests beside it.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.place import ROOT

WORK: Final = ROOT / ".corent" / "mutation"
LOG: Final = WORK / "mutmut.log"
MUTMUT: Final = Path(sys.executable).with_name("mutmut")
KILLED_SHARE_MIN: Final = 0.9
# Enough of the state machine to reach every rule; its own test has 2,000 runs.
MACHINE_RUNS: Final = 20
# What the tests read, from where they stand.
BESIDE: Final = ("tests", "statemachines")
JUDGES: Final = (
    "test_ledger.py",
    "test_ledger_*.py",
    "test_payment_ledger.py",
    "test_memory_books.py",
    "test_check_accounts.py",
    "test_seeded_bugs.py",
    "test_payment_crash_points.py",
)
# These try the tests, not the ledger.
PASSED_OVER: Final = "tests/unit/test_memory_books.py::test_the_contract_notices_a_dropped_condition"
# A mutant may take so many times as long as its tests took unmutated, and a second: else it hangs.
SLOWER_MAX: Final = 5
# The same examples in every run, and none made smaller: that one failed is all there is to know.
CONFTEST: Final = """\
from hypothesis import Phase, settings

settings.register_profile("mutation", derandomize=True, database=None, phases=[Phase.generate])
settings.load_profile("mutation")
"""


class MutationError(Exception):
    """mutmut could not do its work; the message is one sentence that says where to look."""


def main() -> int:
    """Mutate, test, report. 0 when enough mutants were killed."""
    lay_out()
    sys.stdout.write(f"Mutating the ledger; mutmut says how far it is in {LOG.relative_to(ROOT)} …\n")
    sys.stdout.flush()
    try:
        mutmut("run")
        mutmut("export-cicd-stats")
        left = mutmut("results")
    except MutationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    counts: dict[str, int] = json.loads((WORK / "mutants" / "mutmut-cicd-stats.json").read_text())
    return report(counts, left)


def lay_out() -> None:
    """Copy what mutmut needs, without anything of an earlier run."""
    shutil.rmtree(WORK, ignore_errors=True)
    without = shutil.ignore_patterns("__pycache__", "browser", "stack")
    shutil.copytree(ROOT / "layers" / "corent" / "python" / "corent", WORK / "src" / "corent", ignore=without)
    for folder in BESIDE:
        shutil.copytree(ROOT / folder, WORK / folder, ignore=without)
    shutil.copy(ROOT / "pyproject.toml", WORK)
    (WORK / "conftest.py").write_text(CONFTEST)
    judges = sorted({path for pattern in JUDGES for path in (WORK / "tests" / "unit").glob(pattern)})
    (WORK / "setup.cfg").write_text(
        settings_text(
            source_paths=("src",),
            only_mutate=("src/corent/ledger/*", "src/corent/core/writes.py"),
            also_copy=(*BESIDE, "conftest.py"),
            pytest_add_cli_args=("-p", "no:cacheprovider", "--deselect", PASSED_OVER),
            pytest_add_cli_args_test_selection=tuple(str(path.relative_to(WORK)) for path in judges),
            timeout_multiplier=(str(SLOWER_MAX),),
            use_git_change_detection=("false",),
        )
    )


def settings_text(**settings: tuple[str, ...]) -> str:
    """The part of a setup.cfg that is for mutmut."""
    return "[mutmut]\n" + "".join(
        f"{name} = " + "\n    ".join(values) + "\n" for name, values in settings.items()
    )


def mutmut(command: str) -> str:
    """Run one of mutmut's commands and return what it printed. Raises MutationError when it fails."""
    environment = os.environ | {"CORENT_LEDGER_RUNS": str(MACHINE_RUNS), "PYTHONHASHSEED": "0"}
    with LOG.open("a") as log:
        began = log.tell()
        ended = subprocess.run(
            [MUTMUT, command],
            cwd=WORK,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        )
    if ended.returncode != 0:
        raise MutationError(f"mutmut {command} failed: see the end of {LOG.relative_to(ROOT)}.")
    return LOG.read_bytes()[began:].decode()


def report(counts: dict[str, int], left: str) -> int:
    """Print the summary and every mutant that was not killed; 0 when few enough are left."""
    total, killed = counts["total"], counts["killed"]
    share = killed / total
    others = total - killed - counts["survived"] - counts["timeout"]
    sys.stdout.write(left)
    sys.stdout.write(
        f"{total} mutants: {killed} killed, {counts['survived']} survived, {counts['timeout']} timed out, "
        f"{others} not judged: {share:.1%} killed, at least {KILLED_SHARE_MIN:.0%} wanted\n"
    )
    return 0 if share >= KILLED_SHARE_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
