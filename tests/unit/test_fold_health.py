"""Live jobs are folded into health: each attempt once, as it ends; each job once; no doing of a caller."""

from dataclasses import replace
from typing import Any

import pytest

from corent.core.upstream import Failure
from corent.health.breaker import Circuit, circuit
from corent.health.document import HealthDocument
from corent.jobs.job import Attempt, AttemptOutcome, Job, JobFailure, JobState
from corent.routing.health import view_health
from corent.routing.rank import RouteRequest, rank
from corent.routing.route import dump_route
from corent.usecases.fold_health import (
    TOLD_WITHIN_MS,
    Folded,
    FoldHealth,
    JobChange,
    JobResult,
    ended_attempts,
)
from tests.fakes import START_MS, FakeClock, a_job
from tests.image_world import (
    FILM_ORDER,
    FILM_TIER,
    FIRST,
    ORDER,
    PRICE,
    SECOND,
    THIRD,
    a_film_offer,
)

OFFERS = (FIRST, SECOND, THIRD)
FILM = a_film_offer("film")
COMPLETED, WORKING, UNKNOWN = AttemptOutcome.COMPLETED, AttemptOutcome.WORKING, AttemptOutcome.UNKNOWN
UNAVAILABLE, REFUSED = AttemptOutcome.UNAVAILABLE, AttemptOutcome.REFUSED
ROUTE = dump_route(
    rank(
        RouteRequest(
            tier=FIRST.tier,
            preference=ORDER.preference,
            unit_price_micros=PRICE,
            aspect_ratio=ORDER.aspect_ratio,
            seeded=False,
            image=False,
            day=FIRST.cost_read_on,
        ),
        offers=OFFERS,
        health=view_health(HealthDocument(), OFFERS, now_ms=START_MS),
        seed=1,
    )
)


class MemoryHealth:
    def __init__(self) -> None:
        self.document = HealthDocument()
        self.updates = 0

    def update(self, fold: Any) -> HealthDocument:
        self.document = fold(self.document)
        self.updates += 1
        return self.document


def an_attempt(place: int, outcome: AttemptOutcome, **changes: Any) -> Attempt:
    return Attempt(**{"candidate": place, "outcome": outcome, "started_ms": 0, "duration_ms": 700, **changes})


def a_change(
    *outcomes: AttemptOutcome | Attempt,
    before: tuple[AttemptOutcome | Attempt, ...] | None = None,
    state: JobState = JobState.PROCESSING,
    failure: JobFailure | None = None,
    **changes: Any,
) -> JobChange:
    """A job whose route has three candidates, after a write; before it the attempts stood at `before`."""
    job = replace(a_job(route=ROUTE), **changes)

    def attempts(stood: tuple[AttemptOutcome | Attempt, ...]) -> tuple[Attempt, ...]:
        return tuple(
            each if isinstance(each, Attempt) else an_attempt(place, each) for place, each in enumerate(stood)
        )

    is_over = state not in (JobState.PROCESSING, JobState.QUEUED)
    after = replace(
        job,
        attempts=attempts(outcomes),
        state=state,
        failure=failure,
        finished_at_ms=START_MS + 2_000 if is_over else None,
    )
    return JobChange(before=None if before is None else replace(job, attempts=attempts(before)), after=after)


def folded(*changes: JobChange, clock: FakeClock | None = None, times: int = 1) -> HealthDocument:
    store = MemoryHealth()
    catalog = {(offer.tier, offer.id): offer for offer in (*OFFERS, FILM)}
    fold = FoldHealth(health=store, offers=catalog, clock=clock or FakeClock())  # type: ignore[arg-type] # Only update is called.
    for _ in range(times):
        fold(changes)
    return store.document


DONE: dict[str, Any] = {"state": JobState.COMPLETED}


# ---- which attempts ended ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "ended"),
    [
        (None, (WORKING,), []),
        ((), (UNKNOWN,), []),
        ((UNKNOWN,), (WORKING,), []),
        ((WORKING,), (UNAVAILABLE,), [0]),
        ((UNAVAILABLE,), (UNAVAILABLE, UNKNOWN), []),
        ((UNAVAILABLE, UNKNOWN), (UNAVAILABLE, COMPLETED), []),
        ((UNAVAILABLE,), (UNAVAILABLE,), []),
        (None, (UNAVAILABLE, COMPLETED), [0]),
    ],
)
def test_an_attempt_ends_with_the_write_that_says_so_and_with_no_other(
    before: tuple[AttemptOutcome, ...] | None, after: tuple[AttemptOutcome, ...], ended: list[int]
) -> None:
    change = a_change(*after, before=before)
    assert [each.attempt.candidate for each in ended_attempts(change)] == ended


