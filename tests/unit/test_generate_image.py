"""One purchase from order to answer: money, repeats, limits, and who carries on."""

from dataclasses import replace
from typing import Any

import pytest

from corent.accounts.keys import Mode
from corent.core.errors import (
    CorentError,
    IdempotencyKeyReusedError,
    InsufficientFundsError,
    InvalidRequestError,
    KeyLimitReachedError,
    MaxCostExceededError,
    RequestInProgressError,
    TemporarilyUnavailableError,
    TierUnavailableError,
)
from corent.core.fetching import FetchFailedError, FetchLimits, FetchRefusedError
from corent.core.idempotency import fingerprint
from corent.core.upstream import Failure
from corent.jobs.job import DeliveredFile, Job, JobEnd, JobFailure, JobState
from corent.ledger.entries import EntryKind
from corent.routing.route import load_route
from corent.usecases.input_images import INPUT_LIMITS
from corent.usecases.wallets import TEST_BALANCE_MICROS
from tests.fakes import START_MS, a_job
from tests.image_world import FIRST, ORDER, PRICE, SECOND, World, a_caller, an_offer, delivers, works
from tests.pictures import encoded, png, png_chunk

DAY_MS = 86_400_000
URL = "https://pictures.example/in.png"
WITH_IMAGE = replace(ORDER, image_url=URL)
TEST_CALLER = a_caller(mode=Mode.TEST)


class Pictures:
    """Hands out one picture, or the error it is told to raise."""

    def __init__(self, answer: bytes | Exception | None = None) -> None:
        self.answer: bytes | Exception = png() if answer is None else answer
        self.asked: list[tuple[str, FetchLimits]] = []

    def __call__(self, url: str, *, limits: FetchLimits, **_: Any) -> bytes:
        self.asked.append((url, limits))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def entries(world: World, wallet: str = "acct_1") -> list[EntryKind]:
    """What was posted, without the opening credit."""
    return [entry.kind for (owner, _), entry in world.books.entries.items() if owner == wallet][1:]


def available(world: World, wallet: str = "acct_1") -> int:
    return world.books.balances[wallet].available_micros


def nothing_happened(world: World) -> bool:
    return (world.submits, entries(world), world.books.jobs, world.handed_on) == (0, [], {}, [])


# ---- Money -------------------------------------------------------------------------------------------


def test_a_delivered_image_is_charged_once_at_its_tiers_price() -> None:
    world = World([delivers()])
    answer = world.buy()
    assert (answer.job.state, answer.replayed) == (JobState.COMPLETED, False)
    assert entries(world) == [EntryKind.HOLD, EntryKind.CAPTURE]
    assert available(world) == 100_000 - PRICE


def test_the_price_is_the_same_whoever_serves_it() -> None:
    dear = an_offer("second", cost_micros=10 * PRICE, typical_latency_ms=2_000)
    world = World([Failure.UNAVAILABLE], [delivers()], offers=(FIRST, dear))
    job = world.buy().job
    assert (job.state, job.hold_micros, available(world)) == (JobState.COMPLETED, PRICE, 100_000 - PRICE)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_every_image_has_its_price(count: int) -> None:
    world = World([delivers(count)])
    assert world.buy(replace(ORDER, n=count)).job.hold_micros == count * PRICE


def test_a_failed_image_costs_nothing() -> None:
    world = World([Failure.UNAVAILABLE])
    job = world.buy().job
    assert (job.state, job.failure) == (JobState.FAILED, JobFailure.TIER_UNAVAILABLE)
    assert entries(world) == [EntryKind.HOLD, EntryKind.RELEASE]
    assert available(world) == 100_000


@pytest.mark.parametrize("credits_micros", [1, PRICE - 1])
def test_without_the_money_no_upstream_is_asked(credits_micros: int) -> None:
    world = World([delivers()], credits_micros=credits_micros)
    with pytest.raises(InsufficientFundsError):
        world.buy()
    assert nothing_happened(world)


def test_the_last_money_can_be_spent() -> None:
    world = World([delivers()], credits_micros=PRICE)
    world.buy()
    assert available(world) == 0


