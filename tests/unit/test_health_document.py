"""The health document: what is folded where, that nothing is lost, and that it stays small."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corent.adapters.dynamo.health_items import dump_health, load_health
from corent.core.clock import day_of
from corent.core.upstream import Failure
from corent.health.document import (
    Call,
    Cost,
    HealthDocument,
    Spend,
    fold_calls,
    fold_costs,
    fold_jobs,
)
from corent.health.evidence import PROBE_WEIGHT, Observation
from corent.health.tiers import (
    JOBS_KEPT,
    MINUTE_MS,
    MINUTES_KEPT,
    RETRIES_SPARE,
    JobEnded,
    Minute,
    TierEvidence,
    last_minutes,
    may_retry,
    recent_times_ms,
    usual_slow_ms,
)
from tests.fakes import START_MS

DAY, YESTERDAY, TOMORROW = "2026-11-22", "2026-11-21", "2026-11-23"
DAY_MS = 86_400_000


def a_call(offer_id: str = "one/a", failure: Failure | None = None, *tiers: str, **changes: Any) -> Call:
    fields: dict[str, Any] = {
        "offer_id": offer_id,
        "upstream": "one",
        "ended_at_ms": START_MS,
        "failure": failure,
        "time_ms": 1_000,
    }
    return Call(observation=Observation(**{**fields, **changes}), tiers=tiers or ("tier",))


def a_job(*, success: bool | None = True, time_ms: int = 1_000, retries: int = 0) -> JobEnded:
    return JobEnded(tier="tier", ended_at_ms=START_MS, success=success, time_ms=time_ms, retries=retries)


def folded(*calls: Call, document: HealthDocument | None = None, now_ms: int = START_MS) -> HealthDocument:
    return fold_calls(document or HealthDocument(), calls, now_ms=now_ms)


def jobs_folded(
    *jobs: JobEnded, now_ms: int = START_MS, document: HealthDocument | None = None
) -> TierEvidence:
    return fold_jobs(document or HealthDocument(), jobs, now_ms=now_ms).tiers["tier"]


# ---- calls -------------------------------------------------------------------------------------------


def test_a_call_counts_for_its_offer_its_upstream_and_its_tiers() -> None:
    document = folded(a_call("one/a", None, "x", "y"), a_call("one/b", Failure.UNAVAILABLE, "x"))
    assert {name: known.counts.total for name, known in document.offers.items()} == {"one/a": 4, "one/b": 4}
    assert document.upstreams["one"].counts.total == 8
    assert last_minutes(document.tiers["x"], now_ms=START_MS) == Minute(4, 8, 2, 1)
    assert last_minutes(document.tiers["y"], now_ms=START_MS) == Minute(4, 4, 1, 0)


def test_a_question_to_an_account_counts_for_no_offer() -> None:
    document = folded(a_call("", None, "x", weight=PROBE_WEIGHT))
    assert document.offers == {}
    assert document.upstreams["one"].counts.total == PROBE_WEIGHT


@pytest.mark.parametrize("failure", [Failure.REFUSED, Failure.INVALID_INPUT])
def test_what_the_caller_did_counts_for_no_tier(failure: Failure) -> None:
    assert folded(a_call("one/a", failure)).tiers == {}


def test_calls_are_folded_in_the_order_they_ended() -> None:
    late, early = (a_call(time_ms=n, ended_at_ms=START_MS + n) for n in (2, 1))
    assert [took for _, took in folded(late, early).offers["one/a"].times] == [1, 2]


def test_folding_changes_nothing_that_it_was_given() -> None:
    before = folded(a_call())
    copy = load_health(dump_health(before))
    folded(a_call("one/a", Failure.UNAVAILABLE), document=before)
    fold_jobs(before, [a_job()], now_ms=START_MS)
    assert load_health(dump_health(before)) == copy


def test_minutes_older_than_five_are_forgotten() -> None:
    document = HealthDocument()
    for minute in range(MINUTES_KEPT + 3):
        now_ms = START_MS + minute * MINUTE_MS
        document = folded(a_call(), document=document, now_ms=now_ms)
    assert len(document.tiers["tier"].minutes) == MINUTES_KEPT
    assert last_minutes(document.tiers["tier"], now_ms=now_ms).calls == MINUTES_KEPT
    assert last_minutes(document.tiers["tier"], now_ms=now_ms + MINUTES_KEPT * MINUTE_MS).calls == 0


# ---- jobs --------------------------------------------------------------------------------------------


def test_a_tier_keeps_its_newest_jobs_only() -> None:
    tier = jobs_folded(*[a_job(time_ms=n) for n in range(JOBS_KEPT + 5)])
    assert recent_times_ms(tier, now_ms=START_MS) == list(range(5, JOBS_KEPT + 5))


def test_a_failed_job_has_no_part_in_the_times() -> None:
    tier = jobs_folded(a_job(time_ms=5), a_job(success=False, time_ms=9_000))
    assert recent_times_ms(tier, now_ms=START_MS) == [5]


def test_a_job_that_says_nothing_of_its_tier_is_a_request_all_the_same() -> None:
    tier = jobs_folded(a_job(success=None))
    assert (tier.jobs, tier.requests) == ((), 1)


def test_the_usual_slow_time_is_the_p95_of_the_last_days_to_a_step() -> None:
    tier = jobs_folded(*[a_job(time_ms=1_000)] * 94, *[a_job(time_ms=10_000)] * 6)
    usual_ms = usual_slow_ms(tier, today=TOMORROW, results_min=100)
    assert usual_ms is not None
    assert 10_000 <= usual_ms <= 12_500
    assert usual_slow_ms(tier, today=TOMORROW, results_min=101) is None
    assert usual_slow_ms(tier, today=DAY, results_min=1) is None


def test_times_of_more_than_a_week_ago_are_forgotten() -> None:
    document = fold_jobs(HealthDocument(), [a_job(time_ms=60_000)] * 100, now_ms=START_MS)
    tier = jobs_folded(a_job(), document=document, now_ms=START_MS + 8 * DAY_MS)
    later = day_of(START_MS + 9 * DAY_MS)
    assert usual_slow_ms(tier, today=later, results_min=1) == 1_164  # Step 11 of a quarter each, from 100 ms.
    assert len(tier.times) == 1


# ---- failovers ---------------------------------------------------------------------------------------


def test_failovers_may_be_a_fifth_of_the_requests_and_a_few_more() -> None:
    assert may_retry(TierEvidence(), now_ms=START_MS)
    within = jobs_folded(*[a_job(retries=1)] * 2, *[a_job()] * 8)
    assert may_retry(within, now_ms=START_MS)
    spent = jobs_folded(*[a_job(retries=2)] * 10)
    assert not may_retry(spent, now_ms=START_MS)


def test_a_tier_has_failovers_again_after_a_while() -> None:
    spent = jobs_folded(*[a_job(retries=2)] * 10)
    assert may_retry(spent, now_ms=START_MS + 300_000)


def test_a_quiet_tier_may_fail_over_a_few_times_at_once() -> None:
    tier = TierEvidence()
    allowed = 0
    while may_retry(tier, now_ms=START_MS):
        allowed += 1
        tier = jobs_folded(a_job(retries=1), document=HealthDocument(tiers={"tier": tier}))
    assert allowed == RETRIES_SPARE + 2


# ---- what upstreams cost -----------------------------------------------------------------------------


def spent(*costs: Cost) -> Spend:
    return fold_costs(HealthDocument(), costs).spend


def test_costs_of_a_day_add_up_by_upstream() -> None:
    spend = spent(Cost("one", 5, DAY), Cost("two", 7, DAY), Cost("one", 3, DAY))
    assert (spend.of(DAY), spend.of(YESTERDAY)) == ({"one": 8, "two": 7}, {})


def test_a_new_day_begins_at_nothing() -> None:
    spend = spent(Cost("one", 5, YESTERDAY, is_probe=True), Cost("two", 7, DAY))
    assert (spend.of(DAY), spend.of_probes(DAY)) == ({"two": 7}, 0)


def test_costs_of_a_day_that_is_over_count_no_more() -> None:
    assert spent(Cost("two", 7, DAY), Cost("one", 5, YESTERDAY)).of(DAY) == {"two": 7}


def test_what_probes_cost_is_known_apart_and_counts_for_their_upstream() -> None:
    spend = spent(Cost("one", 5, DAY, is_probe=True), Cost("one", 3, DAY))
    assert (spend.of(DAY), spend.of_probes(DAY)) == ({"one": 8}, 5)


# ---- the stored form ---------------------------------------------------------------------------------

CALLS = st.builds(
    a_call,
    st.sampled_from(["one/a", "one/b", "two/c", ""]),
    st.one_of(st.none(), st.sampled_from(Failure)),
    st.sampled_from(["x", "y"]),
    upstream=st.sampled_from(["one", "two"]),
    time_ms=st.integers(0, 900_000),
    cost_ratio=st.one_of(st.none(), st.sampled_from([0.5, 1.0, 2.0])),
    retry_after_ms=st.one_of(st.none(), st.integers(0, 400_000)),
    weight=st.sampled_from([1, 4]),
)
JOBS = st.builds(
    a_job,
    success=st.sampled_from([True, False, None]),
    time_ms=st.integers(1, 900_000),
    retries=st.integers(0, 2),
)


@given(calls=st.lists(CALLS, max_size=60), jobs=st.lists(JOBS, max_size=20))
@settings(max_examples=150, deadline=None)
def test_whatever_was_folded_is_read_back_as_it_was_written(calls: list[Call], jobs: list[JobEnded]) -> None:
    document = fold_jobs(folded(*calls), jobs, now_ms=START_MS)
    stored = json.loads(json.dumps(dump_health(document)))
    again = load_health(stored)
    assert json.loads(json.dumps(dump_health(again))) == stored
    assert again.spend == document.spend
    assert {name: known.breaker for name, known in again.offers.items()} == {
        name: known.breaker for name, known in document.offers.items()
    }
    assert {name: tier.jobs for name, tier in again.tiers.items()} == {
        name: tier.jobs for name, tier in document.tiers.items()
    }


def test_a_failure_that_took_no_time_is_still_a_failure_when_it_is_read_back() -> None:
    tier = jobs_folded(a_job(success=False, time_ms=0))
    (job,) = load_health(dump_health(HealthDocument(tiers={"tier": tier}))).tiers["tier"].jobs
    assert job[1] is False


def test_a_full_document_of_sixty_offers_stays_below_thirty_kilobytes() -> None:
    calls = [
        a_call(
            f"upstream-{n % 15}/vendor/some-long-model-name-{n}",
            None,
            f"tier-{n % 8}",
            upstream=f"upstream-{n % 15}",
            time_ms=123_456,
        )
        for n in range(60)
        for _ in range(25)
    ]
    jobs = [
        JobEnded(tier=f"tier-{n % 8}", ended_at_ms=START_MS, success=True, time_ms=100 * 2 ** (n % 12))
        for n in range(8 * 60)
    ]
    document = fold_jobs(folded(*calls), jobs, now_ms=START_MS)
    size_bytes = len(json.dumps(dump_health(document), separators=(",", ":")))
    assert size_bytes < 30_000