def test_an_unanswered_purchase_ends_with_its_job() -> None:
    change = a_change(UNKNOWN, before=(UNKNOWN,), state=JobState.FAILED, failure=JobFailure.TIER_UNAVAILABLE)
    assert [each.attempt.candidate for each in ended_attempts(change)] == [0]


@pytest.mark.parametrize("before", [None, (UNAVAILABLE, UNKNOWN), (UNAVAILABLE, COMPLETED)])
def test_a_delivery_ends_with_its_job_whether_or_not_it_was_written_before(
    before: tuple[AttemptOutcome, ...] | None,
) -> None:
    change = a_change(UNAVAILABLE, COMPLETED, before=before, state=JobState.COMPLETED)
    ended = [each.attempt.candidate for each in ended_attempts(change)]
    assert ended == ([0, 1] if before is None else [1])


@pytest.mark.parametrize("outcome", [WORKING, AttemptOutcome.ABANDONED])
def test_what_was_not_waited_for_says_nothing(outcome: AttemptOutcome) -> None:
    document = folded(a_change(outcome, before=(WORKING,), state=JobState.CANCELLED))
    assert document.offers == {}


# ---- what is folded ----------------------------------------------------------------------------------


def test_a_failed_attempt_counts_before_its_job_has_ended() -> None:
    document = folded(a_change(UNAVAILABLE, before=(WORKING,)))
    assert document.offers["first"].counts.failures == 4
    assert document.tiers[FIRST.tier].jobs == ()


def test_every_attempt_counts_for_its_own_offer() -> None:
    document = folded(a_change(UNAVAILABLE, COMPLETED, before=(), **DONE))
    assert document.offers["first"].counts.failures == 4
    assert document.offers["second"].counts.successes == 4
    assert document.offers["second"].times == ((START_MS, 700),)


def test_a_refusal_counts_neither_for_the_offer_nor_for_the_tier() -> None:
    refused = a_change(REFUSED, before=(), state=JobState.FAILED, failure=JobFailure.CONTENT_REFUSED)
    document = folded(refused)
    assert document.offers["first"].counts.total == 0
    assert document.tiers[FIRST.tier].jobs == ()


def test_a_job_counts_once_for_its_tier_with_its_failovers() -> None:
    tier = folded(a_change(UNAVAILABLE, COMPLETED, before=(), **DONE)).tiers[FIRST.tier]
    assert tier.jobs == ((START_MS + 2_000, True, 2_000),)
    assert (tier.requests, tier.retries) == (1, 1)


@pytest.mark.parametrize(
    ("state", "failure", "said"),
    [
        (JobState.FAILED, JobFailure.TIER_UNAVAILABLE, [False]),
        (JobState.FAILED, JobFailure.DEADLINE_EXCEEDED, [False]),
        (JobState.FAILED, JobFailure.CONTENT_REFUSED, []),
        (JobState.FAILED, JobFailure.INVALID_IMAGE_URL, []),
        (JobState.CANCELLED, None, []),
    ],
)
def test_a_tier_failed_only_where_its_caller_did_not(
    state: JobState, failure: JobFailure | None, said: list[bool]
) -> None:
    tier = folded(a_change(before=(), state=state, failure=failure)).tiers[FIRST.tier]
    assert [success for _, success, _ in tier.jobs] == said


def test_a_write_after_the_end_counts_nothing_again() -> None:
    change = a_change(COMPLETED, before=(COMPLETED,), **DONE)
    assert change.before is not None
    again = replace(change, before=replace(change.before, state=JobState.COMPLETED))
    assert folded(again) == HealthDocument()


def test_test_keys_script_their_outcomes_and_do_not_count() -> None:
    assert folded(a_change(UNAVAILABLE, before=(), wallet_id="acct_1.test")) == HealthDocument()


def test_a_rate_limit_rests_for_as_long_as_the_upstream_said() -> None:
    limited = an_attempt(0, AttemptOutcome.RATE_LIMITED, retry_after_ms=40_000)
    assert folded(a_change(limited, before=())).offers["first"].rests_until_ms == START_MS + 40_000


def test_five_failures_open_the_breaker_and_an_upstreams_account_opens_its_own() -> None:
    failing = folded(a_change(UNAVAILABLE, before=()), times=5)
    assert circuit(failing.offers["first"].breaker, now_ms=START_MS) is Circuit.OPEN
    unpaid = folded(a_change(AttemptOutcome.QUOTA, before=()))
    assert circuit(unpaid.upstreams["first"].breaker, now_ms=START_MS) is Circuit.OPEN


def test_what_is_told_late_opens_nothing_but_is_paid_all_the_same() -> None:
    clock = FakeClock(START_MS + 700 + TOLD_WITHIN_MS + 1)
    late = an_attempt(0, UNAVAILABLE, cost_micros=5_000)
    document = folded(a_change(late, before=()), clock=clock, times=9)
    assert document.offers == {}
    assert document.spend.micros == {"first": 45_000}