def test_a_price_above_the_callers_own_limit_is_refused_before_anything_happens() -> None:
    world = World([delivers()])
    with pytest.raises(MaxCostExceededError) as refused:
        world.buy(replace(ORDER, n=2), max_cost_cents=3)
    assert refused.value.details == {"required_cents": 4}
    assert nothing_happened(world)


@pytest.mark.parametrize("max_cost_cents", [2, 3])
def test_a_price_within_the_callers_own_limit_is_paid(max_cost_cents: int) -> None:
    assert World([delivers()]).buy(max_cost_cents=max_cost_cents).job.state is JobState.COMPLETED


def test_a_free_limit_refuses_every_price() -> None:
    with pytest.raises(MaxCostExceededError):
        World([delivers()]).buy(max_cost_cents=0)


def test_a_keys_limit_stops_its_purchases_and_a_failure_gives_its_share_back() -> None:
    world = World([Failure.UNAVAILABLE, delivers()], offers=(FIRST,))
    caller = a_caller(limit_micros=PRICE)
    assert world.buy(number=1, caller=caller).job.state is JobState.FAILED
    assert world.buy(number=2, caller=caller).job.state is JobState.COMPLETED
    with pytest.raises(KeyLimitReachedError):
        world.buy(number=3, caller=caller)


def test_an_error_inside_gives_the_hold_back() -> None:
    world = World([delivers()])
    world.outputs.put = broken  # type: ignore[method-assign]
    with pytest.raises(TemporarilyUnavailableError):
        world.buy()
    assert (available(world), world.violations()) == (100_000, [])


def broken(*_: Any, **__: Any) -> None:
    raise TemporarilyUnavailableError("down")


# ---- The test wallet ---------------------------------------------------------------------------------


def test_an_empty_test_wallet_is_filled_once_a_day() -> None:
    world = World([delivers()], credits_micros=1)
    world.buy(caller=TEST_CALLER)
    assert available(world, "acct_1.test") == TEST_BALANCE_MICROS - PRICE
    drain(world)
    with pytest.raises(InsufficientFundsError):
        world.buy(number=2, caller=TEST_CALLER)
    world.clock.time_ms += DAY_MS
    world.buy(number=3, caller=TEST_CALLER)
    assert available(world, "acct_1.test") == TEST_BALANCE_MICROS - PRICE
    assert world.violations() == []


def drain(world: World) -> None:
    """Spend all that is in the test wallet."""
    job = a_job(9, wallet_id="acct_1.test", hold_micros=available(world, "acct_1.test"))
    price: dict[str, Any] = {
        "wallet_id": job.wallet_id,
        "job_id": job.id,
        "amount_micros": job.hold_micros,
        "cause": "drain",
        "deadline_s": world.clock.monotonic_s() + 5,
    }
    world.ledger.hold(job, **price, idempotency=None, key_limit=None)
    world.outputs.files[f"files/{job.files_key}-0.png"] = png()
    end = JobEnd(
        state=JobState.COMPLETED,
        attempts=(),
        finished_at_ms=START_MS,
        files=(DeliveredFile(width_px=64, height_px=64),),
    )
    world.ledger.capture(end, **price)


def test_a_live_wallet_is_never_filled() -> None:
    world = World([delivers()], credits_micros=1)
    with pytest.raises(InsufficientFundsError):
        world.buy()
    assert EntryKind.PROMO not in entries(world)


def test_test_and_live_money_are_apart() -> None:
    world = World([delivers()])
    world.buy(caller=TEST_CALLER)
    assert (available(world), available(world, "acct_1.test")) == (100_000, 100_000 - PRICE)


# ---- Repeats with an Idempotency-Key -----------------------------------------------------------------


def test_a_repeat_gets_the_finished_job_and_buys_nothing() -> None:
    world = World([delivers()])
    first = world.buy(number=1, idempotency_key="k")
    again = world.buy(number=2, idempotency_key="k")
    assert (again.job, again.replayed, world.submits) == (first.job, True, 1)
    assert entries(world) == [EntryKind.HOLD, EntryKind.CAPTURE]


