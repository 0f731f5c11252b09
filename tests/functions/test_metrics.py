"""What is counted: each job and each attempt of a live key once, and of the prober's minute all there is."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from corent.edge.metrics import METRICS
from corent.providers.catalog import offers
from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.functions.conftest import CONTEXT, Cloud, load
from tests.functions.observing import Counted, counted
from tests.functions.test_images_generate import DOWN, IMAGE
from tests.functions.test_leaks import fold_all
from tests.functions.upstreams import Files, serving_files
from tests.functions.whole_jobs import Course, opened_yard

type Offer = Callable[..., None]
TIER = "corent-image-fast"
# By tier, as they come together.
JOBS = ("JobsCompleted", "JobsFailed", "JobsRefused", "JobsCancelled")


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    with serving_files() as served:
        yield served


def of(seen: Counted, name: str, **dimensions: str) -> list[float] | None:
    return seen.get((name, tuple(sorted(dimensions.items()))))


def results(seen: Counted, tier: str = TIER) -> list[float]:
    return [sum(of(seen, name, tier=tier) or []) for name in JOBS]


def attempts(seen: Counted) -> dict[str, float]:
    """How many attempts ended, by outcome."""
    return {dict(of_)["outcome"]: sum(values) for (name, of_), values in seen.items() if name == "Attempts"}


@pytest.mark.parametrize("course", list(Course))
def test_a_whole_job_and_its_attempt_are_counted_once(
    moto_endpoint: str, files: Files, course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the filters of the template's stream: what they hold back must not be missed."""
    with opened_yard(moto_endpoint, files, course) as yard:
        yard.run(course, webhook=course is Course.CARRIED_IMAGE)
    seen = counted(capsys)
    (tier,) = {dict(of_)["tier"] for name, of_ in seen if name in JOBS}
    assert results(seen, tier) == [1, 0, 0, 0]
    assert attempts(seen) == {"completed": 1}
    ((_, (offer,)),) = [key for key in seen if key[0] == "AttemptDurationMs"]
    assert (offer[0], offer[1].partition("/")[0]) == ("offer", "sandbox")
    (time_ms,) = of(seen, "JobDurationMs", tier=tier) or []
    assert time_ms > 0
    assert of(seen, "Failovers", tier=tier) == [0]
    (charged_cents,) = of(seen, "ChargedCents", tier=tier) or []
    assert charged_cents > 0


def test_a_job_that_fails_over_counts_its_attempts_by_outcome(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, capsys: pytest.CaptureFixture[str]
) -> None:
    replies = [httpx.Response(503), IMAGE]
    upstream("openai", lambda _: replies.pop(0))
    assert cloud.generate(account.live_key).status == 200
    counted(capsys)
    fold_all(cloud)
    seen = counted(capsys)
    assert results(seen) == [1, 0, 0, 0]
    assert attempts(seen) == {"unavailable": 1, "completed": 1}
    assert of(seen, "Failovers", tier=TIER) == [1]
    costs = [sum(values) for (name, _), values in seen.items() if name == "CostMicros"]
    assert sorted(costs)[0] == 0
    assert sorted(costs)[-1] > 0


@pytest.mark.parametrize(
    ("provider", "reply", "result", "outcome"),
    [
        ("bfl", DOWN, [0, 1, 0, 0], "unavailable"),
        (
            "openai",
            httpx.Response(400, json={"error": {"code": "moderation_blocked"}}),
            [0, 0, 1, 0],
            "refused",
        ),
    ],
)
def test_what_failed_and_what_was_refused_are_told_apart_and_cost_nobody_anything(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    capsys: pytest.CaptureFixture[str],
    provider: str,
    reply: httpx.Response,
    result: list[float],
    outcome: str,
) -> None:
    upstream(provider, lambda _: reply)
    cloud.generate(account.live_key)
    counted(capsys)
    fold_all(cloud)
    seen = counted(capsys)
    assert results(seen) == result
    assert set(attempts(seen)) == {outcome}
    assert of(seen, "ChargedCents", tier=TIER) == [0]
    assert of(seen, "JobDurationMs", tier=TIER) is None


