"""The first upstream of a video fails at each step: the video comes all the same, and is bought once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from corent.usecases.next_step import VIDEO_ATTEMPT_MIN_MS
from tests.invariants import violations
from tests.stack.books import read_books
from tests.stack.conftest import Account, Stack
from tests.stack.long_jobs import FILM_CENTS, Outcome, balance, played
from tests.stack.sandbox_records import ended_at_ms, lived_at_once

OPENING_CENTS = 1_000
# With each script: the attempts that the sandbox took, and so billed.
ACCEPTED = {
    "[fail-first]": [2],
    "[die-first]": [1, 2],
    "[expire-first]": [1, 2],
    "[garbage-first]": [1, 2],
    "[late]": [1, 2],
    "[drop-first]": [1],
}
REFUSE = "[refuse]"
SCRIPTS = (*ACCEPTED, REFUSE)


@pytest.fixture(scope="module")
def account(stack: Stack) -> Account:
    """One account that buys a video of every script."""
    return stack.open_account(balance_cents=OPENING_CENTS)


@pytest.fixture(scope="module")
def outcomes(stack: Stack, account: Account) -> Iterator[dict[str, Outcome]]:
    """What became of each script; they are played side by side, for most of their time is waiting."""
    with ThreadPoolExecutor(len(SCRIPTS)) as pool:
        made = pool.map(lambda script: played(stack, account, prompt=f"{script} a red fox runs"), SCRIPTS)
        yield dict(zip(SCRIPTS, made, strict=True))


@pytest.mark.parametrize("script", ACCEPTED)
def test_the_video_comes_and_costs_what_it_always_costs(outcomes: dict[str, Outcome], script: str) -> None:
    job = outcomes[script].job
    assert (job["status"], job["meta"]["cost_cents"]) == ("completed", FILM_CENTS)
    assert outcomes[script].execution.status == "SUCCEEDED"


@pytest.mark.parametrize("script", ACCEPTED)
def test_no_attempt_is_billed_twice_and_none_is_needless(outcomes: dict[str, Outcome], script: str) -> None:
    outcome = outcomes[script]
    assert [(record.reference, record.billed) for record in outcome.records] == [
        (f"{outcome.job['id']}-{attempt}", 1) for attempt in ACCEPTED[script]
    ]


@pytest.mark.parametrize("script", ACCEPTED)
def test_no_two_attempts_are_ever_alive_at_once(outcomes: dict[str, Outcome], script: str) -> None:
    assert lived_at_once(outcomes[script].records) == []


def test_an_unanswered_purchase_is_repeated_and_not_made_anew(outcomes: dict[str, Outcome]) -> None:
    (record,) = outcomes["[drop-first]"].records
    assert record.submits > 1


def test_an_attempt_that_takes_too_long_is_cancelled_before_the_next(outcomes: dict[str, Outcome]) -> None:
    late, next_one = outcomes["[late]"].records
    bought_at_ms = datetime.fromisoformat(outcomes["[late]"].job["created_at"]).timestamp() * 1000
    assert late.cancelled_at_ms is not None
    assert bought_at_ms + VIDEO_ATTEMPT_MIN_MS <= late.cancelled_at_ms <= next_one.submitted_at_ms
    assert ended_at_ms(next_one) == next_one.ready_at_ms


def test_a_refused_prompt_fails_after_one_attempt(stack: Stack, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[REFUSE]
    assert (outcome.job["status"], outcome.job["error"]["code"]) == ("failed", "content_policy_violation")
    assert outcome.job["meta"]["cost_cents"] == 0
    assert outcome.execution.entered.count("Submit") == 1
    assert outcome.records == []


def test_each_delivered_video_is_charged_once_and_the_refused_one_never(
    stack: Stack, account: Account, outcomes: dict[str, Outcome]
) -> None:
    left = OPENING_CENTS - len(ACCEPTED) * FILM_CENTS
    with stack.client(key=account.live_key) as client:
        assert balance(client) == {"balance_cents": left, "available_cents": left, "held_cents": 0}
    assert violations(**read_books(stack, account)) == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_progress_stays_below_the_whole_and_never_goes_back(
    outcomes: dict[str, Outcome], script: str
) -> None:
    *before, last = outcomes[script].progress
    assert [*before, last] == sorted(outcomes[script].progress)
    assert max(before, default=0) < 100