def test_a_repeat_of_a_failure_gets_the_failure() -> None:
    world = World([Failure.REFUSED])
    world.buy(number=1, idempotency_key="k")
    again = world.buy(number=2, idempotency_key="k")
    assert (again.job.failure, again.replayed, world.submits) == (JobFailure.CONTENT_REFUSED, True, 1)


def test_a_repeat_while_the_first_is_at_work_is_told_to_wait() -> None:
    world = World([delivers()])
    seen: list[CorentError] = []

    def repeat() -> None:
        try:
            world.buy(number=2, idempotency_key="k")
        except RequestInProgressError as error:
            seen.append(error)

    world.upstreams["first"].meanwhile = repeat
    assert world.buy(number=1, idempotency_key="k").job.state is JobState.COMPLETED
    assert [error.retry_after_s for error in seen] == [2]
    assert world.submits == 1


def test_a_repeat_of_a_job_that_goes_on_elsewhere_gets_that_job() -> None:
    world = World([delivers()])
    first = world.buy(number=1, wait_s=0, idempotency_key="k")
    again = world.buy(number=2, wait_s=0, idempotency_key="k")
    assert (again.job.id, again.replayed, world.handed_on) == (first.job.id, True, [first.job.id])
    world.carry(first.job.id)
    assert world.buy(number=3, wait_s=0, idempotency_key="k").job.state is JobState.COMPLETED


def test_the_same_key_for_another_request_is_refused() -> None:
    world = World([delivers()])
    world.buy(number=1, idempotency_key="k", fingerprint="one")
    with pytest.raises(IdempotencyKeyReusedError):
        world.buy(number=2, idempotency_key="k", fingerprint="two")
    assert world.submits == 1


@pytest.mark.parametrize(("age_ms", "submits"), [(DAY_MS, 1), (DAY_MS + 1_000, 2)])
def test_a_key_is_remembered_for_a_day(age_ms: int, submits: int) -> None:
    world = World([delivers()])
    world.buy(number=1, idempotency_key="k")
    world.clock.time_ms = START_MS + age_ms
    world.buy(number=2, idempotency_key="k")
    assert world.submits == submits


def test_different_keys_and_no_keys_buy_each_time() -> None:
    world = World([delivers()])
    for number, key in enumerate(["a", "b", None, None], start=1):
        world.buy(number=number, idempotency_key=key)
    assert world.submits == 4


def test_test_and_live_keys_do_not_share_their_repeats() -> None:
    world = World([delivers()])
    world.buy(number=1, idempotency_key="k")
    assert not world.buy(number=2, idempotency_key="k", caller=TEST_CALLER).replayed


def test_a_refusal_for_lack_of_money_is_not_remembered() -> None:
    world = World([delivers()], credits_micros=1)
    with pytest.raises(InsufficientFundsError):
        world.buy(number=1, idempotency_key="k")
    world.ledger.promote("acct_1", amount_micros=PRICE, reference="gift", cause="test")
    assert not world.buy(number=2, idempotency_key="k").replayed


def test_a_repeat_is_recognised_when_the_money_is_gone() -> None:
    world = World([delivers()], credits_micros=PRICE)
    world.buy(number=1, idempotency_key="k")
    assert world.buy(number=2, idempotency_key="k").replayed


def test_a_repeat_is_recognised_when_the_input_image_is_gone() -> None:
    pictures = Pictures()
    world = World([delivers()], fetch=pictures)
    first = world.buy(WITH_IMAGE, number=1, idempotency_key="k")
    pictures.answer = FetchFailedError("gone")
    again = world.buy(WITH_IMAGE, number=2, idempotency_key="k")
    assert (again.job, again.replayed) == (first.job, True)


def test_a_repeat_is_recognised_when_nobody_serves_any_more() -> None:
    world = World([delivers()])
    world.buy(number=1, idempotency_key="k")
    world.offers.offers = ()
    assert world.buy(number=2, idempotency_key="k").replayed


