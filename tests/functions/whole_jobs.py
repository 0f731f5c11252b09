"""Whole jobs over the real handlers, from the request to the last webhook, and what AWS bills of each.

The sandbox serves them, on a virtual clock. What AWS does between two functions is done here: executions are
walked by the definition, the stream's records and the queue's messages are handed on until none is left.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import httpx
import pytest

from corent.adapters.dynamo.health import DynamoHealth
from corent.health.document import Call, HealthDocument, fold_calls, fold_jobs
from corent.health.evidence import TIMES_KEPT, Observation
from corent.health.tiers import JOBS_KEPT, MINUTE_MS, MINUTES_KEPT, JobEnded
from corent.providers.catalog import offers
from corent.wiring import generation
from corent.wiring.operator import open_account
from tests.fakes import FakeClock
from tests.films import film
from tests.functions.conftest import Answer, Cloud, empty_cloud, offering, virtual_clock
from tests.functions.upstreams import Conversation, Files, Films
from tests.metering import Change, Meter, metered
from tests.template.template import functions

SECRET: Final = "a-webhook-secret-of-the-caller"
PROMPT: Final = ("A red fox in a snowy forest at dawn, seen from far away. " * 4)[:200]
# Within the five seconds for which the state machine waits.
CALLED_BACK_MS: Final = 3_000
POLLED_MS: Final = 115_000
LOOK_S: Final = 0.2
NEVER: Final = 1_000_000
# Each message is sent by us, received and deleted by the event source, whose batches are of one.
REQUESTS_PER_MESSAGE: Final = 3
# An execution reports to the bus that it runs and how it ended.
EVENTS_PER_EXECUTION: Final = 2


class Course(StrEnum):
    """How a job goes."""

    IMAGE = "an image, answered at once"
    CARRIED_IMAGE = "an image, carried by an execution"
    TOLD_VIDEO = "a video, told by a callback"
    POLLED_VIDEO = "a video, polled for two minutes"


@dataclass(frozen=True, slots=True)
class Bill:
    """What one job, or one poll of it, takes, in the pieces that AWS bills.

    The units of health are not in the job's own: all jobs that end within a second share them.
    """

    api_requests: int
    invocations: int
    transitions: int
    write_units: int
    read_units: float
    health_write_units: int
    health_read_units: float
    objects: int
    queue_requests: int
    key_requests: int
    bus_events: int


@dataclass(slots=True)
class Yard:
    """A cloud with the sandbox on offer, one account, and a receiver of webhooks at `hook_url`."""

    cloud: Cloud
    clock: FakeClock
    meter: Meter
    films: Films
    key: str
    hook_url: str
    health_write_units: int = 0
    health_read_units: float = 0.0

    def warm(self, course: Course) -> None:
        """Ask once, so that the functions hold what they keep between requests."""
        self._buy(course, prompt=PROMPT)
        self._hand_on()

    def run(self, course: Course, *, webhook: bool) -> tuple[str, Bill]:
        """Take one job through its course; its id and its bill."""
        told = {"webhook_url": self.hook_url, "webhook_secret": SECRET} if webhook else {}
        self._forget()
        answer = self._buy(course, prompt=PROMPT, **told)
        assert answer.status == (200 if course is Course.IMAGE else 202), answer.text
        job_id: str = answer.json["id"]
        transitions = 0 if course is Course.IMAGE else self._carry(job_id, course)
        self._hand_on()
        return job_id, self._bill(transitions=transitions)

    def poll(self, job_id: str) -> Bill:
        """One look of the caller at the job."""
        self._forget()
        answer = self.cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=self.key, path={"id": job_id})
        assert answer.json["status"] == "completed", answer.text
        return self._bill(transitions=0)

    def _buy(self, course: Course, **body: Any) -> Answer:
        is_video = course in (Course.TOLD_VIDEO, Course.POLLED_VIDEO)
        return (self.cloud.film if is_video else self.cloud.generate)(self.key, **body)

    def _carry(self, job_id: str, course: Course) -> int:
        now_ms = self.clock.now_ms()
        self.films.looks_until_done = NEVER
        if course is Course.TOLD_VIDEO:
            self.cloud.at(now_ms + CALLED_BACK_MS, self._call_back)
        if course is Course.POLLED_VIDEO:
            self.cloud.at(now_ms + POLLED_MS, self._finish)
        execution = self.cloud.carry(job_id, clock=self.clock)
        self.cloud.planned.clear()
        assert execution.error is None, execution
        return execution.transitions

    def _finish(self) -> None:
        self.films.looks_until_done = 0

    def _call_back(self) -> None:
        self._finish()
        token = self.films.callback_urls[-1].rpartition("/")[2]
        answer = self.cloud.call(
            "provider_callbacks",
            "POST",
            "/v1/callbacks/{provider}/{token}",
            path={"provider": "sandbox", "token": token},
            body={"status": "done"},
        )
        assert answer.status == 204, answer.text

    def _hand_on(self) -> None:
        """Do what follows a write or a message: on an idle table each write is a batch of its own."""
        while self.meter.changes or self.cloud.messages:
            changes = self.meter.changes.pop(0) if self.meter.changes else []
            records = [record_of(change) for change in changes if change.table == "jobs"]
            settled = let_through(records, function="OnJobSettledFunction")
            if settled:
                self._fold(settled)
            owed = let_through(records, function="OnWebhookOwedFunction")
            if owed:
                self.cloud.invoke("on_webhook_owed", {"Records": owed})
            while self.cloud.messages:
                message = {"messageId": "1", "body": self.cloud.messages.pop(0)}
                answer = self.cloud.invoke("on_webhook_due", {"Records": [message]})
                assert answer == {"batchItemFailures": []}, answer

    def _fold(self, records: list[dict[str, Any]]) -> None:
        written, read = self.meter.write_units, self.meter.read_units
        self.cloud.invoke("on_job_settled", {"Records": records})
        self.health_write_units += self.meter.write_units - written
        self.health_read_units += self.meter.read_units - read

    def _forget(self) -> None:
        self.meter.reset()
        self.health_write_units, self.health_read_units = 0, 0.0
        for seen in (self.cloud.called, self.cloud.invoked, self.cloud.sent):
            seen.clear()

    def _bill(self, *, transitions: int) -> Bill:
        calls = Counter(operation for operation, _ in self.cloud.sent)
        return Bill(
            api_requests=len(self.cloud.called),
            invocations=len(self.cloud.invoked),
            transitions=transitions,
            write_units=self.meter.write_units - self.health_write_units,
            read_units=self.meter.read_units - self.health_read_units,
            health_write_units=self.health_write_units,
            health_read_units=self.health_read_units,
            objects=len(self.meter.objects),
            queue_requests=calls["SendMessage"] * REQUESTS_PER_MESSAGE,
            key_requests=calls["Encrypt"] + calls["Decrypt"],
            bus_events=calls["StartExecution"] * EVENTS_PER_EXECUTION,
        )


@contextmanager
def opened_yard(endpoint: str, files: Files, course: Course) -> Iterator[Yard]:
    """A yard for jobs of that course, with health as it is once it is full."""
    with pytest.MonkeyPatch.context() as patch, empty_cloud(endpoint, patch) as cloud:
        patch.setenv("CORENT_ALLOW_LOOPBACK", "1")
        # Polling for two minutes must not be given up before.
        patient = tuple(replace(offer, slow_latency_ms=10 * POLLED_MS) for offer in offers())
        patch.setattr(generation, "offers", lambda: patient)
        clock = virtual_clock(patch)
        meter = metered(cloud.client("dynamodb"), patch)
        films = Films(files, film())
        offering(cloud, patch)("sandbox", answering(films, Conversation(files), course, clock=clock))
        fill_health(cloud, now_ms=clock.now_ms())
        yield Yard(
            cloud=cloud,
            clock=clock,
            meter=meter,
            films=films,
            key=open_account(balance_cents=5_000).live_key,
            hook_url=files.put("hook", b"ok"),
        )


def answering(
    films: Films, images: Conversation, course: Course, *, clock: FakeClock
) -> Callable[[httpx.Request], httpx.Response]:
    """The sandbox for a course; each of its answers takes a moment."""
    maker = films if course in (Course.TOLD_VIDEO, Course.POLLED_VIDEO) else images

    def answer(request: httpx.Request) -> httpx.Response:
        clock.sleep(LOOK_S)
        return maker(request)

    return answer


def record_of(change: Change) -> dict[str, Any]:
    """A change as the table's stream tells it."""
    assert change.new is not None
    return {
        "eventName": "INSERT" if change.old is None else "MODIFY",
        "dynamodb": {
            "Keys": {name: change.new[name] for name in ("pk", "sk")},
            "NewImage": change.new,
            **({} if change.old is None else {"OldImage": change.old}),
            "SequenceNumber": "1",
        },
    }