def test_what_is_paid_counts_for_its_upstream_and_against_what_was_expected() -> None:
    paid = an_attempt(0, COMPLETED, cost_micros=2 * FIRST.cost_micros)
    document = folded(a_change(paid, before=(), **DONE))
    assert document.spend.micros == {"first": 2 * FIRST.cost_micros}
    assert document.offers["first"].cost_ratio == pytest.approx(1.2)


def test_a_long_films_time_is_brought_to_the_catalogs_length() -> None:
    route = ROUTE.replace("first ", "film ")
    order = replace(FILM_ORDER, duration_s=10)
    film = an_attempt(0, COMPLETED, duration_ms=80_000)
    change = a_change(film, before=(), route=route, order=order, tier=FILM_TIER.name, **DONE)
    assert folded(change).offers["film"].times == ((START_MS, 40_000),)


def test_an_offer_that_left_the_catalog_is_still_counted() -> None:
    route = ROUTE.replace("first ", "gone/m ")
    document = folded(a_change(an_attempt(0, COMPLETED, cost_micros=7), before=(), route=route, **DONE))
    assert document.offers["gone/m"].counts.successes == 4
    assert document.spend.micros == {"gone": 7}


def test_a_record_that_names_no_candidate_is_broken() -> None:
    with pytest.raises(IndexError):
        ended_attempts(a_change(an_attempt(9, COMPLETED), before=()))


def test_nothing_new_writes_nothing() -> None:
    store = MemoryHealth()
    fold = FoldHealth(health=store, offers={}, clock=FakeClock())  # type: ignore[arg-type] # As above.
    assert fold([a_change(WORKING, before=(UNKNOWN,))]) == Folded()
    assert store.updates == 0


def test_every_failure_of_an_attempt_is_a_class_of_failure() -> None:
    kept = {COMPLETED, WORKING, AttemptOutcome.ABANDONED}
    assert {outcome.value for outcome in AttemptOutcome if outcome not in kept} == {f.value for f in Failure}


def test_a_job_that_was_never_begun_is_a_request_without_failovers() -> None:
    ended: Job = a_change(before=(), state=JobState.CANCELLED).after
    tier = folded(JobChange(before=None, after=ended)).tiers[FIRST.tier]
    assert (tier.requests, tier.retries) == (1, 0)


# ---- what is told of it ------------------------------------------------------------------------------


def told(*changes: JobChange) -> Folded:
    fold = FoldHealth(health=MemoryHealth(), offers={}, clock=FakeClock())  # type: ignore[arg-type] # As above.
    return fold(changes)


@pytest.mark.parametrize(
    ("state", "failure", "result", "is_charged"),
    [
        (JobState.COMPLETED, None, JobResult.COMPLETED, True),
        (JobState.FAILED, JobFailure.TIER_UNAVAILABLE, JobResult.FAILED, False),
        (JobState.FAILED, JobFailure.DEADLINE_EXCEEDED, JobResult.FAILED, False),
        (JobState.FAILED, JobFailure.CONTENT_REFUSED, JobResult.REFUSED, False),
        (JobState.FAILED, JobFailure.INVALID_IMAGE_URL, JobResult.REFUSED, False),
        (JobState.CANCELLED, None, JobResult.CANCELLED, False),
    ],
)
def test_a_job_is_told_by_its_result_and_charged_only_when_delivered(
    state: JobState, failure: JobFailure | None, result: JobResult, *, is_charged: bool
) -> None:
    change = a_change(UNAVAILABLE, UNAVAILABLE, before=(UNAVAILABLE,), state=state, failure=failure)
    (job,) = told(change).jobs
    assert (job.result, job.failovers, job.time_ms) == (result, 1, 2_000)
    assert job.charged_micros == (change.after.hold_micros if is_charged else 0)


def test_attempts_are_told_by_offer_outcome_and_cost() -> None:
    paid = an_attempt(1, COMPLETED, cost_micros=7)
    attempts = told(a_change(UNAVAILABLE, paid, before=(), **DONE)).attempts
    assert [(each.offer_id, each.outcome, each.time_ms, each.cost_micros) for each in attempts] == [
        ("first", UNAVAILABLE, 700, 0),
        ("second", COMPLETED, 700, 7),
    ]


def test_nothing_is_told_of_test_keys_nor_of_a_job_that_had_ended_before() -> None:
    change = a_change(COMPLETED, before=(), **DONE)
    again = JobChange(before=change.after, after=change.after)
    assert told(again, a_change(COMPLETED, before=(), wallet_id="acct_1.test", **DONE)) == Folded()