def test_test_keys_and_requests_themselves_count_nothing(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream("sandbox", lambda _: DOWN)
    upstream("openai", lambda _: IMAGE)
    cloud.generate(account.test_key)
    fold_all(cloud)
    assert cloud.generate(account.live_key).status == 200
    assert counted(capsys) == {}


def probed(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> Counted:
    counted(capsys)
    load("on_probe_tick").handler({}, CONTEXT)
    return counted(capsys)


def test_the_prober_counts_levels_breakers_and_what_was_spent_against_the_caps(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CORENT_UPSTREAM_DAILY_CAP_CENTS", "100")
    monkeypatch.setenv("CORENT_PROBE_DAILY_BUDGET_CENTS", "0")

    def answer(request: httpx.Request) -> httpx.Response:
        if "x-key" in request.headers:  # One of the two providers.
            return DOWN
        return IMAGE if request.method == "POST" else httpx.Response(200, json={})

    upstream("openai", answer)
    upstream("bfl", answer, daily_cap_cents="50")
    first = probed(cloud, capsys)
    assert of(first, "SpendCents") == [0]
    assert of(first, "SpendOfCapPercent") == [0]
    assert of(first, "SpendOfCapPercent", upstream="bfl") == [0]
    assert of(first, "SpendOfNearestCapPercent") == [0]
    assert {dict(of_)["tier"] for name, of_ in first if name == "TierLevel"} == {
        offer.tier for offer in offers()
    }
    assert of(first, "ProbeFailures") == [1]
    for _ in range(3):
        assert cloud.generate(account.live_key).status == 200
    fold_all(cloud)
    seen = probed(cloud, capsys)
    (spent_cents,) = of(seen, "SpendCents") or []
    assert spent_cents > 0
    assert of(seen, "SpendCents", upstream="openai") == [spent_cents]
    # Of a hundred cents, as many percent.
    assert of(seen, "SpendOfCapPercent") == of(seen, "SpendOfNearestCapPercent") == [spent_cents]
    assert of(seen, "SpendOfCapPercent", upstream="openai") is None
    assert of(seen, "ProbeSpendCents") == [0]


def test_a_cap_of_nothing_is_reached_and_without_caps_none_is_near(
    cloud: Cloud, upstream: Offer, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream("openai", lambda _: httpx.Response(200, json={}))
    assert of(probed(cloud, capsys), "SpendOfNearestCapPercent") == [0]
    upstream("bfl", lambda _: httpx.Response(200, json={}), daily_cap_cents="many")
    seen = probed(cloud, capsys)
    assert of(seen, "SpendOfCapPercent", upstream="bfl") == [100]
    assert of(seen, "SpendOfNearestCapPercent") == [100]


def test_open_breakers_are_counted_and_named(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    clock: FakeClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    upstream("openai", lambda _: httpx.Response(401))
    cloud.generate(account.live_key)
    fold_all(cloud)
    seen = probed(cloud, capsys)
    open_ = [dict(of_)["offer"] for name, of_ in seen if name == "BreakerOpen"]
    assert of(seen, "BreakersOpen") == [len(open_)]
    assert open_
    assert all(offer.startswith("openai/") for offer in open_)


def test_everything_that_has_a_name_is_counted_by_some_function(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    clock: FakeClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """But for payments, whose check is run against the card processor's stand-in (test_deposits.py)."""
    for provider, secret in (("openai", {}), ("bfl", {"daily_cap_cents": "50"})):
        upstream(provider, lambda _: httpx.Response(401), **secret)
    job_id = cloud.generate(account.live_key).headers["X-Request-Id"].replace("req_", "job_")
    cloud.carry(job_id, clock=clock)
    fold_all(cloud)
    for function, event in (("on_probe_tick", {}), ("on_accounts_check_tick", {"wallets": "all"})):
        answer: Any = load(function).handler(event, CONTEXT)
        assert answer is not None
    names = {name for name, _ in counted(capsys)}
    payments = {"PaymentsChecked", "PaymentsFoundByCheck", "PaymentsFailing", "ClawBackShortfalls"}
    delivered = {"JobDurationMs", "AttemptDurationMs"}
    assert names | payments | delivered == set(METRICS)