def test_another_request_with_the_same_key_and_a_bad_image_is_refused_for_its_key() -> None:
    pictures = Pictures()
    world = World([delivers()], fetch=pictures)
    world.buy(WITH_IMAGE, number=1, idempotency_key="k", fingerprint="one")
    pictures.answer = FetchFailedError("gone")
    with pytest.raises(IdempotencyKeyReusedError):
        world.buy(WITH_IMAGE, number=2, idempotency_key="k", fingerprint="two")


def test_a_first_request_with_a_bad_image_is_not_remembered() -> None:
    pictures = Pictures(FetchFailedError("not yet there"))
    world = World([delivers()], fetch=pictures)
    with pytest.raises(InvalidRequestError):
        world.buy(WITH_IMAGE, number=1, idempotency_key="k")
    pictures.answer = png()
    assert not world.buy(WITH_IMAGE, number=2, idempotency_key="k").replayed


def test_a_fingerprint_depends_on_method_path_and_content_but_not_on_spelling() -> None:
    one = fingerprint("POST", "/v1/images/generate", {"prompt": "ä", "n": 1})
    assert one == fingerprint("POST", "/v1/images/generate", {"n": 1, "prompt": "ä"})
    others = {
        fingerprint("PUT", "/v1/images/generate", {"prompt": "ä", "n": 1}),
        fingerprint("POST", "/v1/images/batch", {"prompt": "ä", "n": 1}),
        fingerprint("POST", "/v1/images/generate", {"prompt": "ä", "n": 2}),
        fingerprint("POST", "/v1/images/generate", {"prompt": "ä", "n": "1"}),
        fingerprint("POST", "/v1/images/generate", {"prompt": "ä"}),
    }
    assert len(others - {one}) == 5


# ---- Handing on --------------------------------------------------------------------------------------


def test_without_a_wait_the_job_is_queued_and_handed_on_at_once() -> None:
    world = World([delivers()])
    job = world.buy(wait_s=0).job
    assert (job.state, job.deferred, world.handed_on, world.submits) == (JobState.QUEUED, True, [job.id], 0)
    assert world.clock.now_ms() == START_MS
    assert entries(world) == [EntryKind.HOLD]


@pytest.mark.parametrize("wait_s", [0.0, 2.0])
def test_a_job_that_cannot_be_started_is_kept_and_started_by_the_sweep(wait_s: float) -> None:
    world = World([works(), delivers()], offers=(an_offer("first", asynchronous=True),))
    world.handed_on = Refusing()
    job = world.buy(wait_s=wait_s).job
    assert (job.deferred, world.books.jobs[job.id].finished_at_ms) == (True, None)
    world.handed_on = []
    world.clock.time_ms += 29_000
    world.sweep()
    assert world.handed_on == []
    world.clock.time_ms += 5_000
    assert (world.sweep().started, world.handed_on) == (1, [job.id])
    assert world.carry(job.id).state is JobState.COMPLETED


class Refusing(list[str]):
    """A service that starts nothing."""

    def append(self, _job_id: str) -> None:
        raise TemporarilyUnavailableError("no room")


def test_a_carried_job_ends_like_one_that_was_waited_for() -> None:
    waited, carried = World([delivers()]), World([delivers()])
    waited.buy()
    job_id = carried.buy(wait_s=0).job.id
    carried.carry(job_id)

    def end(world: World) -> Job:
        (job,) = world.books.jobs.values()
        return replace(job, deferred=False, files_key="")

    assert end(carried) == end(waited)


# ---- Who serves --------------------------------------------------------------------------------------


def test_an_order_that_nobody_can_serve_is_refused_before_money_is_held() -> None:
    world = World([delivers()], offers=(an_offer("first", count_max=1),))
    with pytest.raises(TierUnavailableError):
        world.buy(replace(ORDER, n=2))
    assert nothing_happened(world)


def test_an_offer_retired_today_is_not_asked() -> None:
    retired = replace(FIRST, retired_on=FIRST.cost_read_on)
    world = World([delivers()], [delivers()], offers=(retired, SECOND))
    world.buy()
    assert (len(world.upstreams["first"].requests), len(world.upstreams["second"].requests)) == (0, 1)


