"""How an offer does right now: its priors, giving way to what was measured, and back again."""

from dataclasses import replace
from typing import Any

from corent.core.upstream import Failure
from corent.health.breaker import Circuit
from corent.health.document import Call, HealthDocument, fold_calls
from corent.health.evidence import PROBE_WEIGHT, Observation
from corent.routing.health import (
    IMAGE_HALF_MS,
    RELIABILITY_PRIOR,
    HealthView,
    OfferHealth,
    view_health,
    with_trial,
)
from tests.fakes import START_MS
from tests.image_world import a_film_offer, an_offer

OFFER = an_offer("one/a", upstream="one", typical_latency_ms=2_000, slow_latency_ms=8_000)
SISTER = an_offer("one/b", upstream="one", typical_latency_ms=2_000, slow_latency_ms=8_000)
STRANGER = an_offer("two/a", upstream="two", typical_latency_ms=2_000, slow_latency_ms=8_000)
HOUR_MS = 3_600_000


def calls(
    count: int, failure: Failure | None = None, *, document: HealthDocument | None = None, **changes: Any
) -> HealthDocument:
    fields: dict[str, Any] = {
        "offer_id": OFFER.id,
        "upstream": OFFER.upstream,
        "ended_at_ms": START_MS,
        "failure": failure,
        "time_ms": 2_000,
    }
    call = Call(observation=Observation(**{**fields, **changes}), tiers=(OFFER.tier,))
    return fold_calls(document or HealthDocument(), [call] * count, now_ms=fields["ended_at_ms"])


def view(document: HealthDocument, *, now_ms: int = START_MS) -> HealthView:
    return view_health(document, (OFFER, SISTER, STRANGER), now_ms=now_ms)


def seen(document: HealthDocument, offer_id: str = OFFER.id, *, now_ms: int = START_MS) -> OfferHealth:
    return view(document, now_ms=now_ms).offers[offer_id]


UNKNOWN = seen(HealthDocument())


def test_without_results_an_offer_has_its_priors() -> None:
    assert UNKNOWN.reliability_milli == round(1000 * RELIABILITY_PRIOR)
    assert UNKNOWN.typical_ms == OFFER.typical_latency_ms
    assert (UNKNOWN.evidence, UNKNOWN.circuit, UNKNOWN.wait_ms) == (0, Circuit.CLOSED, 0)
    assert UNKNOWN.cost_ratio_milli == 1000


def test_an_answer_at_the_scales_half_is_worth_half() -> None:
    steady = an_offer("a", typical_latency_ms=IMAGE_HALF_MS, slow_latency_ms=IMAGE_HALF_MS)
    assert view_health(HealthDocument(), (steady,), now_ms=START_MS).offers["a"].speed_milli == 500


def test_a_film_is_timed_on_a_scale_of_its_own() -> None:
    film = a_film_offer("f", typical_latency_ms=60_000, slow_latency_ms=60_000)
    assert view_health(HealthDocument(), (film,), now_ms=START_MS).offers["f"].speed_milli == 500


def test_failures_make_an_offer_less_reliable_and_successes_more() -> None:
    bad, good = seen(calls(8, Failure.BAD_REPLY)), seen(calls(40))
    assert bad.reliability_milli < 600
    assert good.reliability_milli > UNKNOWN.reliability_milli


def test_one_failure_alone_hardly_moves_an_offer() -> None:
    assert 700 < seen(calls(1, Failure.UNAVAILABLE)).reliability_milli < UNKNOWN.reliability_milli


def test_a_probe_moves_an_offer_less_than_a_live_call() -> None:
    live, probe = calls(4, Failure.UNAVAILABLE), calls(4, Failure.UNAVAILABLE, weight=PROBE_WEIGHT)
    assert seen(live).reliability_milli < seen(probe).reliability_milli < UNKNOWN.reliability_milli


def test_failures_of_one_offer_count_a_little_against_its_upstreams_others_and_not_against_strangers() -> (
    None
):
    document = calls(20, Failure.UNAVAILABLE)
    own, sister, stranger = (seen(document, each.id).reliability_milli for each in (OFFER, SISTER, STRANGER))
    assert own < sister < stranger == UNKNOWN.reliability_milli


