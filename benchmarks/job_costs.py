"""What a thousand jobs cost on AWS: everything billed by the piece, counted, times its list price.

The counts are exact and the same everywhere (`tests/functions/test_whole_jobs.py` holds them). The CPU of our
own handlers is this machine's, and stands apart.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pytest

from benchmarks.prices import GB_SECOND, ONE_CPU_MB, PRICES, READ_ON, REGION, Basis, Price
from tests.functions.conftest import emulated_services
from tests.functions.upstreams import Files, serving_files
from tests.functions.whole_jobs import Bill, Course, Yard, opened_yard
from tests.template.template import functions

THOUSAND: Final = 1_000
MILLION: Final = 1_000_000
TIMED_RUNS: Final = 9
COLUMNS: Final = (
    ("image", Course.IMAGE, False),
    ("image+hook", Course.CARRIED_IMAGE, True),
    ("told", Course.TOLD_VIDEO, False),
    ("told+hook", Course.TOLD_VIDEO, True),
    ("polled", Course.POLLED_VIDEO, False),
    ("polled+hook", Course.POLLED_VIDEO, True),
)
ROWS: Final = {
    "api_requests": "API Gateway requests",
    "invocations": "Lambda invocations",
    "transitions": "state transitions",
    "write_units": "DynamoDB write units",
    "read_units": "DynamoDB read units",
    "objects": "S3 writes",
    "queue_requests": "SQS requests",
    "key_requests": "KMS requests",
    "bus_events": "EventBridge events",
    "health_write_units": "health: write units",
    "health_read_units": "health: read units",
}
HEALTH: Final = ("health_write_units", "health_read_units")
NAME_WIDTH: Final = 24
CELL_WIDTH: Final = 12


@dataclass(frozen=True, slots=True)
class Cost:
    """One course: its bill, that of a caller's poll, and the CPU seconds our handlers took."""

    bill: Bill
    poll: Bill
    cpu_s: float


class Stopwatch:
    """CPU of the handlers in this thread, without what the meter beside them takes."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self._aside_s = 0.0

    def timing[**P, T](self, call: Callable[P, T]) -> Callable[P, T]:
        """The call, with its CPU counted."""

        def timed(*args: P.args, **kwargs: P.kwargs) -> T:
            began_s, aside_s = time.thread_time(), self._aside_s
            try:
                return call(*args, **kwargs)
            finally:
                self.cpu_s += time.thread_time() - began_s - (self._aside_s - aside_s)

        return timed

    def aside[**P, T](self, call: Callable[P, T]) -> Callable[P, T]:
        """The call, with its CPU taken for somebody else's."""

        def timed(*args: P.args, **kwargs: P.kwargs) -> T:
            began_s = time.thread_time()
            try:
                return call(*args, **kwargs)
            finally:
                self._aside_s += time.thread_time() - began_s

        return timed


def main() -> None:
    """Count, measure and print."""
    with silenced(), emulated_services() as endpoint, serving_files() as files:
        costs = {name: cost_of(endpoint, files, course, webhook=webhook) for name, course, webhook in COLUMNS}
    report(costs)


@contextmanager
def silenced() -> Iterator[None]:
    """The handlers' log lines are made, and go nowhere."""
    sys.stdout.flush()
    stdout = os.dup(sys.stdout.fileno())
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(stdout, sys.stdout.fileno())
        os.close(stdout)
        os.close(nowhere)


def cost_of(endpoint: str, files: Files, course: Course, *, webhook: bool) -> Cost:
    """Take jobs through one course: the first is counted, the later ones timed."""
    with opened_yard(endpoint, files, course) as yard:
        yard.warm(course)
        job_id, bill = yard.run(course, webhook=webhook)
        poll = yard.poll(job_id)
        timed_s = []
        for _ in range(TIMED_RUNS):
            yard.warm(course)
            with stopped(yard) as watch:
                yard.run(course, webhook=webhook)
            timed_s.append(watch.cpu_s)
    return Cost(bill=bill, poll=poll, cpu_s=statistics.median(timed_s))


@contextmanager
def stopped(yard: Yard) -> Iterator[Stopwatch]:
    """A watch on the yard's handlers."""
    watch = Stopwatch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yard.cloud, "invoke", watch.timing(yard.cloud.invoke))
        for part in ("_item", "_count"):
            patch.setattr(yard.meter, part, watch.aside(getattr(yard.meter, part)))
        yield watch


def usd_of_thousand(bill: Bill, *pieces: str) -> Decimal:
    """Dollars for a thousand such jobs, of those pieces."""
    return sum(
        (
            Decimal(getattr(bill, piece)) * PRICES[piece].usd_per_million * THOUSAND / MILLION
            for piece in pieces
        ),
        Decimal(0),
    )


def usd_of_cpu(cpu_s: float) -> Decimal:
    """Dollars for a thousand times that CPU: below one whole processor, less memory only takes longer."""
    gb_s = Decimal(cpu_s) * ONE_CPU_MB / 1024
    return gb_s * THOUSAND * GB_SECOND.usd_per_million / MILLION


def report(costs: dict[str, Cost]) -> None:
    """Print both tables, and what stands apart."""
    own = [piece for piece in ROWS if piece not in HEALTH]
    line("pieces a job", *costs)
    for piece, title in ROWS.items():
        line(title, *(f"{getattr(cost.bill, piece):g}" for cost in costs.values()))
    say("")
    line("$ for 1,000 jobs", *costs)
    for piece, title in ROWS.items():
        mark = " *" if PRICES[piece].basis is Basis.OTHERS else ""
        line(title + mark, *(dollars(usd_of_thousand(cost.bill, piece)) for cost in costs.values()))
    line("counted, all", *(dollars(usd_of_thousand(cost.bill, *ROWS)) for cost in costs.values()))
    line("counted, without health", *(dollars(usd_of_thousand(cost.bill, *own)) for cost in costs.values()))
    say("")
    line("CPU of this machine, ms", *(f"{cost.cpu_s * 1000:.1f}" for cost in costs.values()))
    line("$ for 1,000 times that", *(dollars(usd_of_cpu(cost.cpu_s)) for cost in costs.values()))
    poll = usd_of_thousand(costs["image"].poll, *ROWS)
    wait = usd_of_waiting("images_generate", waited_s=1)
    say("")
    say(f"each look of a caller at a job: ${dollars(poll)} for 1,000")
    say(f"each second that an image's function waits for its upstream: ${dollars(wait)} for 1,000")
    say("")
    say(f"list prices of {REGION}, read {READ_ON}; * not confirmed")
    for name, price in {**PRICES, "GB-seconds, Arm": GB_SECOND}.items():
        if name not in HEALTH:
            say(described(ROWS.get(name, name), price))


def usd_of_waiting(folder: str, *, waited_s: int) -> Decimal:
    """Dollars for a thousand functions that wait so long, with the memory that the template gives them."""
    memory_mb = next(
        function["MemorySize"]
        for function in functions().values()
        if function["CodeUri"] == f"functions/{folder}"
    )
    return Decimal(memory_mb) / 1024 * waited_s * THOUSAND * GB_SECOND.usd_per_million / MILLION


def described(title: str, price: Price) -> str:
    """One line of the price list."""
    return f"  {title}: ${price.usd_per_million} a million. {price.basis}: {price.source}"


def dollars(amount: Decimal) -> str:
    """With a hundredth of a cent."""
    return f"{amount:.4f}"


def line(name: str, *cells: Any) -> None:
    """Print one line of a table."""
    say(f"{name:{NAME_WIDTH}}" + "".join(f"{cell:>{CELL_WIDTH}}" for cell in cells))


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
