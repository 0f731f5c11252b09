"""How long after a job's end its webhook and its stream's last event arrive, with 1 to 200 jobs in flight.

On the local stack, whose emulator takes part in every figure: only the ratios between the levels mean
anything elsewhere, and they tell of the emulator on this machine as much as of us.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx

from benchmarks.quiet_upstream import QuietUpstream, serving
from tests.films import film
from tests.stack.conftest import ROOT, TIMEOUT_S, Account, Stack, running_stack
from tests.stack.webhook_receiver import Receiver, receiving

HOME: Final = ROOT / ".corent" / "bench-stack"
# Jobs in flight, and how often: one job alone says too little.
LEVELS: Final = ((1, 20), (50, 1), (200, 1))
# An account may have no more open jobs.
JOBS_PER_ACCOUNT: Final = 20
BALANCE_CENTS: Final = 100_000
SECONDS: Final = 10
SIZE_PX: Final = (1280, 720)
ORDERS_AT_ONCE: Final = 4
# Jobs that end in a second: spread, so that two processors carry what follows an end.
ENDS_PER_S: Final = 2.0
# A stream looks once a second: ends must fall on every part of that second, not always on the same one.
PHASE_STEP_S: Final = 0.618
ENDS_AT_ONCE: Final = 8
# A stream is opened so long before its job is to end: each open one reads the job once a second, which a
# table on AWS does not notice and which takes much of the emulator.
HEARD_BEFORE_S: Final = 5.0
PLACED_MAX_S: Final = 90.0
ARRIVED_MAX_S: Final = 120.0
POLL_S: Final = 0.05
ENDED: Final = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds from the end of each job to the arrival of its webhook and of its stream's last event."""

    webhook_s: list[float]
    stream_s: list[float]


@dataclass(frozen=True, slots=True)
class Bench:
    """What a measurement needs: the stack, its upstream, the receiver, and a client for each account."""

    stack: Stack
    upstream: QuietUpstream
    receiver: Receiver
    clients: list[httpx.Client]
    phases_s: Iterator[float]


class MissedError(Exception):
    """Something that had to come did not: the measurement says nothing."""