def test_the_stored_route_names_the_candidates_in_the_order_they_were_tried() -> None:
    world = World([Failure.UNAVAILABLE], [delivers()])
    job = world.buy().job
    route = load_route(job.route)
    assert [candidate.offer_id for candidate in route.candidates] == ["first", "second", "third"]
    assert [attempt.candidate for attempt in job.attempts] == [0, 1]


def test_the_routes_seed_comes_from_the_jobs_id_alone() -> None:
    routes = {World([delivers()]).buy(number=7).job.route for _ in range(3)}
    assert len(routes) == 1


# ---- The input image ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        FetchRefusedError("inside"),
        FetchFailedError("404"),
        b"<html>",
        b"",
        png()[:-4],
        b"GIF89a",
    ],
)
def test_an_input_image_that_cannot_be_used_is_refused_before_money_is_held(
    answer: bytes | Exception,
) -> None:
    world = World([delivers()], fetch=Pictures(answer))
    with pytest.raises(InvalidRequestError) as refused:
        world.buy(WITH_IMAGE)
    assert (refused.value.code, refused.value.param) == ("invalid_image_url", "image_url")
    assert nothing_happened(world)


def test_why_an_input_image_cannot_be_used_is_not_told() -> None:
    said = set()
    for answer in (FetchRefusedError("10.0.0.1"), FetchFailedError("ConnectionRefusedError"), b"<html>"):
        with pytest.raises(InvalidRequestError) as refused:
            World([delivers()], fetch=Pictures(answer)).buy(WITH_IMAGE)
        said.add(refused.value.message)
    assert len(said) == 1


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(png(), "image/png"), (encoded("JPEG"), "image/jpeg"), (encoded("WEBP"), "image/webp")],
)
def test_the_input_image_is_passed_on_with_the_type_of_its_bytes(content: bytes, media_type: str) -> None:
    pictures = Pictures(content)
    world = World([delivers()], fetch=pictures)
    world.buy(WITH_IMAGE)
    (request,) = world.upstreams["first"].requests
    assert request.image is not None
    assert request.image.media_type == media_type
    assert pictures.asked == [(URL, INPUT_LIMITS)]


def test_the_input_image_is_passed_on_without_its_metadata() -> None:
    world = World([delivers()], fetch=Pictures(png(extra=png_chunk(b"eXIf", b"canary"))))
    world.buy(WITH_IMAGE)
    (request,) = world.upstreams["first"].requests
    assert request.image is not None
    assert request.image.content == png()


def test_a_worker_fetches_the_input_image_for_what_it_buys() -> None:
    pictures = Pictures()
    world = World([Failure.UNAVAILABLE], [delivers()], fetch=pictures)
    job_id = world.buy(WITH_IMAGE, wait_s=0).job.id
    world.carry(job_id)
    assert [len(upstream.requests) for upstream in world.upstreams.values()] == [1, 1, 0]
    assert all(r.image for upstream in world.upstreams.values() for r in upstream.requests)
    assert len(pictures.asked) == 3


def test_a_worker_with_a_ticket_needs_the_input_image_no_more() -> None:
    pictures = Pictures()
    offers = (an_offer("first", asynchronous=True),)
    world = World([*[works()] * 5, delivers()], offers=offers, fetch=pictures)
    job_id = world.buy(WITH_IMAGE, wait_s=3.0).job.id
    pictures.answer = FetchFailedError("the link has expired")
    job = world.carry(job_id)
    assert job is not None
    assert job.state is JobState.COMPLETED


def test_a_worker_whose_input_image_is_gone_gives_up_without_charge() -> None:
    pictures = Pictures()
    world = World([delivers()], fetch=pictures)
    job_id = world.buy(WITH_IMAGE, wait_s=0).job.id
    pictures.answer = FetchFailedError("the link has expired")
    job = world.carry(job_id)
    assert job is not None
    assert (job.failure, available(world), world.submits) == (JobFailure.INVALID_IMAGE_URL, 100_000, 0)
