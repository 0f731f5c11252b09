"""The steps of an execution, walked through the real definition: waiting, failover, deaths, cancels."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest

from corent.core.errors import JobNotCancellableError, NotFoundError
from corent.core.upstream import Failure, Generated, InlineFile, Working
from corent.jobs.job import VIDEO_DEADLINE_MS, AttemptOutcome, Job, JobFailure, JobState
from corent.usecases.callers_webhooks import WebhookRequest
from corent.usecases.carry_generation import UnsettledError
from corent.usecases.next_step import VIDEO_ATTEMPT_MIN_MS
from tests.fakes import START_MS
from tests.films import film
from tests.image_world import (
    FILM_ORDER,
    FIRST,
    World,
    a_caller,
    a_film_offer,
    an_offer,
    delivers,
    works,
)
from tests.machine import Execution
from tests.tripwire import Death

PRICE = 630_000
A, B, C = a_film_offer("first"), a_film_offer("second", quality=0.4), a_film_offer("third", quality=0.3)


def filmed(content: bytes | None = None) -> Generated:
    return Generated(files=(InlineFile(film() if content is None else content),))


def film_world(*scripts: list[Generated | Working | Failure], **changes: object) -> World:
    fields: dict[str, object] = {"offers": (A, B, C), "credits_micros": 2_000_000, **changes}
    return World(*scripts, **fields)  # type: ignore[arg-type]  # One World, whatever is changed.


def outcomes(job: Job) -> list[str]:
    return [attempt.outcome.value for attempt in job.attempts]


def available(world: World) -> int:
    return world.books.balances["acct_1"].available_micros


# ---- A video from order to end -----------------------------------------------------------------------


def test_a_film_is_held_at_submit_and_charged_when_it_is_stored() -> None:
    world = film_world([works(), works(), filmed()])
    job = world.buy_film().job
    assert (job.state, job.hold_micros, available(world)) == (JobState.QUEUED, PRICE, 2_000_000 - PRICE)
    assert world.books.balances["acct_1"].captured_micros == 0
    done = world.carry(job.id)
    assert (done.state, world.books.balances["acct_1"].captured_micros) == (JobState.COMPLETED, PRICE)
    assert [(file.width_px, file.height_px, file.duration_s) for file in done.files] == [(1280, 720, 5)]
    assert list(world.outputs.files) == [f"files/{job.files_key}-0.mp4"]
    assert world.violations() == []


@pytest.mark.parametrize(("duration_s", "price_micros"), [(1, 130_000), (5, 630_000), (10, 1_260_000)])
def test_a_films_price_is_its_seconds_rounded_up_to_the_cent(duration_s: int, price_micros: int) -> None:
    world = film_world([works()])
    assert world.buy_film(replace(FILM_ORDER, duration_s=duration_s)).job.hold_micros == price_micros


def test_an_upstream_is_asked_for_the_film_as_it_was_ordered() -> None:
    world = film_world([filmed()])
    job = world.buy_film(replace(FILM_ORDER, seed=7, negative_prompt="people")).job
    world.carry(job.id)
    (request,) = world.upstreams["first"].requests
    assert (request.width_px, request.height_px, request.duration_s) == (1280, 720, 5)
    assert (request.prompt, request.seed, request.negative_prompt) == ("a red fox runs", 7, "people")
    assert (request.reference, request.callback_url) == (
        f"{job.id}-1",
        f"https://us.example/first/{job.id}/1",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        filmed(b"<!doctype html>"),
        filmed(film(duration_ms=3_000)),
        filmed(film(width_px=720, height_px=1280)),
        Generated(files=()),
    ],
)
def test_a_film_that_was_not_ordered_goes_on_to_the_next_candidate(wrong: Generated) -> None:
    world = film_world([works(), wrong], [filmed()])
    job = world.carry(world.buy_film().job.id)
    assert (job.state, outcomes(job)) == (JobState.COMPLETED, ["bad_reply", "completed"])


def test_a_wrong_film_that_comes_with_the_answer_parks_nothing() -> None:
    world = film_world([filmed(b"<!doctype html>")], [filmed()])
    job = world.carry(world.buy_film().job.id)
    assert outcomes(job) == ["bad_reply", "completed"]
    assert world.clock.now_ms() - START_MS < 10_000


# ---- Waiting -----------------------------------------------------------------------------------------


def test_a_callback_ends_the_wait_at_once() -> None:
    world = film_world([works(), works(), filmed()])
    job = world.buy_film().job
    world.machine.at(START_MS + 3_000, lambda: world.steps.look(job.id))
    execution = world.execute(job.id)
    assert world.books.jobs[job.id].state is JobState.COMPLETED
    assert execution.entered == ["Submit", "Await", "Decide", "Deliver", "Settle"]
    assert world.clock.now_ms() - START_MS < 6_000


def test_a_callback_costs_at_most_eight_transitions() -> None:
    world = film_world([works(), works(), filmed()])
    job = world.buy_film().job
    world.machine.at(START_MS + 3_000, lambda: world.steps.look(job.id))
    assert world.execute(job.id).transitions <= 8


def test_two_minutes_of_polling_cost_at_most_twenty_transitions() -> None:
    world = film_world([works()])
    world.upstreams["first"].takes_ms = 200
    job = world.buy_film().job

    def finish() -> None:
        world.upstreams["first"].script = [filmed()]

    world.machine.at(START_MS + 115_000, finish)
    slow = replace(A, slow_latency_ms=200_000)
    world.steps._upkeep.offers[slow.tier, slow.id] = slow  # type: ignore[index]  # A dict here.
    execution = world.execute(job.id)
    assert world.books.jobs[job.id].state is JobState.COMPLETED
    assert world.clock.now_ms() - START_MS >= 115_000
    assert execution.transitions <= 20


def called_back(world: World, *at_ms: int) -> Execution:
    """A film's execution, with the upstream's callbacks at those times."""
    job = world.buy_film().job
    for each in at_ms:
        world.machine.at(START_MS + each, lambda: world.steps.look(job.id))
    execution = world.execute(job.id)
    assert world.books.jobs[job.id].state is JobState.COMPLETED
    return execution


def test_a_failover_costs_at_most_three_transitions_more() -> None:
    def transitions(*scripts: list[Generated | Working | Failure]) -> int:
        world = film_world(*scripts)
        return world.execute(world.buy_film().job.id).transitions

    assert transitions([Failure.UNAVAILABLE], [filmed()]) - transitions([filmed()]) <= 3


def test_a_failover_that_a_callback_asks_for_costs_three_transitions_more() -> None:
    well = called_back(film_world([works(), works(), filmed()]), 3_000)
    failed = film_world([works(), works(), Failure.UNAVAILABLE], [works(), works(), filmed()])
    assert called_back(failed, 3_000, 6_000).transitions - well.transitions == 3


def test_a_film_that_turns_out_spoilt_costs_four_transitions_more_and_stays_in_what_a_failover_may() -> None:
    well = called_back(film_world([works(), works(), filmed()]), 3_000)
    spoilt = film_world([works(), works(), filmed(b"<!doctype html>")], [works(), works(), filmed()])
    execution = called_back(spoilt, 3_000, 6_000)
    assert execution.transitions - well.transitions == 4
    assert execution.transitions <= 8 + 3


def test_the_looks_come_further_apart_up_to_twelve_seconds() -> None:
    world = film_world([works()])
    asked: list[int] = []
    upstream = world.upstreams["first"]

    def noting() -> None:
        asked.append(world.clock.now_ms())
        upstream.meanwhile = noting

    upstream.meanwhile = noting
    upstream.takes_ms = 0
    world.execute(world.buy_film().job.id)
    first_attempt = [time for time in asked if time < START_MS + 100_000]
    gaps_s = [round((after - before) / 1000) for before, after in itertools.pairwise(first_attempt)]
    assert gaps_s[1:7] == [6, 6, 7, 8, 10, 12]
    assert max(gaps_s) == 12


def test_nothing_sleeps_in_a_step() -> None:
    world = film_world([works(), works(), works(), filmed()])
    slept: list[float] = []
    world.clock.sleep = slept.append  # type: ignore[method-assign]
    world.execute(world.buy_film().job.id)
    assert slept == []


@pytest.mark.parametrize("failure", [Failure.UNKNOWN, Failure.RATE_LIMITED])
def test_an_upstream_that_cannot_be_asked_just_now_is_asked_again(failure: Failure) -> None:
    world = film_world([works(), failure, failure, filmed(), failure, filmed()])
    job = world.carry(world.buy_film().job.id)
    assert (job.state, world.submits) == (JobState.COMPLETED, 1)


def test_what_an_upstream_reports_of_its_progress_is_kept_and_never_goes_back() -> None:
    reports = [Working(ticket="t1", poll_after_s=1.0, progress_percent=each) for each in (10, 60, 40)]
    world = film_world([*reports, Failure.UNAVAILABLE], [works(), filmed()])
    seen: list[int] = []
    job = world.buy_film().job
    for second in range(0, 40, 2):
        world.machine.at(
            START_MS + second * 1000, lambda: seen.append(world.books.jobs[job.id].progress_percent)
        )
    world.execute(job.id)
    assert seen == sorted(seen)
    assert max(seen) == 60


def test_a_failover_that_begins_anew_does_not_set_the_progress_back() -> None:
    far = Working(ticket="t1", poll_after_s=1.0, progress_percent=95)
    anew = Working(ticket="t2", poll_after_s=1.0, progress_percent=0)
    world = film_world([works(), far, Failure.EXPIRED], [anew, filmed()])
    job = world.carry(world.buy_film().job.id)
    assert outcomes(job) == ["expired", "completed"]
    assert job.progress_percent == 95


# ---- Never twice -------------------------------------------------------------------------------------


def test_an_upstream_that_never_ends_is_told_to_stop_before_the_next_is_bought() -> None:
    world = film_world([works()], [filmed()])
    job = world.carry(world.buy_film().job.id)
    assert (job.state, outcomes(job)) == (JobState.COMPLETED, ["unavailable", "completed"])
    assert world.upstreams["first"].cancelled == ["t1"]
    begun_ms = world.upstreams["second"].submitted_ms[0] - START_MS
    assert 2 * A.slow_latency_ms <= begun_ms <= 2 * A.slow_latency_ms + 15_000


def test_what_is_done_at_the_last_look_is_taken_though_its_time_is_over() -> None:
    world = film_world([works()], [filmed()])
    job = world.buy_film().job

    def finish() -> None:
        world.upstreams["first"].script = [filmed()]

    world.machine.at(START_MS + 2 * A.slow_latency_ms - 100, finish)
    done = world.carry(job.id)
    assert (done.state, world.submits) == (JobState.COMPLETED, 1)


@pytest.mark.parametrize("lost", [Failure.UNKNOWN, Failure.BAD_REPLY])
def test_a_film_whose_submit_was_not_answered_is_parked_until_its_time_is_over(lost: Failure) -> None:
    world = film_world([lost], [filmed()])
    job = world.carry(world.buy_film().job.id)
    assert (job.state, outcomes(job)) == (JobState.COMPLETED, ["unknown", "completed"])
    begun_ms = world.upstreams["second"].submitted_ms[0] - START_MS
    assert begun_ms >= 2 * A.slow_latency_ms


def test_after_a_parked_film_only_one_more_is_bought() -> None:
    world = film_world([Failure.UNKNOWN], [Failure.UNAVAILABLE], [filmed()])
    job = world.carry(world.buy_film().job.id)
    assert (job.failure, world.submits) == (JobFailure.TIER_UNAVAILABLE, 2)
    assert available(world) == 2_000_000


def test_a_repeatable_upstream_is_asked_again_under_the_same_reference() -> None:
    world = film_world([Failure.UNKNOWN, works(), filmed()], [filmed()], repeatable=True)
    job = world.carry(world.buy_film().job.id)
    assert (job.state, outcomes(job)) == (JobState.COMPLETED, ["completed"])
    references = [request.reference for request in world.upstreams["first"].requests]
    assert references == [f"{job.id}-1"] * 2


def test_no_two_films_of_a_job_are_ever_being_made_at_once() -> None:
    world = film_world([works()], [works()], [works()])
    job = world.carry(world.buy_film().job.id)
    assert job.failure in (JobFailure.DEADLINE_EXCEEDED, JobFailure.TIER_UNAVAILABLE)
    windows = [(a.started_ms, a.started_ms + a.duration_ms) for a in job.attempts]
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(windows))
    assert world.clock.now_ms() <= START_MS + VIDEO_DEADLINE_MS + 15_000


def test_a_job_is_failed_at_its_deadline_whatever_its_upstream_says() -> None:
    patient = a_film_offer("first", slow_latency_ms=10_000_000)
    world = film_world([works()], offers=(patient,))
    job = world.carry(world.buy_film().job.id)
    assert (job.failure, available(world)) == (JobFailure.DEADLINE_EXCEEDED, 2_000_000)
    assert (job.finished_at_ms or 0) - START_MS <= VIDEO_DEADLINE_MS + 15_000
    assert world.upstreams["first"].cancelled == ["t1"]


def test_a_short_films_attempt_has_its_least_time() -> None:
    hasty = a_film_offer("first", typical_latency_ms=1_000, slow_latency_ms=2_000)
    world = film_world([works()], [filmed()], offers=(hasty, B))
    job = world.carry(world.buy_film().job.id)
    assert job.attempts[0].duration_ms >= VIDEO_ATTEMPT_MIN_MS


# ---- Workers that die --------------------------------------------------------------------------------


def dies() -> None:
    raise Death


def test_a_worker_that_dies_around_its_submit_leaves_an_attempt_of_unknown_outcome() -> None:
    world = film_world([filmed()], [filmed()])
    world.upstreams["first"].meanwhile = dies
    job = world.carry(world.buy_film().job.id)
    assert (job.state, outcomes(job)) == (JobState.COMPLETED, ["unknown", "completed"])
    assert len(world.upstreams["first"].requests) == 1


def test_an_image_whose_submit_died_buys_one_more_at_once() -> None:
    world = World([delivers()], [delivers()])
    world.upstreams["first"].meanwhile = dies
    job = world.carry(world.buy(wait_s=0).job.id)
    assert (job.state, outcomes(job)) == (JobState.COMPLETED, ["unknown", "completed"])
    assert world.clock.now_ms() - START_MS < 10_000


def test_a_worker_that_dies_while_it_looks_is_followed_by_another() -> None:
    world = film_world([works(), filmed()])
    job = world.buy_film().job
    world.upstreams["first"].script = [works()]

    def die_at_the_next_look() -> None:
        world.upstreams["first"].script = [filmed()]
        world.upstreams["first"].meanwhile = dies

    world.machine.at(START_MS + 2_000, die_at_the_next_look)
    done = world.carry(job.id)
    assert (done.state, world.submits) == (JobState.COMPLETED, 1)


def test_a_second_execution_changes_nothing() -> None:
    world = film_world([works(), filmed()])
    job = world.carry(world.buy_film().job.id)
    assert world.execute(job.id).entered == ["Submit", "Await", "Decide", "Done"]
    assert (world.books.jobs[job.id], world.submits) == (job, 1)


def test_a_job_that_is_not_ready_is_not_settled() -> None:
    world = film_world([works()])
    job = world.buy_film().job
    with pytest.raises(UnsettledError):
        world.steps.settle(job.id)
    assert world.books.jobs[job.id].state is JobState.QUEUED


# ---- Cancelling --------------------------------------------------------------------------------------


def cancelling(world: World, job: Job) -> Callable[[], None]:
    def cancel() -> None:
        world.cancel_job(job.id, caller=a_caller())

    return cancel


def test_a_cancelled_film_gives_its_hold_back_and_is_stopped_at_once() -> None:
    world = film_world([works()])
    job = world.buy_film().job
    world.machine.at(START_MS + 2_000, cancelling(world, job))
    execution = world.execute(job.id)
    ended = world.books.jobs[job.id]
    assert (ended.state, available(world)) == (JobState.CANCELLED, 2_000_000)
    assert outcomes(ended) == ["abandoned"]
    assert world.upstreams["first"].cancelled == ["t1"]
    assert execution.entered[-1] == "Done"
    assert world.clock.now_ms() - START_MS < 5_000
    assert world.violations() == []


def test_a_queued_film_is_cancelled_before_anything_is_bought() -> None:
    world = film_world([filmed()])
    job = world.buy_film().job
    assert world.cancel_job(job.id, caller=a_caller()).state is JobState.CANCELLED
    world.execute(job.id)
    assert (world.submits, available(world)) == (0, 2_000_000)


def test_a_film_that_is_bought_while_it_is_cancelled_is_stopped() -> None:
    world = film_world([works()])
    job = world.buy_film().job
    world.upstreams["first"].meanwhile = cancelling(world, job)
    world.execute(job.id)
    assert world.books.jobs[job.id].state is JobState.CANCELLED
    assert world.upstreams["first"].cancelled == ["t1"]


def test_cancelling_twice_is_cancelling_once() -> None:
    world = film_world([works()])
    job = world.buy_film().job
    first = world.cancel_job(job.id, caller=a_caller())
    assert world.cancel_job(job.id, caller=a_caller()) == first


def test_an_ended_film_cannot_be_cancelled() -> None:
    world = film_world([filmed()])
    job = world.carry(world.buy_film().job.id)
    with pytest.raises(JobNotCancellableError):
        world.cancel_job(job.id, caller=a_caller())
    assert world.books.jobs[job.id] == job


def test_an_image_whose_request_is_being_answered_cannot_be_cancelled() -> None:
    world = World([delivers()])
    refused: list[Exception] = []

    def cancel() -> None:
        (job,) = world.books.jobs.values()
        try:
            world.cancel_job(job.id, caller=a_caller())
        except JobNotCancellableError as error:
            refused.append(error)

    world.upstreams["first"].meanwhile = cancel
    assert world.buy().job.state is JobState.COMPLETED
    assert len(refused) == 1


def test_somebody_elses_job_is_not_there_to_cancel() -> None:
    world = film_world([works()])
    job = world.buy_film().job
    stranger = replace(a_caller(), wallet_id="acct_2")
    with pytest.raises(NotFoundError):
        world.cancel_job(job.id, caller=stranger)
    assert world.books.jobs[job.id].state is JobState.QUEUED


def test_a_completion_that_comes_first_wins_over_a_cancel() -> None:
    world = film_world([filmed()])
    job = world.buy_film().job
    world.steps.submit(job.id)
    ready = world.books.jobs[job.id]
    assert ready.files
    world.steps.settle(job.id)
    with pytest.raises(JobNotCancellableError):
        world.cancel_job(job.id, caller=a_caller())
    assert world.books.balances["acct_1"].captured_micros == PRICE


def test_a_cancel_that_comes_first_wins_over_a_completion() -> None:
    world = film_world([filmed()])
    job = world.buy_film().job
    world.steps.submit(job.id)
    world.cancel_job(job.id, caller=a_caller())
    assert world.steps.settle(job.id) == world.books.jobs[job.id]
    assert (world.books.jobs[job.id].state, available(world)) == (JobState.CANCELLED, 2_000_000)


# ---- Broken executions and sweeps --------------------------------------------------------------------


def test_a_broken_execution_gives_the_hold_back() -> None:
    world = film_world([works()])
    job = world.buy_film().job
    assert world.end_execution(job.id, timed_out=False) == "failed"
    assert world.books.jobs[job.id].failure is JobFailure.TIER_UNAVAILABLE
    assert available(world) == 2_000_000


def test_a_broken_execution_whose_files_are_stored_is_charged() -> None:
    world = film_world([filmed()])
    job = world.buy_film().job
    world.steps.submit(job.id)
    assert world.end_execution(job.id, timed_out=True) == "completed"
    assert world.violations() == []


def test_a_running_film_is_not_started_again_by_the_sweep() -> None:
    world = film_world([works(), works(), filmed()])
    job = world.buy_film().job
    world.machine.at(START_MS + 3_000, lambda: None)
    world.steps.submit(job.id)
    world.handed_on.clear()
    world.clock.time_ms += 200_000
    assert (world.sweep().seen, world.handed_on) == (0, [])


def test_the_sweep_ends_a_film_past_its_deadline_and_grace() -> None:
    world = film_world([works()])
    job = world.buy_film().job
    world.steps.submit(job.id)
    world.clock.time_ms = START_MS + VIDEO_DEADLINE_MS + 120_000
    assert world.sweep().ended == 1
    assert world.books.jobs[job.id].failure is JobFailure.DEADLINE_EXCEEDED


# ---- Telling of the end ------------------------------------------------------------------------------

WEBHOOK = WebhookRequest(url="https://hooks.example/in", secret="s" * 16)


def test_an_image_with_a_webhook_is_not_waited_for() -> None:
    world = World([delivers()])
    job = world.buy(webhook=WEBHOOK).job
    assert (job.state, job.deferred, world.submits) == (JobState.QUEUED, True, 0)
    assert world.webhooks.checked == [WEBHOOK.url]


def test_a_webhook_is_owed_by_the_write_that_ends_its_job() -> None:
    for script in ([delivers()], [Failure.REFUSED]):
        world = World(script, offers=(FIRST,))
        job = world.buy(webhook=WEBHOOK).job
        assert world.books.owed == []
        world.carry(job.id)
        assert world.books.owed == [job.id]


def test_a_cancelled_job_owes_its_webhook_too() -> None:
    world = World([delivers()])
    job = world.buy(webhook=WEBHOOK).job
    world.cancel_job(job.id, caller=a_caller())
    assert world.books.owed == [job.id]


def test_a_webhooks_secret_is_sealed_for_its_job_and_never_stored_or_shown() -> None:
    world = World([delivers()])
    job = world.buy(webhook=replace(WEBHOOK, secret="0123456789abcdefgh")).job
    assert job.webhook is not None
    assert job.webhook.sealed_secret == f"acct_1 {job.id} hgfedcba9876543210"
    assert "0123456789abcdefgh" not in repr((job, WEBHOOK))


def test_a_job_without_a_webhook_owes_none() -> None:
    world = World([delivers()], offers=(an_offer("first"),))
    world.buy()
    assert world.books.owed == []


def test_abandoned_is_no_outcome_of_a_purchase() -> None:
    assert AttemptOutcome.ABANDONED.value not in {failure.value for failure in Failure}
