"""Long jobs of the running stack, as their caller sees them: bought, polled, and what came of them."""

from dataclasses import dataclass
from typing import Any, Final

import httpx
from sandbox.generations import Generation

from tests.stack.conftest import Account, Stack
from tests.stack.executions import Execution, read_execution
from tests.stack.sandbox_records import read_records
from tests.waiting import until

FILMS: Final = "/v1/videos/generate"
FILM_CENTS: Final = 63
ENDED: Final = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job: its last document, the progress that was shown, and who worked on it."""

    job: dict[str, Any]
    progress: tuple[int, ...]
    execution: Execution
    records: list[Generation]


def buy_film(client: httpx.Client, *, prompt: str = "a red fox runs", **fields: Any) -> str:
    """Buy a video and return its job's id."""
    answer = client.post(FILMS, json={"prompt": prompt, **fields})
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["id"]
    return job_id


def read_job(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job's document as it is now."""
    answer = client.get(f"/v1/jobs/{job_id}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def ended(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job once it is settled."""
    return until(
        lambda: job if (job := read_job(client, job_id))["status"] in ENDED else None,
        what=f"{job_id} to end",
    )


def followed(stack: Stack, account: Account, job_id: str) -> Outcome:
    """The job once it is settled and its execution has ended, with everything seen on the way."""
    progress: list[int] = []

    def look() -> dict[str, Any] | None:
        job = read_job(client, job_id)
        progress.append(job["meta"]["progress_percent"])
        return job if job["status"] in ENDED else None

    with stack.client(key=account.live_key) as client:
        job = until(look, what=f"{job_id} to end")
    return Outcome(
        job=job,
        progress=tuple(progress),
        execution=ended_execution(stack, job_id),
        records=read_records(stack, job_id),
    )


def played(stack: Stack, account: Account, *, prompt: str, **fields: Any) -> Outcome:
    """Buy a video and follow it to its end."""
    with stack.client(key=account.live_key) as client:
        job_id = buy_film(client, prompt=prompt, **fields)
    return followed(stack, account, job_id)


def ended_execution(stack: Stack, job_id: str) -> Execution:
    """The job's execution once it has ended, which is a moment after its job."""
    return until(
        lambda: read if (read := read_execution(stack, job_id)).status != "RUNNING" else None,
        what=f"the execution of {job_id} to end",
    )


def balance(client: httpx.Client) -> dict[str, int]:
    """The wallet's three figures."""
    figures: dict[str, int] = client.get("/v1/account/balance").json()
    return figures
