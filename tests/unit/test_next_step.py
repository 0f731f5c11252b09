"""What is next, for any job at any time: bounded purchases, one live video, and always an end."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.core.tiers import Kind
from corent.jobs.job import (
    TERMINAL,
    VIDEO_DEADLINE_MS,
    Attempt,
    AttemptOutcome,
    DeliveredFile,
    Job,
    JobFailure,
    JobState,
    OnRefusal,
)
from corent.routing.decide import ATTEMPTS_MAX
from corent.usecases.next_step import (
    REPEAT_AFTER_MS,
    SETTLE_RESERVE_MS,
    Abandon,
    Buy,
    Ended,
    Option,
    Settle,
    Step,
    Watch,
    attempt_end_ms,
    for_length,
    next_step,
)
from tests.fakes import START_MS, a_job
from tests.image_world import FILM_ORDER, FILM_TIER, a_film_offer, an_offer

FILM_OFFERS = [a_film_offer(name) for name in ("first", "second", "third", "fourth")]
IMAGE_OFFERS = [an_offer(name) for name in ("first", "second", "third", "fourth")]
WORKING, UNKNOWN = AttemptOutcome.WORKING, AttemptOutcome.UNKNOWN


def a_film(*outcomes: AttemptOutcome, started_ms: int = 0, took_ms: int = 0) -> Job:
    attempts = tuple(
        Attempt(candidate=place, outcome=outcome, started_ms=started_ms, duration_ms=took_ms)
        for place, outcome in enumerate(outcomes)
    )
    return replace(
        a_job(),
        kind=Kind.VIDEO,
        tier=FILM_TIER.name,
        order=FILM_ORDER,
        deadline_ms=START_MS + VIDEO_DEADLINE_MS,
        attempts=attempts,
    )


def step_of(job: Job, *, after_ms: int = 0, repeatable: bool = False) -> Step:
    offers = FILM_OFFERS if job.kind is Kind.VIDEO else IMAGE_OFFERS
    options = [Option(offer=offer, typical_ms=offer.typical_latency_ms) for offer in offers[:ATTEMPTS_MAX]]
    return next_step(job, options, now_ms=START_MS + after_ms, is_repeatable=lambda _: repeatable)


def test_a_new_job_buys_from_its_first_candidate() -> None:
    assert step_of(a_film()) == Buy(FILM_OFFERS[0], 0)


def test_a_job_with_files_is_captured_even_past_its_deadline() -> None:
    done = replace(a_film(AttemptOutcome.COMPLETED), files=(DeliveredFile(width_px=1, height_px=1),))
    assert step_of(done, after_ms=VIDEO_DEADLINE_MS + 60_000) == Settle(failure=None)


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_nothing_is_next_for_a_job_that_has_ended(state: JobState) -> None:
    assert step_of(replace(a_film(WORKING), state=state)) == Ended()


def test_a_working_attempt_is_watched_until_its_time_is_over_and_then_abandoned() -> None:
    job = a_film(WORKING)
    end_ms = attempt_end_ms(job, FILM_OFFERS[0], started_ms=0)
    assert step_of(job, after_ms=end_ms - START_MS - 1) == Watch(FILM_OFFERS[0], end_ms)
    assert step_of(job, after_ms=end_ms - START_MS) == Abandon(FILM_OFFERS[0])


def test_an_unanswered_purchase_is_repeated_only_where_repeats_are_known_and_not_at_once() -> None:
    job = a_film(UNKNOWN, took_ms=10_000)
    early, due = 10_000 + REPEAT_AFTER_MS - 1, 10_000 + REPEAT_AFTER_MS
    assert isinstance(step_of(job, after_ms=early, repeatable=True), Watch)
    assert step_of(job, after_ms=due, repeatable=True) == Buy(FILM_OFFERS[0], 0, again=True)
    assert isinstance(step_of(job, after_ms=due), Watch)


def test_a_longer_film_has_longer() -> None:
    longer = replace(FILM_ORDER, duration_s=10)
    assert for_length(60_000, longer) == 120_000
    assert for_length(60_000, replace(FILM_ORDER, duration_s=1)) == 60_000


# ---- refusals ----------------------------------------------------------------------------------------

REFUSED, UNAVAILABLE = AttemptOutcome.REFUSED, AttemptOutcome.UNAVAILABLE


def forgiving(*outcomes: AttemptOutcome) -> Job:
    """A job whose caller lets one other upstream be asked when one refuses."""
    job = a_film(*outcomes)
    return replace(job, order=replace(job.order, on_refusal=OnRefusal.FAILOVER))


@pytest.mark.parametrize("earlier", [(), (UNAVAILABLE,)])
def test_a_refusal_ends_the_job_unless_its_caller_says_otherwise(earlier: tuple[AttemptOutcome, ...]) -> None:
    assert step_of(a_film(*earlier, REFUSED)) == Settle(JobFailure.CONTENT_REFUSED)


def test_with_failover_one_other_upstream_is_asked_after_a_refusal() -> None:
    assert step_of(forgiving(REFUSED)) == Buy(FILM_OFFERS[1], 1)
    assert step_of(forgiving(UNAVAILABLE, REFUSED)) == Buy(FILM_OFFERS[2], 2)


@pytest.mark.parametrize("then", [REFUSED, UNAVAILABLE, AttemptOutcome.INVALID_INPUT])
def test_after_the_one_other_upstream_the_job_was_refused_whatever_that_said(then: AttemptOutcome) -> None:
    assert step_of(forgiving(REFUSED, then)) == Settle(JobFailure.CONTENT_REFUSED)


def test_who_refused_is_not_asked_again_with_another_model() -> None:
    sisters = [replace(offer, upstream="one") for offer in FILM_OFFERS[:2]]
    options = [Option(offer=offer, typical_ms=1_000) for offer in (*sisters, FILM_OFFERS[2])]
    step = next_step(forgiving(REFUSED), options, now_ms=START_MS, is_repeatable=lambda _: False)
    assert step == Buy(FILM_OFFERS[2], 2)


def test_without_another_upstream_a_refusal_stays_one() -> None:
    sisters = [Option(offer=replace(offer, upstream="one"), typical_ms=1_000) for offer in FILM_OFFERS]
    step = next_step(forgiving(REFUSED), sisters, now_ms=START_MS, is_repeatable=lambda _: False)
    assert step == Settle(JobFailure.CONTENT_REFUSED)


def test_a_route_of_one_attempt_allows_no_second() -> None:
    option = Option(offer=FILM_OFFERS[0], typical_ms=1_000)
    step = next_step(a_film(UNAVAILABLE), [option], now_ms=START_MS, is_repeatable=lambda _: False)
    assert step == Settle(JobFailure.TIER_UNAVAILABLE)


def test_an_attempt_is_not_begun_with_less_than_its_measured_time_left() -> None:
    job = a_film()
    left_ms = 100_000
    after_ms = VIDEO_DEADLINE_MS - left_ms

    def step(typical_ms: int) -> Step:
        options = [Option(offer=FILM_OFFERS[0], typical_ms=typical_ms)]
        return next_step(job, options, now_ms=START_MS + after_ms, is_repeatable=lambda _: False)

    assert isinstance(step(left_ms - SETTLE_RESERVE_MS), Buy)
    assert step(left_ms - SETTLE_RESERVE_MS + 1) == Settle(JobFailure.DEADLINE_EXCEEDED)


failed_outcomes = st.sampled_from([each for each in AttemptOutcome if each is not AttemptOutcome.ABANDONED])


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    job = a_film() if draw(st.booleans()) else a_job()
    attempts: list[Attempt] = []
    started_ms = 0
    for place in range(draw(st.integers(0, ATTEMPTS_MAX))):
        duration_ms = draw(st.integers(0, 300_000))
        outcome = draw(failed_outcomes.filter(lambda each: each is not WORKING))
        attempts.append(
            Attempt(candidate=place, outcome=outcome, started_ms=started_ms, duration_ms=duration_ms)
        )
        started_ms += duration_ms
    if attempts and draw(st.booleans()):
        attempts[-1] = replace(attempts[-1], outcome=WORKING)
    return replace(job, attempts=tuple(attempts))


@given(job=jobs(), after_ms=st.integers(0, 2_000_000), repeatable=st.booleans())
def test_no_job_is_bought_more_than_three_times(job: Job, after_ms: int, repeatable: bool) -> None:
    step = step_of(job, after_ms=after_ms, repeatable=repeatable)
    if isinstance(step, Buy):
        assert step.candidate == len(job.attempts) - step.again
        assert step.candidate < ATTEMPTS_MAX


@given(job=jobs(), after_ms=st.integers(0, 2_000_000))
def test_a_second_film_is_never_bought_while_the_first_may_be_working(job: Job, after_ms: int) -> None:
    step = step_of(job, after_ms=after_ms)
    if job.kind is Kind.VIDEO and isinstance(step, Buy) and job.attempts:
        last = job.attempts[-1]
        assert last.outcome is not WORKING
        if last.outcome is UNKNOWN:
            assert START_MS + after_ms >= attempt_end_ms(
                job, FILM_OFFERS[last.candidate], started_ms=last.started_ms
            )


@given(job=jobs(), late_ms=st.integers(0, 2_000_000), repeatable=st.booleans())
def test_past_its_deadline_a_job_is_only_ended(job: Job, late_ms: int, repeatable: bool) -> None:
    step = step_of(job, after_ms=job.deadline_ms - START_MS + late_ms, repeatable=repeatable)
    assert isinstance(step, Settle | Abandon)
    if isinstance(step, Abandon):
        given_up = replace(job.attempts[-1], outcome=AttemptOutcome.UNAVAILABLE)
        step = step_of(
            replace(job, attempts=(*job.attempts[:-1], given_up)),
            after_ms=job.deadline_ms - START_MS + late_ms,
        )
    assert isinstance(step, Settle)
    refused = any(each.outcome is AttemptOutcome.REFUSED for each in job.attempts)
    assert step.failure is (JobFailure.CONTENT_REFUSED if refused else JobFailure.DEADLINE_EXCEEDED)


@given(job=jobs(), after_ms=st.integers(0, 200_000))
def test_a_refusal_anywhere_ends_the_job_once_nothing_is_working(job: Job, after_ms: int) -> None:
    refused = any(each.outcome is AttemptOutcome.REFUSED for each in job.attempts)
    last = job.attempts[-1].outcome if job.attempts else None
    if refused and last not in (WORKING, UNKNOWN):
        assert step_of(job, after_ms=after_ms) == Settle(JobFailure.CONTENT_REFUSED)