def test_a_question_to_the_account_counts_for_all_its_offers() -> None:
    document = calls(10, Failure.UNAVAILABLE, offer_id="", weight=PROBE_WEIGHT)
    assert seen(document, SISTER.id).reliability_milli < UNKNOWN.reliability_milli
    assert seen(document, STRANGER.id) == seen(HealthDocument(), STRANGER.id)


def test_what_was_measured_gives_way_to_the_priors_again() -> None:
    document = calls(8, Failure.BAD_REPLY)
    later = seen(document, now_ms=START_MS + 3 * HOUR_MS)
    assert abs(later.reliability_milli - UNKNOWN.reliability_milli) <= 5
    slow = calls(20, time_ms=60_000)
    assert seen(slow).typical_ms > 40_000
    assert seen(slow, now_ms=START_MS + 6 * HOUR_MS).typical_ms < 5_000


def test_measured_times_replace_the_priors_within_twenty_results() -> None:
    fast, slow = seen(calls(20, time_ms=500)), seen(calls(20, time_ms=30_000))
    assert fast.speed_milli > UNKNOWN.speed_milli > slow.speed_milli
    assert fast.typical_ms < 1_000
    assert slow.typical_ms > 20_000


def test_an_open_breaker_is_waited_for_and_half_open_afterwards() -> None:
    document = calls(5, Failure.UNAVAILABLE)
    assert (seen(document).circuit, seen(document).wait_ms) == (Circuit.OPEN, 30_000)
    later = seen(document, now_ms=START_MS + 30_000)
    assert (later.circuit, later.wait_ms) == (Circuit.HALF_OPEN, 0)


def test_an_unusable_account_closes_all_offers_of_its_upstream() -> None:
    document = calls(1, Failure.AUTH)
    circuits = [seen(document, each.id).circuit for each in (OFFER, SISTER, STRANGER)]
    assert circuits == [Circuit.OPEN, Circuit.OPEN, Circuit.CLOSED]


def test_a_rest_is_waited_for() -> None:
    document = calls(1, Failure.RATE_LIMITED, retry_after_ms=9_000)
    assert (seen(document).is_resting, seen(document).wait_ms) == (True, 9_000)
    assert not seen(document, now_ms=START_MS + 9_000).is_resting


def test_the_longer_of_two_waits_counts() -> None:
    document = calls(5, Failure.UNAVAILABLE, document=calls(1, Failure.RATE_LIMITED, retry_after_ms=9_000))
    assert seen(document).wait_ms == 30_000


def test_a_failed_probe_and_a_changed_cost_are_seen() -> None:
    assert seen(calls(1, Failure.UNAVAILABLE, weight=PROBE_WEIGHT)).is_suspect
    assert seen(calls(30, cost_ratio=2.0)).cost_ratio_milli > 1_950


def test_a_clock_that_lags_sees_the_same_as_one_that_does_not() -> None:
    document = calls(8)
    assert seen(document, now_ms=START_MS - 120_000) == replace(seen(document), wait_ms=0)


def test_only_the_request_that_may_try_sees_its_trial() -> None:
    plain = view(HealthDocument())
    tried = with_trial(plain, SISTER.id)
    assert [tried.offers[each.id].is_trial for each in (OFFER, SISTER)] == [False, True]
    assert not plain.offers[SISTER.id].is_trial


def test_the_slow_time_is_the_prior_giving_way_to_the_measured_one() -> None:
    assert UNKNOWN.slow_ms == OFFER.slow_latency_ms
    mostly = calls(19, time_ms=1_000)
    measured = calls(1, time_ms=30_000, document=mostly)
    assert seen(mostly).slow_ms < 3_000
    # One in twenty is not the 95th of a hundred, two are.
    assert seen(measured).slow_ms < 3_000
    assert seen(calls(1, time_ms=30_000, document=measured)).slow_ms > 20_000
    assert seen(calls(20, time_ms=60_000)).slow_ms > 40_000


def test_the_slow_time_goes_back_to_its_prior_and_is_never_below_the_typical_one() -> None:
    slow = calls(20, time_ms=60_000)
    assert seen(slow, now_ms=START_MS + 6 * HOUR_MS).slow_ms < 10_000
    for document in (slow, calls(20, time_ms=500), calls(1, time_ms=1)):
        assert seen(document).slow_ms >= seen(document).typical_ms
