"""The health table: two documents that concurrent writers replace without losing each other's results."""

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from corent.adapters.dynamo.health import UPDATE_TRIES, DynamoHealth
from corent.core.errors import TemporarilyUnavailableError
from corent.health.results import (
    DayCount,
    OfferResult,
    OfferWindow,
    Result,
    Spend,
    TierResult,
    TierWindow,
    fold_offers,
    fold_tiers,
)
from corent.health.store import HealthContendedError
from tests.adapters.counting import Counting
from tests.fakes import START_MS

DAY = "2026-11-22"


def add(store: DynamoHealth, *durations_ms: int) -> None:
    """Fold one success of each duration into both documents."""
    results = [Result(success=True, duration_ms=duration_ms) for duration_ms in durations_ms]

    def fold(offers: OfferWindow, tiers: TierWindow) -> tuple[OfferWindow, TierWindow]:
        return (
            fold_offers(offers, [OfferResult("a", result) for result in results]),
            fold_tiers(tiers, [TierResult("t", result, DAY) for result in results], now_ms=START_MS),
        )

    store.update(fold)


def durations(store: DynamoHealth) -> list[int]:
    return [result.duration_ms for result in store.read_offers().results.get("a", ())]


@pytest.fixture
def counting(client: Any) -> Counting:
    return Counting(client)


@pytest.fixture
def store(counting: Counting) -> DynamoHealth:
    return DynamoHealth(counting, table="health")


def test_before_the_first_result_both_documents_are_empty(store: DynamoHealth) -> None:
    assert (store.read_offers(), store.read_tiers()) == (OfferWindow(), TierWindow())


def test_both_documents_come_back_as_they_were_folded(store: DynamoHealth) -> None:
    offers = OfferWindow(
        results={"a": (Result(success=True, duration_ms=5), Result(success=False, duration_ms=7))},
        spend=Spend(day=DAY, micros={"one": 12}),
    )
    tiers = TierWindow(
        results={"t": (Result(success=False, duration_ms=9),)},
        days={"t": {DAY: DayCount(successes=3, total=4)}},
        updated_at_ms=START_MS,
    )
    store.update(lambda _offers, _tiers: (offers, tiers))
    assert (store.read_offers(), store.read_tiers()) == (offers, tiers)


def test_reading_costs_one_read(store: DynamoHealth, counting: Counting) -> None:
    store.read_tiers()
    assert counting.calls == Counter(get_item=1)


def test_updates_follow_one_another(store: DynamoHealth) -> None:
    for duration_ms in range(5):
        add(store, duration_ms)
    assert durations(store) == [0, 1, 2, 3, 4]
    assert store.read_tiers().days == {"t": {DAY: DayCount(successes=5, total=5)}}


@pytest.mark.parametrize("filled", [False, True])
def test_a_write_in_between_is_not_lost(
    filled: bool,
    store: DynamoHealth,
    counting: Counting,
    client: Any,
) -> None:
    if filled:
        add(store, 1)
    rival = DynamoHealth(client, table="health")
    counting.before_next(lambda: add(rival, 2))
    add(store, 3)
    assert durations(store) == ([1, 2, 3] if filled else [2, 3])
    assert store.read_tiers().days["t"][DAY].total == len(durations(store))


def test_several_writes_in_between_are_not_lost(store: DynamoHealth, counting: Counting, client: Any) -> None:
    rival = DynamoHealth(client, table="health")
    for duration_ms in range(UPDATE_TRIES - 1):
        counting.before_next(lambda duration_ms=duration_ms: add(rival, duration_ms))  # type: ignore[misc]
    add(store, 99)
    assert durations(store) == [*range(UPDATE_TRIES - 1), 99]


def test_a_writer_that_always_comes_second_gives_up_and_changes_nothing(
    store: DynamoHealth, counting: Counting, client: Any
) -> None:
    rival = DynamoHealth(client, table="health")
    for duration_ms in range(UPDATE_TRIES):
        counting.before_next(lambda duration_ms=duration_ms: add(rival, duration_ms))  # type: ignore[misc]
    with pytest.raises(HealthContendedError):
        add(store, 99)
    assert durations(store) == list(range(UPDATE_TRIES))


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "TransactionInProgressException", "InternalServerError"]
)
def test_a_write_that_got_no_answer_is_run_again(code: str, store: DynamoHealth, counting: Counting) -> None:
    counting.fail_next(code)
    add(store, 7)
    assert durations(store) == [7]


def test_a_write_that_is_not_allowed_is_not_run_again(store: DynamoHealth, counting: Counting) -> None:
    counting.fail_next("AccessDeniedException")
    with pytest.raises(ClientError):
        add(store, 7)
    assert counting.calls["transact_write_items"] == 1


def test_a_table_that_cannot_be_read_is_said_so() -> None:
    class Down:
        def get_item(self, **_: Any) -> Any:
            answer: Any = {
                "Error": {"Code": "ThrottlingException"},
                "ResponseMetadata": {"HTTPStatusCode": 400},
            }
            raise ClientError(answer, "GetItem")

    store = DynamoHealth(Down(), table="health")  # type: ignore[arg-type]
    for read in (store.read_offers, store.read_tiers):
        with pytest.raises(TemporarilyUnavailableError):
            read()