def main() -> None:
    """Measure every level and print."""
    upstream = QuietUpstream(
        film(width_px=SIZE_PX[0], height_px=SIZE_PX[1], duration_ms=SECONDS * 1000),
        size_px=SIZE_PX,
        duration_s=SECONDS,
    )
    with ExitStack() as opened:
        stack = opened.enter_context(running_stack(HOME))
        opened.enter_context(serving(upstream))
        put_in_the_sandboxs_place(stack, upstream)
        receiver = opened.enter_context(receiving())
        most = max(jobs for jobs, _ in LEVELS)
        accounts = [
            stack.open_account(balance_cents=BALANCE_CENTS) for _ in range(-(-most // JOBS_PER_ACCOUNT))
        ]
        clients = [opened.enter_context(client_of(stack, account)) for account in accounts]
        phases_s = (number * PHASE_STEP_S % 1 for number in itertools.count())
        bench = Bench(stack, upstream, receiver, clients, phases_s)
        # Function processes start at their first requests.
        measured(bench, jobs=1)
        alone: Delays | None = None
        for jobs, rounds in LEVELS:
            each = [measured(bench, jobs=jobs) for _ in range(rounds)]
            delays = Delays(
                webhook_s=sorted(delay for one in each for delay in one.webhook_s),
                stream_s=sorted(delay for one in each for delay in one.stream_s),
            )
            alone = alone or delays
            report(delays, alone, jobs=jobs)


def put_in_the_sandboxs_place(stack: Stack, upstream: QuietUpstream) -> None:
    """Point the stack's sandbox at the upstream, before any function has read where the sandbox is."""
    secret = {"api_key": "bench", "base_url": upstream.url}
    stack.aws("secretsmanager").put_secret_value(
        SecretId="corent/providers/sandbox", SecretString=json.dumps(secret)
    )


def client_of(stack: Stack, account: Account) -> httpx.Client:
    """A client with a connection for each of the account's streams and orders."""
    return httpx.Client(
        base_url=stack.base_url,
        headers={"Authorization": f"Bearer {account.live_key}"},
        timeout=TIMEOUT_S,
        limits=httpx.Limits(max_connections=2 * JOBS_PER_ACCOUNT),
        trust_env=False,
    )


def measured(bench: Bench, *, jobs: int) -> Delays:
    """Bring that many jobs in flight together, end them one after the other, and take the delays."""
    before = bench.upstream.taken
    with ThreadPoolExecutor(ORDERS_AT_ONCE) as ordering:
        clients = [bench.clients[number % len(bench.clients)] for number in range(jobs)]
        job_ids = list(ordering.map(lambda client: order(client, bench.receiver.url), clients))
    if not bench.upstream.wait_for(before + jobs, timeout_s=PLACED_MAX_S):
        raise MissedError(f"not all of {jobs} jobs were in flight after {PLACED_MAX_S:.0f} s")
    first_s = time.monotonic() + HEARD_BEFORE_S
    ends_s = [first_s + number / ENDS_PER_S + next(bench.phases_s) for number in range(jobs)]
    with ThreadPoolExecutor(jobs + ENDS_AT_ONCE) as pool:
        streams = {
            job_id: pool.submit(hear_the_end, client, job_id, open_at_s=end_s - HEARD_BEFORE_S)
            for job_id, client, end_s in zip(job_ids, clients, ends_s, strict=True)
        }
        told = []
        for job_id, end_s in zip(job_ids, ends_s, strict=True):
            time.sleep(max(0.0, end_s - time.monotonic()))
            told.append(pool.submit(bench.upstream.finish, job_id))
        for each in told:
            each.result(timeout=ARRIVED_MAX_S)
        ends = {job_id: stream.result(timeout=ARRIVED_MAX_S) for job_id, stream in streams.items()}
    webhooks = webhooks_of(bench.receiver, job_ids)
    return Delays(
        webhook_s=[webhooks[job_id] - ended_s(ends[job_id][1]) for job_id in job_ids],
        stream_s=[at_s - ended_s(document) for at_s, document in ends.values()],
    )


def order(client: httpx.Client, webhook_url: str) -> str:
    """Order a video that tells this receiver, and return its job's id."""
    document = {"prompt": "a red fox runs", "duration_s": SECONDS, "preference": "quality"}
    answer = client.post("/v1/videos/generate", json={**document, "webhook_url": webhook_url})
    if answer.status_code != httpx.codes.ACCEPTED:
        raise MissedError(f"an order was answered {answer.status_code}: {answer.text[:300]}")
    job_id: str = answer.json()["id"]
    return job_id


def hear_the_end(client: httpx.Client, job_id: str, *, open_at_s: float) -> tuple[float, dict[str, Any]]:
    """When the job's last event came, by the clock of this machine, and the document in it."""
    time.sleep(max(0.0, open_at_s - time.monotonic()))
    deadline_s = time.monotonic() + ARRIVED_MAX_S
    with client.stream("GET", f"/v1/jobs/{job_id}/stream") as response:
        name = ""
        for line in response.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data" and name in ENDED:
                at_s = time.time()
                return at_s, completed(json.loads(value))
            if time.monotonic() > deadline_s:
                break
    raise MissedError(f"the stream of {job_id} ended without the job's end")


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The job's document, which must say that it is completed."""
    if document["status"] != "completed":
        raise MissedError(f"{document['id']} is {document['status']}: {document.get('error')}")
    return document


def webhooks_of(receiver: Receiver, job_ids: list[str]) -> dict[str, float]:
    """When each job's first message came, by the clock of this machine, once all have come."""
    clock_s = time.time() - time.monotonic()
    wanted = set(job_ids)
    deadline_s = time.monotonic() + ARRIVED_MAX_S
    while True:
        came: dict[str, float] = {}
        for message in list(receiver.messages):
            document = json.loads(message.body)
            if document["id"] in wanted:
                came.setdefault(completed(document)["id"], message.at_s + clock_s)
        if len(came) == len(wanted):
            return came
        if time.monotonic() > deadline_s:
            raise MissedError(f"{len(wanted) - len(came)} of {len(wanted)} webhooks did not come")
        time.sleep(POLL_S)


def ended_s(document: dict[str, Any]) -> float:
    """The job's end in seconds since the epoch."""
    return datetime.fromisoformat(document["completed_at"]).timestamp()


def quantiles(delays_s: list[float]) -> tuple[float, float, float]:
    """p50, p95 and the longest of sorted delays."""
    p50, p95, longest = (delays_s[round(share * (len(delays_s) - 1))] for share in (0.5, 0.95, 1.0))
    return p50, p95, longest


def report(delays: Delays, alone: Delays, *, jobs: int) -> None:
    """Print one level: the times of this run, and what they are to one job alone."""
    sys.stdout.write(f"{jobs} in flight, {len(delays.webhook_s)} jobs\n")
    for name, times_s, alone_s in (
        ("webhook", delays.webhook_s, alone.webhook_s),
        ("stream", delays.stream_s, alone.stream_s),
    ):
        figures, first = quantiles(times_s), quantiles(alone_s)
        times = "  ".join(f"{figure * 1000:6.0f}" for figure in figures)
        ratios = "  ".join(f"{figure / one:5.2f}" for figure, one in zip(figures, first, strict=True))
        sys.stdout.write(f"  {name:8} p50, p95, max {times} ms = {ratios} x one job\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
