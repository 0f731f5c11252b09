"""Upstreams' callbacks: forged ones cost nothing, genuine ones have the job looked at, and that is all."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import permutations

import pytest

from corent.core.callback_tokens import mint_token
from corent.core.tiers import AspectRatio, ImageFormat, Kind, Preference
from corent.jobs.job import Attempt, AttemptOutcome, ImageOrder, Job, JobState
from corent.usecases.receive_callback import BODY_MAX_BYTES, ReceiveCallback, Received
from tests.fakes import START_MS, FakeClock, ulid

SECRET = "s" * 32
JOB_ID = f"job_{ulid(1)}"
WAKE_TOKEN = "canary-wake-token"
DONE = b'{"status":"OK","payload":{"images":[]}}'


def attempt(number: int, outcome: AttemptOutcome) -> Attempt:
    return Attempt(candidate=number - 1, outcome=outcome, started_ms=0, duration_ms=0, ticket="t")


FAILED = attempt(1, AttemptOutcome.UNAVAILABLE)
WAITING = Job(
    id=JOB_ID,
    wallet_id="acct_1",
    kind=Kind.IMAGE,
    tier="corent-image-fast",
    state=JobState.PROCESSING,
    hold_micros=20_000,
    order=ImageOrder(
        prompt="a red fox",
        preference=Preference.FAST,
        aspect_ratio=AspectRatio.SQUARE,
        n=1,
        output_format=ImageFormat.PNG,
    ),
    route="{}",
    files_key="0" * 32,
    created_at_ms=START_MS,
    deadline_ms=START_MS + 240_000,
    expected_ms=10_000,
    attempts=(FAILED, attempt(2, AttemptOutcome.WORKING)),
    wake_token=WAKE_TOKEN,
)


@dataclass
class World:
    """Jobs, who was looked at, and upstreams whose signatures are as told."""

    job: Job | None = WAITING
    signed: bool = True
    read: list[str] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)
    verified: list[tuple[str, Mapping[str, str], bytes, int]] = field(default_factory=list)

    def receive(
        self, *, provider: str = "fal", token: str | None = None, number: int = 2, body: bytes = DONE
    ) -> Received:
        if token is None:
            token = mint_token(JOB_ID, attempt=number, provider=provider, secret=SECRET)
        use_case = ReceiveCallback(
            jobs=Jobs(self),
            look_soon=self.looked_at.append,
            verify=self.verify,
            secret=SECRET,
            clock=FakeClock(),
        )
        return use_case(provider, token, headers={"X-Name": "value"}, body=body).received

    def verify(self, provider: str, *, headers: Mapping[str, str], body: bytes, now_s: int) -> bool:
        self.verified.append((provider, headers, body, now_s))
        return self.signed


@dataclass
class Jobs:
    world: World

    def read(self, job_id: str) -> Job | None:
        self.world.read.append(job_id)
        return self.world.job if job_id == JOB_ID else None


def test_a_genuine_callback_has_the_job_looked_at() -> None:
    world = World()
    assert world.receive() is Received.PASSED_ON
    assert (world.read, world.looked_at) == ([JOB_ID], [JOB_ID])


def test_the_signature_is_judged_over_what_was_sent() -> None:
    world = World()
    world.receive()
    assert world.verified == [("fal", {"X-Name": "value"}, DONE, START_MS // 1000)]


@pytest.mark.parametrize("body", [b"", b"{", b'{"status":"IN_PROGRESS"}', b"\xff\x00", b"x" * BODY_MAX_BYTES])
def test_whatever_the_body_says_the_execution_only_looks(body: bytes) -> None:
    world = World()
    assert world.receive(body=body) is Received.PASSED_ON
    assert world.looked_at == [JOB_ID]


# ---- Forged ------------------------------------------------------------------------------------------


def test_a_thousand_forged_tokens_cost_no_read_and_no_check() -> None:
    world = World()
    genuine = mint_token(JOB_ID, attempt=2, provider="fal", secret=SECRET)
    for number in range(1_000):
        forged = genuine[:-4] + f"{number:04d}"
        assert world.receive(token=forged) is Received.FORGED
    assert (world.read, world.verified, world.looked_at) == ([], [], [])


def test_a_thousand_bad_signatures_cost_no_read() -> None:
    world = World(signed=False)
    assert {world.receive() for _ in range(1_000)} == {Received.FORGED}
    assert (world.read, world.looked_at) == ([], [])


def test_a_token_of_another_provider_is_forged() -> None:
    world = World()
    token = mint_token(JOB_ID, attempt=2, provider="replicate", secret=SECRET)
    assert world.receive(provider="fal", token=token) is Received.FORGED
    assert world.read == []


def test_a_body_over_the_cap_is_not_even_judged() -> None:
    world = World()
    assert world.receive(body=b"x" * (BODY_MAX_BYTES + 1)) is Received.TOO_LARGE
    assert (world.read, world.verified, world.looked_at) == ([], [], [])


# ---- Genuine, and without effect ---------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3])
def test_a_callback_for_an_attempt_that_is_not_the_last_has_no_effect(number: int) -> None:
    world = World()
    assert world.receive(number=number) is Received.WITHOUT_EFFECT
    assert world.looked_at == []


@pytest.mark.parametrize("state", [JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED])
def test_a_callback_after_the_end_has_no_effect(state: JobState) -> None:
    world = World(job=replace(WAITING, state=state))
    assert world.receive() is Received.WITHOUT_EFFECT
    assert world.looked_at == []


@pytest.mark.parametrize("outcome", [each for each in AttemptOutcome if each is not AttemptOutcome.WORKING])
def test_a_callback_for_an_attempt_nobody_waits_for_has_no_effect(outcome: AttemptOutcome) -> None:
    world = World(job=replace(WAITING, attempts=(FAILED, attempt(2, outcome))))
    assert world.receive() is Received.WITHOUT_EFFECT
    assert world.looked_at == []


@pytest.mark.parametrize(
    "job", [None, replace(WAITING, wake_token=None), replace(WAITING, attempts=(), wake_token=None)]
)
def test_a_callback_that_finds_nobody_waiting_has_no_effect(job: Job | None) -> None:
    world = World(job=job)
    assert world.receive() is Received.WITHOUT_EFFECT
    assert world.looked_at == []


def test_a_repeated_callback_only_looks_again() -> None:
    world = World()
    assert {world.receive() for _ in range(3)} == {Received.PASSED_ON}
    assert set(world.looked_at) == {JOB_ID}


@pytest.mark.parametrize("order", list(permutations(["callback", "again", "failover", "end"])))
def test_in_whatever_order_things_happen_only_the_attempt_that_is_waited_for_counts(
    order: tuple[str, ...],
) -> None:
    first = replace(WAITING, attempts=(attempt(1, AttemptOutcome.WORKING),))
    world = World(job=first)
    after_failover = (attempt(1, AttemptOutcome.ABANDONED), attempt(2, AttemptOutcome.WORKING))
    for event in order:
        assert world.job is not None
        if event == "failover":
            world.job = replace(world.job, attempts=after_failover)
        elif event == "end":
            world.job = replace(world.job, state=JobState.CANCELLED)
        else:
            is_waited_for = world.job == first
            expected = Received.PASSED_ON if is_waited_for else Received.WITHOUT_EFFECT
            assert world.receive(number=1) is expected


def test_the_token_of_the_execution_is_in_no_repr() -> None:
    assert WAKE_TOKEN not in repr(WAITING)
