"""Attempts: which failure leads where, how many purchases are made, and what counts as a result."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import pytest

from corent.core.fetching import FetchFailedError, FetchLimits, FetchRefusedError
from corent.core.tiers import AspectRatio, ImageFormat
from corent.core.upstream import Failure, Generated, InlineFile, RemoteFile, Working
from corent.edge.bodies.images import Style
from corent.jobs.job import IMAGE_DEADLINE_MS, Attempt, AttemptOutcome, Job, JobFailure, JobState
from corent.routing.offers import Offer
from corent.usecases.judge_results import IMAGE_LIMITS
from corent.usecases.next_step import IMAGE_ATTEMPT_MAX_MS
from corent.usecases.upstream_requests import IMAGE_DIMENSIONS_PX, STYLES
from tests.fakes import START_MS, FakeClock
from tests.image_world import FIRST, ORDER, PRICE, SECOND, THIRD, World, an_offer, delivers, works
from tests.pictures import encoded, png, png_chunk

SLOW = (an_offer("first", asynchronous=True, typical_latency_ms=500), SECOND)
URL = "https://pictures.example/in.png"


def outcomes(job: Job) -> list[str]:
    return [attempt.outcome.value for attempt in job.attempts]


def carried(world: World) -> Job:
    """The first job that was handed on, as its execution ends it."""
    return world.carry(world.handed_on[0])


def serves(_url: str, **_: Any) -> bytes:
    return png()


# ---- Which failure leads where -----------------------------------------------------------------------


@pytest.mark.parametrize("failure", [failure for failure in Failure if failure is not Failure.REFUSED])
def test_a_failure_goes_on_to_the_next_candidate(failure: Failure) -> None:
    world = World([failure], [delivers()])
    job = world.buy().job
    assert (job.state, outcomes(job)) == (JobState.COMPLETED, [failure.value, "completed"])


def test_operators_are_told_which_offer_failed_and_how() -> None:
    world = World([Failure.QUOTA], [Failure.BAD_REPLY], [delivers()])
    world.buy()
    assert world.observed == [("first", Failure.QUOTA), ("second", Failure.BAD_REPLY)]


def test_a_refusal_ends_the_job_after_one_attempt() -> None:
    world = World([Failure.REFUSED], [delivers()])
    job = world.buy().job
    assert (job.failure, outcomes(job), world.submits) == (JobFailure.CONTENT_REFUSED, ["refused"], 1)


def test_a_refusal_by_the_second_candidate_ends_the_job_too() -> None:
    world = World([Failure.UNAVAILABLE], [Failure.REFUSED], [delivers()])
    assert (world.buy().job.failure, world.submits) == (JobFailure.CONTENT_REFUSED, 2)


@pytest.mark.parametrize(
    ("image_url", "scripts", "failure"),
    [
        (URL, [Failure.INVALID_INPUT] * 3, JobFailure.INVALID_IMAGE_URL),
        (None, [Failure.INVALID_INPUT] * 3, JobFailure.TIER_UNAVAILABLE),
        (URL, [Failure.INVALID_INPUT] * 2 + [Failure.UNAVAILABLE], JobFailure.TIER_UNAVAILABLE),
    ],
)
def test_an_input_image_that_nobody_takes_is_the_callers_to_change(
    image_url: str | None, scripts: list[Failure], failure: JobFailure
) -> None:
    world = World(*[[each] for each in scripts], fetch=serves)
    assert world.buy(replace(ORDER, image_url=image_url)).job.failure is failure


def test_no_more_than_three_purchases_are_made() -> None:
    offers = (FIRST, SECOND, THIRD, an_offer("fourth", typical_latency_ms=9_000, slow_latency_ms=9_000))
    world = World(*[[Failure.UNAVAILABLE]] * 3, [delivers()], offers=offers)
    job = world.buy().job
    assert (job.failure, outcomes(job)) == (JobFailure.TIER_UNAVAILABLE, ["unavailable"] * 3)


def test_a_tier_of_one_offer_is_tried_once() -> None:
    world = World([Failure.UNAVAILABLE], offers=(FIRST,))
    assert (world.buy().job.failure, world.submits) == (JobFailure.TIER_UNAVAILABLE, 1)


@pytest.mark.parametrize(
    ("scripts", "tried"),
    [
        ([Failure.UNKNOWN, Failure.UNAVAILABLE], ["unknown", "unavailable"]),
        ([Failure.UNKNOWN, Failure.UNKNOWN], ["unknown", "unknown"]),
        ([Failure.UNAVAILABLE, Failure.UNKNOWN], ["unavailable", "unknown", "completed"]),
    ],
)
def test_after_an_unknown_outcome_one_more_purchase_is_made(scripts: list[Failure], tried: list[str]) -> None:
    world = World(*[[each] for each in scripts], [delivers()])
    assert outcomes(world.buy().job) == tried


# ---- Time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("late_ms", "submits"), [(0, 1), (1, 0)])
def test_an_attempt_is_not_started_when_its_typical_time_does_not_fit(late_ms: int, submits: int) -> None:
    world = World([delivers()], offers=(FIRST,))
    world.buy(wait_s=0)
    world.clock.time_ms = START_MS + IMAGE_DEADLINE_MS - FIRST.typical_latency_ms - 1_000 + late_ms
    job = carried(world)
    assert world.submits == submits
    assert job.failure is (None if submits else JobFailure.DEADLINE_EXCEEDED)


def test_upstreams_that_hang_get_no_more_than_the_jobs_time() -> None:
    world = World([delivers()], [delivers()])
    for upstream in world.upstreams.values():
        upstream.takes_ms = 10_000_000
    world.buy(wait_s=0)
    job = carried(world)
    assert (job.failure, outcomes(job)) == (JobFailure.DEADLINE_EXCEEDED, ["unknown", "unknown"])
    assert world.clock.now_ms() <= job.deadline_ms


@pytest.mark.parametrize("wait_s", [1.0, 2.0, 5.0, 25.0])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_nobody_waits_longer_than_they_said(wait_s: float, asynchronous: bool) -> None:
    offers = tuple(replace(offer, asynchronous=asynchronous) for offer in (FIRST, SECOND, THIRD))
    world = World(*[[works(0.7)]] * 3, offers=offers)
    for upstream in world.upstreams.values():
        upstream.takes_ms = 100_000
    world.buy(wait_s=wait_s)
    assert world.clock.now_ms() - START_MS <= wait_s * 1000


def test_a_slow_synchronous_offer_is_handed_on_before_it_is_bought() -> None:
    world = World([delivers()], offers=(THIRD,))
    job = world.buy(wait_s=5.0).job
    assert (job.deferred, job.state, job.attempts, world.submits) == (True, JobState.PROCESSING, (), 0)
    assert world.handed_on == [job.id]


def test_what_failed_before_it_was_handed_on_is_not_bought_again() -> None:
    world = World([Failure.UNAVAILABLE], [delivers()], offers=(FIRST, THIRD))
    world.buy(wait_s=5.0)
    job = carried(world)
    assert (job.state, outcomes(job)) == (JobState.COMPLETED, ["unavailable", "completed"])
    assert len(world.upstreams["first"].requests) == 1


# ---- Asynchronous upstreams --------------------------------------------------------------------------


def test_an_asynchronous_upstream_is_asked_until_it_is_done() -> None:
    world = World([works(2.0), works(2.0), delivers()], offers=SLOW)
    job = world.buy().job
    assert (job.state, world.upstreams["first"].tickets) == (JobState.COMPLETED, ["t1", "t1"])
    assert job.attempts[0].duration_ms == 3 * 500 + 2 * 2_000


def test_what_is_not_ready_in_time_is_handed_on_with_its_ticket() -> None:
    world = World([works()], offers=SLOW)
    job = world.buy(wait_s=4.0).job
    stored = world.books.jobs[job.id]
    assert (stored.attempts[0].outcome, stored.attempts[0].ticket) == (AttemptOutcome.WORKING, "t1")
    assert (stored.attempts, stored.deferred, world.handed_on) == (job.attempts, True, [job.id])


def test_a_worker_goes_on_with_the_ticket_and_buys_nothing_again() -> None:
    world = World([*[works()] * 5, delivers()], offers=SLOW)
    world.buy(wait_s=4.0)
    assert (carried(world).state, world.submits) == (JobState.COMPLETED, 1)
    assert set(world.upstreams["first"].tickets) == {"t1"}


def test_a_ticket_that_waited_long_for_its_worker_is_still_asked_for() -> None:
    world = World([works(), works(), delivers()], offers=SLOW)
    world.buy(wait_s=2.0)
    world.clock.time_ms += 2 * IMAGE_ATTEMPT_MAX_MS
    world.upstreams["first"].script = [delivers()]
    assert (carried(world).state, world.submits) == (JobState.COMPLETED, 1)


def test_an_asynchronous_upstream_that_never_ends_is_given_up_for_the_next() -> None:
    world = World([works()], [delivers()], offers=SLOW)
    world.buy(wait_s=0)
    job = carried(world)
    assert outcomes(job) == ["unavailable", "completed"]
    assert job.attempts[0].duration_ms <= IMAGE_ATTEMPT_MAX_MS + 12_000


def test_an_upstream_that_names_no_pause_is_not_asked_without_one() -> None:
    world = World([works(0.0)], [delivers()], offers=SLOW)
    world.upstreams["first"].takes_ms = 0
    world.buy(wait_s=0)
    carried(world)
    assert len(world.upstreams["first"].tickets) <= IMAGE_ATTEMPT_MAX_MS // 100


@pytest.mark.parametrize("pause_s", [30.0, 90.0, 3_600.0])
def test_an_upstream_that_names_a_long_pause_is_asked_before_it_is_given_up(pause_s: float) -> None:
    world = World([works(pause_s), delivers()], [delivers()], offers=SLOW)
    world.buy(wait_s=0)
    assert (carried(world).state, world.submits) == (JobState.COMPLETED, 1)


@pytest.mark.parametrize("failure", [Failure.UNKNOWN, Failure.RATE_LIMITED])
def test_an_upstream_that_cannot_be_asked_just_now_is_asked_again(failure: Failure) -> None:
    world = World([works(), failure, failure, delivers()], offers=SLOW)
    assert (world.buy().job.state, world.submits) == (JobState.COMPLETED, 1)


@pytest.mark.parametrize("failure", [Failure.UNAVAILABLE, Failure.EXPIRED, Failure.BAD_REPLY])
def test_a_reported_failure_goes_on_to_the_next_candidate(failure: Failure) -> None:
    world = World([works(), failure], [delivers()], offers=SLOW)
    job = world.buy().job
    assert outcomes(job) == [failure.value, "completed"]
    assert job.attempts[0].ticket is None


def test_a_reported_refusal_ends_the_job() -> None:
    world = World([works(), Failure.REFUSED], [delivers()], offers=SLOW)
    assert (world.buy().job.failure, world.submits) == (JobFailure.CONTENT_REFUSED, 1)


# ---- The sweep meanwhile ------------------------------------------------------------------------------


def sweep(world: World) -> Callable[[], None]:
    """The deadline sweep comes by an hour later."""

    def come_by() -> None:
        world.clock.time_ms += 3_600_000
        world.later.sweep()

    return come_by


def test_a_result_that_comes_after_the_sweep_changes_nothing() -> None:
    world = World([delivers()])
    world.upstreams["first"].meanwhile = sweep(world)
    job = world.buy().job
    assert (job.state, job.failure, job.files) == (JobState.FAILED, JobFailure.DEADLINE_EXCEEDED, ())
    assert job == world.books.jobs[job.id]
    assert world.books.balances["acct_1"].available_micros == 100_000
    assert world.violations() == []


# ---- What counts as a result -------------------------------------------------------------------------


def inline(*contents: bytes, cost_micros: int | None = None) -> Generated:
    return Generated(files=tuple(InlineFile(content) for content in contents), cost_micros=cost_micros)


NO_RESULTS = {
    "another format": inline(encoded("JPEG")),
    "another ratio": inline(png(64, 36)),
    "too few": inline(),
    "too many": inline(png(), png()),
    "html": inline(b"<!doctype html><p>done"),
    "cut off": inline(png()[:-8]),
    "nothing": inline(b""),
    "too many pixels": inline(png()[:16] + b"\0\1\0\0\0\1\0\0" + png()[24:]),
}


@pytest.mark.parametrize("name", NO_RESULTS)
def test_a_wrong_result_goes_on_to_the_next_candidate(name: str) -> None:
    world = World([NO_RESULTS[name]], [delivers()])
    job = world.buy().job
    assert outcomes(job) == ["bad_reply", "completed"]
    assert list(world.outputs.files.values()) == [png()]


def test_one_wrong_result_among_several_stores_none() -> None:
    world = World([inline(png(), b"<html>")], offers=(FIRST,))
    assert world.buy(replace(ORDER, n=2)).job.failure is JobFailure.TIER_UNAVAILABLE
    assert world.outputs.files == {}


@pytest.mark.parametrize(
    ("ratio", "size", "taken"),
    [
        (AspectRatio.SQUARE, (100, 100), True),
        (AspectRatio.SQUARE, (107, 100), True),
        (AspectRatio.SQUARE, (110, 100), False),
        (AspectRatio.WIDE, (1344, 768), True),
        (AspectRatio.WIDE, (768, 1344), False),
        (AspectRatio.CINEMA, (1536, 640), True),
        (AspectRatio.CINEMA, (1344, 768), False),
    ],
)
def test_a_ratio_may_be_rounded_but_not_be_another(
    ratio: AspectRatio,
    size: tuple[int, int],
    taken: bool,
) -> None:
    world = World([inline(png(*size))], offers=(FIRST,))
    job = world.buy(replace(ORDER, aspect_ratio=ratio)).job
    assert (job.state is JobState.COMPLETED) is taken


@pytest.mark.parametrize("ratio", AspectRatio)
def test_a_result_of_exactly_the_asked_size_is_taken(ratio: AspectRatio) -> None:
    width, height = IMAGE_DIMENSIONS_PX[ratio]
    world = World([inline(png(width, height))], offers=(FIRST,))
    job = world.buy(replace(ORDER, aspect_ratio=ratio)).job
    assert [(image.width_px, image.height_px) for image in job.files] == [(width, height)]


@pytest.mark.parametrize("output_format", ImageFormat)
def test_results_are_stored_without_metadata_under_an_unguessable_name(output_format: ImageFormat) -> None:
    canary = png_chunk(b"tEXt", b"Software\0canary")
    content = png(extra=canary) if output_format is ImageFormat.PNG else encoded(output_format.upper())
    world = World([inline(content, content)], offers=(FIRST,))
    job = world.buy(replace(ORDER, n=2, output_format=output_format)).job
    ending = {"png": "png", "jpeg": "jpg", "webp": "webp"}[output_format]
    assert sorted(world.outputs.files) == [f"files/{job.files_key}-{index}.{ending}" for index in (0, 1)]
    assert len(job.files_key) == 32
    assert not any(b"canary" in stored for stored in world.outputs.files.values())


def test_what_an_upstream_says_it_charged_is_kept_and_else_the_catalogs_figure() -> None:
    def cost(said_micros: int | None) -> int | None:
        world = World([inline(png(), png(), cost_micros=said_micros)], offers=(FIRST,))
        return world.buy(replace(ORDER, n=2)).job.attempts[0].cost_micros

    assert (cost(1_234), cost(0), cost(None)) == (1_234, 0, 2 * FIRST.cost_micros)


@dataclass
class FakeFetch:
    """Hands out one answer, after a while; a wait beyond the limit fails."""

    answer: bytes | Exception
    takes_ms: int = 0
    clock: FakeClock | None = None
    asked: list[tuple[str, FetchLimits, Any, Any]] = field(default_factory=list)

    def __call__(
        self,
        url: str,
        *,
        limits: FetchLimits,
        allowed_hosts: tuple[str, ...] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> bytes:
        self.asked.append((url, limits, allowed_hosts, headers))
        if self.clock is not None:
            self.clock.sleep(min(self.takes_ms / 1000, limits.timeout_s))
            if self.takes_ms / 1000 > limits.timeout_s:
                raise FetchFailedError("too slow")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


REMOTE = RemoteFile(url="https://cdn.example/a.png", allowed_hosts=(".example",), headers=(("X-Key", "k"),))


def test_a_remote_result_is_fetched_from_the_upstreams_own_hosts_only() -> None:
    fetch = FakeFetch(png())
    world = World([Generated(files=(REMOTE,))], fetch=fetch)
    assert world.buy().job.state is JobState.COMPLETED
    ((url, limits, allowed_hosts, headers),) = fetch.asked
    assert (url, allowed_hosts, headers) == (REMOTE.url, REMOTE.allowed_hosts, REMOTE.headers)
    assert limits.bytes_max == IMAGE_LIMITS.bytes_max


@pytest.mark.parametrize(
    ("error", "outcome"), [(FetchRefusedError("inside"), "bad_reply"), (FetchFailedError("gone"), "expired")]
)
def test_a_result_that_cannot_be_fetched_goes_on_to_the_next_candidate(
    error: Exception, outcome: str
) -> None:
    world = World([Generated(files=(REMOTE,))], [delivers()], fetch=FakeFetch(error))
    assert outcomes(world.buy().job) == [outcome, "completed"]


def test_a_slow_download_keeps_nobody_much_longer_than_they_said() -> None:
    fetch = FakeFetch(png(), takes_ms=60_000)
    world = World([Generated(files=(REMOTE,) * 4)], fetch=fetch)
    fetch.clock = world.clock
    world.buy(replace(ORDER, n=4), wait_s=20.0)
    assert world.clock.now_ms() - START_MS <= 23_000


# ---- What an upstream is asked for -------------------------------------------------------------------


def asked(world: World, name: str = "first") -> Any:
    (request,) = world.upstreams[name].requests
    return request


def requested(offer: Offer = FIRST, **changes: Any) -> Any:
    world = World([delivers()], offers=(offer,))
    world.buy(replace(ORDER, **changes))
    return asked(world)


def test_the_style_follows_the_prompt_and_what_to_avoid_comes_last() -> None:
    no_field = an_offer("first", takes_negative_prompt=False)
    request = requested(no_field, style="watercolor", negative_prompt="people")
    assert request.prompt == f"a red fox, {STYLES['watercolor']}. Avoid: people"
    assert request.negative_prompt is None


def test_what_to_avoid_stays_in_its_own_field_where_there_is_one() -> None:
    request = requested(negative_prompt="people")
    assert (request.prompt, request.negative_prompt) == ("a red fox", "people")


def test_a_prompt_alone_is_passed_on_as_it_is() -> None:
    assert requested(prompt="  ein Fuchs: ä ö ü 🦊\n").prompt == "  ein Fuchs: ä ö ü 🦊\n"


def test_every_style_of_the_contract_has_its_words() -> None:
    assert set(get_args(Style.__value__)) == set(STYLES)


@pytest.mark.parametrize("ratio", AspectRatio)
def test_sizes_are_about_a_megapixel_in_the_asked_ratio_on_the_grid(ratio: AspectRatio) -> None:
    width, height = IMAGE_DIMENSIONS_PX[ratio]
    asked_width, asked_height = (int(side) for side in ratio.split(":"))
    assert (width % 16, height % 16) == (0, 0)
    assert 0.9e6 < width * height < 1.1e6
    assert abs(width / height / (asked_width / asked_height) - 1) < 0.02


def test_each_attempt_has_a_reference_of_its_own() -> None:
    world = World([Failure.UNAVAILABLE], [delivers()])
    job = world.buy().job
    requests = [asked(world, "first"), asked(world, "second")]
    assert [(request.attempt, request.reference) for request in requests] == [
        (1, f"{job.id}-1"),
        (2, f"{job.id}-2"),
    ]


def test_seed_count_and_format_are_passed_on() -> None:
    world = World([inline(encoded("WEBP"), encoded("WEBP"))], offers=(FIRST,))
    world.buy(replace(ORDER, seed=0, n=2, output_format=ImageFormat.WEBP))
    request = asked(world)
    assert (request.seed, request.count, request.output_format) == (0, 2, ImageFormat.WEBP)


def test_attempts_are_timed_from_the_jobs_beginning() -> None:
    world = World([Failure.UNAVAILABLE], [delivers()])
    times = [(attempt.started_ms, attempt.duration_ms) for attempt in world.buy().job.attempts]
    assert times == [(0, 500), (500, 500)]


def test_a_submit_gets_the_time_that_is_left_less_a_second() -> None:
    world = World([delivers()], offers=(FIRST,))
    world.buy(wait_s=25.0)
    assert world.upstreams["first"].timeouts_s == [24.0]


def test_a_completed_attempt_is_stored_with_the_charge() -> None:
    world = World([delivers()])
    job = world.buy().job
    assert world.books.jobs[job.id].attempts == (
        Attempt(
            candidate=0,
            outcome=AttemptOutcome.COMPLETED,
            started_ms=0,
            duration_ms=500,
            cost_micros=FIRST.cost_micros,
        ),
    )
    assert world.books.balances["acct_1"].captured_micros == PRICE


def test_a_ticket_of_any_text_is_handed_on_whole() -> None:
    ticket = '{"id":"ä/1","t":"' + "x" * 300 + '"}'
    world = World([Working(ticket=ticket, poll_after_s=1.0), delivers()], offers=SLOW)
    world.buy(wait_s=1.0)
    assert world.books.jobs[world.handed_on[0]].attempts[0].ticket == ticket
    carried(world)
    assert set(world.upstreams["first"].tickets) == {ticket}