def let_through(records: list[dict[str, Any]], *, function: str) -> list[dict[str, Any]]:
    """The records that the template's filters let through to that function."""
    (source,) = functions()[function]["Events"].values()
    filters = source["Properties"]["FilterCriteria"]["Filters"]
    patterns = [json.loads(each["Pattern"]) for each in filters]
    return [record for record in records if any(fits(record, pattern) for pattern in patterns)]


def fits(value: Any, pattern: Any) -> bool:
    """Whether a value fits a pattern of an event filter, as far as ours go: exact values."""
    if isinstance(pattern, list):
        return value in pattern
    return isinstance(value, dict) and all(
        name in value and fits(value[name], each) for name, each in pattern.items()
    )


def fill_health(cloud: Cloud, *, now_ms: int) -> None:
    """Health as it is after hours of traffic: of every offer, upstream and tier as much as is kept."""
    document = HealthDocument()
    for minute in range(MINUTES_KEPT, 0, -1):
        at_ms = now_ms - minute * MINUTE_MS
        calls = [
            Call(
                Observation(offer.id, offer.upstream, ended_at_ms=at_ms, failure=None, time_ms=12_345),
                tiers=(offer.tier,),
            )
            for offer in offers()
            for _ in range(TIMES_KEPT)
        ]
        document = fold_calls(document, calls, now_ms=at_ms)
    for tier in {offer.tier for offer in offers()}:
        jobs = [
            JobEnded(tier, ended_at_ms=now_ms, success=True, time_ms=1_000 * number)
            for number in range(1, JOBS_KEPT + 1)
        ]
        document = fold_jobs(document, jobs, now_ms=now_ms)
    store = DynamoHealth(cloud.client("dynamodb"), table="health", clock=FakeClock(now_ms))
    store.update(lambda _: document)
